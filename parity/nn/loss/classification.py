"""Losses of classification."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from parity.case import (
    Call,
    Case,
    Draw,
    Fault,
    Pair,
    call,
    fixed,
    integers,
    normal,
    probabilities,
    uniform,
)
from parity.nn.loss.reduction import REDUCTIONS, reduced

INF = float("inf")


def nll_loss(layer: torch.nn.NLLLoss, log_p: Tensor, target: Tensor) -> Tensor:
    classes = 0 if log_p.ndim == 1 else 1
    kept = target != layer.ignore_index
    target = torch.where(kept, target, 0)
    picked = log_p.gather(classes, target.unsqueeze(classes)).squeeze(classes)
    w = torch.ones_like(picked) if layer.weight is None else layer.weight[target]
    losses = torch.where(kept, -w * picked, 0)
    return reduced(layer, losses, torch.where(kept, w, 0).sum())


def cross_entropy_loss(
    layer: torch.nn.CrossEntropyLoss, x: Tensor, target: Tensor
) -> Tensor:
    classes = 0 if x.ndim == 1 else 1
    shifted = x - x.amax(classes, keepdim=True).detach()
    log_p = shifted - shifted.exp().sum(classes, keepdim=True).log()
    C, eps = x.shape[classes], layer.label_smoothing
    w = torch.ones(C, dtype=x.dtype) if layer.weight is None else layer.weight
    along = w if classes == 0 else w.reshape(-1, *[1] * (x.ndim - 2))
    if target.is_floating_point():
        q = (1 - eps) * target + eps / C
        losses = -(along * q * log_p).sum(classes)
        return reduced(layer, losses, x.numel() // C)
    sharp = nll_loss(layer, log_p, target)
    if eps == 0:
        return sharp
    kept = target != layer.ignore_index
    spread = torch.where(kept, -(along * log_p).sum(classes), 0)
    total = torch.where(kept, w[torch.where(kept, target, 0)], 0).sum()
    return (1 - eps) * sharp + eps / C * reduced(layer, spread, total)


WEIGHT = uniform(5, low=0.1, high=2.0)

#: Scores and targets of every rank: classes stand in dimension 1.
SHAPES = (
    (normal(8, 5), integers(8, high=5)),
    (normal(5), integers(high=2)),  # Never the 2 that some cases ignore.
    (normal(4, 5, 3), integers(4, 3, high=5)),
    (normal(2, 5, 3, 4), integers(2, 3, 4, high=5)),
)


def options_of(targets_are_classes: bool, **options: Any) -> list[Call]:
    """Return each reduction with and without class weights and ignored targets."""
    ignored = [{}, {"ignore_index": 2}] if targets_are_classes else [{}]
    return [
        call(**options, **weight, **ignore, reduction=reduction)
        for weight in ({}, {"weight": WEIGHT})
        for ignore in ignored
        for reduction in REDUCTIONS
    ]


def classes(**options: Any) -> list[Case]:
    """Return the cases with classes as targets."""
    return [
        Case(init, call(scores, target))
        for init in options_of(True, **options)
        for scores, target in SHAPES
    ]


def distributions(**options: Any) -> list[Case]:
    """Return the cases with probabilities as targets."""
    shapes: tuple[tuple[Draw, Draw], ...] = (
        (normal(8, 5), probabilities(8, 5)),
        (normal(5), probabilities(5, dim=0)),
        (normal(2, 5, 3), probabilities(2, 5, 3)),
    )
    return [
        Case(init, call(scores, target))
        for init in options_of(False, **options)
        for scores, target in shapes
    ]


def ignored(init: Call) -> Case:
    return Case(
        init,
        call(normal(3, 5), fixed([2, 2, 2])),
        note="all ignored",
        differences=False,
        because="the mean of nothing is NaN",
    )


PAIRS = (
    Pair(
        "NLLLoss",
        nll_loss,
        [
            *classes(),
            ignored(call(ignore_index=2)),
            ignored(call(ignore_index=2, reduction="sum")),
            Case(call(), call(normal(3, 5, edges=(-INF,)), integers(3, high=4))),
        ],
        predictions=(0,),
    ),
    Pair(
        "CrossEntropyLoss",
        cross_entropy_loss,
        [
            *classes(),
            *classes(label_smoothing=0.1),
            *distributions(),
            *distributions(label_smoothing=0.2),
            Case(call(label_smoothing=1.0), call(normal(8, 5), integers(8, high=5))),
            ignored(call(ignore_index=2)),
            ignored(call(ignore_index=2, weight=WEIGHT, label_smoothing=0.1)),
            *(
                Case(call(reduction="none"), call(normal(8, 5, scale=scale), target))
                for scale in (1e-8, 1e4)
                for target in (integers(8, high=5), probabilities(8, 5))
            ),
            Case(
                call(),
                call(
                    fixed([[0.0, -INF, 1.0], [-INF, 2.0, -INF]]),
                    fixed([2, 1]),
                ),
                note="masked scores",
                differences=False,
                because="an infinite score cannot be nudged",
            ),
            Case(call(), call(normal(64, 10), integers(64, high=10))),
        ],
        predictions=(0,),
    ),
)

FAULTS = (
    Fault(
        "CrossEntropyLoss",
        "mean over N with class weights",
        "return (n, t, k), kept, w, w.sum()",
        "return (n, t, k), kept, w, t.size",
    ),
    Fault(
        "CrossEntropyLoss",
        "smoothing over C - 1 classes",
        "(1 - eps) * y + eps / y.shape[1] if",
        "(1 - eps) * y + eps / (y.shape[1] - 1) if",
    ),
    Fault(
        "CrossEntropyLoss",
        "weights left out of the gradient's softmax",
        "p * q.sum(axis=1, keepdims=True) - q",
        "p - q",
    ),
    Fault(
        "CrossEntropyLoss",
        "ignored targets get a gradient",
        "grad_x *= np.where(kept, grad_losses, 0)",
        "grad_x *= grad_losses",
    ),
    Fault(
        "NLLLoss",
        "sign flipped",
        "grad_x[at] = -w * grad_losses",
        "grad_x[at] = w * grad_losses",
    ),
)
