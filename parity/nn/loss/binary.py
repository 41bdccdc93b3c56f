"""Losses of yes-or-no questions."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from parity.case import Case, Draw, Fault, Pair, call, fixed, normal, uniform
from parity.nn.loss.reduction import (
    REDUCTIONS,
    reduced,
    softplus,
    weighted,
    with_slope,
)

#: torch keeps it in single precision, whatever it divides.
EPSILON = torch.tensor(1e-12, dtype=torch.float32).item()


def bce_loss(layer: torch.nn.BCELoss, p: Tensor, y: Tensor) -> Tensor:
    yes, no = p.log().clamp(min=-100), (1 - p).log().clamp(min=-100)
    losses = with_slope(
        -(y * yes + (1 - y) * no), (p - y) / (p * (1 - p)).clamp(min=EPSILON), p
    )
    return reduced(layer, weighted(layer.weight) * losses)


def bce_with_logits_loss(
    layer: torch.nn.BCEWithLogitsLoss, x: Tensor, y: Tensor
) -> Tensor:
    yes, no = weighted(layer.pos_weight) * y * softplus(-x), (1 - y) * softplus(x)
    return reduced(layer, weighted(layer.weight) * (yes + no))


def soft_margin_loss(layer: torch.nn.SoftMarginLoss, x: Tensor, y: Tensor) -> Tensor:
    return reduced(layer, softplus(-y * x))


def questions(given: Draw, *rest: Case, **weights: Draw) -> list[Case]:
    """Return the cases of a loss with answers between no and yes, and weights."""
    options: list[dict[str, Any]] = [{}, *({k: v} for k, v in weights.items())]
    return [
        *(
            Case(call(**option, reduction=reduction), call(given, uniform(4, 5)))
            for option in options
            for reduction in REDUCTIONS
        ),
        Case(
            call(), call(given, fixed([[0.0, 1.0, 0.0, 1.0, 1.0]] * 4)), note="certain"
        ),
        *rest,
    ]


P = uniform(4, 5, low=0.01, high=0.99)
CERTAIN = call(fixed([0.0, 1.0, 0.0, 1.0, 0.5]), fixed([0.0, 1.0, 1.0, 0.0, 0.3]))
SIGNS = fixed([[1.0, -1.0, 1.0, 1.0, -1.0]] * 4)

PAIRS = (
    Pair(
        "BCELoss",
        bce_loss,
        questions(
            P,
            *(
                Case(
                    call(reduction=reduction),
                    CERTAIN,
                    note="probabilities 0 and 1",
                    differences=False,
                    because="the logarithm is clamped there",
                )
                for reduction in REDUCTIONS
            ),
            Case(call(), call(uniform(), uniform()), note="scalars"),
            Case(call(weight=uniform(5)), call(uniform(2, 3, 5), uniform(2, 3, 5))),
            weight=uniform(4, 5),
        ),
        predictions=(0,),
    ),
    Pair(
        "BCEWithLogitsLoss",
        bce_with_logits_loss,
        questions(
            normal(4, 5),
            *(
                Case(
                    call(reduction="none", pos_weight=uniform(5, high=3)),
                    call(normal(4, 5, scale=scale), uniform(4, 5)),
                )
                for scale in (1e-8, 30.0, 1e4)
            ),
            Case(
                call(weight=uniform(4, 1), pos_weight=uniform(5)),
                call(normal(4, 5), uniform(4, 5)),
            ),
            Case(call(), call(normal(), uniform()), note="scalars"),
            weight=uniform(4, 5),
            pos_weight=uniform(5, high=3),
        ),
        predictions=(0,),
    ),
    Pair(
        "SoftMarginLoss",
        soft_margin_loss,
        [
            Case(call(reduction=reduction), call(normal(4, 5, scale=scale), SIGNS))
            for reduction in REDUCTIONS
            for scale in (1.0, 1e-8, 30.0)
        ],
        predictions=(0,),
    ),
)

FAULTS = (
    Fault(
        "BCEWithLogitsLoss",
        "pos_weight left out of the gradient's target",
        "sigmoid(x) - p * y)",
        "sigmoid(x) - y)",
    ),
    Fault(
        "BCEWithLogitsLoss",
        "overflowing logarithm",
        "(1 + (p - 1) * y) * softplus(-x))",
        "(1 + (p - 1) * y) * np.log(1 + np.exp(-x)))",
    ),
    Fault(
        "SoftMarginLoss", "sign flipped", "return -y * sigmoid(", "return y * sigmoid("
    ),
)
