"""Embeddings: the table has a gradient, the indices have none."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from parity.case import Case, Draw, Fault, Pair, call, fixed, integers, normal

INF = float("inf")


def shortened(layer: torch.nn.Embedding, index: Tensor) -> Tensor:
    """Return the table, its rows in use shortened by a constant to max_norm."""
    if layer.max_norm is None:
        return layer.weight
    with torch.no_grad():
        size, p = layer.weight.abs(), layer.norm_type
        norm = size.amax(1) if p == INF else (size**p).sum(1) ** (1 / p)
        long = torch.zeros(layer.num_embeddings, dtype=torch.bool)
        long[index.reshape(-1)] = True
        long &= norm > layer.max_norm
        factor = torch.where(long, layer.max_norm / (norm + 1e-7), 1)
    # The value of the shortened row, and the gradient of the row as it is.
    return layer.weight + ((factor[:, None] - 1) * layer.weight).detach()


def scaled(layer: torch.nn.Embedding, index: Tensor, rows: Tensor) -> Tensor:
    """Return `rows`, their gradient divided by how often each was looked up."""
    if not layer.scale_grad_by_freq:
        return rows
    times = torch.bincount(index.reshape(-1), minlength=layer.num_embeddings)
    share = rows / times[index][..., None]
    return share + (rows - share).detach()


def embedding(layer: torch.nn.Embedding, index: Tensor) -> Tensor:
    one_hot = index[..., None] == torch.arange(layer.num_embeddings)
    rows = one_hot.to(layer.weight.dtype) @ shortened(layer, index)
    if layer.padding_idx is not None:
        padding = (index == layer.padding_idx)[..., None]
        rows = torch.where(padding, rows.detach(), rows)
    return scaled(layer, index, rows)


def embedding_bag(
    layer: torch.nn.EmbeddingBag,
    index: Tensor,
    offsets: Tensor | None = None,
    weights: Tensor | None = None,
) -> Tensor:
    if index.ndim == 2:
        offsets = torch.arange(len(index)) * index.shape[1]
        weights = None if weights is None else weights.reshape(-1)
        index = index.reshape(-1)
    bounds = offsets.tolist()
    if not layer.include_last_offset:
        bounds.append(len(index))
    table = shortened(layer, index)
    rows = scaled(layer, index, table[index])
    if weights is not None:
        rows = rows * weights[:, None]
    y = [
        reduced(layer, index[start:end], rows[start:end])
        for start, end in pairwise(bounds)
    ]
    return torch.stack(y) if y else rows.new_zeros(0, rows.shape[1])


def reduced(layer: torch.nn.EmbeddingBag, index: Tensor, rows: Tensor) -> Tensor:
    if layer.padding_idx is not None:
        rows = rows[index != layer.padding_idx]
    if layer.mode == "max" and len(rows):
        # argmax has the first of equal values.
        return rows.gather(0, rows.argmax(0, keepdim=True))[0]
    return rows.sum(0) / (max(len(rows), 1) if layer.mode == "mean" else 1)


def int32(*shape: int, high: int) -> Draw:
    """Describe int32 numbers from 0 to below `high`."""
    label = f"int32[0, {high})"
    return Draw(
        label, shape, lambda rng, shape: rng.integers(high, size=shape, dtype="i4")
    )


def by_decree(options: dict[str, Any], ruled: tuple[str, ...], *args: Any) -> Case:
    """Return a case whose gradient, where `ruled` options say so, is no derivative."""
    decreed = any(option in options for option in ruled)
    return Case(
        *args,
        differences=not decreed,
        because="these options rule the gradient, whatever the derivative" * decreed,
    )


def options(*names: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each of the options alone, and all of them together."""
    together: dict[str, Any] = {}
    for name in names:
        together |= name
    return [*names, together]


FREQ = {"scale_grad_by_freq": True}
NORMS = [{"max_norm": 0.6, "norm_type": p} for p in (1.0, 2.0, 3, 0.5, INF)]
RULING = ("max_norm", "scale_grad_by_freq", "padding_idx")
EMBEDDING = [
    Case(call(4, 3), call(integers(2, 3, high=4))),
    Case(call(4, 3), call(integers(high=4)), note="a single index"),
    Case(call(4, 3), call(integers(7, high=4))),
    Case(call(4, 3), call(integers(2, 0, high=4)), note="no indices"),
    Case(call(9, 1), call(integers(2, 3, 4, high=9))),
    Case(call(1, 3), call(integers(5, high=1)), note="a single row"),
    Case(call(4, 3), call(fixed([2, 2, 2, 2])), note="one row many times"),
    Case(call(4, 3), call(int32(2, 3, high=4))),
    Case(call(50, 16), call(integers(16, 20, high=50))),
    Case(call(4, 3, sparse=False, _freeze=False), call(integers(5, high=4))),
    *(
        by_decree(chosen, RULING, call(4, 3, **chosen), call(integers(*shape, high=4)))
        for shape in ((12,), (3, 5))
        for chosen in (
            {"padding_idx": 0},
            {"padding_idx": -1},
            *NORMS,
            *options(FREQ, {"padding_idx": 2}, {"max_norm": 0.6}),
        )
    ),
]

