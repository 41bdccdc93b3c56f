"""What optimisers share beside their base: averages, counts, and refusals."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnet.nn.module import Array

_WORDS = {"lr": "learning rate", "eps": "epsilon value"}


def lerp_(average: Array, value: Array, weight: float) -> None:
    """Move `average`, in place, the fraction `weight` of the way to `value`.

    A running average that keeps ``beta`` of the past has the weight ``1 - beta``.
    """
    if weight < 0.5:
        step = value - average
        step *= weight
        average += step
    else:
        # Exact where the weight is 1, whatever was there before.
        average[...] = value - (1 - weight) * (value - average)


def count_step(state: dict[str, Any]) -> float:
    """Count this step and return its number, from 1."""
    state["step"] += 1
    return float(state["step"])


def expect_single(**options: float) -> None:
    """Refuse options that are arrays of several numbers, or of none."""
    for name, value in options.items():
        if np.size(value) != 1:
            raise ValueError(f"{name} must be 1-element, got shape {np.shape(value)}")


def expect_nonnegative(**options: float) -> None:
    """Refuse options below zero, in torch's words."""
    expect_single(**options)
    for name, value in options.items():
        if not value >= 0:
            raise ValueError(f"Invalid {_WORDS.get(name, f'{name} value')}: {value}")


def expect_betas(betas: tuple[float, float]) -> None:
    """Refuse all but two factors of a running average, each in [0, 1)."""
    if len(betas) != 2:
        raise ValueError(f"betas expects two numbers, got {betas}")
    for i, beta in enumerate(betas):
        if not 0 <= beta < 1:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")


def expect_numbers(name: str, value: Any, shape: tuple[int, ...]) -> Array:
    """Return `value` as an array, once it holds real numbers in that shape."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{name} expects numbers, got {array.dtype}")
    if array.shape != shape:
        raise ValueError(f"{name} expects {shape}, got {array.shape}")
    return array
