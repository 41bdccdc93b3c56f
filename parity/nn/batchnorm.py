"""Batch normalisation, and the running statistics it leaves behind."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, in_eval, normal, uniform


def batch_norm(layer: torch.nn.BatchNorm1d, x: Tensor) -> Tensor:
    channels_last = x.movedim(1, -1)
    rows = channels_last.reshape(-1, x.shape[1])
    if layer.training or layer.running_mean is None:
        n = len(rows)
        mean = rows.sum(0) / max(n, 1)
        var = (rows - mean).square().sum(0) / max(n, 1)
        if layer.training and layer.running_mean is not None:
            remember(layer, mean.detach(), var.detach(), n)
    else:
        mean, var = layer.running_mean, layer.running_var
    y = (channels_last - mean) / torch.sqrt(var + layer.eps)
    if layer.weight is not None:
        y = y * layer.weight
    if layer.bias is not None:
        y = y + layer.bias
    return y.movedim(-1, 1)


def remember(layer: torch.nn.BatchNorm1d, mean: Tensor, var: Tensor, n: int) -> None:
    """Blend statistics of `n` rows, the variance unbiased, into the running ones."""
    layer.num_batches_tracked += 1
    m = 1 / layer.num_batches_tracked if layer.momentum is None else layer.momentum
    if n > 0:
        layer.running_mean.copy_(torch.lerp(layer.running_mean, mean, m))
        layer.running_var.copy_(torch.lerp(layer.running_var, var * n / (n - 1), m))


def cases(*shapes: tuple[int, ...]) -> list[Case]:
    """Return the cases of one rank, the first of its shapes being the plainest."""
    c = shapes[0][1]
    inits: list[Any] = [
        call(c),
        call(c, 1e-3, None),
        call(c, 1e-3, 0.8),
        call(c, 1e-3, 0.8, False),
        call(c, 1e-3, 0.8, True, False),
        call(c, affine=False, track_running_stats=False),
        call(c, bias=False),
        call(c, momentum=0.0),
        call(c, momentum=1.0, eps=0.1),
    ]
    first, empty = shapes[0], (0, *shapes[0][1:])
    large = (5000 // math.prod(first[1:]), *first[1:])
    training = [
        *(Case(init, call(normal(*shape))) for init in inits for shape in shapes),
        Case(call(c, affine=False), call(normal(*empty)), note="empty batch"),
        Case(call(c), call(normal(*empty)), note="empty batch"),
        Case(call(c), call(normal(*first, edges=(1e4, -1e4))), note="outliers"),
        Case(call(c), call(normal(*first, scale=1e-8)), note="tiny: eps decides"),
        Case(call(c), call(normal(*first, scale=1e8)), note="huge"),
        Case(call(c), call(normal(*first, ties=True)), note="ties"),
        Case(call(c), call(normal(*large)), note="large"),
        Case(call(c), call(uniform(*large, low=99, high=101)), note="far from 0"),
    ]
    return [*training, *in_eval(training)]


PAIRS = (
    Pair("BatchNorm1d", batch_norm, cases((4, 5), (4, 5, 3), (64, 5), (1, 5, 6))),
    Pair("BatchNorm2d", batch_norm, cases((2, 3, 6, 5), (1, 3, 2, 2), (7, 3, 1, 4))),
    Pair("BatchNorm3d", batch_norm, cases((2, 3, 4, 2, 3), (1, 3, 1, 2, 4))),
)

FAULTS = (
    Fault("BatchNorm1d", "running variance biased", "var * (n / (n - 1))", "var"),
    Fault(
        "BatchNorm1d",
        "momentum weighs the old value",
        "(1 - momentum) * running + momentum * new",
        "momentum * running + (1 - momentum) * new",
    ),
    Fault(
        "BatchNorm2d",
        "statistics taken for variables in evaluation",
        "            axes = ()\n",
        "",
    ),
    Fault(
        "BatchNorm2d", "batches not counted", "self.num_batches_tracked += 1", "pass"
    ),
    Fault(
        "BatchNorm2d",
        "variance held constant in the backward pass",
        "grad_x -= x_hat * spread(",
        "grad_x -= 0 * spread(",
        module="scratchnet.nn._normalize",
    ),
    Fault(
        "BatchNorm3d",
        "mean of the gradient added",
        "grad_x -= spread(mean(axes, g_hat), grad)",
        "grad_x += spread(mean(axes, g_hat), grad)",
        module="scratchnet.nn._normalize",
    ),
    Fault(
        "BatchNorm3d",
        "centred but not scaled",
        "x_hat *= spread(scale, x)",
        "pass",
        module="scratchnet.nn._normalize",
    ),
)
