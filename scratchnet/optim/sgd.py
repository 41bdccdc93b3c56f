"""Gradient descent, and velocity: the first of the four ideas."""

from __future__ import annotations

import numpy as np

from scratchnet.nn.module import Array
from scratchnet.optim._shared import expect_nonnegative
from scratchnet.optim.optimizer import Group, Optimizer, Params, State


class SGD(Optimizer):
    r"""Step down the gradient, or down its running sum: momentum.

    Parameters
    ----------
    params : iterable
        Of parameters, (name, parameter) pairs or groups: see `Optimizer`.
    lr : float, default 1e-3
        Learning rate.
    momentum : float, default 0
        :math:`\mu`, the share of its velocity that a parameter keeps.
    dampening : float, default 0
        :math:`\tau`, the share of the gradient that the velocity misses.
    nesterov : bool, default False
        Whether to step from where the velocity is about to lead.
    weight_decay, maximize, foreach, differentiable, fused
        See `Optimizer`.

    Raises
    ------
    ValueError
        If `lr`, `momentum` or `weight_decay` is negative, or `nesterov` comes without
        momentum or with dampening.

    Notes
    -----
    With the parameter :math:`p`, its gradient :math:`g_t` at step :math:`t` and the
    velocity :math:`b` (``momentum_buffer``), all of one shape,

    .. math::

        \begin{aligned}
        b_1 &= g_1 \qquad b_t = \mu \, b_{t-1} + (1 - \tau) \, g_t \\
        d_t &= \begin{cases}
            g_t & \mu = 0 \\
            b_t & \text{momentum} \\
            g_t + \mu \, b_t & \text{Nesterov}
        \end{cases} \\
        p_t &= p_{t-1} - \text{lr} \, d_t
        \end{aligned}

    The first velocity is the gradient itself, undampened, and the learning rate stays
    outside: a new one acts on the whole velocity at once.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.SGD.html

    Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and
    momentum in deep learning", ICML 2013.

    Examples
    --------
    >>> from scratchnet.nn import Parameter
    >>> p = Parameter(np.array([1.0]))
    >>> optimizer = SGD([p], lr=0.1, momentum=0.9)
    >>> for _ in range(3):
    ...     p.grad = np.array([1.0])
    ...     optimizer.step()
    ...     print(p.data)
    [0.9]
    [0.71]
    [0.439]
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        expect_nonnegative(lr=lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def update(self, p: Array, g: Array, state: State, group: Group) -> None:
        lr, mu, tau = group["lr"], group["momentum"], group["dampening"]
        if mu != 0:
            b = state.get("momentum_buffer")
            if b is None:
                b = state["momentum_buffer"] = np.array(g)
            else:
                b *= mu
                b += g if tau == 0 else (1 - tau) * g
            g = g + mu * b if group["nesterov"] else b
        p -= lr * g
