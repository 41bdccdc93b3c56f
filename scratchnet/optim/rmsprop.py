"""Adagrad that forgets."""

from __future__ import annotations

import numpy as np

from scratchnet.nn.module import Array
from scratchnet.optim._shared import count_step, expect_nonnegative, lerp_
from scratchnet.optim.optimizer import Group, Optimizer, Params, State


class RMSprop(Optimizer):
    r"""Divide the gradient by the root of its average square.

    Parameters
    ----------
    params : iterable
        Of parameters, (name, parameter) pairs or groups: see `Optimizer`.
    lr, momentum : float, default 1e-2 and 0
        As in `SGD`: the learning rate, and :math:`\mu`.
    alpha : float, default 0.99
        :math:`\alpha`: how much the averages keep of the past.
    eps : float, default 1e-8
        :math:`\epsilon`, added to the root.
    centered : bool, default False
        Whether to divide by the standard deviation: the squared mean is taken off.
    weight_decay, capturable, foreach, maximize, differentiable
        See `Optimizer`.

    Raises
    ------
    ValueError
        If an option is out of its range.

    Notes
    -----
    With the parameter :math:`p`, its gradient :math:`g_t` at step :math:`t`, the
    averages :math:`v` (``square_avg``) and :math:`m` (``grad_avg``) and the velocity
    :math:`b` (``momentum_buffer``), all of one shape and 0 at first,

    .. math::

        \begin{aligned}
        v_t &= \alpha v_{t-1} + (1 - \alpha) \, g_t^2 \\
        m_t &= m_{t-1} + (1 - \alpha) (g_t - m_{t-1}) \quad \text{(centered, else 0)} \\
        b_t &= \mu \, b_{t-1} + g_t \big/ \big(\sqrt{v_t - m_t^2} + \epsilon\big) \\
        p_t &= p_{t-1} - \text{lr} \, b_t
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.RMSprop.html

    Graves, "Generating Sequences With Recurrent Neural Networks", 2013, section 4.2.

    Examples
    --------
    >>> from scratchnet.nn import Parameter
    >>> p = Parameter(np.array([1.0, 1.0]))
    >>> p.grad = np.array([1e-4, -1e4])
    >>> RMSprop([p], lr=0.01).step()
    >>> p.data.round(3)
    array([0.9, 1.1])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        expect_nonnegative(lr=lr, eps=eps, momentum=momentum)
        expect_nonnegative(weight_decay=weight_decay, alpha=alpha)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def init_state(self, p: Array, group: Group) -> State:
        state = {"step": np.zeros((), np.float32), "square_avg": np.zeros_like(p)}
        if group["momentum"] > 0:
            state["momentum_buffer"] = np.zeros_like(p)
        if group["centered"]:
            state["grad_avg"] = np.zeros_like(p)
        return state

    def update(self, p: Array, g: Array, state: State, group: Group) -> None:
        lr, alpha, eps = group["lr"], group["alpha"], group["eps"]
        v, mu = state["square_avg"], group["momentum"]
        count_step(state)
        v *= alpha
        v += (1 - alpha) * g * g
        if group["centered"]:
            m = state["grad_avg"]
            lerp_(m, g, 1 - alpha)
            v = v - m * m
        step = g / (np.sqrt(v) + eps)
        if mu > 0:
            b = state["momentum_buffer"]
            b *= mu
            b += step
            step = b
        p -= lr * step
