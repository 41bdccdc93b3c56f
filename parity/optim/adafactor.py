"""Adafactor: a scale of rows and columns."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Fault, Pair, call
from parity.optim._shared import Group, State
from parity.script import cases


def adafactor(p: Tensor, g: Tensor, state: State, group: Group) -> Tensor:
    lr, (eps1, eps2), d = group["lr"], group["eps"], group["d"]
    eps1 = torch.finfo(p.dtype).eps if eps1 is None else eps1
    g = -g if group["maximize"] else g
    t = state["step"] = state.get("step", 0) + 1
    alpha = max(eps2, rms(p)) * min(lr, t**-0.5)
    p = p - lr * group["weight_decay"] * p

    def average(name: str, value: Tensor) -> Tensor:
        omega = t ** group["beta2_decay"]
        state[name] = (1 - omega) * state.get(name, 0) + omega * value
        return state[name]

    if p.dim() < 2:
        v = average("variance", g * g)
    else:
        r = average("row_var", (g * g).mean(-1, keepdim=True))
        c = average("col_var", (g * g).mean(-2, keepdim=True))
        v = r * c / r.mean(-2, keepdim=True).clamp(min=eps1)
    u = g / torch.sqrt(v.clamp(min=eps1**2))
    return p - alpha * u / max(1, rms(u) / d)


def rms(x: Tensor) -> float:
    return torch.sqrt((x * x).mean()).item()


PAIRS = (
    Pair(
        "Adafactor",
        adafactor,
        cases(
            call(),
            call(beta2_decay=-0.3),
            call(eps=(1e-3, 0.5)),
            call(eps=(None, 3.0)),
            call(d=1.5),
            call(weight_decay=0.1),
            call(weight_decay=0.1, d=2.0, maximize=True),
            lr=0.1,
            groups={"lr": 0.05, "beta2_decay": -0.5, "d": 2.0, "weight_decay": 0.1},
        ),
        namespace="optim",
    ),
)

FAULTS = (
    Fault(
        "Adafactor",
        "geometric mean of rows and columns",
        "v = r * c / np.maximum(_mean(r, axis=-2), eps1)",
        "v = np.sqrt(r * c)",
    ),
    Fault("Adafactor", "step not clipped", "max(1.0, _rms(u) / d)", "1.0"),
    Fault("Adafactor", "size of the parameter ignored", "max(eps2, _rms(p))", "1.0"),
    Fault(
        "Adafactor",
        "parameter measured after its decay",
        """alpha = max(eps2, _rms(p)) * min(lr, 1 / t**0.5)
        p *= 1 - lr * group["weight_decay"]""",
        """p *= 1 - lr * group["weight_decay"]
        alpha = max(eps2, _rms(p)) * min(lr, 1 / t**0.5)""",
    ),
    Fault("Adafactor", "epsilon not squared", "eps1 * eps1", "eps1"),
)
