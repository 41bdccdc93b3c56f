"""Losses that compare distributions."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from parity.case import (
    Case,
    Fault,
    Pair,
    call,
    fixed,
    normal,
    probabilities,
    uniform,
)
from parity.nn.loss.reduction import REDUCTIONS, reduced


def kl_div_loss(layer: torch.nn.KLDivLoss, log_q: Tensor, p: Tensor) -> Tensor:
    losses = (
        p.exp() * (p - log_q) if layer.log_target else torch.xlogy(p, p) - p * log_q
    )
    if layer.reduction == "batchmean":
        return losses.sum() / len(losses)
    return reduced(layer, losses)


def poisson_nll_loss(layer: torch.nn.PoissonNLLLoss, x: Tensor, y: Tensor) -> Tensor:
    losses = x.exp() - y * x if layer.log_input else x - y * (x + layer.eps).log()
    if layer.full:
        stirling = torch.xlogy(y, y) - y + torch.log(2 * math.pi * y) / 2
        losses = losses + torch.where(y > 1, stirling, 0)
    return reduced(layer, losses)


def gaussian_nll_loss(
    layer: torch.nn.GaussianNLLLoss, x: Tensor, y: Tensor, var: Tensor
) -> Tensor:
    if var.ndim < x.ndim and var.shape != x.shape:
        var = var.unsqueeze(-1)
    # The floor changes the value, and not the slope.
    v = var + (var.clamp(min=layer.eps) - var).detach()
    losses = (v.log() + (x - y) ** 2 / v) / 2
    if layer.full:
        losses = losses + math.log(2 * math.pi) / 2
    return reduced(layer, losses)


P = probabilities(4, 5)
COUNTS = fixed([[0.0, 1.0, 2.0, 3.0, 7.0]] * 4)

PAIRS = (
    Pair(
        "KLDivLoss",
        kl_div_loss,
        [
            *(
                Case(
                    call(reduction=reduction, log_target=log_target),
                    call(normal(4, 5), target),
                )
                for reduction in (*REDUCTIONS, "batchmean")
                for log_target, target in ((False, P), (True, normal(4, 5)))
            ),
            Case(
                call(reduction="none"),
                call(normal(5), fixed([0.0, 0.5, 0.25, 0.25, 0.0])),
                note="probability 0",
            ),
        ],
        predictions=(0,),
    ),
    Pair(
        "PoissonNLLLoss",
        poisson_nll_loss,
        [
            Case(
                call(log_input=log_input, full=full, reduction=reduction),
                call(uniform(4, 5, low=0.1, high=3.0), COUNTS),
            )
            for log_input in (True, False)
            for full in (True, False)
            for reduction in REDUCTIONS
        ]
        + [
            Case(
                call(log_input=False, eps=1e-3),
                call(fixed([0.0, 0.0, 1.0]), fixed([0.0, 1.0, 2.0])),
                note="a rate of 0",
            )
        ],
        predictions=(0,),
    ),
    Pair(
        "GaussianNLLLoss",
        gaussian_nll_loss,
        [
            *(
                Case(
                    call(full=full, reduction=reduction),
                    call(normal(4, 5), normal(4, 5), uniform(*shape, low=0.2, high=2)),
                )
                for full in (False, True)
                for reduction in REDUCTIONS
                for shape in ((4, 5), (4, 1), (4,))
            ),
            Case(
                call(eps=0.1, reduction="none"),
                call(normal(4), normal(4), fixed([0.0, 0.05, 0.2, 3.0])),
                note="a variance below eps",
                differences=False,
                because="below eps the slope is not that of the value",
            ),
        ],
        predictions=(0, 2),
    ),
)

FAULTS = (
    Fault(
        "KLDivLoss",
        "slope by the log of the target",
        "-np.exp(y) if self.log_target else -y",
        "-y",
    ),
)
