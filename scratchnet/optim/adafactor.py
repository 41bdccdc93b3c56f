"""Adam's scale in the memory of a row and a column."""

from __future__ import annotations

import math

import numpy as np

from scratchnet.nn.module import Array
from scratchnet.optim._shared import count_step, expect_single, lerp_
from scratchnet.optim.optimizer import Group, Optimizer, Params, State


class Adafactor(Optimizer):
    r"""Divide the gradient by a root that is rebuilt from its rows and columns.

    Parameters
    ----------
    params : iterable
        Of parameters, (name, parameter) pairs or groups: see `Optimizer`.
    lr : float, default 1e-2
        The largest step, relative to the parameter's own size.
    beta2_decay : float, default -0.8
        :math:`\tau`, at most 0: how soon the averages come to rest.
    eps : (float or None, float), default (None, 1e-3)
        :math:`\epsilon_1`, the least root, by default the dtype's machine epsilon;
        and :math:`\epsilon_2`, the least size of a parameter.
    d : float, default 1.0
        From what root mean square on an update is shortened.
    weight_decay : float, default 0
        :math:`\lambda`: always decoupled.
    foreach, maximize
        See `Optimizer`.

    Raises
    ------
    ValueError
        If an option is out of its range.

    Notes
    -----
    For a matrix :math:`p` of shape :math:`(n, m)` and its gradient :math:`g_t` at step
    :math:`t`, with :math:`r` (``row_var``) of :math:`(n, 1)` and :math:`c`
    (``col_var``) of :math:`(1, m)`, both 0 at first; leading dimensions are a stack of
    matrices, and RMS is the root mean square of all elements:

    .. math::

        \begin{aligned}
        \omega_t &= t^\tau \\
        r_t &= r_{t-1} + \omega_t \Big(\frac{1}{m} \sum_j g_t^2 - r_{t-1}\Big) \qquad
        c_t = c_{t-1} + \omega_t \Big(\frac{1}{n} \sum_i g_t^2 - c_{t-1}\Big) \\
        v_t &= \frac{r_t c_t}{\max(\frac{1}{n} \sum_i r_t, \; \epsilon_1)} \\
        u_t &= \frac{g_t}{\max(\sqrt{v_t}, \; \epsilon_1)} \\
        \alpha_t &= \max(\epsilon_2, \operatorname{RMS} p_{t-1})
            \min\big(\text{lr}, \; 1 / \sqrt{t}\big) \\
        p_t &= (1 - \text{lr} \, \lambda) \, p_{t-1}
            - \frac{\alpha_t}{\max(1, \; \operatorname{RMS} u_t / d)} \, u_t
        \end{aligned}

    A vector, or a number, has nothing to factor:
    :math:`v_t = v_{t-1} + \omega_t (g_t^2 - v_{t-1})` (``variance``).

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.Adafactor.html

    Shazeer and Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost",
    ICML 2018.

    Examples
    --------
    >>> from scratchnet.nn import Parameter
    >>> p = Parameter(np.ones((2, 2)))
    >>> p.grad = np.array([[1e-4, 1e-4], [1e4, -1e4]])
    >>> optimizer = Adafactor([p], lr=0.1)
    >>> optimizer.step()
    >>> p.data.round(3)
    array([[0.9, 0.9],
           [0.9, 1.1]])
    >>> {name: array.shape for name, array in optimizer.state[p].items()}
    {'step': (), 'row_var': (2, 1), 'col_var': (1, 2)}
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        eps1, eps2 = eps
        expect_single(lr=lr)
        if not lr >= 0:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not beta2_decay <= 0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps1 is not None and not eps1 >= 0:
            raise ValueError(f"epsilon1 should be >= 0 but is: {eps1}")
        if not eps2 >= 0:
            raise ValueError(f"epsilon2 should be >= 0 but is: {eps2}")
        if not d >= 1:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        if not weight_decay >= 0:
            raise ValueError(f"weight_decay should be >= 0 but is: {weight_decay}")
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def descent(self, p: Array, g: Array, group: Group) -> Array:
        # The decay waits until `update` has measured the parameter.
        return super().descent(p, g, {**group, "weight_decay": 0})

    def init_state(self, p: Array, group: Group) -> State:
        step = {"step": np.zeros((), np.float32)}
        if p.ndim < 2:
            return {**step, "variance": np.zeros_like(p)}
        *stack, n, m = p.shape
        row_var, col_var = np.zeros((*stack, n, 1)), np.zeros((*stack, 1, m))
        return {
            **step,
            "row_var": row_var.astype(p.dtype),
            "col_var": col_var.astype(p.dtype),
        }

    def update(self, p: Array, g: Array, state: State, group: Group) -> None:
        lr, (eps1, eps2), d = group["lr"], group["eps"], group["d"]
        eps1 = float(np.finfo(p.dtype).eps) if eps1 is None else eps1
        t = count_step(state)
        alpha = max(eps2, _rms(p)) * min(lr, 1 / t**0.5)
        p *= 1 - lr * group["weight_decay"]

        omega = t ** group["beta2_decay"]
        if p.ndim < 2:
            v = state["variance"]
            lerp_(v, g * g, omega)
        else:
            r, c = state["row_var"], state["col_var"]
            lerp_(r, _mean(g * g, axis=-1), omega)
            lerp_(c, _mean(g * g, axis=-2), omega)
            v = r * c / np.maximum(_mean(r, axis=-2), eps1)
        u = g / np.sqrt(np.maximum(v, eps1 * eps1))
        p -= alpha / max(1.0, _rms(u) / d) * u


def _mean(a: Array, axis: int) -> Array:
    """Return means along `axis`, silent where there is nothing to average."""
    mean: Array = a.sum(axis=axis, keepdims=True) / a.shape[axis]
    return mean


def _rms(a: Array) -> float:
    """Return the root mean square of all elements, 0 where there is none."""
    norm = float(np.linalg.norm(a))
    return norm / math.sqrt(max(a.size, 1))
