"""RMSprop: a scale for each coordinate, which forgets."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Fault, Pair, call
from parity.optim._shared import Group, State, decayed
from parity.script import cases


def rmsprop(p: Tensor, g: Tensor, state: State, group: Group) -> Tensor:
    lr, alpha, mu = group["lr"], group["alpha"], group["momentum"]
    p, g = decayed(p, g, group)
    state["step"] = state.get("step", 0) + 1
    v = state["square_avg"] = alpha * state.get("square_avg", 0) + (1 - alpha) * g * g
    if group["centered"]:
        m = state["grad_avg"] = alpha * state.get("grad_avg", 0) + (1 - alpha) * g
        v = v - m * m
    step = g / (torch.sqrt(v) + group["eps"])
    if mu > 0:
        step = state["momentum_buffer"] = mu * state.get("momentum_buffer", 0) + step
    return p - lr * step


PAIRS = (
    Pair(
        "RMSprop",
        rmsprop,
        cases(
            call(),
            call(lr=0.02, alpha=0.5),
            call(eps=1e-3),
            call(momentum=0.9),
            call(centered=True),
            call(centered=True, momentum=0.9, alpha=0.9),
            call(weight_decay=0.1),
            call(centered=True, weight_decay=0.1, maximize=True),
            groups={"lr": 0.05, "alpha": 0.5, "momentum": 0.5, "weight_decay": 0.1},
        ),
        namespace="optim",
    ),
)

FAULTS = (
    Fault("RMSprop", "epsilon inside the root", "np.sqrt(v) + eps", "np.sqrt(v + eps)"),
    Fault("RMSprop", "mean not subtracted", "v = v - m * m", "v = v"),
    Fault("RMSprop", "mean not squared", "v = v - m * m", "v = v - m"),
    Fault(
        "RMSprop", "learning rate inside the velocity", "b += step", "b += lr * step"
    ),
)
