"""What flows past each block, the feed-forward network, and its parts."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn


def around(
    layer: nn.Module, x: Tensor, blocks: list[Callable[[Tensor], Tensor]]
) -> Tensor:
    """Add what each block gives to what flows past it."""
    for i, block in enumerate(blocks, start=1):
        # However its axes go, what attention gives lies sequence first in memory.
        turned = layer.self_attn.batch_first and x.ndim == 3 and i < len(blocks)
        norm, p = getattr(layer, f"norm{i}"), getattr(layer, f"dropout{i}")
        if layer.norm_first:
            x = x + dropped(p, block(normed(norm, x)), turned)
        else:
            x = normed(norm, x + dropped(p, block(x), turned))
    return x


def feed_forward(layer: nn.Module, x: Tensor) -> Tensor:
    hidden = activated(layer.activation, affine(layer.linear1, x))
    return affine(layer.linear2, dropped(layer.dropout, hidden))


def affine(linear: nn.Linear, x: Tensor) -> Tensor:
    y = torch.einsum("...i, oi -> ...o", x, linear.weight)
    return y if linear.bias is None else y + linear.bias


def activated(activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    if activation is nn.functional.relu:
        return x * (x > 0)
    if activation is nn.functional.gelu:
        return x * (1 + torch.erf(x / math.sqrt(2))) / 2
    return activation(x)


def dropped(dropout: nn.Dropout, x: Tensor, turned: bool = False) -> Tensor:
    """Drop elements of `x`; where it is `turned`, the mask is drawn sequence first."""
    if not dropout.training or dropout.p == 0:
        return x
    x = x.transpose(0, 1) if turned else x
    x = x * torch.empty(x.shape, dtype=x.dtype).bernoulli_(1 - dropout.p)
    x = x / (1 - dropout.p)
    return x.transpose(0, 1) if turned else x


def normed(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    centred = x - x.mean(dim=-1, keepdim=True)
    variance = (centred**2).mean(dim=-1, keepdim=True)
    y = centred / torch.sqrt(variance + norm.eps) * norm.weight
    return y if norm.bias is None else y + norm.bias
