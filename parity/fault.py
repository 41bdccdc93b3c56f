"""The suite itself is tested: mistakes put in on purpose, each to be caught.

A `Fault` is one replaced piece of scratchnet's source. While it is `injected`, every
user of the function runs the wrong code; the source files stay as they are.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType, ModuleType
from typing import Any

from parity import engine, registry
from parity.case import Fault
from parity.engine import Result


@contextmanager
def injected(fault: Fault) -> Iterator[None]:
    """Let scratchnet run the wrong code.

    Raises
    ------
    ValueError
        If the right text does not occur exactly once, or no function changes.
    """
    (pair,) = registry.choose([fault.pair])
    piece = getattr(registry.owner(pair), pair.name)
    module = importlib.import_module(fault.module or piece.__module__)
    source = inspect.getsource(module)
    if (times := source.count(fault.right)) != 1:
        raise ValueError(f"{fault.what}: {fault.right!r} occurs {times} times")
    mutant = ModuleType(module.__name__)
    code = compile(source.replace(fault.right, fault.wrong), "<fault>", "exec")
    exec(code, vars(mutant))
    right, wrong = dict(_functions(module)), dict(_functions(mutant))
    changed = {
        function: wrong[name].__code__
        for name, function in right.items()
        if not _same(function.__code__, wrong[name].__code__)
    }
    if not changed:
        raise ValueError(f"{fault.what}: no function changes")
    kept = {function: function.__code__ for function in changed}
    try:
        # Code alone is exchanged, so that super() and every importer stay in place.
        for function, replacement in changed.items():
            function.__code__ = replacement
        yield
    finally:
        for function, original in kept.items():
            function.__code__ = original


def caught_by(fault: Fault, seed: int = 0) -> Result | None:
    """Return the first case that judges the fault wrong, if there is one.

    A case that ends in anything but a refusal (a ValueError) has judged nothing: the
    fault may be no mistake, but broken Python. First every case is judged in float64
    alone: a third of the work, and enough for every mistake listed so far.
    """
    (pair,) = registry.choose([fault.pair])
    with injected(fault):
        results = (
            engine.check(pair, case, seed, float64_alone)
            for float64_alone in (True, False)
            for case in pair.cases
        )
        return next(filter(_judged, results), None)


def _judged(result: Result) -> bool:
    return any(
        failure.against != engine.CRASH or failure.what.startswith("ValueError")
        for failure in result.failures
    )


def _functions(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    """Yield the functions and methods that `module` itself defines."""
    for name, member in vars(module).items():
        if getattr(member, "__module__", None) != module.__name__:
            continue
        members = vars(member).items() if inspect.isclass(member) else [("", member)]
        for attribute, value in members:
            function = _plain(value)
            if isinstance(function, FunctionType):
                yield f"{name}.{attribute}", function


def _plain(value: Any) -> Any:
    if isinstance(value, property):
        return value.fget
    # Past decorators, to the function whose code is its own.
    return inspect.unwrap(getattr(value, "__func__", value))


def _same(a: CodeType, b: CodeType) -> bool:
    consts = len(a.co_consts) == len(b.co_consts) and all(
        _same(x, y) if isinstance(x, CodeType) and isinstance(y, CodeType) else x == y
        for x, y in zip(a.co_consts, b.co_consts, strict=True)
    )
    return consts and (a.co_code, a.co_names, a.co_varnames) == (
        b.co_code,
        b.co_names,
        b.co_varnames,
    )
