"""What the generator's methods accept as sizes and dtypes."""

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike


def shape_of(size: Sequence[Any]) -> tuple[int, ...]:
    """Read a size given as integers or as one tuple of them."""
    if not size:
        raise TypeError("a size is expected: integers, or one tuple of them")
    if len(size) == 1 and isinstance(size[0], Sequence):
        size = size[0]
    shape = tuple(operator.index(length) for length in size)
    if any(length < 0 for length in shape):
        raise ValueError(f"a size has no negative lengths, got {shape}")
    return shape


def floating(dtype: DTypeLike) -> np.dtype[Any]:
    """Refuse every dtype but float32 and float64."""
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise TypeError(f"dtype must be float32 or float64, got {np.dtype(dtype)}")
    return np.dtype(dtype)


def integer(dtype: DTypeLike, low: int, high: int) -> np.dtype[Any]:
    """Refuse a dtype that does not hold all of the integers low, …, high - 1."""
    if not np.issubdtype(dtype, np.integer):
        raise TypeError(f"dtype must be an integer type, got {np.dtype(dtype)}")
    bounds = np.iinfo(np.dtype(dtype))
    if low < bounds.min or high - 1 > bounds.max:
        raise ValueError(f"[{low}, {high}) does not fit into {np.dtype(dtype)}")
    return np.dtype(dtype)
