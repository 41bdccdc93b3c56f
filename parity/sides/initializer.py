"""An initialiser: what one seed fills a tensor with, and what the stream gives next.

The inputs of a case are the shape of the tensor; `calculate_gain` has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike

import scratchnet as sn
from parity.case import Array, Case, Pair

Trace = dict[str, Array]


@dataclass(frozen=True)
class Numbers:
    """The seed that every side starts from."""

    seed: int

    def rounded(self) -> Numbers:
        """Return the same: float32 holds no seeds."""
        return self


def draw(
    pair: Pair, case: Case, rng: np.random.Generator, edges: bool = True
) -> Numbers:
    """Draw a seed."""
    return Numbers(int(rng.integers(2**31)))


def run_numpy(pair: Pair, case: Case, numbers: Numbers, dtype: DTypeLike) -> Trace:
    """Fill a Parameter of scratchnet's."""
    # By name, at each run: whoever replaces a function in sn.nn.init has it judged.
    function = getattr(sn.nn.init, pair.name)
    if not case.inputs.args:
        return _gain(function, case)
    (shape,) = case.inputs.args
    # Linear's weight lies transposed in memory: so does this.
    tensor = sn.nn.Parameter(np.full(shape[::-1], np.nan, dtype).T)
    sn.manual_seed(numbers.seed)
    function(tensor, *case.init.args, **case.init.kwargs)
    return {"tensor": tensor.data, "next number": sn.rand(1)}


def run_stock(pair: Pair, case: Case, numbers: Numbers, dtype: DTypeLike) -> Trace:
    """Fill a tensor with torch's own function."""
    return _run_torch(getattr(torch.nn.init, pair.name), case, numbers, dtype)


def run_twin(pair: Pair, case: Case, numbers: Numbers, dtype: DTypeLike) -> Trace:
    """Compute in float64 what the tensor should hold, from torch's draws in `dtype`."""
    return _run_torch(pair.twin, case, numbers, dtype)


def truth(pair: Pair, case: Case, numbers: Numbers) -> Trace:
    """Return what a float32 tensor should hold.

    Numbers drawn in float64 are others altogether, so stock torch cannot say.
    """
    return run_twin(pair, case, numbers, np.float32)


def _run_torch(function: Any, case: Case, numbers: Numbers, dtype: DTypeLike) -> Trace:
    if not case.inputs.args:
        return _gain(function, case)
    (shape,) = case.inputs.args
    torch.manual_seed(numbers.seed)
    tensor = torch.from_numpy(np.full(shape, np.nan, dtype))
    tensor = function(tensor, *case.init.args, **case.init.kwargs)
    return {"tensor": tensor.numpy(), "next number": torch.rand(1).numpy()}


def _gain(function: Any, case: Case) -> Trace:
    return {"gain": np.array(function(*case.init.args, **case.init.kwargs), float)}
