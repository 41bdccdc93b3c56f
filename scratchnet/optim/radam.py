"""Adam that waits until its scale can be trusted."""

from __future__ import annotations

import numpy as np

from scratchnet.nn.module import Array
from scratchnet.optim._shared import count_step, expect_betas, expect_nonnegative, lerp_
from scratchnet.optim.optimizer import Group, Optimizer, Params, State


class RAdam(Optimizer):
    r"""Adam that goes without the scale while too few squares have been averaged.

    Parameters
    ----------
    params : iterable
        Of parameters, (name, parameter) pairs or groups: see `Optimizer`.
    lr : float, default 1e-3
        Learning rate.
    betas : (float, float), default (0.9, 0.999)
        :math:`\beta_1, \beta_2` in [0, 1): how much the averages keep of the past.
    eps : float, default 1e-8
        :math:`\epsilon`, added to the root.
    weight_decay, decoupled_weight_decay, maximize
    foreach, capturable, differentiable
        See `Optimizer`.

    Raises
    ------
    ValueError
        If an option is out of its range.

    Notes
    -----
    With the averages :math:`m_t` and :math:`v_t` of `Adam`, all of the parameter's
    shape, and :math:`\rho_t`, about the number of squares that :math:`v_t` averages,

    .. math::

        \begin{aligned}
        \hat m_t &= m_t / (1 - \beta_1^t) \\
        \rho_\infty &= \frac{2}{1 - \beta_2} - 1 \qquad
        \rho_t = \rho_\infty - \frac{2 t \beta_2^t}{1 - \beta_2^t} \\
        r_t &= \sqrt{\frac{(\rho_t - 4)(\rho_t - 2) \, \rho_\infty}
            {(\rho_\infty - 4)(\rho_\infty - 2) \, \rho_t}} \qquad
        s_t = \frac{\sqrt{1 - \beta_2^t}}{\sqrt{v_t} + \epsilon} \\
        p_t &= p_{t-1} - \text{lr} \, \hat m_t \cdot \begin{cases}
            s_t r_t & \rho_t > 5 \\
            1 & \text{otherwise}
        \end{cases}
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.RAdam.html

    Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", ICLR 2020.

    Examples
    --------
    >>> from scratchnet.nn import Parameter
    >>> p = Parameter(np.array([1.0, 1.0]))
    >>> p.grad = np.array([0.5, -1.0])
    >>> RAdam([p], lr=0.1).step()
    >>> p.data.round(3)
    array([0.95, 1.1 ])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        expect_nonnegative(lr=lr, eps=eps, weight_decay=weight_decay)
        expect_betas(betas)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def init_state(self, p: Array, group: Group) -> State:
        return {
            "step": np.zeros((), np.float32),
            "exp_avg": np.zeros_like(p),
            "exp_avg_sq": np.zeros_like(p),
        }

    def update(self, p: Array, g: Array, state: State, group: Group) -> None:
        lr, (beta1, beta2), eps = group["lr"], group["betas"], group["eps"]
        m, v = state["exp_avg"], state["exp_avg_sq"]
        t = count_step(state)
        lerp_(m, g, 1 - beta1)
        v *= beta2
        v += (1 - beta2) * g * g
        step = m / (1 - beta1**t) * lr
        rho_inf = 2 / (1 - beta2) - 1
        rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
        if rho > 5:
            r = (rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)
            step = step * ((1 - beta2**t) ** 0.5 / (np.sqrt(v) + eps)) * r**0.5
        p -= step
