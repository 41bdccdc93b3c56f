"""Rates that rise before they fall."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from parity.case import Case, Fault, call
from parity.course import (
    ADAM,
    BY_ITSELF,
    CARRIED,
    CHAINED,
    EVERYWHERE,
    GROUPS,
    Course,
    Rates,
    on,
    pair,
)
from parity.optim.lr_scheduler.cosine import height
from parity.optim.lr_scheduler.function import fading, harmonic


def cyclic_lr(
    lr: float,
    base: float,
    base_lr: float,
    max_lr: float,
    step_size_up: int = 2000,
    step_size_down: int | None = None,
    mode: str = "triangular",
    gamma: float = 1.0,
    scale_fn: Callable[[float], float] | None = None,
    scale_mode: str = "cycle",
    cycle_momentum: bool = True,
    base_momentum: float = 0.8,
    max_momentum: float = 0.9,
) -> Rates:
    up, down = step_size_up, step_size_down or step_size_up
    for t in count():
        cycle, x = divmod(t, up + down)
        if scale_fn:
            scale = scale_fn(cycle + 1 if scale_mode == "cycle" else t)
        else:
            scale = {
                "triangular": 1.0,
                "triangular2": 0.5**cycle,
                "exp_range": gamma**t,
            }[mode]
        scale *= x / up if x <= up else (up + down - x) / down
        lr = base_lr + (max_lr - base_lr) * scale
        momentum = max_momentum - (max_momentum - base_momentum) * scale
        yield (lr, momentum) if cycle_momentum else lr


def one_cycle_lr(
    lr: float,
    base: float,
    max_lr: float,
    total_steps: int | None = None,
    epochs: int = 0,
    steps_per_epoch: int = 0,
    pct_start: float = 0.3,
    anneal_strategy: str = "cos",
    cycle_momentum: bool = True,
    base_momentum: float = 0.85,
    max_momentum: float = 0.95,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
) -> Rates:
    steps = total_steps or epochs * steps_per_epoch
    first = max_lr / div_factor
    # At which step, what rate and what momentum: between them it is eased.
    rise = pct_start * steps
    stations = [(0.0, first, max_momentum), (rise - 1, max_lr, base_momentum)]
    if three_phase:
        stations += [(2 * rise - 2, first, max_momentum)]
    stations += [(steps - 1, first / final_div_factor, max_momentum)]
    for t in range(steps + 1):
        k = next((k for k, (end, *_) in enumerate(stations) if k and t <= end), -1)
        (start, *left), (end, *right) = stations[k - 1], stations[k]
        part = (t - start) / (end - start)
        part = 1 - height(part, 1) if anneal_strategy == "cos" else part
        lr, momentum = (a + (b - a) * part for a, b in zip(left, right, strict=True))
        yield (lr, momentum) if cycle_momentum else lr


ONCE = Course("to the last step", epochs=50)

PAIRS = (
    pair(
        "CyclicLR",
        cyclic_lr,
        *on(EVERYWHERE, call(0.01, 0.2, 6, 9, cycle_momentum=False)),
        *on((*BY_ITSELF, CHAINED, ADAM), call(0.01, 0.2, step_size_up=7)),
        *on(
            (CARRIED,),
            call(0.01, 0.2, 4, 3, mode="triangular2"),
            call(0.01, 0.2, 4, mode="exp_range", gamma=0.97),
            call(0.01, 0.2, 4, scale_fn=fading),
            call(0.01, 0.2, 4, scale_fn=harmonic, scale_mode="iterations"),
        ),
        Case(
            call(
                [0.01, 0.1, 1e-5],
                [0.2, 0.3, 1.0],
                8,
                base_momentum=[0.1, 0.2, 0.3],
                max_momentum=[0.7, 0.8, 0.9],
            ),
            call(GROUPS),
        ),
    ),
    pair(
        "OneCycleLR",
        one_cycle_lr,
        *on((*BY_ITSELF, CHAINED, ADAM), call(0.3, total_steps=61)),
        *on(
            (CARRIED,),
            call(0.3, epochs=7, steps_per_epoch=9, pct_start=0.4),
            call(0.3, total_steps=60, anneal_strategy="linear"),
            call(0.3, total_steps=60, three_phase=True, pct_start=0.25),
            call(0.3, total_steps=60, cycle_momentum=False),
            call(0.3, 60, div_factor=5.0, final_div_factor=10.0, max_momentum=0.99),
        ),
        Case(call(0.3, total_steps=50), call(ONCE)),
        Case(
            call([0.2, 0.3, 1.0], 60, base_momentum=[0.1, 0.2, 0.3]),
            call(GROUPS),
        ),
    ),
)

FAULTS = (
    Fault(
        "CyclicLR", "cycles counted from 0", "c = math.floor(1 + t / T)", "c = t // T"
    ),
    Fault(
        "CyclicLR",
        "momentum rises with the rate",
        "high - (high - low) * h * s, self.use_beta1",
        "low + (high - low) * h * s, self.use_beta1",
    ),
    Fault(
        "CyclicLR",
        "height kept from cycle to cycle",
        "1 / 2 ** (x - 1) if",
        "1.0 if",
    ),
    Fault(
        "CyclicLR",
        "the fall as steep as the rise",
        "h = x / r if x <= r else (x - 1) / (r - 1)",
        "h = min(x, 1 - x) / r",
    ),
    Fault(
        "OneCycleLR",
        "an epoch off",
        "p = (t - t_a) / (phase",
        "p = (t + 1 - t_a) / (phase",
    ),
    Fault(
        "OneCycleLR",
        "the last rate a fraction of the highest, not of the first",
        'group["min_lr"] = group["initial_lr"] / final_div_factor',
        'group["min_lr"] = lr / final_div_factor',
    ),
    Fault(
        "OneCycleLR",
        "lines in place of cosines",
        'if self._anneal_func_type == "cos":',
        'if self._anneal_func_type == "cosine":',
    ),
    Fault(
        "OneCycleLR",
        "the second of Adam's betas",
        'group["betas"] = (momentum, *group["betas"][1:])',
        'group["betas"] = (group["betas"][0], momentum)',
    ),
)
