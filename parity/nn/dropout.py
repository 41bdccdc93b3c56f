"""Dropout: one seed, and so one mask, for every side."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, in_eval, normal

INF = float("inf")
# SELU's scale times its alpha.
ALPHA = 1.6732632423543772848170429916717 * 1.0507009873554804934193349852946


def dropout(layer: torch.nn.Dropout, x: Tensor) -> Tensor:
    return silenced(layer, x, x.shape)


def dropout_batched(layer: torch.nn.Dropout2d, x: Tensor) -> Tensor:
    return silenced(layer, x, (*x.shape[:2], *[1] * (x.ndim - 2)))


def dropout1d(layer: torch.nn.Dropout1d, x: Tensor) -> Tensor:
    return dropout_batched(layer, x if x.ndim == 3 else x[None]).reshape(x.shape)


def dropout3d(layer: torch.nn.Dropout3d, x: Tensor) -> Tensor:
    return dropout_batched(layer, x if x.ndim == 5 else x[None]).reshape(x.shape)


def alpha_dropout(layer: torch.nn.AlphaDropout, x: Tensor) -> Tensor:
    return held(layer, x, x.shape)


def feature_alpha_dropout(layer: torch.nn.FeatureAlphaDropout, x: Tensor) -> Tensor:
    return held(layer, x, (*x.shape[:2], *[1] * (x.ndim - 2)))


def silenced(layer: torch.nn.Dropout, x: Tensor, shape: tuple[int, ...]) -> Tensor:
    if not layer.training or layer.p == 0:
        return x
    if layer.p == 1:
        return x * 0
    return x * torch.empty(shape, dtype=x.dtype).bernoulli_(1 - layer.p) / (1 - layer.p)


def held(layer: torch.nn.AlphaDropout, x: Tensor, shape: tuple[int, ...]) -> Tensor:
    p = layer.p
    if not layer.training or p == 0:
        return x
    if p == 1:
        return x * 0
    kept = torch.empty(shape, dtype=x.dtype).bernoulli_(1 - p) == 1
    y = torch.where(kept, x, -ALPHA)
    # What standard normal numbers become: mean and variance, put back to 0 and 1.
    mean, variance = -p * ALPHA, (1 - p) + (1 - p) * p * ALPHA**2
    return (y - mean) / math.sqrt(variance)


def cases(*shapes: tuple[int, ...]) -> list[Case]:
    """Return the cases of one kind of dropout, in training and in evaluation."""
    training = [
        *(Case(call(), call(normal(*shape))) for shape in shapes),
        *(Case(call(p), call(normal(*shapes[0]))) for p in (0.0, 0.2, 0.9, 1.0)),
        Case(call(0.7, inplace=True), call(normal(*shapes[0]))),
        Case(
            call(p=0.3),
            call(normal(*shapes[0], scale=1e4)),
            differences=False,
            because="a step of 1e-6 drowns beside 1e4",
        ),
        Case(call(p=0.3), call(normal(*shapes[0], scale=1e-8))),
        Case(call(), call(normal(0, *shapes[0][1:])), note="empty batch"),
    ]
    return [*training, *in_eval(training)]


SILENCED_INFINITY = Case(
    call(0.5), call(normal(4, 5, edges=(INF, -INF))), note="0 * inf is NaN"
)

PAIRS = (
    Pair(
        "Dropout",
        dropout,
        [*cases((4, 5), (), (7,), (2, 3, 4, 5), (64, 128)), SILENCED_INFINITY],
    ),
    Pair("Dropout1d", dropout1d, cases((4, 3, 5), (3, 5), (1, 1, 1), (16, 8, 4))),
    Pair("Dropout2d", dropout_batched, cases((4, 3, 2, 5), (1, 8, 3, 3), (8, 8, 2, 2))),
    Pair(
        "Dropout3d",
        dropout3d,
        cases((4, 3, 2, 2, 3), (4, 2, 2, 3), (1, 8, 1, 2, 2), (8, 8, 2, 1, 2)),
    ),
    Pair(
        "AlphaDropout",
        alpha_dropout,
        [*cases((4, 5), (), (7,), (2, 3, 4, 5), (64, 128))],
    ),
    Pair(
        "FeatureAlphaDropout",
        feature_alpha_dropout,
        cases((4, 3, 5), (4, 5), (4, 3, 2, 5), (2, 3, 2, 2, 2), (16, 8, 2)),
    ),
)

FAULTS = (
    Fault("Dropout", "no rescaling", "mask / (1 - self.p)", "mask"),
    Fault(
        "Dropout",
        "backward without the mask",
        "grad_output if scale is None else grad_output * scale",
        "grad_output",
    ),
    Fault(
        "Dropout",
        "the probability of keeping",
        "bernoulli(1 - self.p,",
        "bernoulli(self.p,",
    ),
    Fault(
        "Dropout1d",
        "the batch taken for the channels",
        "batched=x.ndim == 3",
        "batched=False",
    ),
    Fault(
        "Dropout2d",
        "a mask of elements instead of channels",
        "x.shape[:leading] + (1,) * (x.ndim - leading)",
        "x.shape",
    ),
    Fault(
        "Dropout3d",
        "the channels taken for the batch",
        "batched=x.ndim == 5",
        "batched=True",
    ),
    Fault("AlphaDropout", "no shift", "+ a * ALPHA * self.p", "+ 0 * ALPHA * self.p"),
    Fault(
        "AlphaDropout",
        "silenced to zero instead of the floor",
        "a * ALPHA * (mask - 1)",
        "0 * (mask - 1)",
    ),
    Fault(
        "FeatureAlphaDropout",
        "alpha not squared",
        "1 + ALPHA**2 * self.p",
        "1 + ALPHA * self.p",
    ),
)
