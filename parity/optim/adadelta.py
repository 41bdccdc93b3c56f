"""Adadelta: a scale, and a step in the parameter's own units."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Fault, Pair, call
from parity.optim._shared import Group, State, decayed
from parity.script import cases


def adadelta(p: Tensor, g: Tensor, state: State, group: Group) -> Tensor:
    lr, rho, eps = group["lr"], group["rho"], group["eps"]
    p, g = decayed(p, g, group)
    state["step"] = state.get("step", 0) + 1
    v = state["square_avg"] = rho * state.get("square_avg", 0) + (1 - rho) * g * g
    u = state.get("acc_delta", torch.zeros_like(p))
    delta = torch.sqrt((u + eps) / (v + eps)) * g
    state["acc_delta"] = rho * u + (1 - rho) * delta * delta
    return p - lr * delta


PAIRS = (
    Pair(
        "Adadelta",
        adadelta,
        cases(
            call(),
            call(rho=0.5),
            call(eps=1e-2),
            call(weight_decay=0.1),
            call(weight_decay=0.1, maximize=True),
            lr=0.5,
            groups={"lr": 1.0, "rho": 0.5, "eps": 1e-4, "weight_decay": 0.1},
        ),
        namespace="optim",
    ),
)

FAULTS = (
    Fault(
        "Adadelta",
        "epsilon outside the roots",
        "np.sqrt(u + eps) / np.sqrt(v + eps)",
        "(np.sqrt(u) + eps) / (np.sqrt(v) + eps)",
    ),
    Fault(
        "Adadelta",
        "steps averaged with the learning rate in them",
        "(1 - rho) * delta * delta",
        "(1 - rho) * (lr * delta) ** 2",
    ),
    Fault(
        "Adadelta",
        "steps averaged before they are taken",
        """delta = np.sqrt(u + eps) / np.sqrt(v + eps) * g
        u *= rho""",
        """u *= rho
        delta = np.sqrt(u + eps) / np.sqrt(v + eps) * g""",
    ),
)
