"""Instance normalisation, with and without running statistics."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, in_eval, normal


def instance_norm(layer: torch.nn.InstanceNorm1d, x: Tensor) -> Tensor:
    unbatched = x.ndim == layer._get_no_batch_dim()
    x = x[None] if unbatched else x
    c = x.shape[1]
    per_channel = (c, *[1] * (x.ndim - 2))
    if layer.training or layer.running_mean is None:
        maps = x.flatten(2)
        mean = maps.mean(2)
        var = (maps - mean[:, :, None]).square().mean(2)
        if layer.training and layer.running_mean is not None:
            blend(layer.running_mean, mean.detach(), layer.momentum)
            blend(layer.running_var, maps.detach().var(2), layer.momentum)
        mean, var = mean.view(-1, *per_channel), var.view(-1, *per_channel)
    else:
        mean, var = (
            layer.running_mean.view(per_channel),
            layer.running_var.view(per_channel),
        )
    y = (x - mean) * torch.rsqrt(var + layer.eps)
    if layer.weight is not None:
        y = y * layer.weight.view(per_channel)
    if layer.bias is not None:
        y = y + layer.bias.view(per_channel)
    return y[0] if unbatched else y


def blend(running: Tensor, each: Tensor, momentum: float | None) -> None:
    """Blend the average over the batch into the running statistic."""
    m = momentum or 0.0
    running.mul_(1 - m).add_(m * each.mean(0))


def cases(*shapes: tuple[int, ...]) -> list[Case]:
    """Return the cases of one rank: of the shapes, the first is batched."""
    c = shapes[0][1]
    inits: list[Any] = [
        call(c),
        call(c, 1e-3, 0.3),
        call(c, 1e-3, 0.3, False, True),
        call(c, 1e-3, 0.3, affine=True),
        call(c, 1e-3, 0.3, affine=True, bias=False),
        call(c, affine=True, track_running_stats=True),
        call(c, momentum=None, affine=True, track_running_stats=True),
        call(c, momentum=1.0, track_running_stats=True),
    ]
    first = shapes[0]
    training = [
        *(Case(init, call(normal(*shape))) for init in inits for shape in shapes),
        Case(call(c), call(normal(0, *first[1:])), note="empty batch"),
        Case(call(c, affine=True), call(normal(*first, edges=(1e4, -1e4)))),
        Case(call(c), call(normal(*first, scale=1e-8)), note="tiny: eps decides"),
        Case(call(c, affine=True), call(normal(*first, scale=1e8)), note="huge"),
        Case(call(c, affine=True), call(normal(*first, ties=True)), note="ties"),
    ]
    return [*training, *in_eval(training)]


PAIRS = (
    Pair("InstanceNorm1d", instance_norm, cases((4, 3, 15), (3, 15), (1, 3, 4))),
    Pair("InstanceNorm2d", instance_norm, cases((4, 3, 6, 5), (3, 6, 5))),
    Pair("InstanceNorm3d", instance_norm, cases((2, 3, 4, 2, 3), (3, 4, 2, 3))),
)

FAULTS = (
    Fault(
        "InstanceNorm1d",
        "one mean for the whole batch",
        "standardize(samples, axes, self.eps)",
        "standardize(samples, (0, 2), self.eps)",
        module="scratchnet.nn.batchnorm",
    ),
    Fault(
        "InstanceNorm1d",
        "momentum of None as a cumulative average",
        "return 0.0 if self.momentum is None",
        "return 1.0 if self.momentum is None",
    ),
    Fault(
        "InstanceNorm2d",
        "running statistics of the first sample alone",
        "momentum * new.mean(0).ravel()",
        "momentum * new[0].ravel()",
        module="scratchnet.nn.batchnorm",
    ),
)
