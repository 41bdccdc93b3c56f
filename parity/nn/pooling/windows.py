"""Windows as tables: where each element of each window lies, one by one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


def dims(layer: torch.nn.Module) -> int:
    """Return the number of dimensions, which the name of the class ends with."""
    return int(type(layer).__name__[-2])


def each(value: Any, times: int) -> list[int]:
    """Return one number for each axis."""
    values = list(value) if isinstance(value, Iterable) else [value]
    return values * (times // len(values))


def sliding(layer: torch.nn.Module, x: Tensor) -> list[Tensor]:
    """Return, for each axis, a table (windows, elements) of places, some outside."""
    n = dims(layer)
    stride = layer.kernel_size if layer.stride is None else layer.stride
    settings = (layer.kernel_size, stride, getattr(layer, "padding", 0))
    settings = (*settings, getattr(layer, "dilation", 1))
    tables = []
    for size, k, s, p, d in zip(
        x.shape[-n:], *(each(v, n) for v in settings), strict=True
    ):
        rows, start = [], -p
        while start + d * (k - 1) < size + p or (
            layer.ceil_mode and start < size and start - s + d * (k - 1) + 1 < size + p
        ):
            rows.append([start + d * j for j in range(k)])
            start += s
        tables.append(torch.tensor(rows))
    return tables


def adaptive(layer: torch.nn.Module, x: Tensor) -> list[Tensor]:
    """Return the tables of adaptive windows, short rows filled up from outside."""
    n = dims(layer)
    tables = []
    for size, count in zip(x.shape[-n:], each(layer.output_size, n), strict=True):
        count = size if count is None else count
        rows = [
            [j for j in range(size) if i * size // count <= j < (i + 1) * size / count]
            for i in range(count)
        ]
        longest = max(map(len, rows), default=0)
        filled = [row + [size] * (longest - len(row)) for row in rows]
        tables.append(torch.tensor(filled).reshape(count, longest))
    return tables


def boxes(tables: list[Tensor], x: Tensor, padding: Any = 0) -> tuple[Tensor, Tensor]:
    """Return flat places, (windows, elements), and which of them are inside.

    With `padding`, which of them are inside the input once it is padded.
    """
    n = len(tables)
    place, inside = (
        torch.zeros(1, 1, dtype=torch.int64),
        torch.ones(1, 1, dtype=torch.bool),
    )
    for table, size, p in zip(tables, x.shape[-n:], each(padding, n), strict=True):
        shape = (len(place) * len(table), place.shape[1] * table.shape[1])
        here = (table >= -p) & (table < size + p)
        place = (place[:, None, :, None] * size + table[:, None]).reshape(shape)
        inside = (inside[:, None, :, None] & here[:, None]).reshape(shape)
    return place, inside


def elements(x: Tensor, tables: list[Tensor], outside: float) -> Tensor:
    """Return the elements of each window, (…, windows, elements)."""
    place, inside = boxes(tables, x)
    plane = x.flatten(-len(tables))
    return torch.where(inside, plane[..., place.where(inside, 0)], outside)


def as_planes(y: Tensor, tables: list[Tensor]) -> Tensor:
    """Return one number for each window in the shape of the output."""
    return y.unflatten(-1, [len(table) for table in tables])
