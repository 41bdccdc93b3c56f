r"""The three products of a convolution, row by row.

A kernel slides over the wide side :math:`x` and has one place for each position
:math:`j` of the narrow side :math:`y`. With stride :math:`s`, dilation :math:`d`
and, for each tap :math:`k` of the kernel, a matrix :math:`W_k` from the channels of
:math:`x` to those of :math:`y`,

.. math::

    \begin{aligned}
    y_j &= b + \sum_k W_k \, x_{s j + d k} && \text{gather} \\
    x_{s j + d k} &\mathrel{+}= W_k^\top y_j && \text{scatter, its adjoint} \\
    \frac{\partial L}{\partial W_k} &=
        \sum_j \frac{\partial L}{\partial y_j} \, x_{s j + d k}^\top
        && \text{correlate}
    \end{aligned}

A convolution gathers forwards and scatters backwards, a transposed convolution the
other way round; for the weight's gradient, both correlate.

Arrays have torch's shape (N, C, *S), but lie in memory row by row and the batch last,
as (S[0], C, *S[1:], N); a signal is a picture of one row. A row is unrolled: what each
tap across it sees, from all its places, is copied beneath what the tap before sees.
Then the rows under the kernel are one matrix where they lie, with a column for each
place and sample, and a row of :math:`y` is one product:

.. math::

    y_{\text{row}} = b + W \begin{bmatrix}
        \text{the first row under the kernel, unrolled} \\ \vdots \\
        \text{the last row under the kernel, unrolled} \end{bmatrix}

To unroll the rows takes as many copies of them as the kernel has taps across; im2col
[1]_ takes as many as it has in all. The adjoint rolls up: the rows of :math:`y` whose
taps meet on a row of :math:`x` give, in one product, what is to be added to it, still
unrolled.

References
----------
.. [1] Chellapilla, Puri and Simard, "High performance convolutional neural networks
   for document processing", IWFHR 2006.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from scratchnet.nn._layout import spread
from scratchnet.nn.module import Array

#: How many numbers are unrolled at a time: 16 MiB in float32. More is cut by columns.
ROOM = 2**22
#: How many are rolled up at a time: 1 MiB, which the cache holds.
CACHE = 2**18


@dataclass(frozen=True)
class Kernel:
    """A kernel and how it slides, by dimension.

    The weight is (O, C/G, *size): from C channels of the wide side to O of the narrow
    one, in G groups that know nothing of each other.
    """

    weight: Array
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int

    # Infinities meet without a warning, as in torch.
    @np.errstate(over="ignore", invalid="ignore")
    def gather(self, x: Array, y: Array, bias: Array | None = None) -> None:
        """Write to `y` what the kernel sees of `x` from each place, and the bias."""
        w = self._forwards()
        for x_some, y_some in self._pieces(x, y):
            y_rows = _matrices(y_some)
            np.matmul(w, self._seen(x_some, y_some), out=y_rows)
            if bias is not None:
                y_rows += spread(bias.reshape(self.groups, -1, 1), y_rows)

    @np.errstate(over="ignore", invalid="ignore")
    def scatter(self, x: Array, y: Array) -> None:
        """Add to `x`, at each of the kernel's places, the kernel weighted by `y`."""
        w = self._backwards()
        for x_some, y_some in self._pieces(x, y):
            y_rows = _matrices(y_some)
            met = meetings(*self._by_dim[0], len(x_some), len(y_some))
            step = max(1, CACHE // max(1, math.prod(w.shape[:2]) * y_rows.shape[-1]))
            unrolled = np.empty((step, *w.shape[:2], y_rows.shape[-1]), x.dtype)
            for a in range(0, len(met), step):
                for i, (taps, places) in enumerate(met[a : a + step]):
                    w_met = w[:, :, taps].reshape(*w.shape[:2], -1)
                    y_met = _beneath_each_other(y_rows[places])
                    np.matmul(w_met, y_met, out=unrolled[i])
                self._roll_up(unrolled, x_some[a : a + step], y_some.shape[3:-1])

    @np.errstate(over="ignore", invalid="ignore")
    def correlate(self, x: Array, y: Array) -> Array:
        """Return, in the weight's shape, the sum of `y` times what each tap sees."""
        w = np.zeros_like(self._forwards().mT)
        step = max(1, ROOM // max(1, w.size))
        for x_some, y_some in self._pieces(x, y):
            seen, y_rows = self._seen(x_some, y_some), _matrices(y_some)
            for a in range(0, len(y_rows), step):
                # This way round, not y xᵀ: 0.7 to 0.9 of the time.
                w += (seen[a : a + step] @ y_rows[a : a + step].mT).sum(axis=0)
        return self._by_channel(w.mT)

    @property
    def reach(self) -> tuple[int, ...]:
        """How far the last tap is from the first."""
        by_dim = zip(self.weight.shape[2:], self.dilation, strict=True)
        return tuple(d * (size - 1) for size, d in by_dim)

    def places(self, wide: tuple[int, ...]) -> tuple[int, ...]:
        """Return how many places the kernel has on a wide side of that size."""
        by_dim = zip(wide, self.reach, self.stride, strict=True)
        return tuple((n - reach - 1) // s + 1 for n, reach, s in by_dim)

    def cover(self, narrow: tuple[int, ...]) -> tuple[int, ...]:
        """Return how much of the wide side that many places cover."""
        by_dim = zip(narrow, self.reach, self.stride, strict=True)
        return tuple(s * (n - 1) + reach + 1 for n, reach, s in by_dim)

    @property
    def _by_dim(self) -> list[tuple[int, int, int]]:
        """Size, stride and dilation: from row to row, and in a row by dimension."""
        size = self.weight.shape[2:]
        by_dim = list(zip(size, self.stride, self.dilation, strict=True))
        return by_dim if len(by_dim) > 1 else [(1, 1, 1), *by_dim]

    def _pieces(self, x: Array, y: Array) -> Iterator[tuple[Array, Array]]:
        """Yield some columns of `x` and `y` by rows, (rows, G, C/G, *across, N)."""
        x, y = self._by_rows(x), self._by_rows(y)
        _, (size, stride, dilation), *others = self._by_dim
        taps = size * math.prod(size for size, _, _ in others)
        step = max(1, ROOM * x.shape[3] // max(1, x.size * taps))
        for a in range(0, y.shape[3], step):
            b = min(a + step, y.shape[3])
            seen = slice(stride * a, stride * (b - 1) + dilation * (size - 1) + 1)
            yield x[:, :, :, seen], y[:, :, :, a:b]

    def _seen(self, x: Array, y: Array) -> Array:
        """Return what the kernel sees: (rows of y, G, taps·C/G, places across·N)."""
        unrolled = self._unroll(x, y.shape[3:-1])
        size, stride, dilation = self._by_dim[0]
        under = sliding_window_view(unrolled, dilation * (size - 1) + 1, axis=1)
        under = under[:, : stride * len(y) : stride, ..., ::dilation]
        under = under.transpose(1, 0, 4, 2, 3)
        rows, g, _, c, columns = under.shape
        return under.reshape(rows, g, size * c, columns)

    def _unroll(self, x: Array, places: Sequence[int]) -> Array:
        """Return what each tap across sees, (G, rows, across·C/G, places·N)."""
        views = [view.swapaxes(0, 1) for view in self._taps(x, places)]
        g, rows, c, *columns = views[0].shape
        shape = g, rows, len(views) * c, math.prod(columns)
        if len(views) == 1:
            return views[0].reshape(shape)
        unrolled = np.empty((g, rows, len(views), c, *columns), x.dtype)
        for k, view in enumerate(views):
            unrolled[:, :, k] = view
        return unrolled.reshape(shape)

    def _roll_up(self, unrolled: Array, x: Array, places: Sequence[int]) -> None:
        """Add to rows of `x` what is (rows, G, across·C/G, places·N), unrolled."""
        views = list(self._taps(x, places))
        rows, g, *columns = views[0].shape
        unrolled = unrolled[:rows].reshape(rows, g, len(views), *columns)
        for k, view in enumerate(views):
            view += unrolled[:, :, k]

    def _taps(self, x: Array, places: Sequence[int]) -> Iterator[Array]:
        """View `x`, (…, *across, N), as each tap across sees it from its places."""
        size, stride, dilation = zip(*self._by_dim[1:], strict=True)
        for tap in np.ndindex(*size):
            by_dim = zip(tap, dilation, stride, places, strict=True)
            seen: Any = (slice(d * k, d * k + s * n, s) for k, d, s, n in by_dim)
            yield x[..., *seen, :]

    def _by_rows(self, x: Array) -> Array:
        """View `x`, (N, C, *S), as (S[0], G, C/G, *S[1:], N); a signal is one row."""
        n, c, *size = x.shape
        down, *across = size if len(size) > 1 else (1, *size)
        x = x.reshape(n, self.groups, c // self.groups, down, *across)
        return x.transpose(3, 1, 2, *range(4, x.ndim), 0)

    def _forwards(self) -> Array:
        """Return the weight as matrices, (G, O/G, down · across · C/G)."""
        o, c, *size = self.weight.shape
        w = self.weight.reshape(self.groups, o // self.groups, c, *size)
        w = w.transpose(0, 1, *range(3, w.ndim), 2)
        return w.reshape(*w.shape[:2], math.prod(size) * c)

    def _by_channel(self, w: Array) -> Array:
        """Undo `_forwards`."""
        _, c, *size = self.weight.shape
        w = w.reshape(*w.shape[:2], *size, c)
        w = w.transpose(0, 1, -1, *range(2, w.ndim - 1))
        return w.reshape(self.weight.shape)

    def _backwards(self) -> Array:
        """Return the weight, (G, across · C/G, down, O/G), the taps down reversed."""
        o, c, *_ = self.weight.shape
        down, *across = (size for size, _, _ in self._by_dim)
        w = self.weight.reshape(self.groups, o // self.groups, c, down, *across)
        w = w[:, :, :, ::-1].transpose(0, *range(4, w.ndim), 2, 3, 1)
        return w.reshape(self.groups, math.prod(across) * c, down, o // self.groups)


class Meeting(NamedTuple):
    """The taps that meet on a row of the wide side, and the places they are of."""

    taps: slice  # counted from the last
    places: slice


def meetings(
    size: int, stride: int, dilation: int, wide: int, narrow: int
) -> list[Meeting]:
    """Return for each of `wide` rows where `size` taps from `narrow` places meet."""
    found = []
    for row in range(wide):
        taps, places = [], []
        for tap in range(size):
            place, off = divmod(row - dilation * (size - 1 - tap), stride)
            if off == 0 and 0 <= place < narrow:
                taps.append(tap)
                places.append(place)
        found.append(Meeting(as_slice(taps), as_slice(places)))
    return found


def as_slice(numbers: Sequence[int]) -> slice:
    """Return evenly spaced, rising numbers as a slice."""
    if len(numbers) == 0:
        return slice(0)
    step = numbers[1] - numbers[0] if len(numbers) > 1 else 1
    return slice(numbers[0], numbers[-1] + 1, step)


def _matrices(rows: Array) -> Array:
    """View rows, (rows, G, C, *across, N), as matrices, (rows, G, C, across·N)."""
    return rows.reshape(*rows.shape[:3], math.prod(rows.shape[3:]))


def _beneath_each_other(rows: Array) -> Array:
    """Return matrices, (rows, G, C, columns), as (G, rows·C, columns)."""
    count, g, c, columns = rows.shape
    return rows.swapaxes(0, 1).reshape(g, count * c, columns)
