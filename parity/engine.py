"""Runs one case on every side, and judges what comes back.

float64: scratchnet against the twin and against stock torch, and the twin against
stock torch, so that no reference is taken on trust. A layer of scratchnet has then been
called once before, on other numbers: nothing of that call may be left. float32:
scratchnet and stock torch, each against the float64 truth. Central differences:
scratchnet's backward pass against its own forward pass.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

import scratchnet as sn
from parity import measure
from parity.case import Array, Case, Pair
from parity.diagnosis import diagnose, diagnose_error
from parity.measure import Difference
from parity.sides import initializer, layer, optimizer, scheduler
from parity.sides.tree import doubled

SIDES: dict[str, ModuleType] = {
    "nn": layer,
    "nn.init": initializer,
    "optim": optimizer,
    "optim.lr_scheduler": scheduler,
}
DIRECTIONS = 3
TRIES = 3
DRAWS = 32
#: Against what a case fails that ends in an error.
CRASH = "running at all"


class Stopped(BaseException):
    """Raised in what runs on and on; no Exception, which it might catch."""


@dataclass(frozen=True)
class Failure:
    """One thing that is wrong, and where."""

    against: str
    tensor: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f"\n    {self.hint}" if self.hint else ""
        return f"{self.tensor}, against {self.against}: {self.what}{hint}"


@dataclass
class Result:
    """The verdict on one case.

    Attributes
    ----------
    float64 : float or None
        Worst error of scratchnet against twin and stock torch; None where nothing
        was compared.
    float32, torch32 : float or None
        Worst float32 errors against the float64 truth: scratchnet's and torch's own;
        None where there is no float32.
    differences : float or None
        Worst error of central differences; None where they do not apply.
    used : float
        The largest part of any tolerance that was used: above 1 fails.
    closer, tensors : int
        In how many of how many tensors scratchnet's float32 is at least as close to
        the truth as torch's.
    failures : list of Failure
    warning : str
        The first warning, if warnings are let pass.
    """

    pair: Pair
    case: Case
    seed: int
    float64: float | None = None
    float32: float | None = None
    torch32: float | None = None
    differences: float | None = None
    used: float = 0.0
    closer: int = 0
    tensors: int = 0
    failures: list[Failure] = field(default_factory=list)
    warning: str = ""

    @property
    def passed(self) -> bool:
        """Whether every gate held."""
        return not self.failures

    def gate(self, error: float, allowed: float) -> bool:
        """Note how much of a tolerance was used; say whether it held."""
        used = error / allowed
        self.used = max(self.used, used if used == used else np.inf)
        return used <= 1


def check(
    pair: Pair,
    case: Case,
    seed: int = 0,
    float64_alone: bool = False,
    warnings_fail: bool = True,
) -> Result:
    """Run `case` on every side and judge it.

    Ours may not warn, unless warnings do not fail; what torch warns of is its affair.
    """
    result = Result(pair, case, seed)
    try:
        with (
            warnings.catch_warnings(record=not warnings_fail) as caught,
            torch.enable_grad(),  # What is judged may have switched it off.
        ):
            warnings.simplefilter("error" if warnings_fail else "always")
            warnings.filterwarnings("ignore", module="torch")
            _check_float64(result)
            # Where something is missing, all that follows would say so once more.
            if not float64_alone and result.used < np.inf:
                _check_float32(result)
                _check_differences(result)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # Whatever is judged may raise.
        failure = Failure(CRASH, "case", described(error), diagnose_error(error))
        result.failures.append(failure)
        result.used = np.inf
    if caught:
        _note_warning(result, caught[0])
    return result


def _note_warning(result: Result, warning: warnings.WarningMessage) -> None:
    """Note the first warning, with every failure too: it may have led there."""
    where = f"{Path(warning.filename).name}, line {warning.lineno}"
    result.warning = f"{warning.message} ({where})"
    result.failures = [
        replace(failure, hint=f"{failure.hint} Warned: {result.warning}.".lstrip())
        for failure in result.failures
    ]


def described(error: BaseException) -> str:
    """Return what an error is called, says and where it arose."""
    try:
        said = str(error)
    except Exception:
        said = "an error that cannot say what it is"
    return f"{type(error).__name__}: {said}{place(error)}"


def place(error: BaseException) -> str:
    """Return where an error arose in what is judged, if it passed through there.

    Else where in scratchnet; and nothing if it is a judgement of parity's own.
    """
    frames = traceback.extract_tb(error.__traceback__)
    parity, ours = (
        f"{Path(module.__file__).parent}{os.sep}" for module in (measure, sn)
    )
    others = (parity, ours, sys.prefix, sys.base_prefix, "<frozen")
    for frame in reversed(frames):
        if not frame.filename.startswith(others):
            return f" ({frame.name}, line {frame.lineno})"
    last = frames[-1]
    if last.filename.startswith((parity, "<frozen")):
        return ""
    return f" ({last.name}, line {last.lineno} of {Path(last.filename).name})"


def _check_float64(result: Result) -> None:
    pair, case = result.pair, result.case
    side = SIDES[pair.namespace]
    numbers = side.draw(pair, case, pair.rng(case, result.seed))
    ours = side.run_numpy(pair, case, numbers, np.float64)
    stock = side.run_stock(pair, case, numbers, np.float64)
    twin = side.run_twin(pair, case, numbers, np.float64)
    allowed = _allowed(result)
    for who, against, a, b in (
        ("", "stock torch", ours, stock),
        ("", "the torch twin", ours, twin),
        ("the twin's ", "stock torch", twin, stock),
    ):
        scales = _Scales(side)
        for name, mine, theirs in _matched(result, against, a, b):
            difference = measure.compare(mine, theirs, scale=scales(name, theirs))
            if a is ours:
                result.float64 = max(result.float64 or 0.0, difference.error)
            if not result.gate(difference.error, allowed):
                hint = diagnose(mine, theirs)
                failure = Failure(against, who + name, str(difference), hint)
                result.failures.append(failure)
    if result.failures and (hint := _diagnose_by_runs(result, numbers, ours, stock)):
        result.failures = [replace(failure, hint=hint) for failure in result.failures]


def _diagnose_by_runs(
    result: Result, numbers: Any, ours: dict[str, Array], stock: dict[str, Array]
) -> str:
    """Return what other runs say of the mistake, or an empty string."""
    side = SIDES[result.pair.namespace]
    again = side.run_numpy(result.pair, result.case, numbers, np.float64)
    if not all(
        name in again and np.array_equal(array, again[name], equal_nan=True)
        for name, array in ours.items()
    ):
        return (
            "Two runs from one seed differ: what is random is to be drawn from "
            "scratchnet.random.default_generator, and nothing to be kept outside self."
        )
    if _right_on_a_new_layer(result, numbers, stock):
        return "On a new layer this is right: something of an earlier call is kept."
    if _deaf(result, numbers, ours):
        return "Whatever grad_output is, backward returns the same: multiply by it."
    return ""


def _deaf(result: Result, numbers: Any, ours: dict[str, Array]) -> bool:
    """Whether the gradients stay the same when those that come in are doubled."""
    if getattr(numbers, "upstream", None) is None:
        return False
    twice = replace(numbers, upstream=doubled(numbers.upstream))
    again = SIDES[result.pair.namespace].run_numpy(
        result.pair, result.case, twice, np.float64
    )
    grads = [name for name in ours if name.startswith("grad") and ours[name].any()]
    return bool(grads) and all(np.array_equal(ours[n], again[n]) for n in grads)


def _right_on_a_new_layer(
    result: Result, numbers: Any, stock: dict[str, Array]
) -> bool:
    """Whether all would be equal if no other call had come before."""
    if getattr(numbers, "earlier", None) is None:
        return False
    side = SIDES[result.pair.namespace]
    alone = replace(numbers, earlier=None)
    ours = side.run_numpy(result.pair, result.case, alone, np.float64)
    allowed, scales = _allowed(result), _Scales(side)
    return ours.keys() <= stock.keys() and all(
        measure.compare(ours.get(name), theirs, scale=scales(name, theirs)).error
        <= allowed
        for name, theirs in stock.items()
    )


def _allowed(result: Result) -> float:
    """Return the float64 gate of a case."""
    return result.case.tolerance or measure.float64_gate(result.pair.namespace)


def _check_float32(result: Result) -> None:
    pair, case = result.pair, result.case
    side = SIDES[pair.namespace]
    if not (case.float32 and getattr(side, "FLOAT32", True)):
        return
    rng = pair.rng(case, result.seed)
    worst: dict[str, tuple[Difference, str]] = {}
    torch_worst: dict[str, float] = {}
    wrong = {failure.tensor for failure in result.failures}
    # On few numbers torch may be exact by luck: what fails is judged on more draws,
    # unless float64 has found it wrong.
    for _ in range(DRAWS):
        numbers = side.draw(pair, case, rng).rounded()
        ours = side.run_numpy(pair, case, numbers, np.float32)
        stock = side.run_stock(pair, case, numbers, np.float32)
        truth = _truth(side, pair, case, numbers)
        scales = _Scales(side)
        for name, mine, theirs in _matched(
            result, "stock torch in float32", ours, stock
        ):
            if mine.dtype != theirs.dtype:
                what = f"expected {theirs.dtype}, got {mine.dtype}"
                result.failures.append(Failure("stock torch in float32", name, what))
            scale = scales(name, truth[name])
            torch_error = measure.compare(theirs, truth[name], False, scale).error
            difference = measure.compare(mine, truth[name], False, scale)
            result.torch32 = max(result.torch32 or 0.0, torch_error)
            if torch_error > measure.FLOAT32_ASTRAY:
                # Four times that would let anything pass: ours is held to the truth
                # or to torch's own float32, whichever is nearer.
                as_torch = measure.compare(mine, theirs, False, scale)
                difference = min(difference, as_torch, key=lambda d: d.error)
                torch_error = measure.FLOAT32_FLOOR
            pool = _pool(side, name)
            torch_worst[pool] = max(torch_worst.get(pool, 0.0), torch_error)
            if pool not in worst or not difference.error <= worst[pool][0].error:
                worst[pool] = difference, name
            result.tensors += 1
            result.closer += difference.error <= torch_error
        if all(
            difference.error <= measure.float32_gate(torch_worst[pool]) or name in wrong
            for pool, (difference, name) in worst.items()
        ):
            break
    result.float32 = max((d.error for d, _ in worst.values()), default=0.0)
    result.torch32 = result.torch32 or 0.0
    for pool, (difference, name) in worst.items():
        allowed = measure.float32_gate(torch_worst[pool])
        if not result.gate(difference.error, allowed):
            what = f"{difference}; torch's own float32 error is {torch_worst[pool]:.2e}"
            result.failures.append(Failure("the float64 truth in float32", name, what))


def _truth(side: ModuleType, pair: Pair, case: Case, numbers: Any) -> dict[str, Array]:
    """Return the float64 truth: stock torch's, unless the side knows a better one."""
    if hasattr(side, "truth"):
        return side.truth(pair, case, numbers)
    return side.run_stock(pair, case, numbers, np.float64)


