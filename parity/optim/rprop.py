"""Rprop: signs alone."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Fault, Pair, call
from parity.optim._shared import Group, State
from parity.script import cases


def rprop(p: Tensor, g: Tensor, state: State, group: Group) -> Tensor:
    (eta_minus, eta_plus), (shortest, longest) = group["etas"], group["step_sizes"]
    g = -g if group["maximize"] else g
    state["step"] = state.get("step", 0) + 1
    agreement = torch.sign(g * state.get("prev", 0))
    s = state.get("step_size", torch.full_like(p, group["lr"]))
    s = torch.where(agreement > 0, eta_plus * s, s)
    s = torch.where(agreement < 0, eta_minus * s, s).clamp(shortest, longest)
    # After a step too far, wait: the next sign is compared with nothing.
    g = torch.where(agreement < 0, 0.0, g)
    state["prev"], state["step_size"] = g, s
    return p - s * torch.sign(g)


PAIRS = (
    Pair(
        "Rprop",
        rprop,
        cases(
            call(),
            call(lr=0.02, etas=(0.3, 1.7)),
            call(step_sizes=(0.005, 0.02)),
            call(maximize=True),
            groups={"lr": 0.1, "etas": (0.4, 1.4), "step_sizes": (0.05, 0.2)},
        ),
        namespace="optim",
    ),
)

FAULTS = (
    Fault("Rprop", "no waiting after a turn", "np.where(agreement < 0, 0, g)", "g"),
    Fault("Rprop", "longer where it should be shorter", "s, eta_minus", "s, eta_plus"),
    Fault(
        "Rprop", "steps without bounds", "shortest, longest, out=s", "0, np.inf, out=s"
    ),
    Fault(
        "Rprop",
        "first step of length 1",
        'np.full_like(p, group["lr"])',
        "np.ones_like(p)",
    ),
)
