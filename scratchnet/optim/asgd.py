"""Gradient descent that remembers where it has been on average."""

from __future__ import annotations

import numpy as np

from scratchnet.nn.module import Array
from scratchnet.optim._shared import count_step, expect_nonnegative
from scratchnet.optim.optimizer import Group, Optimizer, Params, State


class ASGD(Optimizer):
    r"""Step down the gradient, and keep the average of the places visited.

    Parameters
    ----------
    params : iterable
        Of parameters, (name, parameter) pairs or groups: see `Optimizer`.
    lr : float, default 1e-2
        Learning rate at the first step.
    lambd : float, default 1e-4
        :math:`\lambda`: how fast the parameter decays, and the learning rate with it.
    alpha : float, default 0.75
        :math:`\alpha`, the power with which the learning rate falls.
    t0 : float, default 1e6
        :math:`t_0`, the step from which to average.
    weight_decay, foreach, maximize, differentiable, capturable
        See `Optimizer`; its decay is in the gradient, beside this one.

    Raises
    ------
    ValueError
        If an option is out of its range.

    Notes
    -----
    With the parameter :math:`p`, its gradient :math:`g_t` at step :math:`t` and the
    average :math:`a` (``ax``), all of one shape, and the numbers :math:`\eta` (``eta``)
    and :math:`\mu` (``mu``), which torch keeps in float32, and so does this,

    .. math::

        \begin{aligned}
        p_t &= (1 - \lambda \eta_t) \, p_{t-1} - \eta_t g_t & \eta_1 &= \text{lr} \\
        a_t &= a_{t-1} + \mu_t (p_t - a_{t-1}) & \mu_1 &= 1 \\
        \eta_{t+1} &= \frac{\text{lr}}{(1 + \lambda \, \text{lr} \, t)^\alpha}
            & \mu_{t+1} &= \frac{1}{\max(1, t - t_0)}
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.ASGD.html

    Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", SIAM
    Journal on Control and Optimization 30, 1992.

    Examples
    --------
    >>> from scratchnet.nn import Parameter
    >>> p = Parameter(np.array([1.0, 1.0]))
    >>> p.grad = np.array([0.5, -1.0])
    >>> ASGD([p], lr=0.1).step()
    >>> p.data.round(3)
    array([0.95, 1.1 ])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        expect_nonnegative(lr=lr, weight_decay=weight_decay)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
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
            "eta": np.array(group["lr"], np.float32),
            "mu": np.ones((), np.float32),
            "ax": np.zeros_like(p),
        }

    def update(self, p: Array, g: Array, state: State, group: Group) -> None:
        lr, lambd, alpha, t0 = (group[k] for k in ("lr", "lambd", "alpha", "t0"))
        a, eta, mu = state["ax"], float(state["eta"]), float(state["mu"])
        t = count_step(state)
        p *= 1 - lambd * eta
        p -= eta * g
        if mu == 1:
            a[...] = p
        else:
            a += mu * (p - a)
        state["eta"][...] = np.float32(lr / (1 + lambd * lr * t) ** alpha)
        state["mu"][...] = np.float32(1 / max(1, t - t0))
