"""Blocks of an image, as columns and back: a matrix of ones, and its transpose."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, normal


def unfold(layer: torch.nn.Unfold, x: Tensor) -> Tensor:
    size = x.shape[-2:]
    columns = x.flatten(-2) @ incidence(layer, size).T
    blocks = columns.shape[-1] // math.prod(pair(layer.kernel_size))
    return columns.unflatten(-1, (-1, blocks)).flatten(-3, -2)


def fold(layer: torch.nn.Fold, x: Tensor) -> Tensor:
    size = pair(layer.output_size)
    taps = math.prod(pair(layer.kernel_size))
    columns = x.unflatten(-2, (x.shape[-2] // taps, taps)).flatten(-2)
    return (columns @ incidence(layer, size)).unflatten(-1, size)


def incidence(layer: Any, size: tuple[int, int]) -> Tensor:
    """Return which pixel each tap of each block lies on: (taps · blocks, pixels)."""
    rows, columns = (
        on_axis(n, *numbers)
        for n, numbers in zip(
            size,
            zip(
                pair(layer.kernel_size),
                pair(layer.dilation),
                pair(layer.padding),
                pair(layer.stride),
                strict=True,
            ),
            strict=True,
        )
    )
    return torch.einsum("kah,lbw->klabhw", rows, columns).reshape(-1, math.prod(size))


def on_axis(n: int, k: int, dilation: int, padding: int, stride: int) -> Tensor:
    """Return (taps, blocks, n): one where a tap lies on a pixel, none in the border."""
    blocks = (n + 2 * padding - dilation * (k - 1) - 1) // stride + 1
    pixel = (
        dilation * torch.arange(k)[:, None] + stride * torch.arange(blocks) - padding
    )
    return (pixel[..., None] == torch.arange(n)).to(torch.float64)


def pair(value: Any) -> tuple[int, int]:
    return tuple(value) if isinstance(value, tuple | list) else (value, value)


SETTINGS = (
    call(2),
    call((2, 3)),
    call([3, 1], 1, (1, 0)),
    call(3, padding=2),
    call(2, stride=2),
    call(2, 1, 1, (3, 2)),
    call(2, dilation=2),
    call((2, 3), (3, 1), (1, 2), (1, 2)),
    call(1),
    call(1, stride=3),
    call((5, 6)),
)


def unfold_cases() -> Iterator[Case]:
    for init in SETTINGS:
        yield Case(init, call(normal(2, 3, 5, 6)))
        yield Case(init, call(normal(3, 5, 6)), note="no batch")
    yield Case(call(2, padding=1), call(normal(0, 3, 5, 6)), note="empty batch")
    yield Case(call(2, padding=1), call(normal(2, 3, 1, 1)), note="mostly border")


def fold_cases() -> Iterator[Case]:
    for init in SETTINGS:
        layer = torch.nn.Unfold(*init.args, **init.kwargs)
        _, rows, blocks = layer(torch.zeros(1, 3, 5, 6)).shape
        init = call((5, 6), *init.args, **init.kwargs)
        yield Case(init, call(normal(2, rows, blocks)))
        yield Case(init, call(normal(rows, blocks)), note="no batch")
    yield Case(call(4, 2), call(normal(0, 8, 9)), note="empty batch")
    yield Case(call(3, 2, 1, 0, 1), call(normal(2, 16, 4)), note="all as integers")
    yield Case(call(1, 2, padding=1), call(normal(2, 8, 4)), note="mostly border")


PAIRS = (
    Pair("Unfold", unfold, [*unfold_cases()]),
    Pair("Fold", fold, [*fold_cases()]),
)

FAULTS = (
    Fault(
        "Fold",
        "overlapping blocks overwrite each other",
        "seen[..., i, j, :, :] += columns[..., i, j, :, :]",
        "seen[..., i, j, :, :] = columns[..., i, j, :, :]",
    ),
    Fault(
        "Unfold",
        "taps across come before taps down",
        "np.moveaxis(seen, (-2, -1), (-4, -3))",
        "np.moveaxis(seen, (-2, -1), (-3, -4))",
    ),
    Fault(
        "Unfold",
        "stride down taken for across",
        "seen[..., ::down, ::across,",
        "seen[..., ::across, ::down,",
    ),
)
