"""Reflection, replication and circular padding."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, normal

Walk = Callable[[list[int], int, int], list[int]]


def padded(walk: Walk) -> Callable[[torch.nn.ReflectionPad1d, Tensor], Tensor]:
    """Return a twin that extends the list of each axis's indices with `walk`."""

    def twin(layer: torch.nn.ReflectionPad1d, x: Tensor) -> Tensor:
        pairs = zip(layer.padding[::2], layer.padding[1::2], strict=True)
        for i, (left, right) in enumerate(pairs, 1):
            axis = x.ndim - i
            indices = walk(list(range(x.shape[axis])), left, right)
            x = x.index_select(axis, torch.tensor(indices, dtype=torch.int64))
        return x

    return twin


def reflected(elements: list[int], left: int, right: int) -> list[int]:
    before = elements[1 : left + 1][::-1] if left > 0 else []
    after = elements[::-1][1 : right + 1] if right > 0 else []
    return cropped(before + elements + after, left, right)


def replicated(elements: list[int], left: int, right: int) -> list[int]:
    return cropped(elements[:1] * left + elements + elements[-1:] * right, left, right)


def circular(elements: list[int], left: int, right: int) -> list[int]:
    circle = cropped(elements, left, right)
    return (
        (circle * (left + 1))[::-1][:left][::-1]
        + circle
        + (circle * (right + 1))[:right]
    )


def cropped(elements: list[int], left: int, right: int) -> list[int]:
    return elements[max(-left, 0) : len(elements) - max(-right, 0)]


SHAPES = {
    1: [(3, 4), (2, 3, 4), (0, 3, 4)],
    2: [(3, 4, 5), (2, 3, 4, 5), (0, 3, 4, 5)],
    3: [(2, 4, 5, 4), (2, 2, 4, 5, 4)],
}
SIZES = {
    1: [
        1,
        (1, 2),
        (3, 3),
        (0, 0),
        (-1, 1),
        (-1, 3),
        (2, -1),
        (-1, -2),
        (-2, 2),
        (3, -1),
    ],
    2: [1, (1, 2, 3, 1), (4, 3, 2, 3), (0, 1, -1, 0), (-1, -1, 2, 1), (2, -2, -1, 2)],
    3: [1, (1, 2, 1, 2, 1, 2), (3, 3, 4, 3, 3, 2), (1, -1, -2, 2, 0, 1)],
}
#: Sizes that only replication takes.
LARGE = {1: [(4, 9)], 2: [(7, 1, 5, 6)], 3: [(1, 2, 3, 4, 5, 6)]}


def cases(dims: int, *more: tuple[int, ...]) -> list[Case]:
    """Return the cases of one number of padded dimensions."""
    return [
        *(
            Case(call(size), call(normal(*shape)))
            for size in (*SIZES[dims], *more)
            for shape in SHAPES[dims]
        ),
        Case(call(1), call(normal(*SHAPES[dims][0], edges=(float("inf"), 0.0)))),
    ]


PAIRS = (
    *(
        Pair(f"ReflectionPad{dims}d", padded(reflected), cases(dims))
        for dims in (1, 2, 3)
    ),
    *(
        Pair(f"ReplicationPad{dims}d", padded(replicated), cases(dims, *LARGE[dims]))
        for dims in (1, 2, 3)
    ),
    Pair("CircularPad1d", padded(circular), cases(1, (4, 4), (4, 0))),
    Pair("CircularPad2d", padded(circular), cases(2, (5, 5, 4, 4))),
    Pair("CircularPad3d", padded(circular), cases(3, (4, 4, 5, 5, 4, 4))),
)

FAULTS = (
    Fault(
        "ReflectionPad1d",
        "the edge repeated",
        "size - 1 - np.abs(size - 1 - places)",
        "size - 1 - np.abs(size - places)",
    ),
    Fault(
        "ReplicationPad2d",
        "gradient of the border replaces that of the inside",
        "grad_x[*before, pi[place]] += grad",
        "grad_x[*before, pi[place]] = grad",
    ),
    Fault(
        "CircularPad3d",
        "left and right exchanged",
        "start + (np.arange(-left, size + right) - start)",
        "start + (np.arange(-right, size + left) - start)",
    ),
    Fault(
        "CircularPad1d",
        "what is cropped away stays in the circle",
        "start, kept = max(-left, 0), size + min(left, 0) + min(right, 0)",
        "start, kept = 0, size",
    ),
)
