"""Activations of straight pieces."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Fault, Pair, call
from parity.nn.activation.cases import elementwise

SIXTH = float(torch.tensor(1 / 6, dtype=torch.float32))


def hardtanh(layer: torch.nn.Hardtanh, x: Tensor) -> Tensor:
    y = torch.where(x <= layer.min_val, layer.min_val, x)
    return torch.where(x >= layer.max_val, layer.max_val, y)


def hardsigmoid(layer: torch.nn.Hardsigmoid, x: Tensor) -> Tensor:
    # Torch's backward pass holds 1/6 in float32, whatever the input's dtype.
    line = x * SIXTH + (x / 6 - x * SIXTH).detach() + 1 / 2
    return torch.where(x <= -3, 0, torch.where(x >= 3, 1, line))


def hardswish(layer: torch.nn.Hardswish, x: Tensor) -> Tensor:
    m = x.clamp(-3, 3)
    above = torch.where(x >= 3, x, m * (m + 3) / 6)
    return torch.where(x <= -3, 0 * x.detach(), above)


def hardshrink(layer: torch.nn.Hardshrink, x: Tensor) -> Tensor:
    return torch.where((x > layer.lambd) | (x < -layer.lambd), x, 0)


def softshrink(layer: torch.nn.Softshrink, x: Tensor) -> Tensor:
    y = torch.where(x < -layer.lambd, x + layer.lambd, 0)
    return torch.where(x > layer.lambd, x - layer.lambd, y)


def threshold(layer: torch.nn.Threshold, x: Tensor) -> Tensor:
    return torch.where(x > layer.threshold, x, layer.value)


PAIRS = (
    Pair(
        "Hardtanh",
        hardtanh,
        [
            *elementwise(call(), call(inplace=True), edges=(-1.0, 0.0, 1.0)),
            *elementwise(
                call(-0.5, 2), call(min_val=-0.5, max_val=2.0), edges=(-0.5, 2.0)
            ),
            *elementwise(call(0.25, 0.5), edges=(0.25, 0.5)),
        ],
    ),
    Pair(
        "ReLU6",
        hardtanh,
        elementwise(call(), call(inplace=True), edges=(-0.0, 0.0, 6.0)),
    ),
    Pair(
        "Hardsigmoid",
        hardsigmoid,
        elementwise(call(), call(inplace=True), edges=(-3.0, 0.0, 3.0)),
    ),
    Pair(
        "Hardswish",
        hardswish,
        elementwise(call(), call(inplace=True), edges=(-3.0, 0.0, 3.0)),
    ),
    Pair(
        "Hardshrink",
        hardshrink,
        [
            *elementwise(call(), edges=(-0.5, 0.0, 0.5)),
            *elementwise(call(lambd=0), call(-0.5), edges=(-0.5, 0.0, 0.5)),
            *elementwise(call(2.0), edges=(-2.0, 2.0)),
        ],
    ),
    Pair(
        "Softshrink",
        softshrink,
        [
            *elementwise(call(), edges=(-0.5, 0.0, 0.5)),
            *elementwise(call(lambd=0), edges=(-0.5, 0.0, 0.5)),
            *elementwise(call(1), edges=(-1.0, 1.0)),
        ],
    ),
    Pair(
        "Threshold",
        threshold,
        [
            *elementwise(call(0.1, 20), call(0.1, 20.0, True), edges=(0.125,)),
            *elementwise(call(2.0, 1.0), call(2.0, 10.0), edges=(2.0,)),
            *elementwise(call(threshold=-0.5, value=-2.0), edges=(-0.5,)),
        ],
    ),
)

FAULTS = (
    Fault(
        "Hardtanh",
        "gradient let through at the bounds",
        "(x > self.min_val) & (x < self.max_val)",
        "(x >= self.min_val) & (x <= self.max_val)",
    ),
    Fault(
        "ReLU6",
        "bounded at 1 instead of 6",
        "super().__init__(0.0, 6.0, inplace)",
        "super().__init__(0.0, 1.0, inplace)",
    ),
    Fault(
        "Hardsigmoid",
        "derivative without the sixth",
        "np.multiply(np.abs(x) < 3, SIXTH, dtype=x.dtype)",
        "np.multiply(np.abs(x) < 3, 1, dtype=x.dtype)",
    ),
    Fault(
        "Hardsigmoid",
        "gradient let through at the bounds",
        "np.multiply(np.abs(x) < 3,",
        "np.multiply(np.abs(x) <= 3,",
    ),
    Fault(
        "Hardswish",
        "product rule forgotten",
        "slope *= -0.5",
        "slope = -u / 2",
    ),
    Fault(
        "Hardswish",
        "product rule at the upper bound",
        "slope = np.trunc(u)",
        "slope = np.trunc(np.clip(u, -1, 0))",
    ),
    Fault(
        "Hardshrink",
        "kept at the bound",
        "return x * (np.abs(x) > self.lambd)",
        "return x * (np.abs(x) >= self.lambd)",
    ),
    Fault(
        "Softshrink",
        "shrunk by twice the amount",
        "return x - np.clip(x, -self.lambd, self.lambd)",
        "return x - 2 * np.clip(x, -self.lambd, self.lambd)",
    ),
    Fault(
        "Threshold",
        "kept at the threshold",
        "x <= self.threshold",
        "x < self.threshold",
    ),
    Fault(
        "Threshold",
        "gradient of what was replaced",
        "return x > self.threshold",
        "return x == x",
    ),
)
