"""Containers that are run: modules one after the other."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, build, call, normal


def sequential(layer: torch.nn.Sequential, x: Tensor) -> Tensor:
    for module in layer:
        x = module(x)
    return x


FIRST = build(lambda nn: nn.Linear(6, 4), "Linear(6, 4)")
TANH = build(lambda nn: nn.Tanh(), "Tanh()")
LAST = build(lambda nn: nn.Linear(4, 3), "Linear(4, 3)")
NESTED = build(
    lambda nn: nn.Sequential(nn.Linear(4, 4), nn.Sigmoid()),
    "Sequential(Linear(4, 4), Sigmoid())",
)

PAIRS = (
    Pair(
        "Sequential",
        sequential,
        [
            Case(call(), call(normal(5, 6)), note="empty"),
            Case(call(FIRST), call(normal(5, 6))),
            Case(call(FIRST, TANH, LAST), call(normal(5, 6))),
            Case(call(FIRST, NESTED, TANH, LAST), call(normal(5, 6))),
        ],
    ),
)

FAULTS = (
    Fault(
        "Sequential",
        "backward in forward order",
        "for module in reversed(modules):",
        "for module in modules:",
    ),
)
