"""ASGD: an average of places."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Fault, Pair, call
from parity.optim._shared import Group, State, decayed
from parity.script import cases


def asgd(p: Tensor, g: Tensor, state: State, group: Group) -> Tensor:
    lr, lambd, alpha, t0 = (group[name] for name in ("lr", "lambd", "alpha", "t0"))
    p, g = decayed(p, g, group)
    t = state["step"] = state.get("step", 0) + 1
    # Kept in float32, as torch does, and so used in float32 precision.
    eta, mu = state.get("eta", torch.tensor(lr)), state.get("mu", torch.ones(()))
    p = p - eta.item() * (lambd * p + g)
    a = state.get("ax", torch.zeros_like(p))
    state["ax"] = a + mu.item() * (p - a)
    state["eta"] = torch.tensor(lr / (1 + lambd * lr * t) ** alpha).to(eta)
    state["mu"] = torch.tensor(1 / max(1, t - t0)).to(mu)
    return p


PAIRS = (
    Pair(
        "ASGD",
        asgd,
        cases(
            call(),
            call(t0=3),
            call(lambd=0.5),
            call(lambd=0.5, alpha=0.3),
            call(t0=0, lambd=0.1, weight_decay=0.1),
            call(t0=3, weight_decay=0.1, maximize=True),
            lr=1e-3,
            groups={
                "lr": 0.02,
                "lambd": 0.1,
                "alpha": 0.5,
                "t0": 5,
                "weight_decay": 0.1,
            },
        ),
        namespace="optim",
    ),
)

FAULTS = (
    Fault("ASGD", "average from the first step on", "max(1, t - t0)", "max(1, t)"),
    Fault(
        "ASGD",
        "decay with the first learning rate",
        "1 - lambd * eta",
        "1 - lambd * lr",
    ),
    Fault("ASGD", "learning rate that does not fall", ") ** alpha)", ") ** 0)"),
    Fault(
        "ASGD",
        "average moved to the place before the step",
        "a += mu * (p - a)",
        "a += mu * (p + eta * g - a)",
    ),
)
