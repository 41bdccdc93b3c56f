"""Several schedules: one after the other, or all at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from parity.case import Fault, call
from parity.course import (
    BY_ITSELF,
    Rates,
    Schedule,
    Twin,
    on,
    pair,
    schedule,
)
from parity.optim.lr_scheduler import cosine, cycle, decay, function, plateau, warmup


def twin_of(described: Schedule, lr: float, base: float) -> Rates:
    twin = TWINS[described.name]
    return twin(lr, base, *described.init.args, **described.init.kwargs)


def sequential_lr(
    lr: float, base: float, schedules: Sequence[Schedule], milestones: Sequence[int]
) -> Rates:
    t = 0
    for each, end in zip(schedules, (*milestones, math.inf), strict=True):
        rates = twin_of(each, base, base)
        lr = next(rates)
        while True:
            lr = yield lr
            t += 1
            if t == end:
                break
            lr = rates.send(lr)


def chained_scheduler(lr: float, base: float, schedules: Sequence[Schedule]) -> Rates:
    chain, momentum = [], None
    for each in schedules:
        chain.append(twin_of(each, lr, base))
        lr, momentum = parts(next(chain[-1]), momentum)
    while True:
        lr = yield lr if momentum is None else (lr, momentum)
        for rates in chain:
            lr, momentum = parts(rates.send(lr), momentum)


def parts(given: Any, momentum: Any) -> tuple[float, Any]:
    """Return rate and momentum, the momentum as it was where none is given."""
    return given if isinstance(given, tuple) else (given, momentum)


TWINS: dict[str, Twin] = {
    found.name: found.twin
    for module in (function, decay, warmup, cosine, cycle, plateau)
    for found in module.PAIRS
}
TWINS |= {"SequentialLR": sequential_lr, "ChainedScheduler": chained_scheduler}

WAVES = schedule("CosineAnnealingLR", 11, eta_min=0.01)
STEPS = schedule("StepLR", 9, gamma=0.5)
WARMUP = schedule("LinearLR", 0.1, total_iters=6)

PAIRS = (
    pair(
        "SequentialLR",
        sequential_lr,
        *on(
            BY_ITSELF,
            call((WARMUP, WAVES, STEPS), milestones=(6, 33)),
            call((WAVES,), ()),
            call((STEPS, WARMUP), (59,)),
            call((WARMUP, STEPS), (1,)),
        ),
    ),
    pair(
        "ChainedScheduler",
        chained_scheduler,
        *on(
            BY_ITSELF,
            call((WARMUP, WAVES, STEPS)),
            call((STEPS,)),
            call((WAVES, WAVES)),
        ),
    ),
)

FAULTS = (
    Fault(
        "SequentialLR",
        "the first step of every schedule left standing",
        "        self._undo_initial_step()\n        first",
        "        first",
    ),
    Fault(
        "SequentialLR",
        "a milestone late",
        "k = bisect_right(self._milestones, self.last_epoch)",
        "k = bisect_right(self._milestones, self.last_epoch - 1)",
    ),
    Fault(
        "SequentialLR",
        "the next schedule starts from the rate of the one before",
        "scheduler._update_lr(0)",
        "scheduler.step()",
    ),
    Fault(
        "SequentialLR",
        "the rates not put back to where the first schedule starts",
        'group["lr"] = group["initial_lr"]',
        'group["lr"] = group["lr"]',
    ),
    Fault(
        "ChainedScheduler",
        "only the last schedule steps",
        "for scheduler in self._schedulers:\n            scheduler.step()",
        "for scheduler in self._schedulers[-1:]:\n            scheduler.step()",
    ),
)
