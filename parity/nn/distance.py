"""Distances and similarities: two inputs, each with its gradient."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Case, Draw, Fault, Pair, call, fixed, normal

INF = float("inf")


def cosine_similarity(
    layer: torch.nn.CosineSimilarity, x1: Tensor, x2: Tensor
) -> Tensor:
    x1, x2 = torch.broadcast_tensors(x1, x2)
    return (direction(layer, x1) * direction(layer, x2)).sum(layer.dim)


def direction(layer: torch.nn.CosineSimilarity, x: Tensor) -> Tensor:
    length = length_of(x, layer.dim)
    # Where the length is too small, its value is eps and its derivative its own.
    return x / (length + (layer.eps - length).clamp(min=0).detach())


def length_of(x: Tensor, dim: int) -> Tensor:
    """Return the Euclidean length, whose derivative at zero is zero."""
    square = x.square().sum(dim, keepdim=True)
    positive = torch.where(square > 0, square, 1)
    return torch.where(square > 0, positive.sqrt(), square)


def pairwise_distance(
    layer: torch.nn.PairwiseDistance, x1: Tensor, x2: Tensor
) -> Tensor:
    d, p = x1 - x2 + layer.eps, layer.norm
    if p == 0:
        y = (d != 0).to(d.dtype).sum(-1, keepdim=True)
    elif abs(p) == INF:
        # The full reduction's gradient, like a norm's, is shared among ties.
        y = d.abs().amax(-1, True) if p > 0 else d.abs().amin(-1, True)
    else:
        size = torch.where(d == 0, 1, d.abs())
        powers = torch.where(d == 0, 0 if p > 0 else INF, size**p)
        total = powers.sum(-1, keepdim=True)
        defined = (total > 0) & (total < INF)
        root = torch.where(defined, total, 1) ** (1 / p)
        y = torch.where(defined, root, torch.zeros_like(root))
    return y if layer.keepdim else y.squeeze(-1)


def pair(*shapes: tuple[int, ...], **options: float | bool) -> list[Draw]:
    """Return a draw for each shape."""
    return [normal(*shape, **options) for shape in shapes]


SHAPES = [
    ((4, 5), (4, 5)),
    ((3, 4, 5), (3, 4, 5)),
    ((4, 5), (1, 5)),
    ((3, 1, 5), (4, 5)),
    ((2, 3, 4, 5), (3, 1, 5)),
    ((0, 5), (0, 5)),
]
ZEROS = fixed([[0.0, 0, 0], [3, 0, 4], [0, 0, 0], [1e-9, 2e-9, 0]])
OTHERS = fixed([[1.0, 2, 3], [0, 0, 0], [0, 0, 0], [1, -2, 2]])
# Ties, zeros, and a difference that is zero altogether.
KINKS = fixed([[0.0, 0, 0], [1, -1, 0], [2, 1, 2], [3, 0, -1]])
FROM = fixed([[0.0, 0, 0], [0, 0, 0], [0, 0, 0], [1, 1, 2]])

PAIRS = (
    Pair(
        "CosineSimilarity",
        cosine_similarity,
        [
            *(Case(call(), call(*pair(*shapes))) for shapes in SHAPES),
            *(
                Case(call(dim), call(*pair((3, 4, 5), (3, 4, 5))))
                for dim in (0, 2, -1, -2)
            ),
            Case(call(dim=0), call(*pair((7,), (7,))), note="no batch"),
            Case(call(), call(*pair((4, 1), (1, 3))), note="both repeated"),
            Case(
                call(1, 0.5),
                call(*pair((4, 3), (4, 3), scale=0.2)),
                note="below eps",
                differences=False,
                because="torch's clamp passes on a gradient that it does not have",
            ),
            Case(call(eps=1e-6), call(*pair((4, 5), (4, 5), scale=1e4))),
            Case(call(), call(*pair((4, 5), (4, 5), scale=1e-5))),
            Case(
                call(),
                call(ZEROS, OTHERS),
                note="zeros and lengths below eps",
                differences=False,
                because="a step of 1e-6 crosses the kink at a length of eps",
            ),
        ],
    ),
    Pair(
        "PairwiseDistance",
        pairwise_distance,
        [
            *(Case(call(), call(*pair(*shapes))) for shapes in SHAPES),
            *(
                Case(call(p, **options), call(*pair((4, 5), (4, 5))))
                for p in (0, 0.5, 1, 1.5, 2, 3, 4.0, INF, -INF, -1, -2.5)
                for options in ({}, {"keepdim": True}, {"eps": 0.1})
            ),
            *(
                Case(
                    call(p, eps=0.0),
                    call(KINKS, FROM),
                    note="kinks",
                    differences=False,
                    because="there is no derivative at a kink",
                )
                for p in (0.5, 1, 1.5, 2, 3, INF, -INF, -1)
            ),
            Case(call(), call(*pair((7,), (7,))), note="no batch"),
            Case(call(keepdim=True), call(*pair((7,), (7,))), note="no batch"),
            Case(call(p=1), call(*pair((4, 5), (4, 5), scale=100))),
            Case(call(p=3), call(*pair((4, 5), (4, 5), scale=30))),
            Case(call(p=2), call(*pair((64, 128), (64, 128)))),
        ],
    ),
)

FAULTS = (
    Fault(
        "CosineSimilarity",
        "lengths taken for constants",
        "g * (x2 / n2 - y * unit(x1, length1)) / n1",
        "g * (x2 / n2) / n1",
    ),
    Fault(
        "CosineSimilarity",
        "the clamped length's direction",
        "return x / np.where(length == 0, 1, length)",
        "return x / np.maximum(length, 1e-8)",
    ),
    Fault(
        "CosineSimilarity",
        "eps added instead of a bound",
        "np.maximum(length1, self.eps), np.maximum(length2, self.eps)",
        "length1 + self.eps, length2 + self.eps",
    ),
    Fault(
        "CosineSimilarity",
        "a repeated input's gradient not summed",
        "return summed_to(x.shape, grad)",
        "return grad[tuple(slice(n) for n in x.shape)]",
    ),
    Fault(
        "PairwiseDistance",
        "eps added to the norm",
        "d = x1 - x2 + self.eps",
        "d = x1 - x2",
    ),
    Fault(
        "PairwiseDistance",
        "exponent p for p - 1",
        "** (self.norm - 1)",
        "** self.norm",
    ),
    Fault(
        "PairwiseDistance",
        "sign of the second gradient",
        "like(x2, -grad)",
        "like(x2, grad)",
    ),
    Fault(
        "PairwiseDistance",
        "ties that each take all",
        "chosen / chosen.sum(axis=-1, keepdims=True)",
        "chosen",
    ),
)
