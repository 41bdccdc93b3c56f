"""Rates that fall."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from parity.case import Fault, call
from parity.course import (
    EVERYWHERE,
    Rates,
    on,
    pair,
)


def step_lr(lr: float, base: float, step_size: int, gamma: float = 0.1) -> Rates:
    for t in count(1):
        lr = yield lr
        if t % step_size == 0:
            lr *= gamma


def multi_step_lr(
    lr: float, base: float, milestones: Sequence[int], gamma: float = 0.1
) -> Rates:
    for t in count():
        lr *= gamma ** milestones.count(t)
        lr = yield lr


def exponential_lr(lr: float, base: float, gamma: float) -> Rates:
    while True:
        lr = yield lr
        lr *= gamma


def polynomial_lr(
    lr: float, base: float, total_iters: int = 5, power: float = 1.0
) -> Rates:
    for left in range(total_iters, 0, -1):
        lr = yield lr
        lr *= ((left - 1) / left) ** power
    while True:
        lr = yield lr


PAIRS = (
    pair(
        "StepLR",
        step_lr,
        *on(EVERYWHERE, call(7, gamma=0.7), call(step_size=1), call(100)),
    ),
    pair(
        "MultiStepLR",
        multi_step_lr,
        *on(EVERYWHERE, call((3, 20, 21, 40), gamma=0.7), call((5, 5, 9)), call(())),
    ),
    pair(
        "ExponentialLR",
        exponential_lr,
        *on(EVERYWHERE, call(0.93), call(gamma=1.05), call(1.0)),
    ),
    pair(
        "PolynomialLR",
        polynomial_lr,
        *on(EVERYWHERE, call(40, power=2.0), call(), call(70, 0.5), call(1, 3.0)),
    ),
)

FAULTS = (
    Fault(
        "StepLR", "a step late", "t % self.step_size == 0", "t % self.step_size == 1"
    ),
    Fault(
        "StepLR",
        "the closed form, which forgets edits",
        "return lr * self.gamma if t > 0 and t % self.step_size == 0 else lr",
        "return self.closed_form(t, base_lr)",
    ),
    Fault(
        "StepLR",
        "counting from the wrong end when taking over",
        "self.gamma ** (t // self.step_size)",
        "self.gamma ** (t // self.step_size + 1)",
    ),
    Fault(
        "MultiStepLR",
        "a milestone named twice counted once",
        "lr * self.gamma ** self.milestones.get(t, 0)",
        "lr * self.gamma ** (t in self.milestones)",
    ),
    Fault(
        "MultiStepLR",
        "an epoch late",
        "lr * self.gamma ** self.milestones.get(t, 0)",
        "lr * self.gamma ** self.milestones.get(t - 1, 0)",
    ),
    Fault(
        "ExponentialLR",
        "the rate falls at the first epoch already",
        "return lr if self._is_initial else lr * self.gamma",
        "return lr * self.gamma",
    ),
    Fault(
        "PolynomialLR",
        "linear whatever the power",
        "(1 - (t - 1) / T)) ** self.power",
        "(1 - (t - 1) / T))",
    ),
    Fault(
        "PolynomialLR",
        "an epoch behind",
        "return lr * ((1 - t / T) / (1 - (t - 1) / T))",
        "return lr * ((1 - (t - 1) / T) / (1 - (t - 2) / T))",
    ),
)
