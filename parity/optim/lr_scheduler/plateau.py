"""Rates that fall when nothing gets better."""

from __future__ import annotations

import math
from collections.abc import Iterable

from parity.case import Case, Fault, call
from parity.course import (
    BY_ITSELF,
    CARRIED,
    GROUPS,
    Rates,
    on,
    pair,
)


def reduce_lr_on_plateau(
    lr: float,
    base: float,
    metrics: Iterable[float],
    mode: str = "min",
    factor: float = 0.1,
    patience: int = 10,
    threshold: float = 1e-4,
    threshold_mode: str = "rel",
    cooldown: int = 0,
    min_lr: float = 0.0,
    eps: float = 1e-8,
) -> Rates:
    sign = 1 if mode == "min" else -1
    best, bad, resting = sign * math.inf, 0, 0
    for metric in metrics:
        lr = yield lr
        near = sign * threshold
        bound = best * (1 - near) if threshold_mode == "rel" else best - near
        if sign * metric < sign * bound:
            best, bad = metric, 0
        else:
            bad += 1
        if resting:
            resting, bad = resting - 1, 0
        if bad > patience:
            resting, bad = cooldown, 0
            reduced = max(lr * factor, min_lr)
            lr = reduced if lr - reduced > eps else lr
    yield lr


PAIRS = (
    pair(
        "ReduceLROnPlateau",
        reduce_lr_on_plateau,
        *on(BY_ITSELF, call(patience=2, factor=0.5), call()),
        *on(
            (CARRIED,),
            call("max", 0.5, 0, 0.03),
            call("max", 0.5, 0, 0.05, threshold_mode="abs"),
            call("min", 0.5, 0, 0.03),
            call("min", 0.5, 0, 0.05, threshold_mode="abs"),
            call(patience=1, cooldown=4),
            call(patience=0, factor=0.5, min_lr=0.1),
            call(patience=0, factor=0.5, eps=0.05),
        ),
        Case(call(patience=1, min_lr=[0.1, 0.0, 1e-5]), call(GROUPS)),
    ),
)

FAULTS = (
    Fault(
        "ReduceLROnPlateau",
        "patience one epoch short",
        "if self.num_bad_epochs > self.patience:",
        "if self.num_bad_epochs >= self.patience:",
    ),
    Fault(
        "ReduceLROnPlateau",
        "bad epochs counted while cooling down",
        "            self.cooldown_counter -= 1\n            self.num_bad_epochs = 0",
        "            self.cooldown_counter -= 1",
    ),
    Fault(
        "ReduceLROnPlateau",
        "compared with the epoch before, not with the best",
        "            self.num_bad_epochs += 1",
        "            self.num_bad_epochs += 1\n            self.best = current",
    ),
    Fault(
        "ReduceLROnPlateau",
        "the least rate ignored",
        'max(group["lr"] * self.factor, eta)',
        'group["lr"] * self.factor',
    ),
    Fault(
        "ReduceLROnPlateau",
        "an absolute threshold taken for a relative one",
        'best * (1 - theta) if self.threshold_mode == "rel" else best - theta',
        "best * (1 - theta)",
    ),
)
