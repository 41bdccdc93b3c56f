"""A scale for each coordinate: the second of the four ideas."""

from __future__ import annotations

import numpy as np

from scratchnet.nn.module import Array
from scratchnet.optim._shared import count_step, expect_nonnegative
from scratchnet.optim.optimizer import Group, Optimizer, Params, State


class Adagrad(Optimizer):
    r"""Divide the gradient by the root of the sum of all its squares.

    Parameters
    ----------
    params : iterable
        Of parameters, (name, parameter) pairs or groups: see `Optimizer`.
    lr : float, default 1e-2
        Learning rate.
    lr_decay : float, default 0
        :math:`\eta`: how fast the learning rate falls.
    initial_accumulator_value : float, default 0
        :math:`\tau`, where the sum starts.
    eps : float, default 1e-10
        :math:`\epsilon`, added to the root.
    weight_decay, foreach, maximize, differentiable, fused
        See `Optimizer`.

    Raises
    ------
    ValueError
        If an option is out of its range.

    Notes
    -----
    With the parameter :math:`p`, its gradient :math:`g_t` at step :math:`t` and the sum
    :math:`s` (``sum``), all of one shape,

    .. math::

        \begin{aligned}
        s_t &= s_{t-1} + g_t^2 \qquad s_0 = \tau \\
        p_t &= p_{t-1} - \frac{\text{lr}}{1 + (t - 1) \, \eta} \cdot
            \frac{g_t}{\sqrt{s_t} + \epsilon}
        \end{aligned}

    A coordinate that seldom has a gradient moves far when it has one; but a sum only
    grows, and steps only shrink. `RMSprop` and `Adadelta` average instead.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.Adagrad.html

    Duchi, Hazan and Singer, "Adaptive Subgradient Methods for Online Learning and
    Stochastic Optimization", JMLR 12, 2011.

    Examples
    --------
    >>> from scratchnet.nn import Parameter
    >>> p = Parameter(np.array([1.0, 1.0]))
    >>> p.grad = np.array([1e-4, -1e4])
    >>> Adagrad([p], lr=0.1).step()
    >>> p.data.round(3)
    array([0.9, 1.1])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        expect_nonnegative(lr=lr, lr_decay=lr_decay, weight_decay=weight_decay)
        tau = initial_accumulator_value
        expect_nonnegative(initial_accumulator_value=tau, eps=eps)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": tau,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p] = self.init_state(p.data, group)

    def init_state(self, p: Array, group: Group) -> State:
        # As in torch the constructor's, even for a group that has one of its own.
        tau = self.defaults["initial_accumulator_value"]
        return {"step": np.zeros((), np.float32), "sum": np.full_like(p, tau)}

    def update(self, p: Array, g: Array, state: State, group: Group) -> None:
        lr, eta, eps, s = group["lr"], group["lr_decay"], group["eps"], state["sum"]
        t = count_step(state)
        s += g * g
        p -= lr / (1 + (t - 1) * eta) * g / (np.sqrt(s) + eps)
