"""Average pooling."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, fixed, normal
from parity.nn.pooling.max import SIZES
from parity.nn.pooling.windows import as_planes, boxes, elements, sliding

INF, NAN = float("inf"), float("nan")


def avg_pool(layer: torch.nn.AvgPool2d, x: Tensor) -> Tensor:
    tables = sliding(layer, x)
    if getattr(layer, "divisor_override", None) is not None:
        count = layer.divisor_override
    else:
        padding = layer.padding if layer.count_include_pad else 0
        count = boxes(tables, x, padding)[1].sum(-1)
    return as_planes(elements(x, tables, outside=0).sum(-1) / count, tables)


def cases(dims: int) -> list[Case]:
    """Return the cases in 1, 2 or 3 dimensions."""
    size = SIZES[dims]
    kernel, stride, padding = (s[:dims] for s in [(2, 3, 1), (1, 2, 3), (1, 1, 0)])
    inits = [
        call(2),
        call(3, 2),
        call(3, 2, 1),
        call(3, 1, 1),
        call(4, 3, 2),
        call(1, 2),
        call(2, 3),
        call((3,), (1,)),
        call(kernel, stride),
        call(list(kernel), stride, padding),
        call(3, 2, ceil_mode=True),
        call(2, 2, 1, ceil_mode=True),
        call(3, 3, 1, ceil_mode=True),
        call(4, 3, 2, ceil_mode=True),
        call(3, 2, 1, count_include_pad=False),
        call(3, 3, 1, ceil_mode=True, count_include_pad=False),
        call(kernel, stride, padding, True, False),
    ]
    if dims > 1:
        inits += [
            call(2, divisor_override=1),
            call(3, 2, 1, divisor_override=7),
            call(3, 2, 1, True, False, divisor_override=-2),
        ]
    inputs = [
        (normal(3, *size), "no batch"),
        (normal(0, 3, *size), "empty batch"),
        (normal(2, 3, *size, scale=1e-30), "tiny"),
        (normal(2, 3, *size, edges=(INF, -INF, NAN)), "infinities and NaN"),
        (fixed(np.ones((2, 2, *size))), "all equal"),
    ]
    return [
        *(Case(init, call(normal(2, 3, *size))) for init in inits),
        *(Case(call(3, 2, 1), call(x), note=note) for x, note in inputs),
        Case(
            call(3, 2, 1),
            call(normal(2, 3, *size, scale=1e30)),
            note="huge",
            differences=False,
            because="a small step is lost beside such numbers",
        ),
    ]


PAIRS = (
    Pair("AvgPool1d", avg_pool, cases(1)),
    Pair("AvgPool2d", avg_pool, [*cases(2), Case(call(2), call(normal(4, 6, 24, 24)))]),
    Pair("AvgPool3d", avg_pool, cases(3)),
)

FAULTS = (
    Fault(
        "AvgPool2d",
        "what lies beyond the padding is counted",
        "padded_length = np.minimum(kernel, size + padding - start)",
        "padded_length = np.full(count, kernel)",
        module="scratchnet.nn.pooling._windows",
    ),
    Fault(
        "AvgPool1d",
        "the padding is counted, asked or not",
        "if self.count_include_pad:",
        "if self.padding:",
    ),
    Fault(
        "AvgPool3d",
        "the gradient is not divided",
        "spread(grad_output / divisors, boxes)",
        "spread(grad_output, boxes)",
    ),
)
