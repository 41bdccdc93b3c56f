"""An experiment: a module that says what was claimed, and tests it on both sides.

Each module of `benchmarks.experiments` has

- a docstring, whose first line is the question,
- ``DOCUMENT``, the one that it answers,
- ``Config``, a frozen dataclass of all that decides it, with ``FULL`` and ``QUICK``,
- ``run(library, config)``, one side, which returns what JSON can hold and arrays,
- ``conclude(config, sides)``, a list of `Finding`,
- ``draw(config, sides)``, a figure,

where ``sides`` has what ``run`` returned, under the names of both libraries.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from multiprocessing import active_children, get_context
from types import ModuleType
from typing import Any, Literal

import numpy as np
from tqdm import tqdm

from benchmarks import libraries
from benchmarks.worker import ignore_interrupts, pinned
from parity import report

LAB_REPORT = "Lab report"
PROBLEM_SET = "Problem set"
DIY_DNN = "diy-dnn"
NN_FROM_SCRATCH = "NN from scratch"
NOTEBOOK = "Teaching notebook"
OUR_OWN = "our own"

Sides = dict[str, Any]

#: What may be raised by reading a record from a file that holds none.
UNUSABLE = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
    OverflowError,
)


@dataclass(frozen=True)
class Finding:
    """A published figure beside ours, and what is to be thought of it.

    `published` is "none" where the question is ours or no figure was given.
    """

    claim: str
    published: str
    ours: str
    verdict: Literal["confirmed", "refuted", "explained"]


def verdict(holds: bool) -> Literal["confirmed", "refuted"]:
    """Return what to call a claim that holds, or does not."""
    return "confirmed" if holds else "refuted"


def explained(holds: bool) -> Literal["explained", "refuted"]:
    """Return what to call an explanation that holds, or does not."""
    return "explained" if holds else "refuted"


def question(module: ModuleType) -> str:
    """Return the first line of the docstring."""
    return (module.__doc__ or "").partition("\n")[0]


@contextmanager
def laboratory() -> Iterator[ProcessPoolExecutor]:
    """Start a process for each side, on one thread: the two run at the same time."""
    context = get_context("spawn")
    with (
        pinned(1),
        ProcessPoolExecutor(
            len(libraries.LIBRARIES),
            mp_context=context,
            initializer=begin,
            initargs=(context.RLock(),),
        ) as pool,
    ):
        try:
            yield pool
        except KeyboardInterrupt:  # The pool would wait for what it has begun.
            for process in active_children():
                process.kill()
            raise


def begin(lock: Any) -> None:
    """Begin a process of the laboratory: all bars share one lock."""
    ignore_interrupts()
    tqdm.set_lock(lock)


def perform(
    module: ModuleType, config: Any, pool: ProcessPoolExecutor
) -> dict[str, Any]:
    """Run an experiment on both sides at once; return its record."""
    start = time.perf_counter()
    pending = {
        side: pool.submit(one_side, module.__name__, side, config)
        for side in libraries.LIBRARIES
    }
    sides = {side: future.result() for side, future in pending.items()}
    return {
        "experiment": module.__name__.rpartition(".")[2],
        "question": question(module),
        "document": module.DOCUMENT,
        "config": asdict(config),
        "quick": config != module.FULL,
        "environment": report.environment(time.perf_counter() - start),
        "sides": sides,
        "findings": [asdict(found) for found in module.conclude(config, sides)],
    }


def one_side(module: str, side: str, config: Any) -> dict[str, Any]:
    """Run one side of an experiment; return results as they will be read from JSON."""
    results = import_module(module).run(libraries.load(side), config)
    return json.loads(json.dumps(plain(results), allow_nan=False))


def plain(value: Any) -> Any:
    """Return what strict JSON can hold: arrays as lists, NaN and infinity as None.

    >>> plain({"loss": np.array([1.0, np.nan])})
    {'loss': [1.0, None]}
    """
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
