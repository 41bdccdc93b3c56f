"""Losses of regression."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, fixed, normal
from parity.nn.loss.reduction import REDUCTIONS, reduced


def mse_loss(layer: torch.nn.MSELoss, input: Tensor, target: Tensor) -> Tensor:
    return reduced(layer, (input - target) ** 2)


def l1_loss(layer: torch.nn.L1Loss, input: Tensor, target: Tensor) -> Tensor:
    return reduced(layer, (input - target).abs())


def huber_loss(layer: torch.nn.HuberLoss, input: Tensor, target: Tensor) -> Tensor:
    distance, delta = (input - target).abs(), layer.delta
    near, far = distance**2 / 2, delta * (distance - delta / 2)
    return reduced(layer, torch.where(distance <= delta, near, far))


def smooth_l1_loss(
    layer: torch.nn.SmoothL1Loss, input: Tensor, target: Tensor
) -> Tensor:
    distance, beta = (input - target).abs(), layer.beta
    if beta == 0:
        return reduced(layer, distance)
    near, far = distance**2 / (2 * beta), distance - beta / 2
    return reduced(layer, torch.where(distance < beta, near, far))


def compared(**options: Any) -> list[Case]:
    """Return the cases of a loss that compares two arrays of one shape."""
    return [
        *(
            Case(call(**options, reduction=reduction), call(normal(4, 5), normal(4, 5)))
            for reduction in REDUCTIONS
        ),
        Case(call(**options), call(normal(2, 3, 4), normal(2, 3, 4))),
        Case(call(**options), call(normal(), normal()), note="scalars"),
        Case(
            call(**options, reduction="none"),
            call(normal(4, 5, ties=True), normal(4, 5, ties=True)),
            note="many equal",
        ),
        Case(call(**options), call(normal(4, 5, scale=1e4), normal(4, 5))),
        Case(call(**options), call(normal(4, 5, scale=1e-8), normal(4, 5, scale=1e-8))),
    ]


#: The differences 0, ±1/2 and ±1, on and beside the bends.
BENDS = call(
    fixed([0.0, 0.5, -0.5, 1.0, -1.0, 2.0]), fixed([0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
)


def bends(**options: Any) -> Case:
    return Case(
        call(**options, reduction="none"),
        BENDS,
        differences=False,
        because="it lies on the bends on purpose",
    )


PAIRS = (
    Pair("MSELoss", mse_loss, compared(), predictions=(0,)),
    Pair("L1Loss", l1_loss, compared(), predictions=(0,)),
    Pair(
        "HuberLoss",
        huber_loss,
        [*compared(), *compared(delta=0.5), bends(delta=0.5), bends(delta=1.0)],
        predictions=(0,),
    ),
    Pair(
        "SmoothL1Loss",
        smooth_l1_loss,
        [
            *compared(),
            *compared(beta=0.5),
            *compared(beta=0.0),
            bends(beta=0.5),
            bends(beta=1.0),
        ],
        predictions=(0,),
    ),
)

REGRESSION = "scratchnet.nn.loss.regression"
REDUCTION = "scratchnet.nn.loss.reduction"
FAULTS = (
    Fault("MSELoss", "factor 2 forgotten", "return 2 * (x - y)", "return x - y"),
    Fault("L1Loss", "slope 1 where equal", "np.sign(x - y)", "np.where(x < y, -1, 1)"),
    Fault(
        "MSELoss",
        "mean not divided in backward",
        "grad_losses = np.asarray(grad_output, x.dtype) / divisor",
        "grad_losses = np.asarray(grad_output, x.dtype)",
        module=REDUCTION,
    ),
)
