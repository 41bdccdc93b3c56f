"""Losses of triplets."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Case, Draw, Fault, Pair, build, call, fixed, normal
from parity.nn.loss.reduction import REDUCTIONS, reduced

INF = float("inf")


def norm(d: Tensor, p: float) -> Tensor:
    if p == INF:
        return d.abs().amax(-1)
    if p == 1:
        return d.abs().sum(-1)
    # A difference of 0 has no slope, which the power of 0 would make infinite.
    powers = torch.where(d == 0, 0, torch.where(d == 0, 1, d).abs() ** p)
    return powers.sum(-1) ** (1 / p)


def compared(
    layer: torch.nn.TripletMarginLoss, to_positive: Tensor, *to_negative: Tensor
) -> Tensor:
    nearest = torch.stack(torch.broadcast_tensors(*to_negative)).amin(0)
    return reduced(layer, (layer.margin + to_positive - nearest).clamp(min=0))


def triplet_margin_loss(
    layer: torch.nn.TripletMarginLoss, a: Tensor, p: Tensor, n: Tensor
) -> Tensor:
    pairs = [(a, p), (a, n), (p, n)][: 3 if layer.swap else 2]
    return compared(layer, *(norm(x - y + layer.eps, layer.p) for x, y in pairs))


def triplet_margin_with_distance_loss(
    layer: torch.nn.TripletMarginWithDistanceLoss, a: Tensor, p: Tensor, n: Tensor
) -> Tensor:
    d = layer.distance_function
    pairs = [(a, p), (a, n), (p, n)][: 3 if layer.swap else 2]
    if isinstance(d, torch.nn.CosineSimilarity):
        return compared(
            layer,
            *((x * y).sum(-1) / x.norm(dim=-1) / y.norm(dim=-1) for x, y in pairs),
        )
    return compared(layer, *(norm(x - y + d.eps, d.norm) for x, y in pairs))


def triplets(*shape: int) -> tuple[Draw, Draw, Draw]:
    return normal(*shape), normal(*shape), normal(*shape)


TIES = call(
    fixed([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]),
    fixed([[3.0, 4.0], [0.0, 0.0], [2.0, 0.0]]),
    fixed([[0.0, 6.0], [0.0, 0.0], [1.0, 1.0]]),
)
DISTANCES = (
    build(lambda nn: nn.PairwiseDistance(p=1.0), "PairwiseDistance(p=1)"),
    build(lambda nn: nn.CosineSimilarity(dim=-1), "CosineSimilarity(dim=-1)"),
)

PAIRS = (
    Pair(
        "TripletMarginLoss",
        triplet_margin_loss,
        [
            *(
                Case(call(p=p, swap=swap, reduction=reduction), call(*triplets(*shape)))
                for p in (1.0, 2.0, 3.0)
                for swap in (False, True)
                for reduction in REDUCTIONS
                for shape in ((6, 4), (4,))
            ),
            *(
                Case(call(0.3, p, 1e-3, swap, reduction="none"), call(*triplets(6, 4)))
                for p in (1.5, INF)
                for swap in (False, True)
            ),
            *(
                Case(call(swap=swap), call(normal(6, 4), normal(1, 4), normal(6, 1)))
                for swap in (False, True)
            ),
            Case(call(reduction="none"), call(*triplets(2, 3, 4))),
            *(
                Case(
                    call(1.0, p, 0.0, swap, reduction="none"),
                    TIES,
                    note="the margin exactly, and equal distances",
                    differences=False,
                    because="at the margin the slope jumps",
                )
                for p in (1.0, 2.0)
                for swap in (False, True)
            ),
        ],
        predictions=(0, 1, 2),
    ),
    Pair(
        "TripletMarginWithDistanceLoss",
        triplet_margin_with_distance_loss,
        [
            *(
                Case(
                    call(**distance, margin=margin, swap=swap, reduction=reduction),
                    call(*triplets(6, 4)),
                )
                for distance in ({}, *({"distance_function": d} for d in DISTANCES))
                for margin, swap in ((1.0, False), (0.4, True))
                for reduction in REDUCTIONS
            ),
            Case(call(swap=True), call(*triplets(4)), note="one triplet"),
            Case(
                call(swap=True),
                call(normal(6, 4), normal(1, 4), normal(6, 4)),
                note="broadcast",
            ),
        ],
        predictions=(0, 1, 2),
    ),
)

FAULTS = (
    Fault(
        "TripletMarginLoss",
        "the gradient through the anchor's other distance dropped",
        "grad_a = grad_a + grad_a_n",
        "grad_a = grad_a * 1",
    ),
    Fault(
        "TripletMarginLoss",
        "the whole gradient to both of equal distances",
        "np.heaviside(d_swap - d_n, 0.5)",
        "np.heaviside(d_swap - d_n, 1.0)",
    ),
    Fault(
        "TripletMarginWithDistanceLoss",
        "the distance not asked again",
        "    y = d(x1, x2)\n    return d.backward(summed_to(y.shape, grad))",
        "    return d.backward(grad)",
    ),
)
