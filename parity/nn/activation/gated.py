"""Gated activations."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, normal
from parity.nn.activation.cases import INF, elementwise


def gelu(layer: torch.nn.GELU, x: Tensor) -> Tensor:
    if layer.approximate == "tanh":
        bent = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        return x * (1 + torch.tanh(bent)) / 2
    return x * (1 + torch.erf(x / math.sqrt(2))) / 2


def silu(layer: torch.nn.SiLU, x: Tensor) -> Tensor:
    return x * (1 + torch.tanh(x / 2)) / 2


def mish(layer: torch.nn.Mish, x: Tensor) -> Tensor:
    return x * torch.tanh(torch.logaddexp(x, torch.zeros_like(x)))


def glu(layer: torch.nn.GLU, x: Tensor) -> Tensor:
    a, b = x.chunk(2, layer.dim)
    return a * (1 + torch.tanh(b / 2)) / 2


PAIRS = (
    Pair("GELU", gelu, elementwise(call(), call("none"), call(approximate="tanh"))),
    Pair("SiLU", silu, elementwise(call(), call(inplace=True))),
    Pair("Mish", mish, elementwise(call(), call(inplace=True))),
    Pair(
        "GLU",
        glu,
        [
            Case(call(), call(normal(5, 6))),
            Case(call(1), call(normal(5, 6, 7))),
            Case(call(dim=0), call(normal(4, 3, 2))),
            Case(call(dim=-2), call(normal(3, 4, 5))),
            Case(call(), call(normal(4)), note="no batch"),
            Case(call(), call(normal(5, 0)), note="nothing to halve"),
            Case(call(), call(normal(2, 3, 4, 6, scale=30))),
            Case(call(), call(normal(5, 6, scale=1e-8))),
            Case(call(), call(normal(5, 6, scale=1e4)), note="gates shut and open"),
            Case(call(), call(normal(5, 6, edges=(INF, -INF, 0.0)))),
        ],
    ),
)

FAULTS = (
    Fault(
        "GELU",
        "the product rule without its second term",
        "dy += a",
        "dy = a",
    ),
    Fault(
        "GELU",
        "not divided by the root of two",
        "np.exp(-0.5 * x * x)",
        "np.exp(-x * x)",
        module="scratchnet.nn.activation.gaussian",
    ),
    Fault(
        "GELU",
        "the cubic term's derivative without its 3",
        "(1 + 3 * 0.044715 * xx)",
        "(1 + 0.044715 * xx)",
    ),
    Fault(
        "SiLU",
        "derivative of the logistic not its own",
        "s * (1 - s)\n\n",
        "1 - s * s\n\n",
    ),
    Fault("Mish", "derivative not squared", "(1 - t * t)\n\n", "(1 - t)\n\n"),
    Fault(
        "GLU",
        "gate's derivative dropped",
        "grad_a * a * (1 - s)",
        "grad_a * a",
    ),
    Fault("GLU", "halves exchanged", "a, b = np.split", "b, a = np.split"),
)
