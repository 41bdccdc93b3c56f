"""Rates by a function of one's own."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from parity.case import Case, Fault, call
from parity.course import (
    BY_ITSELF,
    CHAINED,
    EVERYWHERE,
    GROUPS,
    Rates,
    on,
    pair,
)


def halved_every_8(t: int) -> float:
    return 0.5 ** (t // 8)


def harmonic(t: int) -> float:
    return 1 / (1 + t)


def fading(t: int) -> float:
    return 1 - 0.5 ** (t + 1)


def lambda_lr(lr: float, base: float, f: Callable[[int], float]) -> Rates:
    for t in count():
        yield base * f(t)


def multiplicative_lr(lr: float, base: float, f: Callable[[int], float]) -> Rates:
    for t in count(1):
        lr = yield lr
        lr *= f(t)


PAIRS = (
    pair(
        "LambdaLR",
        lambda_lr,
        *on(EVERYWHERE, call(halved_every_8)),
        Case(call([halved_every_8, harmonic, fading]), call(GROUPS)),
    ),
    pair(
        "MultiplicativeLR",
        multiplicative_lr,
        *on((*BY_ITSELF, CHAINED), call(fading)),
        Case(call([halved_every_8, harmonic, fading]), call(GROUPS)),
    ),
)

FAULTS = (
    Fault(
        "LambdaLR",
        "an epoch off",
        "base_lr * f(self.last_epoch)",
        "base_lr * f(self.last_epoch + 1)",
    ),
    Fault(
        "MultiplicativeLR",
        "the rate at the start for the last one",
        "lr * f(self.last_epoch) for f, lr in zip(self.lr_lambdas, lrs, strict=True)",
        "b * f(self.last_epoch) for f, b in zip(self.lr_lambdas, self.base_lrs)",
    ),
    Fault(
        "MultiplicativeLR",
        "the factor of epoch 0 taken as well",
        "        if self._is_initial:\n            return lrs\n",
        "",
    ),
)
