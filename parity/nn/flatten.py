"""The same numbers in another shape."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, normal


def flatten(layer: torch.nn.Flatten, x: Tensor) -> Tensor:
    dims = range(max(x.ndim, 1))
    start, end = dims[layer.start_dim], dims[layer.end_dim]
    merged = x.shape[start : end + 1].numel()
    return x.reshape(*x.shape[:start], merged, *x.shape[end + 1 :])


def unflatten(layer: torch.nn.Unflatten, x: Tensor) -> Tensor:
    dim = range(x.ndim)[layer.dim]
    return x.reshape(*x.shape[:dim], *layer.unflattened_size, *x.shape[dim + 1 :])


PAIRS = (
    Pair(
        "Flatten",
        flatten,
        [
            Case(call(), call(normal(4, 2, 3))),
            Case(call(), call(normal(4, 2, 3, 5))),
            Case(call(), call(normal(4, 5)), note="nothing to merge"),
            Case(call(0), call(normal(4, 2, 3))),
            Case(call(0), call(normal()), note="a scalar"),
            Case(call(1, 2), call(normal(4, 2, 3, 5))),
            Case(call(-3, -2), call(normal(4, 2, 3, 5))),
            Case(call(), call(normal(0, 2, 3)), note="empty batch"),
        ],
    ),
    Pair(
        "Unflatten",
        unflatten,
        [
            Case(call(1, (2, 3)), call(normal(4, 6))),
            Case(call(1, (2, -1)), call(normal(4, 6, 5))),
            Case(call(-1, (5, 1)), call(normal(4, 5))),
            Case(call(0, (2, 2)), call(normal(4, 6))),
        ],
    ),
)

FAULTS = (
    Fault(
        "Flatten",
        "one dimension too few merged",
        "merged = math.prod(x.shape[start : end + 1])",
        "merged = math.prod(x.shape[start:end])",
    ),
    Fault(
        "Unflatten",
        "sizes in reverse",
        "*sizes, *x.shape[dim + 1 :])",
        "*sizes[::-1], *x.shape[dim + 1 :])",
    ),
)
