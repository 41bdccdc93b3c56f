"""Adam with the largest gradient for a scale."""

from __future__ import annotations

import numpy as np

from scratchnet.nn.module import Array
from scratchnet.optim._shared import count_step, expect_betas, expect_nonnegative, lerp_
from scratchnet.optim.optimizer import Group, Optimizer, Params, State


class Adamax(Optimizer):
    r"""Divide the average gradient by its largest recent magnitude.

    Parameters
    ----------
    params : iterable
        Of parameters, (name, parameter) pairs or groups: see `Optimizer`.
    lr : float, default 2e-3
        Learning rate.
    betas : (float, float), default (0.9, 0.999)
        :math:`\beta_1, \beta_2` in [0, 1): how much of the past is kept.
    eps : float, default 1e-8
        :math:`\epsilon`, added to each magnitude.
    weight_decay, maximize, foreach, differentiable, capturable
        See `Optimizer`.

    Raises
    ------
    ValueError
        If an option is out of its range.

    Notes
    -----
    With the average :math:`m_t` of `Adam` and the norm :math:`u` (``exp_inf``), all of
    the parameter's shape,

    .. math::

        \begin{aligned}
        u_t &= \max(\beta_2 u_{t-1}, \; |g_t| + \epsilon) & u_0 &= 0 \\
        p_t &= p_{t-1} - \frac{\text{lr}}{1 - \beta_1^t} \cdot \frac{m_t}{u_t}
        \end{aligned}

    A maximum has no bias to correct.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.Adamax.html

    Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, section 7.

    Examples
    --------
    >>> from scratchnet.nn import Parameter
    >>> p = Parameter(np.array([1.0, 1.0]))
    >>> p.grad = np.array([1e-4, -1e4])
    >>> Adamax([p], lr=0.1).step()
    >>> p.data.round(3)
    array([0.9, 1.1])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        expect_nonnegative(lr=lr, eps=eps, weight_decay=weight_decay)
        expect_betas(betas)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def init_state(self, p: Array, group: Group) -> State:
        return {
            "step": np.zeros((), np.float32),
            "exp_avg": np.zeros_like(p),
            "exp_inf": np.zeros_like(p),
        }

    def update(self, p: Array, g: Array, state: State, group: Group) -> None:
        lr, (beta1, beta2), eps = group["lr"], group["betas"], group["eps"]
        m, u = state["exp_avg"], state["exp_inf"]
        t = count_step(state)
        lerp_(m, g, 1 - beta1)
        u *= beta2
        np.maximum(u, np.abs(g) + eps, out=u)
        p -= lr / (1 - beta1**t) * m / u
