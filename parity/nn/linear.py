"""Affine maps."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, normal


def identity(layer: torch.nn.Identity, x: Tensor) -> Tensor:
    return x


def linear(layer: torch.nn.Linear, x: Tensor) -> Tensor:
    y = x @ layer.weight.T
    return y if layer.bias is None else y + layer.bias


def bilinear(layer: torch.nn.Bilinear, x: Tensor, z: Tensor) -> Tensor:
    y = torch.einsum("...i,oij,...j->...o", x, layer.weight, z)
    return y if layer.bias is None else y + layer.bias


PAIRS = (
    Pair(
        "Identity",
        identity,
        [
            Case(call(), call(normal(4, 5))),
            Case(call(54, unused=True), call(normal())),
        ],
    ),
    Pair(
        "Linear",
        linear,
        [
            Case(call(5, 3), call(normal(4, 5))),
            Case(call(5, 3, bias=False), call(normal(4, 5))),
            Case(call(5, 3), call(normal(5)), note="one row, no batch"),
            Case(call(5, 3), call(normal(2, 3, 4, 5)), note="leading dimensions"),
            Case(call(5, 3, bias=False), call(normal(2, 3, 5))),
            Case(call(5, 3), call(normal(0, 5)), note="empty batch"),
            Case(call(1, 1), call(normal(1, 1))),
            Case(call(5, 3), call(normal(4, 5, scale=1e-8))),
            Case(call(5, 3), call(normal(4, 5, scale=1e8))),
            Case(call(784, 128), call(normal(64, 784))),
        ],
    ),
    Pair(
        "Bilinear",
        bilinear,
        [
            Case(call(2, 3, 4), call(normal(8, 2), normal(8, 3))),
            Case(call(2, 3, 4, bias=False), call(normal(8, 2), normal(8, 3))),
            Case(call(2, 3, 4), call(normal(2), normal(3)), note="one row, no batch"),
            Case(call(5, 3, 2), call(normal(2, 3, 4, 5), normal(2, 3, 4, 3))),
            Case(call(5, 3, 2, False), call(normal(2, 4, 5), normal(2, 4, 3))),
            Case(call(5, 3, 2), call(normal(0, 5), normal(0, 3)), note="empty batch"),
            Case(call(1, 1, 1), call(normal(1, 1), normal(1, 1))),
            Case(
                call(3, 3, 3), call(normal(4, 3), normal(4, 3)), note="all sizes equal"
            ),
            Case(
                call(5, 3, 2), call(normal(4, 5, scale=1e4), normal(4, 3, scale=1e-8))
            ),
            Case(call(20, 30, 40), call(normal(16, 20), normal(16, 30))),
        ],
    ),
)

FAULTS = (
    Fault(
        "Linear",
        "weight gradient transposed",
        "weight.accumulate_grad(np.dot(as_rows(x).T, grad_rows).T)",
        "weight.accumulate_grad(np.dot(as_rows(x).T, grad_rows).reshape(weight.shape))",
    ),
    Fault(
        "Linear",
        "bias gradient averaged instead of summed",
        "sum_of_rows(grad_rows)",
        "grad_rows.mean(axis=0)",
    ),
    Fault(
        "Linear",
        "weight gradient written over that of an earlier pass",
        "weight.accumulate_grad(np.dot(as_rows(x).T, grad_rows).T)",
        "weight.grad = np.dot(as_rows(x).T, grad_rows).T",
    ),
    Fault(
        "Linear",
        "input gradient by the transposed weight's rows",
        "return (grad_rows @ weight.data).reshape",
        "return (grad_rows @ weight.data[:, ::-1]).reshape",
    ),
    Fault(
        "Bilinear",
        "axes of the inputs exchanged in the weight",
        "self.weight.data.transpose(1, 0, 2).reshape(I, O * J)",
        "self.weight.data.reshape(I, O * J)",
    ),
    Fault(
        "Bilinear",
        "gradient of the second input without the output's",
        "grad_y[:, None, :] @ xW",
        "np.ones_like(grad_y[:, None, :]) @ xW",
    ),
    Fault(
        "Bilinear",
        "weight gradient without the second input",
        "grad_y_x.T @ z_rows",
        "grad_y_x.T @ np.ones_like(z_rows)",
    ),
)
