"""A cell: one step, for those who write the loop over time themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn._check import expect_floating, expect_shape
from scratchnet.nn.module import Array
from scratchnet.nn.rnn.recurrence import Recurrent, State


class RNNCellBase(Recurrent):
    """A `Recurrence` over a sequence of one."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        if not bias:
            self.register_parameter("bias_ih", None)
            self.register_parameter("bias_hh", None)
        self._add_weights("", input_size, dtype)
        self.reset_parameters()

    def _run(self, x: Array, state: Sequence[Array] | None) -> State:
        """Return the state after `x`; None stands for zeros before it."""
        self._check(x, state)
        rows = x if x.ndim == 2 else x[None]
        shape = (len(rows), self.hidden_size)
        if state is None:
            state = [np.zeros(shape, x.dtype)] * self.states
        recurrence = self._recurrence()
        _, after = recurrence.forward(rows[None], [s.reshape(shape) for s in state])
        self.save_for_backward(recurrence, x.shape, shape)
        # Copies: the caller may write to the states, backward needs them as they were.
        return tuple(s.reshape(*x.shape[:-1], self.hidden_size).copy() for s in after)

    def _run_back(
        self, grads: Sequence[Array | None], input_grad: bool
    ) -> tuple[Array | None, State]:
        """Return the gradients of the input and the state before it."""
        recurrence, x_shape, shape = self.saved_for(*grads)
        zeros = np.zeros(shape, self.weight_ih.dtype)
        grads = [zeros if g is None else g.reshape(shape) for g in grads]
        grad_x, before = recurrence.backward(zeros[None], grads, input_grad)
        grad_x = None if grad_x is None else grad_x.reshape(x_shape)
        return grad_x, tuple(g.reshape(*x_shape[:-1], self.hidden_size) for g in before)

    def _check(self, x: Array, state: Sequence[Array] | None) -> None:
        dtype = self.weight_ih.dtype
        expect_floating(self, x, dtype)
        expect_shape(self, x, ("N", self.input_size), (self.input_size,))
        for name, array in zip(("h", "c"), state or (), strict=False):
            expect_floating(self, array, dtype, name)
            expect_shape(self, array, (*x.shape[:-1], self.hidden_size), name=name)

    def extra_repr(self) -> str:
        bias = "" if self.bias is True else f", bias={self.bias}"
        return f"{self.input_size}, {self.hidden_size}{bias}"