# Where rows differ in frequency, torch's EmbeddingBag divides by another row's.
TWICE = np.array([0, 1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 0])
# Several bags, empty ones among them, one bag, and an empty bag at the end.
OFFSETS = [
    fixed([0, 3, 4, 9]),
    fixed([0, 0, 4, 4, 10, 10]),
    fixed([0]),
    fixed([0, 2, 12]),
]
BAG = [
    *(
        by_decree(chosen, RULING[:2], call(6, 3, mode=mode, **chosen), call(*inputs))
        for mode in ("sum", "mean", "max")
        for chosen in (
            {},
            {"padding_idx": 0},
            {"padding_idx": -2},
            NORMS[1],
        )
        for inputs in (
            (integers(4, 5, high=6),),
            *((integers(12, high=6), offsets) for offsets in OFFSETS),
        )
    ),
    *(
        Case(
            call(6, 3, mode=mode, include_last_offset=True),
            call(integers(12, high=6), fixed([0, 3, 3, 12])),
        )
        for mode in ("sum", "mean", "max")
    ),
    *(
        by_decree(
            chosen,
            RULING[:2],
            call(6, 3, mode="sum", **chosen),
            call(fixed(TWICE.reshape(4, 3)), None, normal(4, 3)),
        )
        for chosen in options(FREQ, {"padding_idx": 2}, {"max_norm": 0.6})
    ),
    *(
        Case(
            call(6, 3, mode="sum", **chosen),
            call(integers(12, high=6), fixed([0, 3, 3, 12]), normal(12)),
        )
        for chosen in ({}, {"padding_idx": 2}, {"include_last_offset": True})
    ),
    *(
        by_decree(norm, RULING, call(6, 3, **norm), call(integers(2, 9, high=6)))
        for norm in (NORMS[0], *NORMS[2:])
    ),
    *(
        by_decree(chosen, RULING, call(6, 3, mode=mode, **chosen), call(*inputs))
        for mode in ("sum", "mean")
        for chosen in options(FREQ, {"max_norm": 0.6}, {"padding_idx": 2})
        if FREQ.items() <= chosen.items()
        for inputs in (
            (fixed(TWICE.reshape(4, 3)),),
            (fixed(TWICE), fixed([0, 3, 8])),
        )
    ),
    Case(call(6, 3), call(int32(4, 5, high=6))),
    Case(call(6, 3), call(integers(0, high=6), fixed([0, 0])), note="nothing at all"),
    Case(call(1, 3), call(integers(2, 3, high=1)), note="a single row"),
    Case(call(50, 16), call(integers(16, 20, high=50))),
]

PAIRS = (
    Pair("Embedding", embedding, EMBEDDING),
    Pair("EmbeddingBag", embedding_bag, BAG),
)

FAULTS = (
    Fault(
        "Embedding",
        "gradients of a row met twice that overwrite each other",
        "np.add.at(total.reshape(-1), places.reshape(-1), rows.reshape(-1))",
        "total.reshape(-1)[places.reshape(-1)] = rows.reshape(-1)",
        module="scratchnet.nn.sparse.table",
    ),
    Fault(
        "Embedding",
        "gradient for the padding",
        "kept = index != self.padding_idx",
        "kept = index == index",
        module="scratchnet.nn.sparse.table",
    ),
    Fault(
        "Embedding",
        "short rows lengthened to max_norm",
        "np.where(norms > self.max_norm, shortened, rows)",
        "shortened",
        module="scratchnet.nn.sparse.table",
    ),
    Fault(
        "Embedding",
        "max_norm without its eps",
        "(norms + 1e-7)",
        "norms",
        module="scratchnet.nn.sparse.table",
    ),
    Fault(
        "EmbeddingBag",
        "mean over the padding too",
        "np.bincount(bag, minlength=count)",
        "np.bincount(self._bag_of_each(index, offsets)[0], minlength=count)",
    ),
    Fault(
        "EmbeddingBag",
        "gradient not shared in the mean",
        "(grad_output / size)[bag]",
        "grad_output[bag]",
    ),
    Fault(
        "EmbeddingBag",
        "all that is not the maximum",
        "return position == reduced(",
        "return position != reduced(",
    ),
    Fault(
        "EmbeddingBag",
        "gradient of the weights without the rows",
        "(grad_rows * rows).sum(axis=1)",
        "grad_rows.sum(axis=1)",
    ),
)
