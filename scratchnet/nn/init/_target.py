"""What an initialiser can fill."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from scratchnet.nn.module import Array, Parameter

Tensor = TypeVar("Tensor", Parameter, Array)


def array_of(tensor: Parameter | Array) -> Array:
    """Return the array behind `tensor`, once it can be written to."""
    array = tensor.data if isinstance(tensor, Parameter) else tensor
    if not isinstance(array, np.ndarray):
        came = type(array).__name__
        raise TypeError(f"an initialiser expects a Parameter or an array, got {came}")
    if not array.flags.writeable:
        raise ValueError(
            "an initialiser expects an array to write to, got a read-only one"
        )
    return array


def expect_dimensions(array: Array, least: int, most: int) -> None:
    """Refuse an array of fewer or more dimensions."""
    if not least <= array.ndim <= most:
        count = f"{least}" if most == least else f"{least} to {most}"
        raise ValueError(
            f"Only tensors with {count} dimensions are supported, got {array.shape}"
        )
