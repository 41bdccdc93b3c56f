"""Losses of classification that hold the right classes above the others."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, fixed, integers, normal, uniform
from parity.nn.loss.reduction import REDUCTIONS, reduced, softplus, weighted


def multi_margin_loss(
    layer: torch.nn.MultiMarginLoss, x: Tensor, target: Tensor
) -> Tensor:
    rows, t = x.reshape(target.numel(), -1), target.reshape(-1)
    z = (layer.margin - rows.gather(1, t.unsqueeze(1)) + rows).relu() ** layer.p
    others = torch.arange(rows.shape[1]) != t.unsqueeze(1)
    w = 1 if layer.weight is None else layer.weight[t]
    losses = w * (z * others).mean(dim=1)
    return reduced(layer, losses.reshape(target.shape))


def multilabel_margin_loss(
    layer: torch.nn.MultiLabelMarginLoss, x: Tensor, target: Tensor
) -> Tensor:
    rows = x.reshape(-1, x.shape[-1])
    losses = []
    for scores, listed in zip(rows, target.reshape(rows.shape).tolist(), strict=True):
        labels = listed[: listed.index(-1)] if -1 in listed else listed
        others = [i for i in range(len(listed)) if i not in labels]
        z = (1 - scores[labels].unsqueeze(1) + scores[others]).relu()
        losses.append(z.sum() / len(listed))
    return reduced(layer, torch.stack(losses).reshape(x.shape[:-1]))


def multilabel_soft_margin_loss(
    layer: torch.nn.MultiLabelSoftMarginLoss, x: Tensor, y: Tensor
) -> Tensor:
    losses = y * softplus(-x) + (1 - y) * softplus(x)
    return reduced(layer, (weighted(layer.weight) * losses).mean(dim=-1))


LABELS = fixed(
    [[3, 0, -1, 1], [-1, 2, 1, 0], [0, 1, 2, 3], [2, 2, 0, -1], [1, -1, 1, -1]]
)
WEIGHT = uniform(5, low=0.1, high=2.0)

OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"p": 2},
    {"margin": 0.3},
    {"p": 2, "margin": 2.0, "weight": WEIGHT},
    {"weight": WEIGHT},
)

PAIRS = (
    Pair(
        "MultiMarginLoss",
        multi_margin_loss,
        [
            *(
                Case(
                    call(**options, reduction=reduction),
                    call(normal(*shape, 5), integers(*shape, high=5)),
                )
                for options in OPTIONS
                for reduction in REDUCTIONS
                for shape in ((6,), ())
            ),
            Case(
                call(reduction="none"),
                call(normal(5), fixed([3])),
                note="a target of shape (1,)",
            ),
            *(
                Case(
                    call(p, reduction="none"),
                    call(fixed([[1.0, 0.0, 1.0], [0.5, 1.5, -3.0]]), fixed([0, 1])),
                    note="the margin exactly",
                    differences=False,
                    because="at the margin the slope jumps",
                )
                for p in (1, 2)
            ),
        ],
        predictions=(0,),
    ),
    Pair(
        "MultiLabelMarginLoss",
        multilabel_margin_loss,
        [
            *(
                Case(call(reduction=reduction), call(normal(*shape), target))
                for reduction in REDUCTIONS
                for shape, target in (
                    ((5, 4), LABELS),
                    ((4,), fixed([2, 0, -1, 3])),
                    ((4,), fixed([1, 1, 1, -1])),
                    ((2, 3), fixed([[0, 1, 2], [-1, -1, -1]])),
                    ((5, 10), integers(5, 10, high=10)),
                )
            ),
            Case(
                call(reduction="none"),
                call(
                    fixed([[1.0, 0.0, 2.0], [0.5, 0.5, -0.5]]), fixed([[0, -1, 1]] * 2)
                ),
                note="the margin exactly",
                differences=False,
                because="at the margin the slope jumps",
            ),
        ],
        predictions=(0,),
    ),
    Pair(
        "MultiLabelSoftMarginLoss",
        multilabel_soft_margin_loss,
        [
            *(
                Case(call(**options, reduction=reduction), call(normal(*shape), target))
                for options in ({}, {"weight": WEIGHT})
                for reduction in REDUCTIONS
                for shape, target in (
                    ((4, 5), integers(4, 5, high=2)),
                    ((4, 5), uniform(4, 5)),
                    ((5,), integers(5, high=2)),
                    ((2, 3, 5), integers(5, high=2)),
                )
            ),
            *(
                Case(
                    call(reduction="none"),
                    call(normal(4, 5, scale=scale), integers(4, 5, high=2)),
                )
                for scale in (1e-8, 30.0, 1e4)
            ),
        ],
        predictions=(0,),
    ),
)

FAULTS = (
    Fault(
        "MultiMarginLoss",
        "the target's own gradient forgotten",
        "= -grad_x.sum(axis=1)",
        "= 0",
    ),
    Fault(
        "MultiMarginLoss", "factor of the square lost", "else 2 * z) / C", "else z) / C"
    ),
    Fault(
        "MultiLabelMarginLoss",
        "labels read past the first -1",
        "np.nonzero(np.logical_and.accumulate(t >= 0, axis=1))",
        "np.nonzero(t >= 0)",
    ),
    Fault(
        "MultiLabelMarginLoss",
        "one label's gradient for all of a sample's",
        "np.add.reduceat(grad_z, first)",
        "grad_z[first]",
    ),
    Fault(
        "MultiLabelSoftMarginLoss",
        "summed over the classes",
        "softplus(-x))).sum(axis=-1) / x.shape[-1]",
        "softplus(-x))).sum(axis=-1)",
    ),
)
