"""How the arrays of convolutions lie in memory: by rows, and the batch last.

To the caller they have torch's shape, (N, C, *S); in memory (S[0], C, *S[1:], N), or
(C, L, N) for signals. Element-wise layers and pooling keep the order they find.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

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


def _order(ndim: int) -> tuple[int, ...]:
    """Return the dimensions of (N, C, *S) in the order (S[0], C, *S[1:], N)."""
    down = range(2, min(3, ndim - 1))  # A signal, (N, C, L), has no rows.
    return (*down, 1, *range(2 + len(down), ndim), 0)
