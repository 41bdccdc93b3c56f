"""Directions beside each other, and layers on top of each other."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn._check import expect_floating, expect_shape, warn
from scratchnet.nn.dropout import Dropout
from scratchnet.nn.linear import Identity
from scratchnet.nn.module import Array, Parameter
from scratchnet.nn.rnn.recurrence import Recurrence, Recurrent, State


class Layer:
    """One or two recurrences that read the same input, after dropout."""

    def __init__(
        self, recurrences: list[Recurrence], dropout: Dropout | Identity
    ) -> None:
        self.recurrences = recurrences
        self.dropout = dropout

    def forward(self, x: Array, before: Sequence[State]) -> tuple[Array, list[State]]:
        """Return the outputs side by side, and the last state of each direction."""
        x = self.dropout(x)
        pairs = zip(self.recurrences, before, strict=True)
        runs = [recurrence.forward(x, state) for recurrence, state in pairs]
        return np.concatenate([y for y, _ in runs], axis=2), [last for _, last in runs]

    def backward(
        self, grad_y: Array, grad_last: Sequence[State], input_grad: bool
    ) -> tuple[Array | None, list[State]]:
        """Return the gradients of `x`, to which all directions add, and of states."""
        sides = np.split(grad_y, len(self.recurrences), axis=2)
        triples = zip(self.recurrences, sides, grad_last, strict=True)
        runs: list[Any] = [
            r.backward(side, state, input_grad) for r, side, state in triples
        ]
        grad_before = [state for _, state in runs]
        if not input_grad:
            return None, grad_before
        grad_x: Any = sum(grad for grad, _ in runs)
        return self.dropout.backward(grad_x), grad_before


class RNNBase(Recurrent):
    """`num_layers` layers, each of which reads the outputs of the one below."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        bias: bool,
        batch_first: bool,
        dropout: float,
        bidirectional: bool,
        dtype: DTypeLike,
        proj_size: int = 0,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = dropout
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._check_settings()
        self.dropout = float(dropout)
        for suffixes in self._suffixes():
            for suffix in suffixes:
                self._add_weights(suffix, input_size, dtype)
            input_size = len(suffixes) * self._state_sizes[0]
        self.reset_parameters()

    def _run(self, x: Array, before: Sequence[Array] | None) -> tuple[Array, State]:
        """Run layer upon layer; None stands for states of zeros."""
        self._check(x, before)
        y = self._time_major(x)
        states = self._by_layer(before or [None] * self.states, batch=y.shape[1])
        layers, last = self._layers(), []
        for layer, first in zip(layers, states, strict=True):
            y, after = layer.forward(y, first)
            last += after
        self.save_for_backward(layers, y.shape, x.ndim)
        return self._as_given(y, x.ndim), _joined(last, x.ndim)

    def _run_back(
        self,
        grad_output: Array | None,
        grad_last: Sequence[Array | None],
        input_grad: bool,
    ) -> tuple[Array | None, State]:
        """Run back from the last layer to the first; None stands for zeros."""
        last = grad_last if self.states > 1 else grad_last[0]
        layers, y_shape, ndim = self.saved_for(grad_output, last)
        grad: Any = np.zeros(y_shape, self.weight_ih_l0.dtype)
        if grad_output is not None:
            grad = self._time_major(grad_output)
        states = self._by_layer(grad_last, batch=y_shape[1])
        grad_before: list[State] = []
        for layer, after in zip(reversed(layers), reversed(states), strict=True):
            wanted = input_grad or layer is not layers[0]
            grad, before = layer.backward(grad, after, wanted)
            grad_before = before + grad_before
        grad_x = self._as_given(grad, ndim) if input_grad else None
        return grad_x, _joined(grad_before, ndim)

    # Layers -------------------------------------------------------------------

    def _suffixes(self) -> list[list[str]]:
        """Return what ends the parameters' names, by layer and direction."""
        sides = ("", "_reverse") if self.bidirectional else ("",)
        return [[f"_l{n}{side}" for side in sides] for n in range(self.num_layers)]

    def _layers(self) -> list[Layer]:
        layers: list[Layer] = []
        for suffixes in self._suffixes():
            # Between layers only; where nothing is dropped nothing is drawn.
            drops = self.training and self.dropout > 0 and layers
            dropout = Dropout(self.dropout) if drops else Identity()
            recurrences = [self._recurrence(s, "reverse" in s) for s in suffixes]
            layers.append(Layer(recurrences, dropout))
        return layers

    def _by_layer(
        self, arrays: Sequence[Array | None], batch: int
    ) -> list[list[State]]:
        """Return the state of each direction of each layer; None stands for zeros."""
        sides = len(self._suffixes()[0])
        count = self.num_layers * sides
        shapes = [(count, batch, size) for size in self._state_sizes]
        filled = [
            np.zeros(shape, self.weight_ih_l0.dtype) if s is None else s.reshape(shape)
            for s, shape in zip(arrays, shapes, strict=True)
        ]
        states = list(zip(*filled, strict=True))
        return [states[i : i + sides] for i in range(0, count, sides)]

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each direction of each layer."""
        recurrences = (r for layer in self._layers() for r in layer.recurrences)
        return [[w for w in r.weights if w is not None] for r in recurrences]

    def flatten_parameters(self) -> None:
        """Do nothing: where torch has a GPU, it moves the weights together."""

    # Shapes -------------------------------------------------------------------

    def _time_major(self, x: Array) -> Array:
        """Return a sequence as (T, N, features)."""
        if x.ndim == 2:
            return x[:, None]
        return x.swapaxes(0, 1) if self.batch_first else x

    def _as_given(self, y: Array, ndim: int) -> Array:
        """Return (T, N, features) as the caller's input, of `ndim` dimensions, is."""
        if ndim == 2:
            return y[:, 0]
        return y.swapaxes(0, 1) if self.batch_first else y

    # Refusals -----------------------------------------------------------------

    def _check(self, x: Array, before: Sequence[Array] | None) -> None:
        dtype = self.weight_ih_l0.dtype
        axes = ("N", "T") if self.batch_first else ("T", "N")
        expect_floating(self, x, dtype)
        expect_shape(self, x, (*axes, self.input_size), ("T", self.input_size))
        T, N, _ = self._time_major(x).shape
        if T == 0:
            name = type(self).__name__
            raise ValueError(f"{name} expects at least one time step, got {x.shape}")
        count = sum(map(len, self._suffixes()))
        arrays = zip(("h_0", "c_0"), self._state_sizes, before or (), strict=False)
        for name, size, array in arrays:
            expect_floating(self, array, dtype, name)
            shape = (count, N, size) if x.ndim == 3 else (count, size)
            expect_shape(self, array, shape, name=name)

    def _check_settings(self) -> None:
        name = type(self).__name__
        is_number = isinstance(self.dropout, numbers.Real)
        is_number = is_number and not isinstance(self.dropout, bool)
        if not (is_number and 0 <= self.dropout <= 1):
            raise ValueError(
                f"{name} expects a probability dropout in [0, 1], got {self.dropout!r}"
            )
        for setting, kind in _KINDS.items():
            value = getattr(self, setting)
            if not isinstance(value, kind):
                expected, came = kind.__name__, type(value).__name__
                raise TypeError(f"{name} expects {expected} {setting}, got {came}")
        for setting in ("input_size", "hidden_size", "num_layers"):
            if getattr(self, setting) <= 0:
                value = getattr(self, setting)
                raise ValueError(f"{name} expects {setting} above 0, got {value}")
        if not 0 <= self.proj_size < self.hidden_size:
            raise ValueError(
                f"{name} expects 0 <= proj_size < hidden_size {self.hidden_size}, "
                f"got {self.proj_size}"
            )
        if self.dropout > 0 and self.num_layers == 1:
            warn(
                f"{name} drops out between layers: with one layer "
                f"dropout={self.dropout} does nothing"
            )

    def extra_repr(self) -> str:
        shown = [f"{self.input_size}, {self.hidden_size}"]
        for setting, default in _SHOWN.items():
            value = getattr(self, setting)
            if value != default:
                shown.append(f"{setting}={value}")
        return ", ".join(shown)


_KINDS = {
    "bias": bool,
    "batch_first": bool,
    "input_size": int,
    "hidden_size": int,
    "num_layers": int,
    "proj_size": int,
}

#: What `repr` shows, in torch's order, where it is not the default.
_SHOWN = {
    "proj_size": 0,
    "num_layers": 1,
    "bias": True,
    "batch_first": False,
    "dropout": 0,
    "bidirectional": False,
}


def _joined(states: Sequence[State], ndim: int) -> State:
    """Return each array of the states stacked: (states, N, features)."""
    arrays = (np.stack(arrays) for arrays in zip(*states, strict=True))
    return tuple(array if ndim == 3 else array[:, 0] for array in arrays)
