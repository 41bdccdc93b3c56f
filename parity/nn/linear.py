"""Affine maps."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Case, Pair, call, normal


def identity(layer: torch.nn.Identity, x: Tensor) -> Tensor:
    return x


def linear(layer: torch.nn.Linear, x: Tensor) -> Tensor:
    y = x @ layer.weight.T
    return y if layer.bias is None else y + layer.bias


PAIRS = (
    Pair(
        "Identity",
        identity,
        [
            Case(call(), call(normal(4, 5))),
            Case(call(54, unused=True), call(normal())),
        ],
    ),
    Pair(
        "Linear",
        linear,
        [
            Case(call(5, 3), call(normal(4, 5))),
            Case(call(5, 3, bias=False), call(normal(4, 5))),
            Case(call(5, 3), call(normal(5)), note="one row, no batch"),
            Case(call(5, 3), call(normal(2, 3, 4, 5)), note="leading dimensions"),
            Case(call(5, 3, bias=False), call(normal(2, 3, 5))),
            Case(call(5, 3), call(normal(0, 5)), note="empty batch"),
            Case(call(1, 1), call(normal(1, 1))),
            Case(call(5, 3), call(normal(4, 5, scale=1e-8))),
            Case(call(5, 3), call(normal(4, 5, scale=1e8))),
            Case(call(784, 128), call(normal(64, 784))),
        ],
    ),
)
