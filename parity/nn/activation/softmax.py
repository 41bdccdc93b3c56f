"""Softmax and its kin."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, normal
from parity.nn.activation.cases import INF


def softmax(layer: torch.nn.Softmax, x: Tensor) -> Tensor:
    y = torch.exp(x - x.amax(layer.dim, keepdim=True).detach())
    return y / y.sum(layer.dim, keepdim=True)


def log_softmax(layer: torch.nn.LogSoftmax, x: Tensor) -> Tensor:
    shifted = x - x.amax(layer.dim, keepdim=True).detach()
    return shifted - shifted.exp().sum(layer.dim, keepdim=True).log()


def softmin(layer: torch.nn.Softmin, x: Tensor) -> Tensor:
    return softmax(layer, -x)


def softmax2d(layer: torch.nn.Softmax2d, x: Tensor) -> Tensor:
    y = torch.exp(x - x.amax(-3, keepdim=True).detach())
    return y / y.sum(-3, keepdim=True)


def normalised(nothing: float) -> list[Case]:
    """Return the cases of softmax and its kin; `nothing` scores a probability of 0."""
    return [
        Case(call(dim=1), call(normal(4, 5))),
        Case(call(dim=0), call(normal(4, 5))),
        Case(call(dim=-1), call(normal(2, 3, 4))),
        Case(call(dim=1), call(normal(2, 3, 4, 5))),
        Case(call(dim=0), call(normal(7)), note="no batch"),
        Case(call(dim=0), call(normal()), note="a scalar"),
        Case(call(dim=1), call(normal(4, 1)), note="nothing to compare with"),
        Case(call(dim=1), call(normal(4, 5, scale=1e4)), note="one takes all"),
        Case(call(dim=1), call(normal(4, 5, ties=True)), note="ties"),
        Case(call(dim=1), call(normal(64, 10, scale=10))),
        Case(call(dim=1), call(normal(4, 5, edges=(nothing, nothing))), note="masked"),
    ]


PAIRS = (
    Pair("Softmax", softmax, normalised(-INF)),
    Pair("LogSoftmax", log_softmax, normalised(-INF)),
    Pair("Softmin", softmin, normalised(INF)),
    Pair(
        "Softmax2d",
        softmax2d,
        [
            Case(call(), call(normal(2, 3, 4, 5))),
            Case(call(), call(normal(3, 4, 5)), note="no batch"),
            Case(call(), call(normal(1, 2, 3, 4))),
            Case(call(), call(normal(2, 1, 3, 3)), note="nothing to compare with"),
            Case(call(), call(normal(2, 3, 4, 4, scale=1e4)), note="one takes all"),
            Case(call(), call(normal(2, 3, 2, 2, edges=(-INF,))), note="masked"),
            Case(call(), call(normal(2, 3, 4, 5, ties=True)), note="ties"),
        ],
    ),
)

FAULTS = (
    Fault(
        "Softmax",
        "backward without the inner product",
        "return weighted - y * weighted.sum(axis=dim, keepdims=True)",
        "return weighted",
    ),
    Fault(
        "Softmax",
        "backward that sums over the wrong axis",
        "y * weighted.sum(axis=dim, keepdims=True)",
        "y * weighted.sum(axis=0, keepdims=True)",
    ),
    Fault(
        "LogSoftmax",
        "backward without the sum",
        "np.exp(y) * grad_output.sum(axis=dim, keepdims=True)",
        "np.exp(y) * grad_output",
    ),
    Fault("Softmin", "sign of the gradient", "None if grad is None else -grad", "grad"),
    Fault(
        "Softmax2d",
        "over the rows instead of the channels",
        "super().__init__(dim=-3)",
        "super().__init__(dim=-2)",
    ),
)
