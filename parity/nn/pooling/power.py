"""Power-average pooling."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, fixed, uniform
from parity.nn.pooling.max import SIZES, maxima, spaced
from parity.nn.pooling.windows import as_planes, boxes, each, elements, sliding

INF = float("inf")


def lp_pool(layer: torch.nn.LPPool2d, x: Tensor) -> Tensor:
    tables = sliding(layer, x)
    p = float(layer.norm_type)
    if math.isinf(p):
        return maxima(x.abs() if p > 0 else -x.abs(), tables)[0].abs()
    inside = boxes(tables, x)[1]
    full = math.prod(each(layer.kernel_size, len(tables)))
    total = full * elements(x**p, tables, outside=0).sum(-1) / inside.sum(-1)
    # At 0 the root has no slope, or an infinite one: 0 is taken.
    root = total.where(total != 0, 1) ** (1 / p)
    return as_planes(root.where(total != 0, 0 if p > 0 else INF), tables)


def cases(dims: int) -> list[Case]:
    """Return the cases in 1, 2 or 3 dimensions."""
    size = SIZES[dims]
    inits = [
        call(2, 2),
        call(2, 3, 2),
        call(2, 3, 1),
        call(2.0, 2, 3),
        call(2, 3, 2, True),
        call(1, 2),
        call(4, 2),
        call(INF, 3, 2),
        call(-INF, 3, 2),
        call(INF, 3, 2, ceil_mode=True),
    ]
    if dims > 1:
        kernel, stride = (2, 3, 1)[:dims], (1, 2, 3)[:dims]
        inits += [call(2, kernel, stride), call(INF, kernel, stride, True)]
    powers = [call(p, 3, 2, True) for p in (0.5, 1.5, 3, 2.5, -1, -2)]
    inputs = [
        (spaced(3, *size), "no batch"),
        (spaced(0, 3, *size), "empty batch"),
        (spaced(2, 3, *size, scale=1e-10), "tiny"),
    ]
    positive = uniform(2, 3, *size, low=0.1, high=3)
    signed = uniform(2, 3, *size, low=0.1, high=3, edges=(-1.0, -2.0, -3.0))
    zeros = fixed(np.zeros((2, 2, *size)))
    kink = "there is a kink at zero"
    return [
        *(Case(init, call(spaced(2, 3, *size))) for init in inits),
        *(Case(init, call(positive)) for init in powers),
        *(Case(call(2, 2), call(x), note=note) for x, note in inputs),
        Case(call(2, 2), call(zeros), note="zeros", differences=False, because=kink),
        Case(call(3, 2), call(zeros), note="zeros", differences=False, because=kink),
        *(
            Case(init, call(signed), note="roots of negative numbers")
            for init in powers
        ),
        Case(
            call(3, 2),
            call(spaced(2, 3, *size)),
            note="sums below zero",
            differences=False,
            because="there a root is NaN",
        ),
        Case(
            call(2, 2),
            call(spaced(2, 3, *size, scale=1e10)),
            note="huge",
            differences=False,
            because="a small step is lost beside such numbers",
        ),
    ]


PAIRS = (
    Pair("LPPool1d", lp_pool, cases(1)),
    Pair("LPPool2d", lp_pool, cases(2)),
    Pair("LPPool3d", lp_pool, cases(3)),
)

FAULTS = (
    Fault(
        "LPPool1d",
        "the slope of the root by its value",
        "S ** (1 / p - 1)",
        "S ** (1 / p)",
    ),
    Fault(
        "LPPool2d",
        "an infinite slope at zero",
        "grad_S[S == 0] = 0",
        "grad_S[S == 0] *= 1",
    ),
    Fault(
        "LPPool2d",
        "a window cut short is not scaled up",
        "S = c * sums(x**p, boxes)",
        "S = sums(x**p, boxes)",
    ),
    Fault(
        "LPPool3d",
        "the largest magnitude's sign forgotten",
        "sign: Array = np.sign(x)",
        "sign: Array = np.ones_like(x)",
    ),
)
