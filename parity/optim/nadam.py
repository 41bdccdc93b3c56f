"""NAdam: Adam that looks ahead."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Fault, Pair, call
from parity.optim._shared import Group, State, decayed
from parity.script import cases


def nadam(p: Tensor, g: Tensor, state: State, group: Group) -> Tensor:
    lr, (beta1, beta2), psi = group["lr"], group["betas"], group["momentum_decay"]
    p, g = decayed(p, g, group)
    t = state["step"] = state.get("step", 0) + 1
    m = state["exp_avg"] = beta1 * state.get("exp_avg", 0) + (1 - beta1) * g
    v = state["exp_avg_sq"] = beta2 * state.get("exp_avg_sq", 0) + (1 - beta2) * g * g
    mu, mu_next = (beta1 * (1 - 0.96 ** (s * psi) / 2) for s in (t, t + 1))
    # Kept in float32, as torch does.
    product = state["mu_product"] = state.get("mu_product", torch.ones(())) * mu
    product = product.item()
    ahead = mu_next * m / (1 - product * mu_next) + (1 - mu) * g / (1 - product)
    return p - lr * ahead / (torch.sqrt(v / (1 - beta2**t)) + group["eps"])


PAIRS = (
    Pair(
        "NAdam",
        nadam,
        cases(
            call(),
            call(betas=(0.5, 0.9)),
            call(eps=1e-3),
            call(momentum_decay=0.5),
            call(weight_decay=0.1),
            call(weight_decay=0.1, decoupled_weight_decay=True),
            call(weight_decay=0.1, maximize=True),
            lr=0.05,
            groups={"lr": 0.01, "betas": (0.5, 0.9), "momentum_decay": 0.1},
        ),
        namespace="optim",
    ),
)

FAULTS = (
    Fault("NAdam", "no look ahead", "((t + 1) * psi)", "(t * psi)"),
    Fault(
        "NAdam", "next momentum left out of the product", "product * mu_next", "product"
    ),
    Fault(
        "NAdam",
        "product of the momenta in float64",
        'product = float(state["mu_product"])',
        """product = 1.0
        for s in range(1, int(t) + 1):
            product *= beta1 * (1 - 0.5 * 0.96 ** (s * psi))""",
    ),
    Fault(
        "NAdam",
        "epsilon inside the root",
        "np.sqrt(v / (1 - beta2**t)) + eps",
        "np.sqrt(v / (1 - beta2**t) + eps)",
    ),
)
