"""AdamW: Adam whose decay leaves the gradient alone."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Fault, Pair, call
from parity.optim._shared import Group, State
from parity.script import cases


def adamw(p: Tensor, g: Tensor, state: State, group: Group) -> Tensor:
    lr, (beta1, beta2) = group["lr"], group["betas"]
    g = -g if group["maximize"] else g
    p = p - lr * group["weight_decay"] * p
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
        "AdamW",
        adamw,
        cases(
            call(),
            call(betas=(0.5, 0.9)),
            call(eps=1e-3),
            call(amsgrad=True, betas=(0.9, 0.5)),
            call(weight_decay=0.5),
            call(weight_decay=0),
            call(maximize=True),
            call(weight_decay=0.5, amsgrad=True, maximize=True),
            lr=0.05,
            groups={"lr": 0.01, "betas": (0.5, 0.9), "weight_decay": 0.5},
        ),
        namespace="optim",
    ),
)

FAULTS = (
    Fault(
        "AdamW",
        "decay added to the gradient",
        "decoupled_weight_decay=True,",
        "decoupled_weight_decay=False,",
    ),
    Fault(
        "AdamW",
        "decay after the update",
        """g = self.descent(p.data, p.grad, options)
                        self.update(p.data, g, state, options)""",
        """g = self.descent(p.data.copy(), p.grad, options)
                        self.update(p.data, g, state, options)
                        self.descent(p.data, p.grad, options)""",
        module="scratchnet.optim.optimizer",
    ),
    Fault(
        "AdamW",
        "decay without the learning rate",
        'p *= 1 - group["lr"] * decay',
        "p *= 1 - decay",
        module="scratchnet.optim.optimizer",
    ),
)
