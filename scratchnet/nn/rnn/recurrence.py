"""The loop over time: one step, repeated with the same weights, and its reverse.

Within the loop arrays are feature-major, a column for each sequence of the batch, so
that a gate is a block of contiguous rows: products read :math:`W x` as they are
written, and element-wise work runs through memory in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn import init
from scratchnet.nn._sums import sum_of_rows
from scratchnet.nn.linear import as_rows
from scratchnet.nn.module import Array, Module, Parameter

State = tuple[Array, ...]

WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")


class Recurrent(Module):
    r"""What a cell and a layer share: weights, and the step that uses them.

    Each family (Elman, LSTM, GRU) defines `step` and, beneath it, `step_backward`.
    A step is given two arrays of shape :math:`(G, H, N)`, a block for each gate,

    .. math::

        a^x = W_{ih} x + b_{ih}, \qquad a^h = W_{hh} h + b_{hh}

    and the state before, in arrays of shape :math:`(H, N)`.

    Attributes
    ----------
    gates : int
        :math:`G`, the blocks of rows in the weights.
    states : int
        How many arrays make up the state: :math:`h`, or :math:`h` and :math:`c`.
    additive : bool
        Whether all that counts is :math:`a^x + a^h`, so that both have one gradient.
    """

    gates: int
    states = 1
    additive = True
    input_size: int
    hidden_size: int
    bias: bool
    proj_size = 0

    def step(self, a_x: Array, a_h: Array, state: State) -> tuple[State, Any]:
        """Return the next state and what `step_backward` needs; `a_h` may be reused."""
        raise AttributeError(f"{type(self).__name__} defines no step")

    def step_backward(
        self, grad: State, kept: Any, grad_a_x: Array, grad_a_h: Array
    ) -> tuple[Any, ...]:
        """Fill `grad_a_x` and `grad_a_h`, which in an `additive` step are one array.

        Returns the gradient of the state, less what reaches it through `a_h`: zero
        where there is no other way.
        """
        raise AttributeError(f"{type(self).__name__} defines no step_backward")

    def reset_parameters(self) -> None:
        r"""Draw all parameters anew, uniform in :math:`\pm 1/\sqrt{H}`."""
        bound = 1 / np.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    @property
    def _state_sizes(self) -> tuple[int, ...]:
        """Features of each array of the state."""
        return (self.proj_size or self.hidden_size, self.hidden_size)[: self.states]

    def _add_weights(self, suffix: str, input_size: int, dtype: DTypeLike) -> None:
        rows, projected = self.gates * self.hidden_size, self._state_sizes[0]
        shapes: list[tuple[int, ...]] = [(rows, input_size), (rows, projected)]
        shapes += [(rows,), (rows,), (projected, self.hidden_size)]
        wanted = [True, True, self.bias, self.bias, self.proj_size > 0]
        for name, shape, needed in zip(WEIGHTS, shapes, wanted, strict=True):
            if needed:
                setattr(self, name + suffix, Parameter(np.empty(shape, dtype)))

    def _recurrence(self, suffix: str = "", reverse: bool = False) -> Recurrence:
        weights = [getattr(self, name + suffix, None) for name in WEIGHTS]
        return Recurrence(self, weights, reverse)


class Recurrence:
    r"""One direction of one layer: the same step at each time :math:`t = 1 \dots T`.

    Notes
    -----
    With :math:`x` of shape :math:`(T, N, I)`, and :math:`m_t` for the hidden state as
    the step gives it, before any projection,

    .. math::

        \begin{aligned}
        a^x_t &= W_{ih} x_t + b_{ih} \qquad a^h_t = W_{hh} h_{t-1} + b_{hh} \\
        (m_t, c_t) &= \mathrm{step}(a^x_t, a^h_t, h_{t-1}, c_{t-1}) \\
        h_t &= W_{hr} m_t \quad \text{or} \quad h_t = m_t
        \end{aligned}

    Backward, a hidden state is reached from the output at its own time and from the
    step after it, and the weights, the same at all times, sum over them:

    .. math::

        \begin{aligned}
        \frac{\partial L}{\partial h_{t-1}} &=
            \frac{\partial L}{\partial y_{t-1}} +
            W_{hh}^\top \frac{\partial L}{\partial a^h_t} + \dots \\
        \frac{\partial L}{\partial W_{ih}} &=
            \sum_t \frac{\partial L}{\partial a^x_t} x_t^\top \qquad
        \frac{\partial L}{\partial W_{hh}} =
            \sum_t \frac{\partial L}{\partial a^h_t} h_{t-1}^\top \qquad
        \frac{\partial L}{\partial W_{hr}} =
            \sum_t \frac{\partial L}{\partial h_t} m_t^\top
        \end{aligned}

    where the dots are what the step itself makes of :math:`h_{t-1}`. Each sum is one
    product, after the loop.
    """

    def __init__(
        self, layer: Recurrent, weights: list[Any], reverse: bool = False
    ) -> None:
        self.layer = layer
        self.weights = weights
        self.order = slice(None, None, -1 if reverse else 1)

    # What grows past the largest number is infinite, as in torch, without a warning.
    @np.errstate(over="ignore", invalid="ignore")
    def forward(self, x: Array, state: Sequence[Array]) -> tuple[Array, State]:
        """Return all hidden states (T, N, P), in the order of `x`, and the last state.

        `x` has the shape (T, N, I), and the arrays of the state (N, features).
        """
        W_ih, W_hh, b_ih, b_hh, W_hr = (
            None if weight is None else weight.data for weight in self.weights
        )
        x = x[self.order]
        T, N, _ = x.shape
        blocks = (self.layer.gates, self.layer.hidden_size, N)
        h, *rest = (array.T for array in state)
        y = np.empty((T + 1, *h.T.shape), x.dtype)
        y[0] = h.T
        kept, unprojected = [], []
        if b_hh is not None and self.layer.additive:
            b_ih, b_hh = None, b_ih + b_hh  # Only the sum counts.
        a_x = W_ih @ x.transpose(0, 2, 1)
        if b_ih is not None:
            a_x += b_ih[:, None]
        if b_hh is not None:
            # A column for each sequence: half the time to add at every step.
            b_hh = np.repeat(b_hh[:, None], N, axis=1)
        for t in range(T):
            a_h = W_hh @ h
            if b_hh is not None:
                a_h += b_hh
            (h, *rest), needed = self.layer.step(
                a_x[t].reshape(blocks), a_h.reshape(blocks), (h, *rest)
            )
            kept.append(needed)
            if W_hr is not None:
                unprojected.append(h)
                h = W_hr @ h
            y[t + 1] = h.T
        self.x, self.h_before = x, y[:-1]
        self.kept, self.unprojected = kept, unprojected
        return y[1:][self.order], tuple(array.T for array in (h, *rest))

    @np.errstate(over="ignore", invalid="ignore")
    def backward(
        self, grad_y: Array, grad_state: Sequence[Array], input_grad: bool = True
    ) -> tuple[Array | None, State]:
        """Return the gradients of `x` and of the state before the first step."""
        W_ih, W_hh, *_, W_hr = self.weights
        T, N, _ = self.x.shape
        rows = len(W_hh.data)
        blocks = (self.layer.gates, self.layer.hidden_size, N)
        grad_y = grad_y[self.order]
        grad_a_x: Array = np.empty((rows, T, N), self.x.dtype)
        grad_a_h = grad_a_x if self.layer.additive else np.empty_like(grad_a_x)
        grad_projected: list[Array] = []
        grad_h, *grad_rest = (array.T for array in grad_state)
        for t in reversed(range(T)):
            grad_h = grad_h + grad_y[t].T
            if W_hr is not None:
                grad_projected.append(grad_h)
                grad_h = W_hr.data.T @ grad_h
            into_x, into_h = grad_a_x[:, t], grad_a_h[:, t]
            grad_h, *grad_rest = self.layer.step_backward(
                (grad_h, *grad_rest),
                self.kept[t],
                into_x.reshape(blocks),
                into_h.reshape(blocks),
            )
            grad_h = grad_h + W_hh.data.T @ into_h
        grad_first = tuple(array.T for array in (grad_h, *grad_rest))
        grad_a_x = grad_a_x.reshape(rows, T * N)
        grad_a_h = grad_a_h.reshape(rows, T * N)
        self._sum_over_time(grad_a_x, grad_a_h, grad_projected)
        if not input_grad:
            return None, grad_first
        grad_x = (grad_a_x.T @ W_ih.data).reshape(self.x.shape)
        return grad_x[self.order], grad_first

    def _sum_over_time(
        self, grad_a_x: Array, grad_a_h: Array, grad_projected: list[Array]
    ) -> None:
        """Hand each weight its gradient; times and batch are columns, one by one."""
        W_ih, W_hh, b_ih, b_hh, W_hr = self.weights
        W_ih.accumulate_grad(grad_a_x @ as_rows(self.x))
        W_hh.accumulate_grad(grad_a_h @ as_rows(self.h_before))
        if b_ih is not None:
            b_ih.accumulate_grad(sum_of_rows(grad_a_x.T))
            b_hh.accumulate_grad(sum_of_rows(grad_a_h.T))
        if W_hr is not None:
            grad_h = np.concatenate(grad_projected[::-1], axis=1)
            m = np.concatenate(self.unprojected, axis=1)
            W_hr.accumulate_grad(grad_h @ m.T)
