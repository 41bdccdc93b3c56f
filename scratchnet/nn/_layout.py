"""How the arrays of convolutions lie in memory: by rows, and the batch last.

To the caller they have torch's shape, (N, C, *S); in memory (S[0], C, *S[1:], N), or
(C, L, N) for signals. Element-wise layers and pooling keep the order they find; what is
added to a whole array is spread out in its order.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from scratchnet.nn.module import Array

#: So many samples are copied at a time: as many as a line of the cache has numbers.
SAMPLES = 16


def empty(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return an array of `shape`, (N, C, *S), lying by rows, the batch last."""
    lying = _order(len(shape))
    made = np.empty([shape[axis] for axis in lying], dtype)
    return made.transpose(np.argsort(lying))


def zeros(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return zeros of `shape`, (N, C, *S), lying by rows, the batch last."""
    x = empty(shape, dtype)
    x.fill(0)
    return x


def batch_last(x: Array) -> Array:
    """Return `x`, (N, C, *S), lying by rows, the batch last: itself where it does."""
    if x.transpose(_order(x.ndim)).flags.c_contiguous:
        return x
    lying = empty(x.shape, x.dtype)
    copy(x, lying)
    return lying


def copy(x: Array, lying: Array) -> None:
    """Copy `x` to an array of its shape whose batch lies last in memory.

    If its own lies first, some samples at a time: all at once take up to three times
    as long, as each number comes from another page.
    """
    first = x.strides[0] == max(x.strides)
    some = SAMPLES if first else max(1, len(x))
    for n in range(0, len(x), some):
        lying[n : n + some] = x[n : n + some]


def spread(values: ArrayLike, x: Array) -> Array:
    """Return `values`, in the dtype of `x`, repeated along all but its outermost axis.

    What repeats over fewer elements than NumPy's buffer holds is copied through it,
    again and again, and the sum or product with `x` takes twice as long. What repeats
    over more, or differs along the outermost axis, is returned as it is.
    """
    values = np.asarray(values, x.dtype)
    outer = max(range(x.ndim), key=lambda axis: (x.shape[axis] > 1, x.strides[axis]))
    inner = (*x.shape[:outer], 1, *x.shape[outer + 1 :])
    short = math.prod(inner) < values.size * np.getbufsize()
    if not short or np.broadcast_shapes(values.shape, inner) != inner:
        return values
    repeated = np.empty_like(x, shape=inner)
    repeated[...] = values
    return repeated


def _order(ndim: int) -> tuple[int, ...]:
    """Return the dimensions of (N, C, *S) in the order (S[0], C, *S[1:], N)."""
    down = range(2, min(3, ndim - 1))  # A signal, (N, C, L), has no rows.
    return (*down, 1, *range(2 + len(down), ndim), 0)
