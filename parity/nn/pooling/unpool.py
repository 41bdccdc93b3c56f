"""Max unpooling."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from parity.case import Case, Draw, Fault, Pair, call, fixed, integers, normal
from parity.nn.pooling.windows import dims, each


def max_unpool(
    layer: torch.nn.MaxUnpool2d,
    x: Tensor,
    indices: Tensor,
    output_size: tuple[int, ...] | None = None,
) -> Tensor:
    n = dims(layer)
    settings = (each(v, n) for v in (layer.kernel_size, layer.stride, layer.padding))
    sizes = [
        (size - 1) * s + k - 2 * p
        for size, k, s, p in zip(x.shape[-n:], *settings, strict=True)
    ]
    sizes = sizes if output_size is None else list(output_size)[-n:]
    empty = x.new_zeros(*x.shape[:-n], math.prod(sizes))
    y = empty.scatter(-1, indices.flatten(-n), x.flatten(-n))
    return y.unflatten(-1, sizes)


def distinct(*shape: int, n: int, places: int) -> Draw:
    """Describe indices of which no two in a plane are equal."""
    rng = np.random.default_rng(places)
    rows = [rng.permutation(places)[: math.prod(shape[-n:])] for _ in range(6)]
    count = math.prod(shape[:-n])
    return fixed(np.array(rows)[:count].reshape(shape))


def cases(n: int) -> list[Case]:
    """Return the cases in 1, 2 or 3 dimensions."""
    small = (3, 2, 2)[:n]
    plain = math.prod(2 * size for size in small)
    larger = tuple(2 * size + 1 for size in small)
    smaller = tuple(2 * size - 1 for size in small)
    overlap = math.prod(2 * size + 1 for size in small)
    padded = math.prod(2 * size - 1 for size in small)
    x = normal(2, 3, *small)

    def at(places: int, *lead: int) -> Draw:
        return distinct(*(lead or (2, 3)), *small, n=n, places=places)

    return [
        Case(call(2), call(x, at(plain))),
        Case(call(2, stride=2), call(normal(3, *small), at(plain, 3)), note="no batch"),
        Case(call(3, 2), call(x, at(overlap))),
        Case(call(3, 2, 1), call(x, at(padded))),
        Case(call((2,) * n, (2,) * n, (0,) * n), call(x, at(plain))),
        Case(call(2), call(x, at(math.prod(larger)), output_size=larger)),
        Case(call(2), call(x, at(math.prod(smaller)), output_size=list(smaller))),
        Case(call(2), call(x, at(plain), (2, 3, *(2 * size for size in small)))),
        Case(call(2), call(normal(0, 3, *small), at(plain, 0, 3)), note="empty batch"),
        Case(
            call(2),
            call(x, integers(2, 3, *small, high=plain)),
            note="of equal indices the last one writes",
            differences=False,
            because="torch gives a gradient to what was written over, too",
        ),
    ]


PAIRS = (
    Pair("MaxUnpool1d", max_unpool, cases(1)),
    Pair("MaxUnpool2d", max_unpool, cases(2)),
    Pair("MaxUnpool3d", max_unpool, cases(3)),
)

FAULTS = (
    Fault(
        "MaxUnpool2d",
        "padding taken off one edge only",
        "(size - 1) * s + k - 2 * p",
        "(size - 1) * s + k - p",
    ),
    Fault(
        "MaxUnpool1d",
        "every gradient read from the first plane",
        "self.save_for_backward(at)",
        "self.save_for_backward(indices)",
    ),
)
