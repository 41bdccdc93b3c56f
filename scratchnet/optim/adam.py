"""Adam: velocity over a scale for each coordinate, both corrected for their start."""

from __future__ import annotations

import numpy as np

from scratchnet.nn.module import Array
from scratchnet.optim._shared import count_step, expect_betas, expect_nonnegative, lerp_
from scratchnet.optim.optimizer import Group, Optimizer, Params, State


class Adam(Optimizer):
    r"""Divide the average gradient by the root of its average square.

    Parameters
    ----------
    params : iterable
        Of parameters, (name, parameter) pairs or groups: see `Optimizer`.
    lr : float, default 1e-3
        Learning rate: about the farthest that a coordinate moves in a step.
    betas : (float, float), default (0.9, 0.999)
        :math:`\beta_1, \beta_2` in [0, 1): how much the averages keep of the past.
    eps : float, default 1e-8
        :math:`\epsilon`, added to the root, outside the correction.
    amsgrad : bool, default False
        Whether to divide by the largest average square so far.
    weight_decay, decoupled_weight_decay, maximize
    foreach, capturable, differentiable, fused
        See `Optimizer`.

    Raises
    ------
    ValueError
        If an option is out of its range, or `betas` are not both floats.

    Notes
    -----
    With the parameter :math:`p`, its gradient :math:`g_t` at step :math:`t` and the
    averages :math:`m` (``exp_avg``) and :math:`v` (``exp_avg_sq``), all of one shape,

    .. math::

        \begin{aligned}
        m_t &= m_{t-1} + (1 - \beta_1) (g_t - m_{t-1}) & m_0 &= 0 \\
        v_t &= \beta_2 v_{t-1} + (1 - \beta_2) \, g_t^2 & v_0 &= 0 \\
        p_t &= p_{t-1} - \frac{\text{lr}}{1 - \beta_1^t} \cdot
            \frac{m_t}{\sqrt{v_t} / \sqrt{1 - \beta_2^t} + \epsilon}
        \end{aligned}

    An average that starts at zero holds only :math:`1 - \beta^t` of its weights, and
    dividing by that sum corrects its bias. ``amsgrad`` puts
    :math:`\max(v_1, \dots, v_t)` (``max_exp_avg_sq``) in the place of :math:`v_t`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.Adam.html

    Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015;
    Reddi, Kale and Kumar, "On the Convergence of Adam and Beyond", ICLR 2018.

    Examples
    --------
    >>> from scratchnet.nn import Parameter
    >>> p = Parameter(np.array([1.0, 1.0]))
    >>> p.grad = np.array([1e-4, -1e4])
    >>> Adam([p], lr=0.1).step()
    >>> p.data.round(3)
    array([0.9, 1.1])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        expect_nonnegative(lr=lr, eps=eps, weight_decay=weight_decay)
        expect_betas(betas)
        if not all(isinstance(beta, float) for beta in betas):
            raise ValueError(f"betas must be both floats, got {betas}")
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def init_state(self, p: Array, group: Group) -> State:
        names = ["exp_avg", "exp_avg_sq"] + ["max_exp_avg_sq"] * group["amsgrad"]
        zeros = {name: np.zeros_like(p) for name in names}
        return {"step": np.zeros((), np.float32), **zeros}

    def update(self, p: Array, g: Array, state: State, group: Group) -> None:
        lr, (beta1, beta2), eps = group["lr"], group["betas"], group["eps"]
        m, v = state["exp_avg"], state["exp_avg_sq"]
        t = count_step(state)
        lerp_(m, g, 1 - beta1)
        v *= beta2
        v += (1 - beta2) * g * g
        if group["amsgrad"]:
            v = np.maximum(state["max_exp_avg_sq"], v, out=state["max_exp_avg_sq"])
        # With the correction of v taken out of the fraction, one pass fewer; and
        # p -= lr * root / (1 - beta1**t) * m / (sqrt(v) + eps * root)
        # in place, as here, makes 0.9 of a step.
        root = (1 - beta2**t) ** 0.5
        step = np.sqrt(v, out=np.empty_like(v))
        step += eps * root
        np.divide(m, step, out=step)
        step *= lr * root / (1 - beta1**t)
        p -= step
