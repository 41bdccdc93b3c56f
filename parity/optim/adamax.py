"""Adamax: Adam with the largest gradient for a scale."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Fault, Pair, call
from parity.optim._shared import Group, State, decayed
from parity.script import cases


def adamax(p: Tensor, g: Tensor, state: State, group: Group) -> Tensor:
    lr, (beta1, beta2), eps = group["lr"], group["betas"], group["eps"]
    p, g = decayed(p, g, group)
    t = state["step"] = state.get("step", 0) + 1
    m = state["exp_avg"] = beta1 * state.get("exp_avg", 0) + (1 - beta1) * g
    before = state.get("exp_inf", torch.zeros_like(p))
    u = state["exp_inf"] = torch.maximum(beta2 * before, abs(g) + eps)
    return p - lr / (1 - beta1**t) * m / u


PAIRS = (
    Pair(
        "Adamax",
        adamax,
        cases(
            call(),
            call(betas=(0.5, 0.9)),
            call(betas=(0.0, 0.0)),
            call(eps=1e-3),
            call(weight_decay=0.1),
            call(weight_decay=0.1, maximize=True),
            lr=0.05,
            groups={"lr": 0.01, "betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.1},
        ),
        namespace="optim",
    ),
)

FAULTS = (
    Fault("Adamax", "no epsilon", "np.abs(g) + eps", "np.abs(g)"),
    Fault("Adamax", "velocity not corrected", "lr / (1 - beta1**t) * m", "lr * m"),
    Fault("Adamax", "a scale that does not forget", "u *= beta2", "u *= 1"),
)
