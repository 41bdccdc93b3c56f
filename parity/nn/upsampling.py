"""Interpolation: a matrix for each dimension, written down entry by entry."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, normal


def upsample(layer: torch.nn.Upsample, x: Tensor) -> Tensor:
    inputs = x.shape[2:]
    scales = each(layer.scale_factor, len(inputs))
    sizes = each(layer.size, len(inputs))
    for axis, (n, size, scale) in enumerate(zip(inputs, sizes, scales, strict=True), 2):
        m = size or math.floor(n * scale)
        exact = scale is None or layer.recompute_scale_factor or layer.mode == "area"
        exact |= layer.mode == "nearest" and len(inputs) == 2 and m in (n, 2 * n)
        A = matrix(layer, n, m, n / m if exact else 1 / scale)
        x = torch.tensordot(x, A, dims=([axis], [1])).movedim(-1, axis)
    return x


def each(given: Any, dims: int) -> tuple[Any, ...]:
    return tuple(given) if isinstance(given, tuple | list) else (given,) * dims


def matrix(layer: torch.nn.Upsample, n: int, m: int, r: float) -> Tensor:
    """Return the (m, n) weights of every input in every output."""
    A = torch.zeros(m, n, dtype=torch.float64)
    for o in range(m):
        if layer.align_corners:
            place = o * (n - 1) / (m - 1) if m > 1 else 0.0
        else:
            place = r * (o + 0.5) - 0.5
        if layer.mode == "nearest":
            A[o, min(int(o * r + 1e-9), n - 1)] = 1
        elif layer.mode == "nearest-exact":
            A[o, min(int((o + 0.5) * r + 1e-9), n - 1)] = 1
        elif layer.mode == "area":
            window = range(o * n // m, math.ceil((o + 1) * n / m))
            A[o, list(window)] = 1 / len(window)
        elif n == m and layer.mode != "bicubic":
            A[o, o] = 1
        else:
            reach, kernel = (2, cubic) if layer.mode == "bicubic" else (1, hat)
            place = place if reach == 2 else min(max(place, 0), n - 1)
            for j in range(
                math.floor(place) - reach + 1, math.floor(place) + reach + 1
            ):
                A[o, min(max(j, 0), n - 1)] += kernel(abs(place - j))
    return A


def hat(distance: float) -> float:
    return max(1 - distance, 0)


def cubic(distance: float, a: float = -0.75) -> float:
    if distance <= 1:
        return (a + 2) * distance**3 - (a + 3) * distance**2 + 1
    return a * (distance**3 - 5 * distance**2 + 8 * distance - 4)


MODES = {
    "nearest": (1, 2, 3),
    "nearest-exact": (1, 2, 3),
    "area": (1, 2, 3),
    "linear": (1,),
    "bilinear": (2,),
    "bicubic": (2,),
    "trilinear": (3,),
}
SHAPES = {1: (2, 2, 5), 2: (2, 2, 4, 3), 3: (1, 2, 3, 4, 2)}
SIZES: dict[int, list[Any]] = {
    1: [12, (7,), 3, 1, 5],
    2: [(4, 6), 5, (9, 2), (1, 3)],
    3: [(4, 6, 5), 4, (1, 8, 2)],
}
SCALES: dict[int, list[Any]] = {
    1: [2, 1.7, (2.3,), 0.6],
    2: [2, (1.5, 2.4), 0.7, (2.0, 1.0)],
    3: [2, (1.5, 0.5, 2.6)],
}
CASES = [
    Case(init, call(normal(*SHAPES[dims])))
    for mode, ranks in MODES.items()
    for dims in ranks
    for align in (
        (None, False, True) if "linear" in mode or "cubic" in mode else (None,)
    )
    for init in (
        *(call(size=size, mode=mode, align_corners=align) for size in SIZES[dims]),
        *(call(scale_factor=s, mode=mode, align_corners=align) for s in SCALES[dims]),
        *(
            call(None, s, mode, align, recompute_scale_factor=True)
            for s in SCALES[dims][1:3]
        ),
    )
]

PAIRS = (
    Pair(
        "Upsample",
        upsample,
        [
            *CASES,
            *(
                Case(
                    call(scale_factor=1.2, mode=mode),
                    call(normal(*SHAPES[dims])),
                    note="a scale that leaves the size as it is",
                )
                for mode, dims in (("linear", 1), ("bilinear", 2))
            ),
            *(
                Case(
                    call(scale_factor=(1.3, 2.3), mode=mode),
                    call(normal(2, 2, 3, 3)),
                    note="factors that leave the size, and double it",
                )
                for mode in ("nearest", "nearest-exact")
            ),
            Case(call(2), call(normal(0, 2, 4)), note="empty batch"),
            Case(call(scale_factor=2, mode="bilinear"), call(normal(0, 2, 4, 4))),
            Case(
                call(scale_factor=2), call(normal(2, 1, 4, 4, ties=True)), note="ties"
            ),
            Case(call(scale_factor=3), call(normal(1, 12, 1, 1)), note="one pixel"),
            Case(call(3, mode="bicubic"), call(normal(1, 2, 1, 1)), note="one pixel"),
            Case(
                call((28, 28), mode="bilinear"), call(normal(2, 1, 8, 8)), note="digits"
            ),
        ],
    ),
    Pair(
        "UpsamplingNearest2d",
        upsample,
        [
            Case(init, call(normal(2, 2, 4, 3)))
            for init in (
                call(5),
                call((3, 7)),
                call(scale_factor=2),
                call(None, (1.5, 2)),
                call(scale_factor=(1.1, 2.2)),
            )
        ],
    ),
    Pair(
        "UpsamplingBilinear2d",
        upsample,
        [
            Case(init, call(normal(2, 2, 4, 3)))
            for init in (
                call(5),
                call((3, 7)),
                call(scale_factor=2),
                call(None, (1.5, 2)),
            )
        ],
    ),
)

FAULTS = (
    Fault("Upsample", "half a pixel off", "(np.arange(m) + 0.5) - 0.5", "np.arange(m)"),
    Fault("Upsample", "corners aligned to edges", "(0, n - 1, m)", "(0, n, m)"),
    Fault(
        "Upsample",
        "places before the first pixel extrapolated",
        "np.maximum(_places(n, m, 1 if n == m else r, align), 0)",
        "_places(n, m, 1 if n == m else r, align)",
    ),
    Fault("Upsample", "Catmull-Rom's a", "-0.75", "-0.5"),
    Fault(
        "Upsample",
        "weights of one tap alone in the backward pass",
        "np.add.at(A, (np.arange(len(index))[:, None], index), weights)",
        "A[np.arange(len(index))[:, None], index] = weights",
    ),
    Fault(
        "UpsamplingNearest2d",
        "sum of the gradients for their mean",
        "A.T.astype(dtype)",
        "(A / A.sum(0)).T.astype(dtype)",
    ),
)
