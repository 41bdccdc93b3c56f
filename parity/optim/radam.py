"""RAdam: Adam with a patient start."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Fault, Pair, call
from parity.optim._shared import Group, State, decayed
from parity.script import cases


def radam(p: Tensor, g: Tensor, state: State, group: Group) -> Tensor:
    lr, (beta1, beta2) = group["lr"], group["betas"]
    p, g = decayed(p, g, group)
    t = state["step"] = state.get("step", 0) + 1
    m = state["exp_avg"] = beta1 * state.get("exp_avg", 0) + (1 - beta1) * g
    v = state["exp_avg_sq"] = beta2 * state.get("exp_avg_sq", 0) + (1 - beta2) * g * g
    m_hat = m / (1 - beta1**t)
    rho_inf = 2 / (1 - beta2) - 1
    rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
    if rho <= 5:
        return p - lr * m_hat
    r2 = (rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)
    scale = (1 - beta2**t) ** 0.5 / (torch.sqrt(v) + group["eps"])
    return p - lr * m_hat * r2**0.5 * scale


PAIRS = (
    Pair(
        "RAdam",
        radam,
        cases(
            call(),
            call(betas=(0.5, 0.9)),
            call(betas=(0.9, 0.99)),
            call(eps=1e-3),
            call(weight_decay=0.1),
            call(weight_decay=0.1, decoupled_weight_decay=True),
            call(weight_decay=0.1, maximize=True),
            lr=2e-3,
            groups={"lr": 0.01, "betas": (0.5, 0.99), "eps": 1e-3, "weight_decay": 0.1},
        ),
        namespace="optim",
    ),
)

FAULTS = (
    Fault("RAdam", "rectified a step too early", "if rho > 5:", "if rho > 4:"),
    Fault("RAdam", "rectified a step too late", "if rho > 5:", "if rho > 6:"),
    Fault("RAdam", "never rectified", "* r**0.5", "* 1"),
    Fault(
        "RAdam",
        "epsilon outside the correction, as in Adam",
        "(1 - beta2**t) ** 0.5 / (np.sqrt(v) + eps)",
        "1 / (np.sqrt(v) / (1 - beta2**t) ** 0.5 + eps)",
    ),
)
