"""Dropout: one seed, and so one mask, for every side."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, in_eval, normal


def dropout(layer: torch.nn.Dropout, x: Tensor) -> Tensor:
    if not layer.training:
        return x
    if layer.p == 1:
        return x * 0
    mask = torch.empty_like(x).bernoulli_(1 - layer.p)
    return x * mask / (1 - layer.p)


TRAINING = [
    Case(call(), call(normal(4, 5))),
    Case(call(0.2), call(normal(64, 128))),
    Case(call(p=0.0), call(normal(4, 5))),
    Case(call(p=1.0), call(normal(4, 5))),
    Case(call(0.9, inplace=True), call(normal(2, 3, 4, 5))),
    Case(call(0.5), call(normal())),
]

PAIRS = (Pair("Dropout", dropout, [*TRAINING, *in_eval(TRAINING)]),)

FAULTS = (
    Fault("Dropout", "no rescaling", "mask /= 1 - self.p", "mask /= 1"),
    Fault(
        "Dropout",
        "backward without the mask",
        "grad_output if mask is None else grad_output * mask",
        "grad_output",
    ),
)
