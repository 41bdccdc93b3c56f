"""Smooth activations."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Fault, Pair, call
from parity.nn.activation.cases import elementwise


def tanh(layer: torch.nn.Tanh, x: Tensor) -> Tensor:
    return torch.tanh(x)


def sigmoid(layer: torch.nn.Sigmoid, x: Tensor) -> Tensor:
    return (1 + torch.tanh(x / 2)) / 2


def log_sigmoid(layer: torch.nn.LogSigmoid, x: Tensor) -> Tensor:
    below = x - torch.log1p(torch.exp(x.clamp(max=0)))
    return torch.where(x < 0, below, -torch.log1p(torch.exp(-x.clamp(min=0))))


def softplus(layer: torch.nn.Softplus, x: Tensor) -> Tensor:
    z = layer.beta * x
    bent = torch.log1p(torch.exp(z.clamp(max=layer.threshold))) / layer.beta
    return torch.where(z > layer.threshold, x, bent)


def softsign(layer: torch.nn.Softsign, x: Tensor) -> Tensor:
    return x / (1 + x.abs())


def tanhshrink(layer: torch.nn.Tanhshrink, x: Tensor) -> Tensor:
    return x - torch.tanh(x)


PAIRS = (
    Pair("Tanh", tanh, elementwise()),
    Pair("Sigmoid", sigmoid, elementwise()),
    Pair("LogSigmoid", log_sigmoid, elementwise()),
    Pair(
        "Softplus",
        softplus,
        [
            *elementwise(call(), call(0.5), call(2, 20), edges=(0.0, 20.0)),
            *elementwise(call(beta=2, threshold=-1), edges=(-0.5,)),
            *elementwise(call(2, 1), edges=(0.5,)),
            *elementwise(call(-2.0, 5.0), edges=(-2.5,)),
        ],
    ),
    # Torch's own quotient is NaN at infinity.
    Pair("Softsign", softsign, elementwise(infinite=())),
    # Where x is 1e-8, all of x - tanh(x) is rounding.
    Pair("Tanhshrink", tanhshrink, elementwise(tiny=1e-2)),
)

FAULTS = (
    Fault("Tanh", "derivative not squared", "return 1 - y * y", "return 1 - y"),
    Fault(
        "Sigmoid", "derivative by x for y", "return y * (1 - y)", "return x * (1 - y)"
    ),
    Fault("LogSigmoid", "derivative of the logistic", "sigmoid(-x)", "sigmoid(x)"),
    Fault(
        "LogSigmoid",
        "exponent that overflows",
        "np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))",
        "-np.log1p(np.exp(-x))",
    ),
    Fault("Softplus", "not divided by beta", "(np.exp(z)) / self.beta", "(np.exp(z))"),
    Fault(
        "Softplus",
        "inner derivative kept though beta divides",
        "np.maximum(sigmoid(z),",
        "np.maximum(self.beta * sigmoid(z),",
    ),
    Fault(
        "Softplus",
        "threshold on x instead of beta x",
        "return select(z > self.threshold, x,",
        "return select(x > self.threshold, x,",
    ),
    Fault(
        "Softsign",
        "derivative not squared",
        "1 / np.square(1 + np.abs(x))",
        "1 / (1 + np.abs(x))",
    ),
    Fault(
        "Tanhshrink",
        "derivative of the hyperbolic tangent",
        "np.square(np.tanh(x))",
        "1 - np.square(np.tanh(x))",
    ),
)
