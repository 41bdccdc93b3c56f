"""Refusing bad input, in one voice: what was expected, and what came."""

from __future__ import annotations

from types import EllipsisType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn.module import Array, Module

Pattern = tuple[int | str | EllipsisType, ...]


def expect_floating(
    layer: Module, array: Any, dtype: DTypeLike | None = None, name: str = ""
) -> None:
    """Refuse what is not an array of floating-point numbers, or not of `dtype`.

    `name` is the argument's; a layer's only input needs none.
    """
    came = getattr(array, "dtype", None)
    if not isinstance(array, np.ndarray | np.generic):
        came = type(array).__name__
    elif (dtype is None and array.dtype.kind == "f") or came == dtype:
        return
    expected = "a floating-point array" if dtype is None else f"{np.dtype(dtype)}"
    raise TypeError(f"{_subject(layer, name)} expects {expected}, got {came}")


def expect_integers(layer: Module, array: Any, name: str = "") -> None:
    """Refuse what is not an array of integers."""
    if not isinstance(array, np.ndarray | np.generic):
        came: Any = type(array).__name__
    elif array.dtype.kind in "iu":
        return
    else:
        came = array.dtype
    raise TypeError(f"{_subject(layer, name)} expects integers, got {came}")


def expect_shape(
    layer: Module, array: Array, *patterns: Pattern, name: str = ""
) -> None:
    """Refuse an array whose shape is none of `patterns`.

    A pattern holds sizes, names for sizes that may be anything, and a leading
    ``...`` for any number of dimensions: ``(..., 784)``, ``("N", 3, "H", "W")``.
    """
    if not any(_matches(array.shape, pattern) for pattern in patterns):
        expected = " or ".join(map(_show, patterns))
        raise ValueError(
            f"{_subject(layer, name)} expects {expected}, got {array.shape}"
        )


def _subject(layer: Module, name: str) -> str:
    return f"{type(layer).__name__} {name}".rstrip()


def _matches(shape: tuple[int, ...], pattern: Pattern) -> bool:
    if pattern[:1] == (...,):
        pattern = pattern[1:]
        shape = shape[len(shape) - len(pattern) :]
    return len(shape) == len(pattern) and all(
        isinstance(expected, str) or size == expected
        for size, expected in zip(shape, pattern, strict=True)
    )


def _show(pattern: Pattern) -> str:
    sizes = ", ".join("..." if size is ... else str(size) for size in pattern)
    return f"({sizes},)" if len(pattern) == 1 else f"({sizes})"
