"""Exponential linear units."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from parity.case import Fault, Pair, call
from parity.nn.activation.cases import elementwise


def elu(layer: torch.nn.ELU, x: Tensor) -> Tensor:
    return torch.where(x > 0, x, layer.alpha * torch.expm1(x.clamp(max=0)))


def celu(layer: torch.nn.CELU, x: Tensor) -> Tensor:
    a = layer.alpha
    return torch.where(x > 0, x, a * torch.expm1(x.clamp(max=0) / a))


def selu(layer: torch.nn.SELU, x: Tensor) -> Tensor:
    floor = 1.6732632423543772848170429916717 * torch.expm1(x.clamp(max=0))
    return 1.0507009873554804934193349852946 * torch.where(x > 0, x, floor)


PAIRS = (
    Pair(
        "ELU",
        elu,
        elementwise(
            call(), call(alpha=2.0), call(-0.5), call(0), call(3, inplace=True)
        ),
    ),
    Pair(
        "CELU",
        celu,
        [
            *elementwise(call(), call(alpha=2.0), call(3, inplace=True)),
            *(
                replace(case, tolerance=1e-6, because="torch rounds alpha to float32")
                for case in elementwise(call(0.3))
            ),
        ],
    ),
    Pair("SELU", selu, elementwise(call(), call(inplace=True))),
)

FAULTS = (
    Fault(
        "ELU",
        "derivative of the negative part without alpha",
        "slope = self.alpha / self.beta",
        "slope = 1 / self.beta",
    ),
    Fault(
        "ELU",
        "slope 1 at zero",
        "np.multiply(x > 0,",
        "np.multiply(x >= 0,",
    ),
    Fault(
        "CELU",
        "alpha not under the exponent",
        "np.expm1(np.clip(x, -np.inf, 0) / self.beta)",
        "np.expm1(np.clip(x, -np.inf, 0))",
    ),
    Fault(
        "CELU",
        "inner derivative dropped",
        "slope = self.alpha / self.beta",
        "slope = self.alpha",
    ),
    Fault(
        "SELU",
        "derivative without the scale",
        "return self.scale * (decay",
        "return 1 * (decay",
    ),
)
