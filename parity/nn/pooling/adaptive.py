"""Adaptive pooling."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from parity.case import Call, Case, Fault, Pair, call
from parity.nn.pooling.max import maxima, spaced
from parity.nn.pooling.windows import adaptive, as_planes, boxes, elements

INF, NAN = float("inf"), float("nan")


def adaptive_avg_pool(layer: torch.nn.AdaptiveAvgPool2d, x: Tensor) -> Tensor:
    tables = adaptive(layer, x)
    count = boxes(tables, x)[1].sum(-1)
    return as_planes(elements(x, tables, outside=0).sum(-1) / count, tables)


def adaptive_max_pool(layer: torch.nn.AdaptiveMaxPool2d, x: Tensor) -> Any:
    y, indices = maxima(x, adaptive(layer, x))
    return (y, indices) if layer.return_indices else y


SIZES = {1: (10,), 2: (6, 10), 3: (4, 6, 5)}
#: Divided evenly, with overlaps, to one, to the same, to more.
COUNTS = (2, 3, 4, 1, 10, 7, 12)


def cases(dims: int, **options: bool) -> list[Case]:
    """Return the cases in 1, 2 or 3 dimensions."""
    size = SIZES[dims]
    inits: list[Call] = [call(count, **options) for count in COUNTS]
    inits.append(call((3, 4, 2)[:dims], **options))
    if dims > 1:
        inits.append(call((None, 3, 2)[:dims], **options))
        inits.append(call([4, None, None][:dims], **options))
        inits.append(call((1, 7, None)[:dims], **options))
    inputs = [
        (spaced(3, *size), "no batch"),
        (spaced(0, 3, *size), "empty batch"),
        (spaced(2, 3, *size, ties=True), "ties"),
        (spaced(2, 3, *size, mean=-4, edges=()), "negative"),
        (spaced(2, 3, *size, edges=(INF, -INF, NAN)), "infinities and NaN"),
    ]
    return [
        *(Case(init, call(spaced(2, 3, *size))) for init in inits),
        *(Case(call(4, **options), call(x), note=note) for x, note in inputs),
        Case(
            call(4, **options),
            call(spaced(2, 3, *size, scale=1e30)),
            note="huge",
            differences=False,
            because="a small step is lost beside such numbers",
        ),
    ]


PAIRS = (
    *(
        Pair(f"AdaptiveAvgPool{dims}d", adaptive_avg_pool, cases(dims))
        for dims in (1, 2, 3)
    ),
    *(
        Pair(
            f"AdaptiveMaxPool{dims}d",
            adaptive_max_pool,
            [*cases(dims), *cases(dims, return_indices=True)],
        )
        for dims in (1, 2, 3)
    ),
)

FAULTS = (
    Fault(
        "AdaptiveAvgPool1d",
        "windows that end rounded down",
        "length = -(-(o + 1) * size // count) - first",
        "length = (o + 1) * size // count - first",
        module="scratchnet.nn.pooling._windows",
    ),
    Fault(
        "AdaptiveMaxPool2d",
        "every window as long as the first",
        "for j in range(length[outputs[0]])",
        "for j in range(length[0])",
        module="scratchnet.nn.pooling._windows",
    ),
)
