"""The error measures, and the only tolerances.

Every comparison of the suite goes through `compare`; every verdict through one of
the gates below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: float64, largest difference over largest magnitude, against twin and stock torch.
FLOAT64_GATE = 1e-11
#: The same for optimisers, after every step: there is little to add up.
OPTIMIZER_GATE = 1e-12
#: And for learning rates, at every epoch.
SCHEDULE_GATE = 1e-14
GATES = {"optim": OPTIMIZER_GATE, "optim.lr_scheduler": SCHEDULE_GATE}
#: float32, against the float64 truth: so many times torch's own error …
FLOAT32_FACTOR = 4.0
#: … or one unit in the last place of the largest magnitude, whichever is larger.
FLOAT32_FLOOR = float(np.finfo(np.float32).eps)
#: Beyond this, float32 has led torch itself astray: no multiple of it judges anything.
FLOAT32_ASTRAY = 1e-3
#: Central differences: their own error is about 1e-9.
DIFFERENCES_GATE = 1e-6


@dataclass(frozen=True)
class Difference:
    """How far one tensor is from what it should be.

    Attributes
    ----------
    error : float
        Largest difference over largest magnitude; infinite where shapes, dtypes or
        the places of NaN and infinity disagree.
    index : tuple of int, or None
        Where the difference is largest.
    ours, theirs : float or str
        The two values there, or the two shapes or dtypes.
    ulps : float
        The difference there in units in the last place of the expected value.
    """

    error: float
    index: tuple[int, ...] | None = None
    ours: Any = None
    theirs: Any = None
    ulps: float = 0.0

    def __str__(self) -> str:
        if self.index is None:
            return f"expected {self.theirs}, got {self.ours}"
        where = f"[{', '.join(map(str, self.index))}]"
        units = f"{self.ulps:.3g} units in the last place, error {self.error:.2e}"
        far = f", {units}" if np.isfinite(self.error) else ""
        return f"{where}: expected {self.theirs!s}, got {self.ours!s}{far}"


def magnitude(array: Array) -> float:
    """Return the largest finite magnitude of floating-point numbers, or 0."""
    if array.dtype.kind != "f":
        return 0.0
    values = np.abs(array)
    largest = float(values.max(initial=0))
    if np.isfinite(largest):
        return largest
    return float(values.max(where=np.isfinite(values), initial=0))


def compare(
    ours: Array, theirs: Array, same_dtype: bool = True, scale: float | None = None
) -> Difference:
    """Measure `ours` against `theirs`, the largest magnitude of which sets the scale.

    Another `scale` may be given. Where one is NaN or infinite, both must be, alike.
    """
    if not isinstance(ours, np.ndarray | np.generic):
        return Difference(np.inf, None, type(ours).__name__, f"array {theirs.shape}")
    if ours.shape != theirs.shape:
        return Difference(np.inf, None, f"shape {ours.shape}", f"shape {theirs.shape}")
    if same_dtype and ours.dtype != theirs.dtype:
        return Difference(np.inf, None, f"{ours.dtype}", f"{theirs.dtype}")
    if theirs.size == 0:
        return Difference(0.0)
    a, b = np.asarray(ours), np.asarray(theirs)
    if (a == b).all():
        return Difference(0.0)
    if b.dtype.kind != "f":
        distance, scale = (a != b).astype(float), 1.0
    else:
        a, b = a.astype(np.float64), b.astype(np.float64)
        scale = (magnitude(b) if scale is None else scale) or 1.0
        with np.errstate(invalid="ignore", over="ignore"):
            distance = np.asarray(np.abs(a - b))
        if not np.isfinite(distance).all():
            alike = (a == b) | (np.isnan(a) & np.isnan(b))
            distance[np.isnan(distance)] = np.inf
            distance = np.where(alike, 0.0, distance)
    index = np.unravel_index(int(np.argmax(distance)), b.shape)
    largest = float(distance[index])
    spacing = _spacing(theirs[index]) if np.isfinite(largest) else 1.0
    return Difference(
        error=largest / scale,
        index=tuple(map(int, index)),
        ours=ours[index],
        theirs=theirs[index],
        ulps=largest / spacing,
    )


def float64_gate(namespace: str) -> float:
    """Return the float64 error allowed in a namespace, such as "nn"."""
    return GATES.get(namespace, FLOAT64_GATE)


def float32_gate(torch_error: float) -> float:
    """Return the float32 error allowed where torch's own is `torch_error`."""
    return max(FLOAT32_FACTOR * torch_error, FLOAT32_FLOOR)


def _spacing(value: Any) -> float:
    return float(np.spacing(np.abs(value))) if value.dtype.kind == "f" else 1.0
