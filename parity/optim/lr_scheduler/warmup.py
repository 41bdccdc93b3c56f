"""Rates that start low."""

from __future__ import annotations

from itertools import count

from parity.case import Fault, call
from parity.course import (
    EVERYWHERE,
    Rates,
    on,
    pair,
)


def constant_lr(
    lr: float, base: float, factor: float = 1 / 3, total_iters: int = 5
) -> Rates:
    lr = yield lr * factor
    for t in count(1):
        lr = yield lr / factor if t == total_iters else lr


def linear_lr(
    lr: float,
    base: float,
    start_factor: float = 1 / 3,
    end_factor: float = 1.0,
    total_iters: int = 5,
) -> Rates:
    def factor(t: int) -> float:
        return start_factor + (end_factor - start_factor) * t / total_iters

    lr = yield lr * factor(0)
    for t in count(1):
        lr = yield lr * factor(t) / factor(t - 1) if t <= total_iters else lr


PAIRS = (
    pair(
        "ConstantLR",
        constant_lr,
        *on(EVERYWHERE, call(0.3, total_iters=12), call(), call(1.0), call(0.5, 0)),
    ),
    pair(
        "LinearLR",
        linear_lr,
        *on(
            EVERYWHERE,
            call(0.1, total_iters=12),
            call(),
            call(1.0, 0.25, 100),
            call(0.5, 0.0, 9),
        ),
    ),
)

FAULTS = (
    Fault(
        "ConstantLR",
        "back to full an epoch late",
        "t == self.total_iters else lr",
        "t == self.total_iters + 1 else lr",
    ),
    Fault(
        "ConstantLR",
        "back to the rate at the start, which forgets edits",
        "return lr * (1 / self.factor) if t",
        "return base_lr if t",
    ),
    Fault(
        "LinearLR",
        "the factor of this epoch for the one before",
        "(T * a + (t - 1) * (b - a))",
        "(T * a + t * (b - a))",
    ),
    Fault(
        "LinearLR",
        "one step too many",
        "if self._is_initial or t > T:",
        "if self._is_initial or t > T + 1:",
    ),
)
