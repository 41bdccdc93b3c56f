"""RMSprop that needs no learning rate."""

from __future__ import annotations

import numpy as np

from scratchnet.nn.module import Array
from scratchnet.optim._shared import count_step, expect_nonnegative
from scratchnet.optim.optimizer import Group, Optimizer, Params, State


class Adadelta(Optimizer):
    r"""Scale the gradient by how far steps went over how large gradients were.

    Parameters
    ----------
    params : iterable
        Of parameters, (name, parameter) pairs or groups: see `Optimizer`.
    lr : float, default 1.0
        Learning rate: a factor for the step.
    rho : float, default 0.9
        :math:`\rho` in [0, 1]: how much the averages keep of the past.
    eps : float, default 1e-6
        :math:`\epsilon`, added under both roots; it sets off the first step.
    weight_decay, foreach, capturable, maximize, differentiable
        See `Optimizer`.

    Raises
    ------
    ValueError
        If an option is out of its range.

    Notes
    -----
    With the parameter :math:`p`, its gradient :math:`g_t` at step :math:`t` and the
    averages :math:`v` (``square_avg``) and :math:`u` (``acc_delta``), all of one shape,

    .. math::

        \begin{aligned}
        v_t &= \rho v_{t-1} + (1 - \rho) \, g_t^2 & v_0 &= 0 \\
        \delta_t &= \frac{\sqrt{u_{t-1} + \epsilon}}{\sqrt{v_t + \epsilon}} \, g_t \\
        u_t &= \rho u_{t-1} + (1 - \rho) \, \delta_t^2 & u_0 &= 0 \\
        p_t &= p_{t-1} - \text{lr} \, \delta_t
        \end{aligned}

    The step has the unit of the parameter, whatever the unit of the loss.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.Adadelta.html

    Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012.

    Examples
    --------
    >>> from scratchnet.nn import Parameter
    >>> p = Parameter(np.array([1.0, 1.0]))
    >>> p.grad = np.array([1e-4, -1e4])
    >>> Adadelta([p], lr=10.0).step()
    >>> p.data.round(3)
    array([0.999, 1.032])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        expect_nonnegative(lr=lr, eps=eps, weight_decay=weight_decay)
        if not 0 <= rho <= 1:
            raise ValueError(f"Invalid rho value: {rho}")
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def init_state(self, p: Array, group: Group) -> State:
        return {
            "step": np.zeros((), np.float32),
            "square_avg": np.zeros_like(p),
            "acc_delta": np.zeros_like(p),
        }

    def update(self, p: Array, g: Array, state: State, group: Group) -> None:
        lr, rho, eps = group["lr"], group["rho"], group["eps"]
        v, u = state["square_avg"], state["acc_delta"]
        count_step(state)
        v *= rho
        v += (1 - rho) * g * g
        delta = np.sqrt(u + eps) / np.sqrt(v + eps) * g
        u *= rho
        u += (1 - rho) * delta * delta
        p -= lr * delta
