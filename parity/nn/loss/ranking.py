"""Losses that compare two predictions."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, fixed, normal, uniform
from parity.nn.loss.binary import EPSILON
from parity.nn.loss.reduction import REDUCTIONS, reduced


def hinge_embedding_loss(
    layer: torch.nn.HingeEmbeddingLoss, x: Tensor, y: Tensor
) -> Tensor:
    apart = (layer.margin - x).clamp(min=0)
    return reduced(layer, x * (y != -1) + apart * (y != 1))


def margin_ranking_loss(
    layer: torch.nn.MarginRankingLoss, x1: Tensor, x2: Tensor, y: Tensor
) -> Tensor:
    return reduced(layer, (layer.margin + y * x2 - y * x1).clamp(min=0))


def cosine_embedding_loss(
    layer: torch.nn.CosineEmbeddingLoss, u: Tensor, v: Tensor, y: Tensor
) -> Tensor:
    u = u / ((u**2).sum(-1, keepdim=True) + EPSILON).sqrt()
    v = v / ((v**2).sum(-1, keepdim=True) + EPSILON).sqrt()
    c = (u * v).sum(-1)
    return reduced(
        layer, (1 - c) * (y == 1) + (c - layer.margin).clamp(min=0) * (y == -1)
    )


SIGNS = fixed([[1.0, -1.0, 1.0, -1.0, -1.0]] * 4)
WHOLE = fixed([[1, -1, 0, -1, 1]] * 4)
TURNS = fixed([1, -1, 1, -1, -1, 0])
ON_THE_EDGE = "at the margin the slope jumps"

PAIRS = (
    Pair(
        "HingeEmbeddingLoss",
        hinge_embedding_loss,
        [
            *(
                Case(call(margin, reduction=reduction), call(normal(4, 5), target))
                for margin in (1.0, 0.25, -0.5)
                for reduction in REDUCTIONS
                for target in (SIGNS, WHOLE)
            ),
            Case(call(), call(normal(), fixed(-1.0)), note="scalars"),
            Case(
                call(0.5, reduction="none"),
                call(fixed([0.5, 0.5, 0.5, 0.0]), fixed([1.0, -1.0, 0.3, -1.0])),
                note="the margin exactly",
                differences=False,
                because=ON_THE_EDGE,
            ),
        ],
        predictions=(0,),
    ),
    Pair(
        "MarginRankingLoss",
        margin_ranking_loss,
        [
            *(
                Case(
                    call(margin, reduction=reduction),
                    call(normal(4, 5), normal(4, 5), target),
                )
                for margin in (0.0, 0.5, -0.5)
                for reduction in REDUCTIONS
                for target in (SIGNS, WHOLE)
            ),
            *(
                Case(
                    call(0.5, reduction=reduction),
                    call(normal(4, 1), normal(1, 5), target),
                    note="broadcast",
                )
                for reduction in REDUCTIONS
                for target in (SIGNS, fixed([[-1.0]]))
            ),
            Case(call(), call(normal(), normal(), fixed(-1)), note="scalars"),
            Case(
                call(0.5, reduction="none"),
                call(fixed([1.0, 1.0]), fixed([0.5, 1.5]), fixed([1.0, -1.0])),
                note="the margin exactly",
                differences=False,
                because=ON_THE_EDGE,
            ),
        ],
        predictions=(0, 1),
    ),
    Pair(
        "CosineEmbeddingLoss",
        cosine_embedding_loss,
        [
            *(
                Case(
                    call(margin, reduction=reduction),
                    call(normal(6, 8), normal(6, 8), TURNS),
                )
                for margin in (0.0, 0.5, -0.5)
                for reduction in REDUCTIONS
            ),
            *(
                Case(
                    call(reduction="none"),
                    call(normal(6, 3, scale=a), normal(6, 3, scale=b), TURNS),
                )
                for a, b in ((1e-3, 1e3), (1e-5, 1.0))
            ),
            *(
                Case(call(), call(normal(3), normal(3), fixed(y)), note="one pair")
                for y in (1, -1)
            ),
            *(
                Case(call(reduction="none"), call(*pair, target), note="broadcast")
                for pair in ((normal(6, 8), normal(1, 8)), (normal(1, 8), normal(6, 8)))
                for target in (TURNS, fixed([-1]))
            ),
            Case(
                call(reduction="none"),
                call(fixed([[0.0, 0.0]] * 2), uniform(2, 2), fixed([1, -1])),
                note="no direction",
                differences=False,
                because="the slope at 0 is a million",
            ),
            Case(
                call(reduction="none"),
                call(fixed([[1.0, 0.0]]), fixed([[0.0, 1.0]]), fixed([-1])),
                note="the margin exactly",
                differences=False,
                because=ON_THE_EDGE,
            ),
        ],
        predictions=(0, 1),
    ),
)

FAULTS = (
    Fault(
        "HingeEmbeddingLoss",
        "slope lost at the margin",
        "(self.margin - x >= 0)",
        "(self.margin - x > 0)",
    ),
    Fault(
        "MarginRankingLoss",
        "one gradient for both inputs",
        "summed_to(shape1, -grad), summed_to(shape2, grad)",
        "summed_to(shape1, -grad), summed_to(shape2, -grad)",
    ),
    Fault(
        "CosineEmbeddingLoss",
        "lengths taken as constant",
        "grad_c * (u / root - c * v / V)",
        "grad_c * (u / root)",
    ),
    Fault(
        "CosineEmbeddingLoss",
        "margin left out",
        "np.maximum(c - self.margin, 0)",
        "np.maximum(c, 0)",
    ),
)