def _check_differences(result: Result) -> None:
    pair, case = result.pair, result.case
    side = SIDES[pair.namespace]
    if not (case.differences and hasattr(side, "differences")):
        return
    rng = pair.rng(case, result.seed)
    # A bend that is crossed, or terms that cancel, are the luck of a draw; a mistake is
    # there in each.
    for _ in range(TRIES):
        numbers = side.draw(pair, case, rng, edges=False)
        error, shown = side.differences(pair, case, numbers, rng, DIRECTIONS)
        if error <= measure.DIFFERENCES_GATE:
            break
    result.differences = error
    if not result.gate(error, measure.DIFFERENCES_GATE):
        failure = Failure("central differences", "gradients", shown)
        result.failures.append(failure)


def _pool(side: ModuleType, name: str) -> str:
    """Return what an array is judged with: itself, unless the side says otherwise."""
    return side.pool(name) if hasattr(side, "pool") else name


class _Scales:
    """The largest magnitude of each array so far, with those that it is pooled with.

    What was large carries the rounding errors of its size wherever it goes.
    """

    def __init__(self, side: ModuleType) -> None:
        self.side = side
        self.largest: dict[str, float] = {}

    def __call__(self, name: str, array: Array) -> float:
        pool = _pool(self.side, name)
        self.largest[pool] = max(self.largest.get(pool, 0.0), measure.magnitude(array))
        return self.largest[pool]


def _matched(
    result: Result, against: str, ours: dict[str, Array], theirs: dict[str, Array]
) -> Iterator[tuple[str, Array, Array]]:
    """Yield what both sides have; what one alone has is a failure."""
    for name in {**theirs, **ours}:
        if name in ours and name in theirs:
            yield name, ours[name], theirs[name]
        # Where torch has no gradient, ours may be zero.
        elif name in theirs or np.any(ours[name]):
            expected, came = (_shape(side.get(name)) for side in (theirs, ours))
            what = f"expected {expected}, got {came}"
            result.failures.append(Failure(against, name, what))
            result.used = np.inf


def _shape(array: Array | None) -> str:
    return "none" if array is None else f"an array of shape {np.shape(array)}"
