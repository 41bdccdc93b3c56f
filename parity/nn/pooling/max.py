"""Max pooling."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from parity.case import Case, Draw, Fault, Pair, call, fixed
from parity.nn.pooling.windows import as_planes, boxes, elements, sliding

INF, NAN = float("inf"), float("nan")
NO_SLOPE = "infinities have no slope"


def max_pool(layer: torch.nn.MaxPool2d, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
    y, indices = maxima(x, sliding(layer, x))
    return (y, indices) if layer.return_indices else y


def maxima(x: Tensor, tables: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Return the maximum of each window and its flat place in the plane."""
    place, inside = boxes(tables, x)
    candidates = elements(x, tables, outside=-INF)
    order = torch.arange(place.shape[1]).expand(candidates.shape)
    largest = (candidates == candidates.amax(-1, keepdim=True)) & inside
    first = order.where(largest, place.shape[1]).amin(-1, keepdim=True)
    last_nan = order.where(candidates.isnan(), -1).amax(-1, keepdim=True)
    winner = last_nan.where(last_nan >= 0, first)
    y = candidates.gather(-1, winner).squeeze(-1)
    indices = place.expand(candidates.shape).gather(-1, winner).squeeze(-1)
    return as_planes(y, tables), as_planes(indices, tables)


def spaced(
    *shape: int,
    mean: float = 0.0,
    scale: float = 1.0,
    edges: tuple[float, ...] = (0.0,),
    ties: bool = False,
) -> Draw:
    """Describe numbers of which no two are close, nor their magnitudes.

    A maximum has a kink where two change places: small steps shall not reach it.
    """

    def sample(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
        n = math.prod(shape)
        ranks = rng.permutation(n) - n / 2 + 0.25
        return (scale * (mean + ranks * 5 / max(n, 1))).reshape(shape)

    label = ("" if scale == 1 else f"{scale:g}*") + ("ties" if ties else "spaced")
    return Draw(label, shape, sample, edges, ties)


SIZES = {1: (7,), 2: (7, 6), 3: (5, 4, 6)}


def cases(dims: int) -> list[Case]:
    """Return the cases in 1, 2 or 3 dimensions."""
    size = SIZES[dims]
    kernel, stride, dilation = (s[:dims] for s in [(2, 3, 1), (1, 2, 3), (1, 1, 2)])
    inits = [
        call(2),
        call(3, 2),
        call(3, 2, 1),
        call(3, 1, 1),
        call(2, 1),
        call(4, 3, 2),
        call(1, 2),
        call(2, 3),
        call(kernel, stride),
        call(list(kernel), stride, tuple(k // 2 for k in kernel), dilation),
        call((3,), (1,)),
        call(2, 1, 1, 2),
        call(2, dilation=3),
        call(3, 2, ceil_mode=True),
        call(2, 2, 1, ceil_mode=True),
        call(3, 3, 1, 1, ceil_mode=True),
        call(2, 2, 1, 2, ceil_mode=True),
        call(2, return_indices=True),
        call(3, 1, 1, return_indices=True),
        call(3, 2, 1, return_indices=True, ceil_mode=True),
        call(2, 1, 1, 2, return_indices=True),
        call(kernel, stride, 0, dilation, return_indices=True),
    ]
    overlapping = call(3, 2, 1, return_indices=True)
    lowest = fixed(np.full((1, 2, *size), -INF))
    inputs: list[tuple[Draw, str]] = [
        (spaced(3, *size), "no batch"),
        (spaced(0, 3, *size), "empty batch"),
        (spaced(2, 3, *size, ties=True), "ties"),
        (spaced(2, 3, *size, mean=-4, edges=()), "all below the padding's zero"),
        (spaced(2, 3, *size, scale=1e-30), "tiny"),
        (spaced(2, 3, *size, edges=(INF, -INF, 0.0, -0.0)), "infinities"),
        (spaced(2, 3, *size, edges=(NAN,) * 8), "NaN wins, the last of several"),
        (fixed(np.zeros((2, 2, *size))), "all equal"),
    ]
    return [
        *(Case(init, call(spaced(2, 3, *size))) for init in inits),
        *(Case(overlapping, call(x), note=note) for x, note in inputs),
        Case(
            overlapping,
            call(lowest),
            note="nothing but -inf, yet padding does not win",
            differences=False,
            because=NO_SLOPE,
        ),
        Case(
            overlapping,
            call(spaced(2, 3, *size, scale=1e30)),
            note="huge",
            differences=False,
            because="a small step is lost beside such numbers",
        ),
    ]


PAIRS = (
    Pair(
        "MaxPool1d",
        max_pool,
        [
            *cases(1),
            Case(call(300, 300), call(spaced(1, 2, 600)), note="a long window"),
        ],
    ),
    Pair("MaxPool2d", max_pool, [*cases(2), Case(call(2), call(spaced(4, 6, 24, 24)))]),
    Pair("MaxPool3d", max_pool, cases(3)),
)

FAULTS = (
    Fault(
        "MaxPool2d",
        "the last of equal values wins",
        """for tap in taps[:-1]:
            below &= x[tap] != best
            won_by += below""",
        """for j, tap in enumerate(taps):
            won_by[x[tap] == best] = j""",
    ),
    Fault(
        "MaxPool1d",
        "NaN is passed on, but its gradient is not",
        "if nan:",
        "if False:",
    ),
    Fault(
        "MaxPool3d",
        "overlapping windows overwrite each other's gradient",
        "grad_x[tap] += grad * won",
        "grad_x[tap] = grad * won",
    ),
    Fault(
        "MaxPool2d",
        "indices by the width of the output",
        "place[outputs] *= windows.size",
        "place[outputs] *= windows.first.size",
    ),
    Fault(
        "MaxPool2d",
        "ceil_mode keeps a window in the padding on the right",
        "if ceil_mode and (count - 1) * stride >= size + padding:",
        "if ceil_mode and (count - 1) * stride >= size + 2 * padding:",
        module="scratchnet.nn.pooling._windows",
    ),
    Fault(
        "MaxPool1d",
        "dilation forgotten in the output's size",
        "room = size + 2 * padding - dilation * (kernel - 1) - 1",
        "room = size + 2 * padding - kernel",
        module="scratchnet.nn.pooling._windows",
    ),
)
