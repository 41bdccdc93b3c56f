"""Rates along a cosine."""

from __future__ import annotations

import math
from itertools import count

from parity.case import Fault, call
from parity.course import (
    EVERYWHERE,
    Rates,
    on,
    pair,
)


def height(t: float, T: float) -> float:
    """Return how high half a cosine of length T is at t: from 1 down to 0."""
    return (1 + math.cos(math.pi * t / T)) / 2


def cosine_annealing_lr(
    lr: float, base: float, T_max: int, eta_min: float = 0.0
) -> Rates:
    for t in count(1):
        lr = yield lr
        if (t - 1) % (2 * T_max) == T_max:
            lr += (base - eta_min) * height(T_max - 1, T_max)
        else:
            ratio = height(t, T_max) / height(t - 1, T_max)
            lr = eta_min + (lr - eta_min) * ratio


def cosine_annealing_warm_restarts(
    lr: float, base: float, T_0: int, T_mult: int = 1, eta_min: float = 0.0
) -> Rates:
    T = T_0
    while True:
        for t in range(T):
            yield eta_min + (base - eta_min) * height(t, T)
        T *= T_mult


PAIRS = (
    pair(
        "CosineAnnealingLR",
        cosine_annealing_lr,
        *on(
            EVERYWHERE, call(8, eta_min=0.001), call(T_max=59), call(100), call(1, 0.1)
        ),
    ),
    pair(
        "CosineAnnealingWarmRestarts",
        cosine_annealing_warm_restarts,
        *on(
            EVERYWHERE, call(5, T_mult=2, eta_min=0.001), call(7), call(1), call(60, 3)
        ),
    ),
)

FAULTS = (
    Fault(
        "CosineAnnealingLR",
        "the closed form, which forgets edits",
        "return (1 + now) / (1 + before) * (lr - eta) + eta",
        "return self.closed_form(t, base_lr)",
    ),
    Fault(
        "CosineAnnealingLR",
        "an epoch off",
        "math.cos(math.pi * (t - 1) / T)\n",
        "math.cos(math.pi * (t - 2) / T)\n",
    ),
    Fault(
        "CosineAnnealingLR",
        "the lowest rate left out",
        "(1 + before) * (lr - eta) + eta",
        "(1 + before) * lr",
    ),
    Fault(
        "CosineAnnealingLR",
        "no way up from the lowest point",
        "return lr + (base_lr - eta) * (1 - math.cos(math.pi / T)) / 2",
        "return lr",
    ),
    Fault(
        "CosineAnnealingWarmRestarts",
        "every fall as long as the first",
        "self.T_i *= self.T_mult",
        "self.T_i *= 1",
    ),
    Fault(
        "CosineAnnealingWarmRestarts",
        "a restart late",
        "if self.T_cur >= self.T_i:",
        "if self.T_cur > self.T_i:",
    ),
)
