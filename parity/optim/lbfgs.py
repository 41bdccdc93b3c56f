"""L-BFGS: Newton's method from the gradients of the last steps alone.

This twin moves all parameters as one vector `x`; ``evaluate(x)`` gives the loss and
the gradient there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from parity.case import Fault, Pair
from parity.optim._shared import Group, State
from parity.script import (
    ALL_SIZES,
    CARRIED,
    CLASSIFICATION,
    NEW_LR,
    ORDINARY,
    REGRESSION,
    ROSENBROCK,
    WITHOUT,
    case,
)

Evaluate = Callable[[Tensor], tuple[float, Tensor]]


def lbfgs(x: Tensor, evaluate: Evaluate, state: State, group: Group) -> Tensor:
    loss, g = evaluate(x)
    evals = 1
    state["func_evals"] = state.get("func_evals", 0) + 1
    state.setdefault("n_iter", 0)
    if g.abs().max() <= group["tolerance_grad"]:
        return x
    for i in range(group["max_iter"]):
        state["n_iter"] += 1
        d = direction(g, state, group["history_size"])
        first = state["n_iter"] == 1
        t = group["lr"] * min(1.0, 1 / g.abs().sum().item()) if first else group["lr"]
        before = loss
        state.update(prev_flat_grad=g, prev_loss=loss, t=t, d=d)
        slope = torch.dot(g, d)
        if slope > -group["tolerance_change"]:
            break
        spent = 0
        if group["line_search_fn"] == "strong_wolfe":
            line = Line(evaluate, x, d)
            t, loss, g = line.search(t, (0.0, loss, g), group["max_eval"] - evals)
            spent = line.evals
        elif i + 1 < group["max_iter"]:
            loss, g = evaluate(x + t * d)
            spent = 1
        x = x + t * d
        evals += spent
        state["t"] = t
        state["func_evals"] += spent
        small = (t * d).abs().max() <= group["tolerance_change"]
        flat = g.abs().max() <= group["tolerance_grad"]
        still = abs(loss - before) < group["tolerance_change"]
        if evals >= group["max_eval"] or flat or small or still:
            break
    return x


def direction(g: Tensor, state: State, history_size: int) -> Tensor:
    """Return minus the inverse Hessian, as far as it is known, times the gradient."""
    if state["n_iter"] == 1:
        state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
        return -g
    y, s = g - state["prev_flat_grad"], state["t"] * state["d"]
    ys = torch.dot(y, s)
    if ys > 1e-10:
        for name, value in (("old_dirs", y), ("old_stps", s), ("ro", 1 / ys)):
            state[name] = [*state[name], value][-history_size:]
        state["H_diag"] = ys / torch.dot(y, y)
    history = list(zip(state["old_dirs"], state["old_stps"], state["ro"], strict=True))
    q, al = -g, []
    for y, s, rho in reversed(history):
        al.insert(0, rho * torch.dot(s, q))
        q = q - al[0] * y
    q = state["H_diag"] * q
    for (y, s, rho), a in zip(history, al, strict=True):
        q = q + (a - rho * torch.dot(y, q)) * s
    state["al"] = al
    return q


Point = tuple[Any, float, Tensor]


class Line:
    """Loss and slope along the direction `d` from `x`."""

    def __init__(self, evaluate: Evaluate, x: Tensor, d: Tensor) -> None:
        self.evaluate, self.x, self.d = evaluate, x, d
        self.evals = 0

    def at(self, t: Any) -> Point:
        self.evals += 1
        return (t, *self.evaluate(self.x + t * self.d))

    def slope(self, point: Point) -> float:
        return torch.dot(point[2], self.d).item()

    def search(self, t: Any, start: Point, tries: int) -> Point:
        """Return the first point that is far enough down and flat enough."""
        _, loss0, _ = start
        slope0 = self.slope(start)

        def high(point: Point) -> bool:
            return point[1] > loss0 + 1e-4 * point[0] * slope0

        def flat(point: Point) -> bool:
            return abs(self.slope(point)) <= -0.9 * slope0

        before, here = start, self.at(t)
        grown = 0
        while True:
            if grown == tries:
                low, end = start, here
                break
            if high(here) or (grown > 1 and here[1] >= before[1]):
                low, end = before, here
                break
            if flat(here):
                return here
            if self.slope(here) >= 0:
                low, end = before, here
                break
            least = here[0] + 0.01 * (here[0] - before[0])
            t = self.cubic(before, here, least, 10 * here[0])
            before, here = here, self.at(t)
            grown += 1

        low, end = (low, end) if low[1] <= end[1] else (end, low)
        hesitant = False
        for _ in range(tries - grown):
            a, b = sorted((low[0], end[0]))
            if (b - a) * self.d.abs().max() < 1e-9:
                break
            t = self.cubic(low, end, a, b)
            margin = 0.1 * (b - a)
            close = min(b - t, t - a) < margin
            if close and (hesitant or t >= b or t <= a):
                t = b - margin if abs(t - b) < abs(t - a) else a + margin
                close = False
            hesitant = close
            here = self.at(t)
            if high(here) or here[1] >= low[1]:
                end = here
            elif flat(here):
                return here
            else:
                if self.slope(here) * (end[0] - low[0]) >= 0:
                    end = low
                low = here
        return low

    def cubic(self, p: Point, q: Point, least: Any, most: Any) -> Any:
        """Return where the cubic through two points is lowest, within bounds."""
        p, q = sorted((p, q), key=lambda point: float(point[0]))
        dt, dp, dq = q[0] - p[0], self.slope(p), self.slope(q)
        theta = dp + dq - 3 * (q[1] - p[1]) / dt
        square = theta**2 - dp * dq
        if square < 0:
            return (least + most) / 2
        root = square**0.5
        t = q[0] - dt * (dq + root - theta) / (dq - dp + 2 * root)
        return min(max(t, least), most)


SEARCH = {"line_search_fn": "strong_wolfe"}
RUNS = (
    {"lr": 0.1, "max_iter": 1},
    {"lr": 0.1, "max_iter": 3, "history_size": 2},
    {"lr": 0.1, "max_iter": 4, "max_eval": 2},
    {"lr": 0.01, "max_iter": 5, "tolerance_grad": 0.5},
    {"lr": 0.1, "max_iter": 4, "tolerance_change": 0.01},
    {"max_iter": 2, **SEARCH},
    {"max_iter": 4, "max_eval": 3, **SEARCH},
    {"max_iter": 2, "history_size": 1, **SEARCH},
)

JUDGED = {
    "tolerance": 1e-8,
    "float32": False,
    "because": "each direction is made of the differences of all gradients before it: "
    "errors grow from step to step, in float32 until one side takes another turn",
}

PAIRS = (
    Pair(
        "LBFGS",
        lbfgs,
        [
            # Drawn gradients are the same all through a step: one evaluation in each.
            *(
                case({"lr": 0.1, "max_iter": 1}, script, **JUDGED)
                for script in (ORDINARY, ALL_SIZES, WITHOUT, NEW_LR, CARRIED)
            ),
            *(
                case(options, script, **JUDGED)
                for options in RUNS
                for script in (ROSENBROCK, REGRESSION, CLASSIFICATION)
            ),
        ],
        namespace="optim",
    ),
)

FAULTS = (
    Fault(
        "LBFGS",
        "first step of any length",
        "t *= min(1.0, 1.0 / float(np.abs(g).sum()))",
        "t *= 1",
    ),
    Fault(
        "LBFGS",
        "history walked in one direction only",
        "for i in reversed(range(len(ys))):",
        "for i in range(len(ys)):",
    ),
    Fault(
        "LBFGS", "negative curvature remembered", "if curvature > 1e-10:", "if True:"
    ),
    Fault("LBFGS", "no scaling in the middle", 'q *= state["H_diag"]', "q *= 1"),
    Fault("LBFGS", "newest step forgotten", "del history[0]", "del history[-1]"),
    Fault(
        "LBFGS",
        "a step accepted on a steep slope",
        "<= -c2 * start.slope",
        "<= -2 * c2 * start.slope",
        module="scratchnet.optim._line_search",
    ),
)
