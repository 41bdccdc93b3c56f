"""Affine maps."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, normal


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

FAULTS = (
    Fault(
        "Linear",
        "weight gradient transposed",
        "self.weight.accumulate_grad((x.T @ grad_rows).T)",
        "self.weight.accumulate_grad((x.T @ grad_rows).reshape(self.weight.shape))",
    ),
    Fault(
        "Linear",
        "bias gradient averaged instead of summed",
        "grad_rows.sum(axis=0)",
        "grad_rows.mean(axis=0)",
    ),
    Fault(
        "Linear",
        "input gradient by the transposed weight's rows",
        "return grad_output @ self.weight.data if",
        "return grad_output @ self.weight.data[:, ::-1] if",
    ),
)
