"""Layer, RMS, group and local response normalisation."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, fixed, normal, uniform


def standardized(x: Tensor, dims: tuple[int, ...], eps: float) -> Tensor:
    centred = x - x.mean(dims, keepdim=True)
    return centred / torch.sqrt(centred.square().mean(dims, keepdim=True) + eps)


def layer_norm(layer: torch.nn.LayerNorm, x: Tensor) -> Tensor:
    dims = tuple(range(-len(layer.normalized_shape), 0))
    y = standardized(x, dims, layer.eps)
    if layer.weight is not None:
        y = y * layer.weight
    return y if layer.bias is None else y + layer.bias


def rms_norm(layer: torch.nn.RMSNorm, x: Tensor) -> Tensor:
    dims = tuple(range(-len(layer.normalized_shape), 0))
    eps = torch.finfo(x.dtype).eps if layer.eps is None else layer.eps
    y = x / torch.sqrt(x.square().mean(dims, keepdim=True) + eps)
    return y if layer.weight is None else y * layer.weight


def group_norm(layer: torch.nn.GroupNorm, x: Tensor) -> Tensor:
    groups = x.split(x.shape[1] // layer.num_groups, dim=1)
    dims = tuple(range(1, x.ndim))
    y = torch.cat([standardized(group, dims, layer.eps) for group in groups], dim=1)
    per_channel = (-1, *[1] * (x.ndim - 2))
    if layer.weight is not None:
        y = y * layer.weight.view(per_channel)
    return y if layer.bias is None else y + layer.bias.view(per_channel)


def local_response_norm(layer: torch.nn.LocalResponseNorm, x: Tensor) -> Tensor:
    channels = x.shape[1]
    c = torch.arange(channels)
    offset = c[None, :] - c[:, None]
    seen = (offset >= -(layer.size // 2)) & (offset <= (layer.size - 1) // 2)
    squares = torch.einsum("cj,nj...->nc...", seen.to(x.dtype), x * x)
    return x * (layer.k + layer.alpha / layer.size * squares) ** -layer.beta


def rows(*shape: int, normalized: int | list[int]) -> list[Case]:
    """Return the cases of layer and RMS normalisation over one input shape."""
    return [
        Case(call(normalized), call(normal(*shape))),
        Case(call(normalized, 1e-3), call(normal(*shape))),
        Case(call(normalized, 1e-3, False), call(normal(*shape))),
        Case(call(normalized), call(normal(*shape, ties=True)), note="ties"),
        Case(
            call(normalized), call(normal(*shape, scale=1e-8)), note="tiny: eps decides"
        ),
        Case(call(normalized), call(normal(*shape, scale=1e8)), note="huge"),
        Case(call(normalized, 0.1), call(normal(*shape, edges=(1e4, -1e4)))),
    ]


ROWS = [
    *rows(4, 5, 5, normalized=[5]),
    *rows(4, 6, normalized=6),
    *rows(4, 2, 2, 5, normalized=[2, 2, 5]),
    *rows(2, 3, 4, 5, normalized=[4, 5]),
    *rows(7, normalized=7),
    Case(call([5], 1e-3), call(normal(0, 5)), note="empty batch"),
    Case(call([5], 1e-3), call(normal(64, 5, 5)), note="large batch"),
    Case(call(128), call(normal(8, 16, 128)), note="a transformer's"),
    Case(call(128), call(uniform(64, 128, low=99, high=101)), note="far from 0"),
]

INF = float("inf")

PAIRS = (
    Pair(
        "LayerNorm",
        layer_norm,
        [
            *ROWS,
            Case(call(5, bias=False), call(normal(4, 5))),
            Case(call([3, 5], bias=False), call(normal(2, 3, 5))),
            Case(call(5, elementwise_affine=False, bias=False), call(normal(4, 5))),
            Case(
                call(4),
                call(fixed([[1.0, 1, 1, 1], [3, 2, 1, 0]])),
                note="a constant row",
            ),
            Case(call(4), call(normal(3, 4, edges=(INF, -INF))), note="infinities"),
        ],
    ),
    Pair(
        "RMSNorm",
        rms_norm,
        [
            *ROWS,
            Case(call(5, eps=0.5), call(normal(4, 5))),
            Case(call(5, None, False), call(normal(4, 5))),
            Case(call(1), call(normal(4, 1)), note="one element: the sign"),
            Case(
                call(3),
                call(fixed([[0.0, 0, 0], [3, 2, 1]])),
                note="a row of zeros",
                differences=False,
                because="eps, 2e-16, is smaller than a squared step",
            ),
        ],
    ),
    Pair(
        "GroupNorm",
        group_norm,
        [
            Case(call(groups, channels, *options, **bias), call(normal(*shape)))
            for groups, channels, shape in (
                (3, 6, (4, 6, 5)),
                (3, 12, (4, 12)),
                (1, 6, (15, 6)),
                (5, 5, (4, 5, 5)),
                (1, 10, (4, 10)),
                (3, 6, (4, 6, 2, 3)),
                (3, 3, (4, 3, 2, 3)),
                (1, 3, (4, 3, 2, 3)),
                (2, 4, (2, 4, 2, 3, 2)),
                (2, 4, (1, 4, 3, 3)),
                (2, 6, (0, 6, 5)),
            )
            for options in ((), (1e-3,), (1e-3, False))
            for bias in ({}, {"bias": False})
        ]
        + [
            Case(
                call(2, 4), call(normal(3, 4, 5, scale=1e-8)), note="tiny: eps decides"
            ),
            Case(call(2, 4), call(normal(3, 4, 5, scale=1e8)), note="huge"),
            Case(call(2, 4), call(normal(3, 4, 5, ties=True)), note="ties"),
            Case(call(2, 4), call(normal(3, 4, 5, edges=(1e4, -1e4)))),
            Case(
                call(2, 4, affine=False), call(normal(3, 6, 5)), note="other channels"
            ),
            Case(call(4, 8), call(normal(8, 8, 12, 12)), note="images"),
            Case(call(2, 4), call(uniform(4, 4, 300, low=99, high=101))),
        ],
    ),
    Pair(
        "LocalResponseNorm",
        local_response_norm,
        [
            Case(call(size, *options), call(normal(*shape)))
            for size in (1, 2, 3, 4, 5, 9)
            for options in ((), (1.0, 0.5, 2.0), (0.5, 0.75, 0.1))
            for shape in ((2, 5, 7), (2, 5, 3, 2), (1, 5, 2, 3, 2))
        ]
        + [
            Case(call(2), call(normal(0, 3, 4)), note="empty batch"),
            Case(call(3, alpha=1.0), call(normal(2, 1, 4)), note="one channel"),
            Case(call(3, alpha=1.0, beta=1.0), call(normal(2, 4, 5, scale=1e4))),
            Case(call(3, alpha=1.0, beta=1.0), call(normal(2, 4, 5, scale=1e-4))),
            Case(call(3, alpha=1.0), call(normal(2, 4, 3, ties=True)), note="ties"),
            Case(call(3, alpha=0.0), call(normal(2, 4, 5)), note="only k"),
            Case(call(3, 1.0, 2.0), call(normal(1, 2, 2, 2, 2, 2)), note="any rank"),
        ],
    ),
)

FAULTS = (
    Fault(
        "LayerNorm",
        "gradient without its mean taken away",
        "if axes and self.centres:",
        "if False:",
        module="scratchnet.nn._normalize",
    ),
    Fault(
        "LayerNorm",
        "eps outside the root",
        "1 / np.sqrt(square + eps)",
        "1 / (np.sqrt(square) + eps)",
        module="scratchnet.nn._normalize",
    ),
    Fault(
        "LayerNorm",
        "weight left out of the backward pass",
        "grad * spread(self._gamma(shape) * scale, grad)",
        "grad * scale",
        module="scratchnet.nn._normalize",
    ),
    Fault(
        "RMSNorm",
        "variance for mean square",
        "mean((1,), rows, rows)",
        "rows.var(axis=1, keepdims=True)",
    ),
    Fault(
        "GroupNorm",
        "channels dealt out in turn",
        "view = n, self.num_groups, c // self.num_groups, math.prod(spatial)",
        "view = n, c // self.num_groups, self.num_groups, math.prod(spatial)",
    ),
    Fault(
        "LocalResponseNorm",
        "window not turned round in the backward pass",
        "before, after = (self.size - 1) // 2, self.size // 2",
        "before, after = self.size // 2, (self.size - 1) // 2",
    ),
    Fault(
        "LocalResponseNorm",
        "not divided by size",
        "self.alpha / self.size *",
        "self.alpha *",
    ),
    Fault(
        "LocalResponseNorm",
        "factor 2 dropped",
        "factor = 2 * self.alpha",
        "factor = self.alpha",
    ),
)
