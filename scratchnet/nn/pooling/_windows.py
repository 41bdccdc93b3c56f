"""Where the windows of a pooling layer lie.

A window is a box: an interval along every spatial axis. Sums and maxima over boxes
can be taken along one axis after another, so one axis is all that is described here,
and one implementation serves 1, 2 and 3 dimensions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from numbers import Integral
from types import EllipsisType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scratchnet.nn._check import expect_floating, expect_shape
from scratchnet.nn.module import Array, Module

Index = tuple[slice | EllipsisType, ...]
Integers = NDArray[np.intp]


class Run(NamedTuple):
    """Outputs whose windows are alike: equally long, and equally far apart.

    ``x[taps[j]]`` is the j-th element of every one of these windows: a strided view.
    """

    outputs: Index
    taps: list[Index]


@dataclass(frozen=True)
class Windows:
    """The windows along one axis.

    Attributes
    ----------
    axis : int
        Counted from the last: -1, -2 or -3.
    size : int
        Of the input along the axis.
    first, length : ndarray, shape (outputs,)
        Where each window starts and how many elements it has, inside the input:
        padding is left out.
    padded_length : ndarray, shape (outputs,)
        The same count with the padding, but not what lies beyond it.
    dilation : int
        The step from one element of a window to the next.
    runs : list of Run
        Together they cover once every output whose window is not empty.
    disjoint : bool
        Whether no element lies in two windows.
    """

    axis: int
    size: int
    first: Integers
    length: Integers
    padded_length: Integers
    dilation: int
    runs: list[Run]
    disjoint: bool

    @property
    def partition(self) -> bool:
        """Whether every element lies in one window, and in one only."""
        return self.disjoint and int(self.length.sum()) == self.size

    def output_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return `shape` with one element for each window along the axis."""
        return self._replaced(shape, len(self.first))

    def input_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the shape of the input, given that of the output."""
        return self._replaced(shape, self.size)

    def column(self, values: Array) -> Array:
        """Return one number for each window, shaped to broadcast along the axis."""
        return values.reshape(-1, *(1,) * (-1 - self.axis))

    def _replaced(self, shape: Sequence[int], size: int) -> tuple[int, ...]:
        sizes = list(shape)
        sizes[self.axis] = size
        return tuple(sizes)


def sliding(
    axis: int,
    size: int,
    kernel: int,
    stride: int,
    padding: int,
    dilation: int,
    ceil_mode: bool,
) -> Windows:
    """Return windows of `kernel` elements that start `stride` apart.

    With `ceil_mode` a last window may reach beyond the padding, if it starts inside
    the input or the padding on the left.
    """
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    count = (-(-room // stride) if ceil_mode else room // stride) + 1
    if ceil_mode and (count - 1) * stride >= size + padding:
        count -= 1
    start = np.arange(count) * stride - padding
    skipped = np.maximum(-(start // dilation), 0)
    first = np.minimum(start + skipped * dilation, size)
    length = np.minimum(-(-(size - first) // dilation), np.maximum(kernel - skipped, 0))
    padded_length = np.minimum(kernel, size + padding - start)
    runs = _runs(axis, first, length, dilation, kinds=skipped * (kernel + 1) + length)
    disjoint = stride > dilation * (kernel - 1)
    return Windows(axis, size, first, length, padded_length, dilation, runs, disjoint)


def adaptive(axis: int, size: int, count: int) -> Windows:
    r"""Return `count` windows that cover the axis evenly.

    The o-th is :math:`\lfloor o L / O \rfloor \dots \lceil (o + 1) L / O \rceil - 1`.
    """
    o = np.arange(count)
    first = o * size // count
    length = -(-(o + 1) * size // count) - first
    # The windows repeat, moved along by size / g, after every count / g outputs.
    period = count // math.gcd(size, count) or 1
    runs = _runs(axis, first, length, 1, kinds=o % period)
    disjoint = period == 1
    return Windows(axis, size, first, length, length, 1, runs, disjoint)


def _runs(
    axis: int, first: Integers, length: Integers, dilation: int, kinds: Integers
) -> list[Run]:
    """Return the runs, given `kinds` that are equal for outputs of one run."""

    def index(places: Integers) -> Index:
        step = int(places[1] - places[0]) if len(places) > 1 else 1
        chosen = slice(int(places[0]), int(places[-1]) + 1, step)
        return (..., chosen, *(slice(None),) * (-1 - axis))

    runs = []
    for kind in np.unique(kinds[length > 0]):
        outputs = np.flatnonzero(kinds == kind)
        starts = first[outputs]
        taps = [index(starts + j * dilation) for j in range(length[outputs[0]])]
        runs.append(Run(index(outputs), taps))
    return runs


def joint(runs: Sequence[Run]) -> Run:
    """Return a run along each of neighbouring axes as one, taps in reading order."""

    def index(along: Sequence[Index]) -> Index:
        return (..., *(places[1] for places in along), *along[-1][2:])

    taps = product(*(run.taps for run in runs))
    return Run(index([run.outputs for run in runs]), list(map(index, taps)))


class Pooling(Module):
    """A layer whose windows extend along the last `dims` axes of its input."""

    dims: int


def sliding_boxes(
    layer: Pooling,
    x: Array,
    kernel_size: Any,
    stride: Any,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> list[Windows]:
    """Return the sliding windows along each axis of `x`, once all is sound."""
    expect_planes(layer, x, occupied=layer.dims + 1)
    kernels = as_sizes(layer, "kernel_size", kernel_size)
    strides = as_sizes(layer, "stride", stride)
    paddings = as_sizes(layer, "padding", padding, least=0)
    dilations = as_sizes(layer, "dilation", dilation)
    if any(2 * p > k for p, k in zip(paddings, kernels, strict=True)):
        raise ValueError(
            f"{type(layer).__name__} expects padding of at most half its kernel_size "
            f"{kernels}, got {paddings}"
        )
    settings = zip(kernels, strides, paddings, dilations, strict=True)
    boxes = [
        sliding(axis, x.shape[axis], *setting, ceil_mode=ceil_mode)
        for axis, setting in zip(range(-layer.dims, 0), settings, strict=True)
    ]
    if not all(windows.first.size for windows in boxes):
        raise ValueError(f"{layer} expects room for one window, got {x.shape}")
    return boxes


def adaptive_boxes(
    layer: Pooling, x: Array, output_size: Any, occupied: int
) -> list[Windows]:
    """Return the adaptive windows along each axis of `x`, once all is sound."""
    expect_planes(layer, x, occupied)
    dims, sizes = layer.dims, x.shape[-layer.dims :]
    if isinstance(output_size, Sequence) and len(output_size) != dims:
        raise ValueError(
            f"{type(layer).__name__} output_size expects {dims} integers, "
            f"got {output_size!r}"
        )
    if isinstance(output_size, Sequence) and dims > 1:
        output_size = [
            size if count is None else count
            for count, size in zip(output_size, sizes, strict=True)
        ]
    counts = as_sizes(layer, "output_size", output_size, least=0)
    places = zip(range(-dims, 0), sizes, counts, strict=True)
    return [adaptive(axis, size, count) for axis, size, count in places]


def expect_planes(layer: Pooling, x: Array, occupied: int) -> None:
    """Refuse what is no batch of channels, or is empty in the last `occupied` sizes."""
    expect_floating(layer, x)
    spatial = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}[layer.dims]
    expect_shape(layer, x, ("N", "C", *spatial), ("C", *spatial))
    if 0 in x.shape[x.ndim - occupied :]:
        name = type(layer).__name__
        raise ValueError(f"{name} expects planes that are not empty, got {x.shape}")


def as_sizes(layer: Pooling, what: str, value: Any, least: int = 1) -> tuple[int, ...]:
    """Return one integer for each axis, from one for all or one for each."""
    sizes = as_tuple(value)
    name = f"{type(layer).__name__} {what}"
    if not all(isinstance(n, Integral) and not isinstance(n, bool) for n in sizes):
        raise TypeError(f"{name} expects integers, got {value!r}")
    if len(sizes) not in (1, layer.dims):
        raise ValueError(f"{name} expects 1 or {layer.dims} integers, got {value!r}")
    if min(sizes) < least:
        raise ValueError(f"{name} expects at least {least}, got {value!r}")
    return sizes * (layer.dims // len(sizes))


def as_tuple(value: Any, times: int = 1) -> tuple[Any, ...]:
    """Return a sequence as a tuple, and anything else `times` over."""
    return tuple(value) if isinstance(value, Iterable) else (value,) * times
