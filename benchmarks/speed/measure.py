"""Slots in turn, and what is made of them: medians, ratios, intervals, records."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from tqdm import tqdm

from benchmarks.speed import layers, machine
from benchmarks.speed.bench import COMPILED, SIDES, TUNED, Bench, Step, Workload
from benchmarks.speed.layers import LAYERS
from benchmarks.speed.steps import STEPS
from benchmarks.worker import Worker, workers

Record = dict[str, Any]

WORKLOADS: dict[str, Workload] = {work.name: work for work in (*STEPS, *LAYERS)}
RESAMPLES = 2000
#: Of each side. From five on an interval called 95 % is one, nearly: of five rounds the
#: fastest and the slowest hold the median 15 times in 16, of three only 3 times in 4.
LEAST_SLOTS = 5


@dataclass(frozen=True)
class Plan:
    """How carefully to measure.

    Parameters
    ----------
    slots : int
        Of each side.
    seconds : float
        The length of a slot.
    compiled : bool
        Whether `torch.compile` takes part.
    fresh : bool
        Whether each workload gets processes of its own, which take seconds to start and
        to end. Only in these can its memory be told from that of the others.
    """

    slots: int = 9
    seconds: float = 0.3
    compiled: bool = True
    fresh: bool = True


FULL = Plan()
QUICK = Plan(slots=5, seconds=0.1, compiled=False, fresh=False)


def find(name: str) -> Workload:
    """Return the workload of this name."""
    return WORKLOADS[name]


def choose(names: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """Return the names that match any of the patterns, all if there are none.

    Raises
    ------
    LookupError
        If a pattern matches nothing.
    """
    names = list(names)
    for pattern in patterns:
        if not any(fnmatch(name, pattern) for name in names):
            raise LookupError(f"no workload matches {pattern!r}")
    return [n for n in names if not patterns or any(fnmatch(n, p) for p in patterns)]


def measure(names: Sequence[str], threads: int, plan: Plan) -> Record:
    """Measure workloads on so many threads; return the record."""
    results, peaks = [], []
    staying = SIDES if plan.fresh else SIDES | TUNED
    with workers(threads, staying, threads, find) as idle:
        versions = {side: idle[side].ask("versions") for side in SIDES}
        for name in (bar := tqdm(names, unit="workload", leave=False, disable=None)):
            bar.set_postfix_str(name)
            if not peaks or isinstance(find(name), Step):
                peaks += [idle[side].ask("peaks") for side in SIDES]
            sides = sides_of(find(name), plan)
            if plan.fresh:
                taking_part = workers(threads, sides, threads, find)
            else:
                taking_part = nullcontext({side: idle[side] for side in sides})
            with taking_part as running:
                results.append(one(name, threads, plan, running))
    best = {key: max(peak[key] for peak in peaks) for key in peaks[0]}
    for work in results:
        for side in work["sides"].values() if work["flops"] else ():
            reached = 1e-9 * work["flops"] / side["median"]
            side["fraction_of_peak"] = reached / best["gflops"]
    return {
        "threads": threads,
        "plan": vars(plan) | {"compiled": compiling(plan)},
        "environment": machine.environment(),
        "sides": versions,
        "machine": best,
        "workloads": results,
    }


def sides_of(work: Workload, plan: Plan) -> dict[str, type[Bench]]:
    """Return who takes part: torch's best only in whole steps."""
    if not isinstance(work, Step):
        return SIDES
    return SIDES | TUNED | (COMPILED if compiling(plan) is True else {})


def one(name: str, threads: int, plan: Plan, running: dict[str, Worker]) -> Record:
    """Measure one workload on every side; return its record."""
    work = find(name)
    refused: dict[str, str] = {}
    for side, worker in list(running.items()):
        try:
            worker.ask("load", name, plan.seconds)
        except Exception as error:  # torch.compile may fail in any way it likes.
            if side not in COMPILED:
                raise
            refused[side] = f"{type(error).__name__}: {error}"[:300]
            running.pop(side).close()
    slots = in_turn(running, plan.slots)
    memory = {s: w.ask("memory") if plan.fresh else None for s, w in running.items()}
    flops = running["torch"].ask("flops", name) if isinstance(work, Step) else None
    return summary(work, threads, slots, memory, flops) | {"refused": refused}


def in_turn(
    running: dict[str, Worker], slots: int
) -> dict[str, list[dict[str, float]]]:
    """Return the times of each side, which take their slots A B A B."""
    times: dict[str, list[dict[str, float]]] = {side: [] for side in running}
    for _ in range(slots):
        for side, worker in running.items():
            times[side].append(worker.ask("slot"))
    return times


def summary(
    work: Workload,
    threads: int,
    slots: dict[str, list[dict[str, float]]],
    memory: dict[str, int | None],
    flops: int | None,
) -> Record:
    """Return the record of one workload."""
    columns = {
        side: {part: [slot[part] for slot in times] for part in times[0]}
        for side, times in slots.items()
    }
    ours, theirs = columns["scratchnet"], columns["torch"]
    medians = {side: float(np.median(c["total"])) for side, c in columns.items()}
    best = min((side for side in columns if side != "scratchnet"), key=medians.get)
    is_step = isinstance(work, Step)
    limit = work.limit(threads) if is_step else layers.LIMIT
    ratios = {part: ratio(ours[part], theirs[part]) for part in ours}
    total = ratios.pop("total")
    return {
        "name": work.name,
        "kind": "step" if is_step else "layer",
        "sides": {
            side: {
                "slots": c,
                "median": medians[side],
                "quartiles": np.quantile(c["total"], [0.25, 0.75]).tolist(),
                "peak_memory": memory[side],
            }
            for side, c in columns.items()
        },
        "ratio": total,
        "ratio_of_parts": ratios,
        "best": best,
        "ratio_to_best": ratio(ours["total"], columns[best]["total"]),
        "flops": flops,
        "limit": limit,
        "excuse": layers.excuse(work.name, threads),
        "met": met(total, limit),
    }


def met(found: dict[str, float], limit: float | None) -> bool | None:
    """Whether a ratio is within its limit; None if there is none, or none can tell.

    >>> [met({"low": 0.4, "high": high}, 0.5) for high in (0.45, 0.6)]
    [True, None]
    """
    if limit is None or found["low"] <= limit < found["high"]:
        return None
    return found["high"] <= limit


def ratio(ours: ArrayLike, theirs: ArrayLike, seed: int = 0) -> dict[str, float]:
    """Return the median ratio of a round, and the interval that holds it in 19 of 20.

    The sides of a round ran one after the other: what makes a machine slow for seconds
    slows both. The rounds are drawn again with replacement (a bootstrap).
    """
    rounds = np.asarray(ours) / np.asarray(theirs)
    rng = np.random.default_rng(seed)
    drawn = np.median(rng.choice(rounds, (RESAMPLES, len(rounds))), axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {
        "value": float(np.median(rounds)),
        "low": float(low),
        "high": float(high),
    }


def compiling(plan: Plan) -> bool | str:
    """Return whether `torch.compile` takes part, or why it does not."""
    if not plan.compiled:
        return "left out of a quick run"
    if not any(map(shutil.which, ("c++", "g++", "clang++"))):
        return "no C++ compiler was found"
    return True
