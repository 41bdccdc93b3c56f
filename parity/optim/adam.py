"""Adam: velocity over scale, both corrected for their start."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Fault, Pair, call
from parity.optim._shared import Group, State, decayed
from parity.script import cases


def adam(p: Tensor, g: Tensor, state: State, group: Group) -> Tensor:
    lr, (beta1, beta2) = group["lr"], group["betas"]
    p, g = decayed(p, g, group)
    t = state["step"] = state.get("step", 0) + 1
    m = state["exp_avg"] = beta1 * state.get("exp_avg", 0) + (1 - beta1) * g
    v = state["exp_avg_sq"] = beta2 * state.get("exp_avg_sq", 0) + (1 - beta2) * g * g
    if group["amsgrad"]:
        largest = state.get("max_exp_avg_sq", torch.zeros_like(v))
        v = state["max_exp_avg_sq"] = torch.maximum(largest, v)
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return p - lr * m_hat / (torch.sqrt(v_hat) + group["eps"])


PAIRS = (
    Pair(
        "Adam",
        adam,
        cases(
            call(),
            call(betas=(0.5, 0.9)),
            call(betas=(0.0, 0.0)),
            call(eps=1e-3),
            call(eps=0.1, amsgrad=True),
            call(amsgrad=True, betas=(0.9, 0.5)),
            call(weight_decay=0.1),
            call(weight_decay=0.1, decoupled_weight_decay=True),
            call(weight_decay=0.1, amsgrad=True, maximize=True),
            call(maximize=True),
            lr=0.05,
            groups={"lr": 0.01, "betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.1},
        ),
        namespace="optim",
    ),
)

FAULTS = (
    Fault(
        "Adam",
        "epsilon under the correction",
        "step += eps * root",
        "step += eps",
    ),
    Fault(
        "Adam",
        "epsilon inside the root",
        "step = np.sqrt(v, out=np.empty_like(v))\n        step += eps * root",
        "step = np.sqrt(v + eps * root**2, out=np.empty_like(v))",
    ),
    Fault(
        "Adam",
        "amsgrad takes the largest after the correction",
        'v = np.maximum(state["max_exp_avg_sq"], v, out=state["max_exp_avg_sq"])',
        """corrected = v / (1 - beta2**t)
            v = np.maximum(state["max_exp_avg_sq"], corrected) * (1 - beta2**t)
            state["max_exp_avg_sq"][...] = v / (1 - beta2**t)""",
    ),
    Fault(
        "Adam",
        "velocity not corrected",
        "step *= lr * root / (1 - beta1**t)",
        "step *= lr * root",
    ),
    Fault(
        "Adam",
        "steps counted from 2",
        'float(state["step"])',
        'float(state["step"]) + 1',
        module="scratchnet.optim._shared",
    ),
    Fault("Adam", "betas exchanged", "(beta1, beta2), eps", "(beta2, beta1), eps"),
)
