"""Adagrad: a scale for each coordinate, from the sum of squares."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Fault, Pair, call
from parity.optim._shared import Group, State, decayed
from parity.script import cases


def adagrad(p: Tensor, g: Tensor, state: State, group: Group) -> Tensor:
    p, g = decayed(p, g, group)
    t = state["step"] = state["step"] + 1
    s = state["sum"] = state["sum"] + g * g
    lr = group["lr"] / (1 + (t.item() - 1) * group["lr_decay"])
    return p - lr * g / (torch.sqrt(s) + group["eps"])


PAIRS = (
    Pair(
        "Adagrad",
        adagrad,
        cases(
            call(),
            call(lr_decay=0.5),
            call(initial_accumulator_value=0.1),
            call(eps=1e-3),
            call(weight_decay=0.1),
            call(
                lr_decay=0.1,
                weight_decay=0.1,
                initial_accumulator_value=1e-3,
                maximize=True,
            ),
            lr=0.1,
            groups={"lr": 0.02, "lr_decay": 0.1, "eps": 1e-3, "weight_decay": 0.1},
        ),
        namespace="optim",
    ),
)

FAULTS = (
    Fault(
        "Adagrad", "learning rate decays at the first step", "(t - 1) * eta", "t * eta"
    ),
    Fault("Adagrad", "epsilon inside the root", "np.sqrt(s) + eps", "np.sqrt(s + eps)"),
    Fault(
        "Adagrad",
        "sum that starts from zero",
        "np.full_like(p, tau)",
        "np.zeros_like(p)",
    ),
    Fault(
        "Adagrad", "gradients summed without a square", "s += g * g", "s += np.abs(g)"
    ),
)
