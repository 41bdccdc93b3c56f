"""Initialisers: fill a parameter in place with torch's numbers from the same seed."""

from __future__ import annotations

import math
from typing import TypeVar

from scratchnet import random
from scratchnet.nn.module import Array, Parameter

Tensor = TypeVar("Tensor", Parameter, Array)


def uniform_(
    tensor: Tensor,
    a: float = 0.0,
    b: float = 1.0,
    generator: random.Generator | None = None,
) -> Tensor:
    r"""Fill with draws from the uniform distribution :math:`U(a, b)`."""
    generator = generator or random.default_generator
    array = _array(tensor)
    array[...] = generator.uniform(a, b, array.shape, array.dtype)
    return tensor


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: random.Generator | None = None,
) -> Tensor:
    gain = math.sqrt(2 / (1 + a**2))
    bound = gain * math.sqrt(3 / _array(tensor)[0].size)
    return uniform_(tensor, -bound, bound, generator)


def _array(tensor: Parameter | Array) -> Array:
    return tensor.data if isinstance(tensor, Parameter) else tensor
