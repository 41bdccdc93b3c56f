"""Activations."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, normal

INF = float("inf")


def relu(layer: torch.nn.ReLU, x: Tensor) -> Tensor:
    return torch.where(x > 0, x, 0)


def tanh(layer: torch.nn.Tanh, x: Tensor) -> Tensor:
    return torch.tanh(x)


def sigmoid(layer: torch.nn.Sigmoid, x: Tensor) -> Tensor:
    return (1 + torch.tanh(x / 2)) / 2


def softmax(layer: torch.nn.Softmax, x: Tensor) -> Tensor:
    y = torch.exp(x - x.amax(layer.dim, keepdim=True).detach())
    return y / y.sum(layer.dim, keepdim=True)


def log_softmax(layer: torch.nn.LogSoftmax, x: Tensor) -> Tensor:
    shifted = x - x.amax(layer.dim, keepdim=True).detach()
    return shifted - shifted.exp().sum(layer.dim, keepdim=True).log()


def elementwise(*inits: Any, edges: tuple[float, ...] = (0.0,)) -> list[Case]:
    """Return the cases of an element-wise function, for each way to construct it."""
    return [
        Case(init, inputs)
        for init in inits or (call(),)
        for inputs in (
            call(normal(4, 5, edges=edges)),
            call(normal()),
            call(normal(2, 3, 4, 5, edges=edges)),
            call(normal(4, 5, scale=1e-8)),
            call(normal(4, 5, scale=30)),
            call(normal(4, 5, scale=1e4)),
            call(normal(4, 5, edges=(INF, -INF, *edges))),
        )
    ]


def normalised() -> list[Case]:
    """Return the cases of softmax and its kin."""
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
        Case(call(dim=1), call(normal(4, 5, edges=(-INF, -INF))), note="masked"),
    ]


PAIRS = (
    Pair("ReLU", relu, elementwise(call(), call(inplace=True))),
    Pair("Tanh", tanh, elementwise()),
    Pair("Sigmoid", sigmoid, elementwise()),
    Pair("Softmax", softmax, normalised()),
    Pair("LogSoftmax", log_softmax, normalised()),
)

FAULTS = (
    Fault("ReLU", "gradient let through at zero", "return x > 0", "return x >= 0"),
    Fault("Tanh", "derivative not squared", "return 1 - y * y", "return 1 - y"),
    Fault(
        "Sigmoid", "derivative by x for y", "return y * (1 - y)", "return x * (1 - y)"
    ),
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
)
