"""What is probably wrong: the mistakes that learners make leave their mark."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from parity.case import Array

ALIKE = 1e-6


def diagnose(ours: Array, expected: Array) -> str:
    """Return a guess at the mistake, or an empty string."""
    return next(_guesses(ours, expected), "")


def _guesses(ours: Array, expected: Array) -> Iterator[str]:
    if not isinstance(ours, np.ndarray) or not np.issubdtype(
        expected.dtype, np.floating
    ):
        return
    if ours.size != expected.size or expected.size == 0:
        if ours.size and ours.size < expected.size and expected.size % ours.size == 0:
            yield "Some elements are missing: was a dimension summed that should stay?"
        elif expected.size and ours.size % expected.size == 0:
            yield "There are too many elements: is a sum over a dimension missing?"
        return
    if ours.shape != expected.shape:
        if ours.ndim == 2 and _alike(ours.T, expected):
            yield "The transpose of this is right."
        elif _alike(ours.reshape(expected.shape), expected):
            yield "The numbers are right, the shape is not."
        return
    if not (np.isfinite(ours).all() and np.isfinite(expected).all()):
        return
    norm = float(np.sum(expected * expected))
    if not norm:
        return
    if not ours.any():
        yield "All of it is zero."
        return
    ratio = float(np.sum(ours * expected)) / norm
    if abs(ratio - 1) < ALIKE:
        return
    if _alike(ours, ratio * expected) and abs(ratio) > ALIKE:
        if abs(ratio + 1) < ALIKE:
            yield "The sign is flipped."
        elif abs(1 / ratio - round(1 / ratio)) < ALIKE:
            yield f"Every element is 1/{round(1 / ratio)} of what it should be."
        else:
            yield f"Every element is {ratio:.6g} times what it should be."
    elif ours.ndim == 2 and ours.shape[0] == ours.shape[1] and _alike(ours.T, expected):
        yield "The transpose of this is right."
    elif np.ptp(ours - expected) <= ALIKE * np.abs(expected).max():
        yield f"Every element is too large by {np.mean(ours - expected):.6g}."
    else:
        right = np.isclose(ours, expected, rtol=ALIKE, atol=0)
        if right.any():
            yield f"{right.sum()} of {right.size} elements are right."


def _alike(a: Array, b: Array) -> bool:
    return a.shape == b.shape and bool(np.abs(a - b).max() <= ALIKE * np.abs(b).max())
