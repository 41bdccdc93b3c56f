"""What is probably wrong: the mistakes that learners make leave their mark."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np

from parity.case import Array

#: Of the largest magnitude: what is closer leaves no mark.
ALIKE = 1e-6
#: What is right to the last digits, and what is all but right.
RIGHT, NEARLY = 1e-11, 1e-3


def diagnose(ours: Array, expected: Array) -> str:
    """Return a guess at the mistake, or an empty string."""
    numbers = isinstance(ours, np.ndarray) and ours.dtype.kind in "biuf"
    if not numbers or expected.dtype.kind != "f":
        return ""
    if ours.size != expected.size or expected.size == 0:
        return _of_another_size(ours, expected)
    if ours.shape != expected.shape:
        return _of_another_shape(ours, expected)
    if unset := np.count_nonzero(np.isnan(ours) & ~np.isnan(expected)):
        return (
            f"{unset} of {ours.size} are NaN: is 0 divided by 0, or an array of "
            "np.empty not filled?"
        )
    if not (np.isfinite(ours).all() and np.isfinite(expected).all()):
        return ""
    if not expected.any():
        return ""
    if _alike(ours, expected):
        return _nearly(ours, expected)  # Too little is wrong to leave another mark.
    found = (mark(ours, expected) for mark in MARKS)
    return next(filter(None, found), "")


def diagnose_error(error: BaseException) -> str:
    """Return a guess at why running failed, or an empty string."""
    said = str(error) if isinstance(error, ValueError | TypeError) else ""
    if "expects a gradient of that shape" in said:
        expected, came = (
            [int(size) for size in re.findall(r"\d+", shape)]
            for shape in re.findall(r"\(([\d, ]*)\)", said)
        )
        return _of_another_gradient(expected, came)
    if "'NoneType'" in said and said.startswith("unsupported operand"):
        return "A gradient is None until something is added: use accumulate_grad."
    if said in ("output array is read-only", "assignment destination is read-only"):
        return "What comes in is written to: make a new array instead."
    return ""


def _of_another_gradient(expected: list[int], came: list[int]) -> str:
    if came == expected[::-1]:
        return "Is a transpose missing?"
    if np.prod(came) == np.prod(expected):
        return "The number of elements is right, the shape is not."
    return "Is a sum over a dimension missing?" if len(came) >= len(expected) else ""


def _of_another_size(ours: Array, expected: Array) -> str:
    if 0 < ours.size < expected.size and expected.size % ours.size == 0:
        return "Some elements are missing: was a dimension summed that should stay?"
    if 0 < expected.size < ours.size and ours.size % expected.size == 0:
        return "There are too many elements: is a sum over a dimension missing?"
    return ""


def _of_another_shape(ours: Array, expected: Array) -> str:
    if ours.ndim == 2 and _alike(ours.T, expected):
        return "The transpose of this is right."
    if _alike(ours.reshape(expected.shape), expected):
        return "The numbers are right, the shape is not."
    return ""


# Marks: each returns what it says of the mistake, or an empty string --------------


def _nothing(ours: Array, expected: Array) -> str:
    return "" if ours.any() else "All of it is zero."


def _scaled(ours: Array, expected: Array) -> str:
    factor = _factor(ours, expected)
    if not _alike(ours, factor * expected) or abs(factor) <= ALIKE:
        return ""
    if abs(factor + 1) < ALIKE:
        return "The sign is flipped."
    parts = round(1 / factor)
    if abs(parts) > 1 and abs(1 / factor - parts) < ALIKE:
        sign = "-" if parts < 0 else ""
        return f"Every element is {sign}1/{abs(parts)} of what it should be."
    if expected.size == 1 and abs(factor - round(factor)) > ALIKE:
        return ""  # Any number is some other one times something.
    return f"Every element is {factor:.7g} times what it should be."


def _transposed(ours: Array, expected: Array) -> str:
    turned = ours.ndim == 2 and _alike(ours.T, expected)
    return "The transpose of this is right." if turned else ""


def _shifted(ours: Array, expected: Array) -> str:
    off = ours - expected
    if off.size == 1 or np.ptp(off) > ALIKE * np.abs(expected).max():
        return ""
    mean = np.mean(off)
    large = "large" if mean > 0 else "small"
    return f"Every element is too {large} by {abs(mean):.6g}."


def _scaled_by_slice(ours: Array, expected: Array) -> str:
    for axis, others in _axes(expected):
        if np.count_nonzero(expected, axis=others).max() < 2:
            continue  # Any numbers would fit.
        factor = _factor(ours, expected, others)
        if _alike(ours, factor * expected):
            first = ", ".join(f"{f:.6g}" for f in factor.ravel()[:3])
            more = ", …" if factor.size > 3 else "."
            return (
                f"Along dimension {axis}, each has a factor of its own: {first}{more}"
            )
    return ""


def _shifted_by_slice(ours: Array, expected: Array) -> str:
    off, allowed = ours - expected, ALIKE * np.abs(expected).max()
    for axis, _ in _axes(expected):
        if np.ptp(off, axis).max() <= allowed:
            return (
                f"All along dimension {axis} it is off by the same amount: "
                "is a bias, or a sum or mean over it, missing?"
            )
    return ""


def _reversed(ours: Array, expected: Array) -> str:
    for count in range(1, ours.ndim + 1):
        for axes in combinations(range(ours.ndim), count):
            if _alike(np.flip(ours, axes), expected):
                along = " and ".join(map(str, axes))
                return f"Reversed along dimension {along}, it is right."
    return ""


def _reordered(ours: Array, expected: Array) -> str:
    for axis in range(ours.ndim):
        slices = (
            np.moveaxis(x, axis, 0).reshape(x.shape[axis], -1) for x in (ours, expected)
        )
        # By their first numbers, slices in any order come into the same one.
        ordered = (x[np.argsort(x[:, 0])] for x in slices)
        if _alike(*ordered):
            return f"In another order along dimension {axis}, it is right."
    return ""


def _magnitudes(ours: Array, expected: Array) -> str:
    alike = _alike(np.abs(ours), np.abs(expected))
    return "The magnitudes are right, some signs are not." if alike else ""


def _some(ours: Array, expected: Array) -> str:
    right = np.abs(ours - expected) <= RIGHT * np.abs(expected).max()
    return f"{right.sum()} of {right.size} elements are right." if right.any() else ""


def _nearly(ours: Array, expected: Array) -> str:
    error = np.abs(ours - expected).max() / np.abs(expected).max()
    return (
        f"It is off by {error:.0e} at most: is eps in another place, or something "
        "kept in float32?"
        if error <= NEARLY
        else ""
    )


#: In the order in which they are looked for: the plainer first.
MARKS: tuple[Callable[[Array, Array], str], ...] = (
    _nothing,
    _scaled,
    _transposed,
    _shifted,
    _scaled_by_slice,
    _shifted_by_slice,
    _reversed,
    _reordered,
    _magnitudes,
    _some,
    _nearly,
)


def _axes(x: Array) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield each axis along which `x` has several slices of several, and the others."""
    for axis, size in enumerate(x.shape):
        if 1 < size < x.size:
            yield axis, tuple(other for other in range(x.ndim) if other != axis)


def _factor(ours: Array, expected: Array, axes: tuple[int, ...] | None = None) -> Array:
    """Return by which factor `expected` comes closest to `ours`, in least squares."""
    norm = np.sum(expected * expected, axis=axes, keepdims=axes is not None)
    product = np.sum(ours * expected, axis=axes, keepdims=axes is not None)
    return product / np.where(norm > 0, norm, 1)


def _alike(a: Array, b: Array) -> bool:
    return a.shape == b.shape and bool(np.abs(a - b).max() <= ALIKE * np.abs(b).max())
