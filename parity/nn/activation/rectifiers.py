"""Rectifiers."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, in_eval, normal
from parity.nn.activation.cases import INF, elementwise


def relu(layer: torch.nn.ReLU, x: Tensor) -> Tensor:
    return torch.where(x > 0, x, 0)


def leaky_relu(layer: torch.nn.LeakyReLU, x: Tensor) -> Tensor:
    return torch.where(x > 0, x, layer.negative_slope * x)


def prelu(layer: torch.nn.PReLU, x: Tensor) -> Tensor:
    a = layer.weight.reshape(-1, *[1] * (x.ndim - 2)) if x.ndim else layer.weight[0]
    return torch.where(x > 0, x, a * x.clamp(max=0))


def rrelu(layer: torch.nn.RReLU, x: Tensor) -> Tensor:
    if layer.training:
        a = torch.ones_like(x)
        drawn = torch.empty(int((x <= 0).sum()), dtype=torch.float64)
        a[x <= 0] = drawn.uniform_(layer.lower, layer.upper).to(x.dtype)
        return a * x
    return torch.where(x > 0, x, (layer.lower + layer.upper) / 2 * x)


PRELU = [
    *elementwise(),
    *(
        Case(call(init=start, **several), call(normal(*shape, scale=scale)))
        for start, scale in ((0.25, 1.0), (-0.5, 30.0))
        for several, shape in (
            ({}, (2, 3, 4)),
            ({"num_parameters": 3}, (4, 3)),
            ({"num_parameters": 3}, (2, 3, 4)),
            ({"num_parameters": 3}, (2, 3, 4, 5)),
            ({"num_parameters": 3}, (2, 3, 2, 2, 2)),
        )
    ),
    Case(call(3), call(normal(4, 3, edges=(0.0, INF)))),
    Case(call(3), call(normal(0, 3, 2)), note="empty batch"),
    Case(call(3), call(normal(64, 3, 8, 8)), note="many places"),
]

RRELU = elementwise(call(), call(0.1, 0.9, True), call(0.3, 0.3), call(-0.5, 0))

PAIRS = (
    Pair("ReLU", relu, elementwise(call(), call(inplace=True))),
    Pair(
        "LeakyReLU",
        leaky_relu,
        elementwise(
            call(), call(0.5), call(negative_slope=-2.0), call(3.0, inplace=True)
        )
        + elementwise(call(0.0), infinite=(INF,)),
    ),
    Pair("PReLU", prelu, PRELU),
    Pair("RReLU", rrelu, [*RRELU, *in_eval(RRELU)]),
)

FAULTS = (
    Fault("ReLU", "gradient let through at zero", "input > 0", "input >= 0"),
    Fault(
        "LeakyReLU",
        "slope 1 at zero",
        "select(x > 0, 1, self.negative_slope,",
        "select(x >= 0, 1, self.negative_slope,",
    ),
    Fault(
        "LeakyReLU",
        "the pieces exchanged",
        "select(x > 0, 1, self.negative_slope,",
        "select(x < 0, 1, self.negative_slope,",
    ),
    Fault(
        "PReLU",
        "slope gradient from the positive part too",
        "np.minimum(x, 0) * grad_output",
        "x * grad_output",
    ),
    Fault(
        "PReLU",
        "slope gradient averaged over the batch",
        "grad_a.sum(axis=others)",
        "grad_a.mean(axis=others)",
    ),
    Fault(
        "PReLU",
        "slopes along the last dimension instead of the channels",
        "per_channel = (-1,) + (1,) * max(x.ndim - 2, 0)",
        "per_channel = (-1,)",
    ),
    Fault(
        "RReLU",
        "evaluation with the lower bound",
        "1, (self.lower + self.upper) / 2,",
        "1, self.lower,",
    ),
    Fault(
        "RReLU",
        "no slope drawn at zero",
        "negative = x <= 0",
        "negative = x < 0",
    ),
    Fault(
        "RReLU",
        "backward without the slopes",
        "(a,) = self.saved_for(grad_output)\n        return grad_output * a",
        "(a,) = self.saved_for(grad_output)\n        return grad_output",
    ),
)
