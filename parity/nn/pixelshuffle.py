"""Pixels to channels and back."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, normal


def pixel_shuffle(layer: torch.nn.PixelShuffle, x: Tensor) -> Tensor:
    r = layer.upscale_factor
    *leading, c, h, w = x.shape
    y = x.new_zeros(*leading, c // r**2, h * r, w * r)
    for i in range(r):
        for j in range(r):
            y[..., i::r, j::r] = x[..., i * r + j :: r**2, :, :]
    return y


def pixel_unshuffle(layer: torch.nn.PixelUnshuffle, x: Tensor) -> Tensor:
    r = layer.downscale_factor
    parts = [x[..., i::r, j::r] for i in range(r) for j in range(r)]
    return torch.stack(parts, -3).flatten(-4, -3)


PAIRS = (
    Pair(
        "PixelShuffle",
        pixel_shuffle,
        [
            Case(call(3), call(normal(1, 9, 4, 4))),
            Case(call(2), call(normal(2, 12, 3, 5))),
            Case(call(1), call(normal(2, 3, 2, 2))),
            Case(call(2), call(normal(8, 3, 2)), note="no batch"),
            Case(call(2), call(normal(2, 3, 4, 2, 3)), note="leading dimensions"),
        ],
    ),
    Pair(
        "PixelUnshuffle",
        pixel_unshuffle,
        [
            Case(call(3), call(normal(1, 1, 12, 12))),
            Case(call(2), call(normal(2, 3, 6, 4))),
            Case(call(1), call(normal(2, 3, 2, 2))),
            Case(call(2), call(normal(2, 4, 6)), note="no batch"),
            Case(call(2), call(normal(2, 3, 2, 4, 2)), note="leading dimensions"),
        ],
    ),
)

FAULTS = (
    Fault(
        "PixelShuffle",
        "rows and columns exchanged",
        "np.moveaxis(blocks, (-4, -3), (-3, -1))",
        "np.moveaxis(blocks, (-3, -4), (-3, -1))",
    ),
    Fault(
        "PixelUnshuffle",
        "new channels outside the old",
        "blocks = x.reshape(*leading, c, h // r, r, w // r, r)",
        "blocks = x.reshape(*leading, h // r, r, w // r, r, c)",
    ),
)
