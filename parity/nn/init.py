"""Initialisers: each twin says what a tensor ``x`` should hold.

The twins draw uniform and standard normal numbers from torch's stream, in the dtype of
``x``, and compute with them in float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call


def rand(x: Tensor) -> Tensor:
    return torch.rand(x.shape, dtype=x.dtype).double()


def randn(x: Tensor) -> Tensor:
    n = x.numel()
    if n < 16:
        # Made in pairs, one of which may wait for the next call; in float64 anyway.
        return torch.randn(x.shape, dtype=torch.float64)
    z = box_muller(torch.rand(n, dtype=x.dtype)[: n - n % 16])
    if n % 16:
        z = torch.cat([z[: n - 16], box_muller(torch.rand(16, dtype=x.dtype))])
    return z.reshape(x.shape)


def box_muller(u: Tensor) -> Tensor:
    u1, u2 = u.double().view(-1, 2, 8).unbind(1)
    r, theta = torch.sqrt(-2 * torch.log1p(-u1)), 2 * torch.pi * u2
    return torch.stack([r * theta.cos(), r * theta.sin()], 1).flatten()


def constant(x: Tensor, val: float) -> Tensor:
    return torch.full_like(x, val)


def ones(x: Tensor) -> Tensor:
    return torch.ones_like(x)


def zeros(x: Tensor) -> Tensor:
    return torch.zeros_like(x)


def eye(x: Tensor) -> Tensor:
    rows, columns = x.shape
    return (torch.arange(rows)[:, None] == torch.arange(columns)).to(x.dtype)


def dirac(x: Tensor, groups: int = 1) -> Tensor:
    kernel = torch.zeros(x.shape[2:], dtype=x.dtype)
    kernel[tuple(length // 2 for length in kernel.shape)] = 1
    # In each group, output channel i has the kernel on input channel i.
    parts = [eye(group.flatten(2)[..., 0]) for group in x.chunk(groups)]
    return torch.tensordot(torch.cat(parts), kernel, dims=0)


def uniform(x: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    return a + (b - a) * rand(x)


def normal(x: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    return mean + std * randn(x)


def trunc_normal(
    x: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0
) -> Tensor:
    bounds = (torch.tensor([a, b], dtype=torch.float64) - mean) / std
    low, high = torch.special.ndtr(bounds).tolist()
    density = torch.distributions.Normal(mean, std).log_prob
    highest = density(torch.tensor(mean).clamp(a, b))
    y, fits = x.double(), torch.zeros(x.shape, dtype=torch.bool)
    while not fits.all():
        if high - low > 0.3:
            drawn = normal(x, mean, std)
            stays = (a <= drawn) & (drawn <= b)
        else:
            drawn = uniform(x, a, b)
            stays = rand(x).log() <= density(drawn) - highest
        y, fits = torch.where(fits, y, drawn), fits | stays
    return y


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    slope = {"relu": 0.0, "leaky_relu": 0.01 if param is None else param}
    if nonlinearity in slope:
        return math.sqrt(2 / (1 + slope[nonlinearity] ** 2))
    return {"tanh": 5 / 3, "selu": 0.75}.get(nonlinearity, 1.0)


def xavier_uniform(x: Tensor, gain: float = 1.0) -> Tensor:
    fans = x[0].numel() + x[:, 0].numel()
    bound = gain * math.sqrt(6 / fans)
    return uniform(x, -bound, bound)


def xavier_normal(x: Tensor, gain: float = 1.0) -> Tensor:
    fans = x[0].numel() + x[:, 0].numel()
    return normal(x, 0, gain * math.sqrt(2 / fans))


def kaiming_uniform(
    x: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu"
) -> Tensor:
    fan = x[0].numel() if mode == "fan_in" else x[:, 0].numel()
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3 / fan)
    return uniform(x, -bound, bound)


def kaiming_normal(
    x: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu"
) -> Tensor:
    fan = x[0].numel() if mode == "fan_in" else x[:, 0].numel()
    return normal(x, 0, calculate_gain(nonlinearity, a) * math.sqrt(1 / fan))


def orthogonal(x: Tensor, gain: float = 1) -> Tensor:
    A = randn(x.flatten(1))
    A = A if len(A) >= len(A.T) else A.T
    Q = torch.empty(len(A), 0, dtype=A.dtype)
    # Gram and Schmidt: each column without what the earlier ones have of it; what
    # rounding leaves there the first time goes the second time.
    for a in A.T:
        a = a - Q @ (Q.T @ a)
        a = a - Q @ (Q.T @ a)
        Q = torch.column_stack([Q, a / a.norm()])
    W = gain * Q
    return (W if len(x) == len(W) else W.T).reshape(x.shape)


def sparse(x: Tensor, sparsity: float, std: float = 0.01) -> Tensor:
    x = normal(x, 0, std)
    for column in x.T:
        column[torch.randperm(len(x))[: math.ceil(sparsity * len(x))]] = 0
    return x


def pair(name: str, twin: Callable[..., Any], *cases: Case) -> Pair:
    return Pair(name, twin, cases, namespace="nn.init")


GAINS = (
    *("linear", "conv1d", "conv2d", "conv3d"),
    *("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
    *("sigmoid", "tanh", "relu", "leaky_relu", "selu"),
)
XAVIER = (
    Case(call(), call((6, 3))),
    Case(call(gain=5 / 3), call((3, 8, 2, 5))),
)
KAIMING = (
    Case(call(), call((6, 3))),
    Case(call(a=0.3), call((6, 3))),
    Case(call(mode="fan_out"), call((6, 3, 5))),
    Case(call(0, "fan_in", "relu"), call((3, 8, 2, 5))),
    Case(call(nonlinearity="tanh"), call((3, 8))),
)

PAIRS = (
    pair(
        "constant_",
        constant,
        Case(call(0.3), call((2, 3))),
        Case(call(-1), call(())),
    ),
    pair("ones_", ones, Case(call(), call((2, 3)))),
    pair("zeros_", zeros, Case(call(), call((2, 3)))),
    pair("eye_", eye, Case(call(), call((3, 5))), Case(call(), call((5, 3)))),
    pair(
        "dirac_",
        dirac,
        Case(call(), call((4, 2, 3))),
        Case(call(), call((2, 4, 3, 4))),
        Case(call(2), call((6, 2, 4, 5))),
        Case(call(groups=3), call((6, 5, 1, 2, 3))),
    ),
    pair(
        "uniform_",
        uniform,
        Case(call(), call((3, 5))),
        Case(call(-0.3, 2.0), call((4, 5))),
        Case(call(b=0.0), call((7,)), note="nothing between the bounds"),
        Case(call(), call(())),
        Case(call(), call((0, 3)), note="empty"),
    ),
    pair(
        "normal_",
        normal,
        Case(call(), call((3, 5)), note="15 numbers, made in pairs"),
        Case(call(), call((4, 4)), note="16 numbers, made at once"),
        Case(call(), call((3, 7)), note="the last 16 drawn anew"),
        Case(call(5.0, 0.1), call((4, 5))),
        Case(call(std=0.0), call((4, 5))),
        Case(call(), call((0, 3)), note="empty"),
    ),
    pair(
        "trunc_normal_",
        trunc_normal,
        Case(call(), call((4, 30))),
        Case(call(std=0.02, a=-0.02, b=0.04), call((10, 30))),
        Case(call(0.0, 1.0, 1.5, 3.0), call((10, 30)), note="a tail"),
        Case(call(1.0, 3.0, 0.5, 0.75), call((10, 30)), note="a slice"),
        Case(call(), call((5,))),
    ),
    pair(
        "sparse_",
        sparse,
        Case(call(0.3), call((10, 7))),
        Case(call(0.55, 2.0), call((3, 4))),
    ),
    pair(
        "orthogonal_",
        orthogonal,
        Case(call(), call((9, 4))),
        Case(call(2.5), call((4, 9))),
        Case(call(gain=0.5), call((4, 3, 5)), note="15 columns"),
        Case(call(), call((2, 1))),
    ),
    pair(
        "calculate_gain",
        calculate_gain,
        *(Case(call(name), call()) for name in GAINS),
        *(Case(call("leaky_relu", slope), call()) for slope in (0, 0.2, -1, 3)),
    ),
    pair("xavier_uniform_", xavier_uniform, *XAVIER),
    pair("xavier_normal_", xavier_normal, *XAVIER),
    pair("kaiming_uniform_", kaiming_uniform, *KAIMING),
    pair("kaiming_normal_", kaiming_normal, *KAIMING),
)

FAULTS = (
    Fault("uniform_", "lower bound left out", "(a, b, array", "(0, b - a, array"),
    Fault(
        "normal_", "variance for deviation", "(mean, std, array", "(mean, std**2, array"
    ),
    Fault(
        "trunc_normal_",
        "tails cut to the bounds instead of drawn anew",
        "x[rejected] = drawn[rejected]\n            rejected =",
        "x = drawn.clip(a, b)\n            rejected =",
    ),
    Fault(
        "trunc_normal_",
        "tail accepted by the density alone",
        "m = max(a, min(mean, b))",
        "m = mean",
    ),
    Fault("dirac_", "groups forgotten", "i = o % (O // groups)", "i = o"),
    Fault("dirac_", "middle rounded down", "length // 2", "(length - 1) // 2"),
    Fault("orthogonal_", "sign of R forgotten", " * np.sign(np.diag(R))", ""),
    Fault("orthogonal_", "gain dropped", "W = gain * Q", "W = Q"),
    Fault("sparse_", "zeros rounded down", "math.ceil(", "math.floor("),
    Fault(
        "sparse_", "rows zeroed instead of columns", "[:zeros], column]", "[:zeros]]"
    ),
    Fault("calculate_gain", "slope not squared", "(1 + s**2)", "(1 + s)"),
    Fault(
        "xavier_uniform_",
        "deviation for bound",
        "bound = math.sqrt(3) * std",
        "bound = std",
    ),
    Fault(
        "xavier_normal_",
        "fans averaged twice",
        "std = gain * math.sqrt(2 / sum(_fans(tensor)))\n    return normal_",
        "std = gain * math.sqrt(1 / sum(_fans(tensor)))\n    return normal_",
    ),
    Fault(
        "xavier_normal_",
        "gain dropped",
        "std = gain * math.sqrt(2 / sum(_fans(tensor)))\n    return normal_",
        "std = math.sqrt(2 / sum(_fans(tensor)))\n    return normal_",
    ),
    Fault(
        "kaiming_uniform_",
        "fan_out for fan_in",
        "[modes.index(mode)]",
        "[1 - modes.index(mode)]",
    ),
    Fault(
        "kaiming_uniform_",
        "kernel not counted in the fans",
        "return inputs * math.prod(kernel), outputs * math.prod(kernel)",
        "return inputs, outputs",
    ),
    Fault(
        "kaiming_normal_",
        "gain dropped",
        "return calculate_gain(nonlinearity, a) / math.sqrt(fan)",
        "return 1 / math.sqrt(fan)",
    ),
    Fault(
        "kaiming_normal_",
        "slope of the rectifier ignored",
        "calculate_gain(nonlinearity, a)",
        "calculate_gain(nonlinearity, 0)",
    ),
)
