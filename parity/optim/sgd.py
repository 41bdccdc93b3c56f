"""Gradient descent, with and without velocity."""

from __future__ import annotations

from torch import Tensor

from parity.case import Fault, Pair, call
from parity.optim._shared import Group, State, decayed
from parity.script import cases


def sgd(p: Tensor, g: Tensor, state: State, group: Group) -> Tensor:
    lr, mu, tau = group["lr"], group["momentum"], group["dampening"]
    p, g = decayed(p, g, group)
    if mu == 0:
        return p - lr * g
    b = mu * state["momentum_buffer"] + (1 - tau) * g if state else g
    state["momentum_buffer"] = b
    return p - lr * (g + mu * b if group["nesterov"] else b)


PAIRS = (
    Pair(
        "SGD",
        sgd,
        cases(
            call(momentum=0.9),
            call(lr=5e-4),
            call(momentum=0.9, dampening=0.5),
            call(momentum=0.9, nesterov=True),
            call(weight_decay=0.1),
            call(momentum=0.9, weight_decay=0.1),
            call(momentum=0.9, weight_decay=0.1, nesterov=True, maximize=True),
            call(maximize=True),
            groups={"lr": 0.01, "momentum": 0.5, "weight_decay": 0.1},
        ),
        namespace="optim",
    ),
)

FAULTS = (
    Fault(
        "SGD",
        "learning rate inside the velocity",
        """np.array(g)
            else:
                b *= mu
                b += g if tau == 0 else (1 - tau) * g
            g = g + mu * b if group["nesterov"] else b
        p -= lr * g""",
        """lr * np.array(g)
            else:
                b *= mu
                b += (1 - tau) * lr * g
            p -= lr * g + mu * b if group["nesterov"] else b
        else:
            p -= lr * g""",
    ),
    Fault("SGD", "first velocity dampened", "np.array(g)", "(1 - tau) * g"),
    Fault("SGD", "no dampening", "b += g if tau == 0 else (1 - tau) * g", "b += g"),
    Fault(
        "SGD",
        "no look ahead in Nesterov's velocity",
        'g = g + mu * b if group["nesterov"] else b',
        "g = b",
    ),
    Fault(
        "SGD",
        "weight decay turned by maximize",
        """if group.get("maximize", False):
            g = -g
        decay = group.get("weight_decay", 0)""",
        """decay = group.get("weight_decay", 0)
        if group.get("maximize", False):
            g, decay = -g, -decay""",
        module="scratchnet.optim.optimizer",
    ),
    Fault(
        "SGD",
        "options of the first group for all",
        "for key, value in group.items()}",
        "for key, value in self.param_groups[0].items()}",
        module="scratchnet.optim.optimizer",
    ),
)
