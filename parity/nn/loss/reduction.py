"""What the twins of all losses share."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

REDUCTIONS = ("mean", "sum", "none")


def reduced(layer: Any, losses: Tensor, count: Tensor | int | None = None) -> Tensor:
    """Return `losses` reduced as the layer says; the mean is over `count`."""
    if layer.reduction == "none":
        return losses
    if layer.reduction == "sum":
        return losses.sum()
    return losses.sum() / (losses.numel() if count is None else count)


def with_slope(value: Tensor, slope: Tensor, x: Tensor) -> Tensor:
    """Return `value` with a derivative by `x` that autograd would not give it."""
    return value.detach() + slope.detach() * (x - x.detach())


def weighted(weight: Tensor | None) -> Tensor | int:
    """Return the weight, 1 where there is none."""
    return 1 if weight is None else weight


def softplus(x: Tensor) -> Tensor:
    return torch.logaddexp(x, torch.zeros_like(x))
