"""Refusing bad input, in one voice: what was expected, and what came."""

from __future__ import annotations

import sys
import warnings
from types import EllipsisType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn.module import Array, Module

#: Whose lines no warning is about: a layer's own, and those of NumPy's decorators.
INSIDE = ("scratchnet.", "numpy.")

Pattern = tuple[int | str | EllipsisType, ...]


def expect_floating(
    layer: Module, array: Any, dtype: DTypeLike | None = None, name: str = ""
) -> None:
    """Refuse what is not an array of floating-point numbers, or not of `dtype`.

    `name` is the argument's; a layer's only input needs none.
    """
    if is_array(array) and (
        array.dtype.kind == "f" if dtype is None else array.dtype == dtype
    ):
        return
    expected = "a floating-point array" if dtype is None else f"{np.dtype(dtype)}"
    raise TypeError(f"{_subject(layer, name)} expects {expected}, got {came(array)}")


def expect_integers(layer: Module, array: Any, name: str = "") -> None:
    """Refuse what is not an array of integers."""
    if not (is_array(array) and array.dtype.kind in "iu"):
        subject = _subject(layer, name)
        raise TypeError(f"{subject} expects integers, got {came(array)}")


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


def expect_classes(layer: Module, target: Array, low: int, high: int) -> None:
    """Refuse targets that are not classes, one of `low` to `high`."""
    wrong = (target < low) | (target > high)
    if wrong.any():
        raise IndexError(
            f"{type(layer).__name__} target expects classes from {low} to {high}, "
            f"got {target[wrong].flat[0]}"
        )


def expect_one_shape(layer: Module, **arrays: Array) -> tuple[int, ...]:
    """Return the shape to which arrays are broadcast; refuse those that have none."""
    shapes = [array.shape for array in arrays.values()]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(
            f"{type(layer).__name__} expects {', '.join(arrays)} of one shape, "
            f"got {', '.join(map(str, shapes))}"
        ) from None


def warn(message: str) -> None:
    """Warn about the line that called into scratchnet, from however deep inside."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(INSIDE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)


def is_array(given: Any) -> bool:
    """Whether `given` is an array, or one of its numbers."""
    return isinstance(given, np.ndarray | np.generic)


def came(given: Any) -> Any:
    """Return what a refusal says came: an array's dtype, or the type of no array."""
    return given.dtype if is_array(given) else type(given).__name__


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
