"""What every padding is told: how much, on which sides."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from scratchnet.nn.module import Array, Module

Side = tuple[int, int, int, int]


class Pad(Module):
    """A layer with a left and a right size for each of the last `dims` dimensions."""

    dims: int

    def __init__(self, padding: int | tuple[int, ...]) -> None:
        super().__init__()
        sides = 2 * self.dims
        given = padding if isinstance(padding, Iterable) else (padding,) * sides
        self.padding = tuple(given)
        name = type(self).__name__
        if not all(isinstance(size, int | np.integer) for size in self.padding):
            raise TypeError(f"{name} expects integers to pad by, got {padding}")
        if len(self.padding) != sides:
            raise ValueError(f"{name} expects {sides} sizes, got {padding}")

    def sides(self, x: Array) -> list[Side]:
        """Return (axis, size, left, right) for each axis, the last one first."""
        pairs = zip(self.padding[::2], self.padding[1::2], strict=True)
        axes = range(x.ndim - 1, -1, -1)
        return [
            (axis, x.shape[axis], left, right)
            for axis, (left, right) in zip(axes, pairs, strict=False)
        ]

    def extra_repr(self) -> str:
        return f"{self.padding}"
