"""Constant and zero padding."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, normal


def constant(layer: torch.nn.ConstantPad1d, x: Tensor) -> Tensor:
    pairs = zip(layer.padding[::2], layer.padding[1::2], strict=True)
    for i, (left, right) in enumerate(pairs, 1):
        axis = x.ndim - i
        kept = range(max(-left, 0), x.shape[axis] - max(-right, 0))
        parts = [x.index_select(axis, torch.tensor(kept, dtype=torch.int64))]
        for size, place in ((left, 0), (right, len(parts) + 1)):
            border = x.new_full(
                (*x.shape[:axis], max(size, 0), *x.shape[axis + 1 :]), layer.value
            )
            parts.insert(place, border)
        x = torch.cat(parts, axis)
    return x


SHAPES = {
    1: [(3, 4), (2, 3, 4), (5,), (2, 2, 3, 4), (0, 3, 4), (2, 3, 0)],
    2: [(3, 4, 5), (2, 3, 4, 5), (4, 5), (0, 3, 4, 5)],
    3: [(2, 4, 5, 3), (2, 2, 4, 5, 3), (4, 5, 3)],
}
SIZES = {
    1: [1, (1, 2), (0, 0), (-1, 1), (2, -1), (-1, -1), (0, 5), (-2, 3)],
    2: [1, (1, 2, 3, 4), (0, 1, -1, 0), (-1, -1, 2, 1), (3, -2, -3, 3)],
    3: [1, (1, 2, 3, 4, 5, 6), (1, -1, -2, 2, 0, 1), (-1, -1, -1, -1, -1, -1)],
}


def cases(dims: int, *values: float) -> list[Case]:
    """Return the cases of one number of padded dimensions."""
    return [
        Case(call(size, *values), call(normal(*shape)))
        for size in SIZES[dims]
        for shape in SHAPES[dims]
        if 0 not in shape[-dims:] or size == 1
    ]


PAIRS = (
    *(
        Pair(
            f"ConstantPad{dims}d",
            constant,
            [
                *cases(dims, 2.5),
                Case(call(1, 3), call(normal(*SHAPES[dims][0])), note="an integer"),
                Case(
                    call(1, float("-inf")),
                    call(normal(*SHAPES[dims][0])),
                    differences=False,
                    because="infinity has no differences",
                ),
            ],
        )
        for dims in (1, 2, 3)
    ),
    *(Pair(f"ZeroPad{dims}d", constant, cases(dims)) for dims in (1, 2, 3)),
)

FAULTS = (
    Fault(
        "ConstantPad2d",
        "first axis first",
        "axes = range(x.ndim - 1, -1, -1)",
        "axes = range(x.ndim - self.dims, x.ndim)",
        module="scratchnet.nn.padding._sides",
    ),
    Fault(
        "ConstantPad1d",
        "gradient of the border for that of the inside",
        "grad_output[*inside]",
        "grad_output[*kept]",
    ),
    Fault(
        "ConstantPad1d",
        "always zero",
        "np.full(shape, self.value,",
        "np.full(shape, 0,",
    ),
)
