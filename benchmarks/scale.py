"""How the cost grows: one axis at a time, on both sides, and the exponents fitted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from tqdm import tqdm

from benchmarks.speed import machine
from benchmarks.speed.bench import SIDES, Workload
from benchmarks.speed.layers import Layer
from benchmarks.speed.measure import Plan, in_turn, ratio
from benchmarks.speed.steps import ADAM, LABELS, SGD, Step
from benchmarks.worker import workers
from parity.case import call, integers, normal, uniform

Record = dict[str, Any]

FULL = Plan(slots=7, seconds=0.2)
QUICK = Plan(slots=5, seconds=0.02)
LARGEST = 4  # sizes that an exponent is fitted to

#: Student's t, two-sided 95 %, by degrees of freedom.
STUDENT = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45}


@dataclass(frozen=True)
class Axis:
    """What grows, in which network or layer, and through which sizes."""

    name: str
    what: str
    sizes: tuple[int, ...]
    work: Callable[[int], Workload]

    def rungs(self, quick: bool) -> tuple[int, ...]:
        """Return the sizes: fewer and smaller in a quick run."""
        return self.sizes[: LARGEST + 1] if quick else self.sizes


def step(*model: Any, batch: int = 64) -> Step:
    """Return a training step of a network that reads digits."""
    digits, labels = uniform(batch, 1, 28, 28), integers(batch, high=10)
    return Step("step", call(*model), (digits,), labels, SGD)


AXES = {
    axis.name: axis
    for axis in (
        Axis(
            "batch",
            "training step of 784-128-64-10",
            (16, 32, 64, 128, 256, 512, 1024, 2048),
            lambda n: step("perceptron", 784, 128, 64, 10, batch=n),
        ),
        Axis(
            "width",
            "training step of 784-w-w-10",
            (64, 128, 256, 512, 1024, 2048),
            lambda w: step("perceptron", 784, w, w, 10),
        ),
        Axis(
            "depth",
            "training step, layers of 128",
            (1, 2, 4, 8, 16, 32, 64),
            lambda d: step("perceptron", 784, *[128] * d, 10),
        ),
        Axis(
            "channels",
            "3×3 convolution of 16×16, batch 32",
            (4, 8, 16, 32, 64, 128),
            lambda c: Layer(
                "Conv2d", call(c, c, 3, padding=1), call(normal(32, c, 16, 16))
            ),
        ),
        Axis(
            "side",
            "3×3 convolution, 16 channels, batch 16",
            (8, 16, 32, 64, 128),
            lambda s: Layer(
                "Conv2d", call(16, 16, 3, padding=1), call(normal(16, 16, s, s))
            ),
        ),
        Axis(
            "length",
            "training step of an LSTM, 128 units",
            (8, 16, 32, 64, 128, 256),
            lambda n: Step(
                "step",
                call("recurrent", "LSTM", 128),
                (uniform(64, n, 28),),
                LABELS,
                ADAM,
            ),
        ),
        Axis(
            "attention",
            "self-attention over a length, width 64, batch 8",
            (16, 32, 64, 128, 256, 512),
            lambda n: Layer(
                "MultiheadAttention",
                call(64, 4, batch_first=True),
                call(*[normal(8, n, 64)] * 3, need_weights=False),
            ),
        ),
    )
}


def find(name: str) -> Workload:
    """Return the workload of a name, ``batch/64``."""
    axis, _, size = name.partition("/")
    return AXES[axis].work(int(size))


def measure(names: Sequence[str], threads: int, quick: bool) -> Record:
    """Measure along axes, on so many threads; return the record."""
    plan = QUICK if quick else FULL
    found: dict[str, Record] = {}
    total = sum(len(AXES[name].rungs(quick)) for name in names)
    with (
        tqdm(total=total, unit="size", leave=False, disable=None) as bar,
        workers(threads, dict(SIDES), threads, find) as running,
    ):
        versions = {side: worker.ask("versions") for side, worker in running.items()}
        for name in names:
            sizes = AXES[name].rungs(quick)
            seconds: dict[str, list[float]] = {side: [] for side in SIDES}
            ratios = []
            for size in sizes:
                bar.set_postfix_str(f"{name} {size}")
                for worker in running.values():
                    worker.ask("load", f"{name}/{size}", plan.seconds)
                slots = in_turn(running, plan.slots)
                totals = {s: [time["total"] for time in slots[s]] for s in SIDES}
                for side, times in totals.items():
                    seconds[side].append(float(np.median(times)))
                ratios.append(ratio(totals["scratchnet"], totals["torch"]))
                bar.update()
            found[name] = summary(AXES[name].what, sizes, seconds, ratios)
    return {
        "threads": threads,
        "plan": {"slots": plan.slots, "seconds": plan.seconds},
        "environment": machine.environment(),
        "sides": versions,
        "axes": found,
    }


def summary(
    what: str,
    sizes: Sequence[int],
    seconds: dict[str, list[float]],
    ratios: Sequence[dict[str, float]],
) -> Record:
    """Return exponents and the verdict of one axis.

    Which side's cost grows faster is told by the ratios of rounds: what slowed the
    machine meanwhile slowed both.
    """
    exponents = {side: exponent(sizes, times) for side, times in seconds.items()}
    apart = exponent(sizes, [each["value"] for each in ratios])
    return {
        "what": what,
        "sizes": list(sizes),
        "seconds": seconds,
        "ratios": list(ratios),
        "exponents": exponents,
        "difference": apart,
        "grows_faster": apart["value"] > apart["uncertainty"],
    }


def exponent(
    sizes: ArrayLike, costs: ArrayLike, largest: int = LARGEST
) -> dict[str, float]:
    """Fit cost = a·sizeᵖ to the largest sizes; return p and its uncertainty.

    Least squares of log cost upon log size. The uncertainty is half the interval that
    holds p in 19 of 20 cases (Student's t), from how far the costs lie off the line.

    >>> round(exponent([1, 2, 4, 8], [3, 12, 48, 192])["value"], 6)
    2.0
    """
    x, y = (np.log(np.asarray(v, float)[-largest:]) for v in (sizes, costs))
    x, y = x - x.mean(), y - y.mean()
    p = float(x @ y / (x @ x))
    freedom = len(x) - 2
    error = float(np.sqrt(np.sum((y - p * x) ** 2) / freedom / (x @ x)))
    return {"value": p, "uncertainty": STUDENT[freedom] * error}
