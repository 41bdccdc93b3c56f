"""``python -m parity judge FILE``: your own layers, in place of ours."""

from __future__ import annotations

import argparse
import inspect
import json
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from parity import engine, registry, report
from parity.arguments import positive, seed, writable_file
from parity.case import Pair
from parity.commands import check
from parity.files import write_text

#: The name of the module that is made of the file.
JUDGED = "judged"
DESCRIPTION = """\
Judge layers, losses or optimisers of your own, by the cases that ours must pass.

Every class in FILE that has the name of one of ours (Linear, CrossEntropyLoss, Adam)
takes its place, one after the other. What is wrong is said with the tensor, the
element, both values and, where the mistake has left its mark, a guess at it. Random
masks are drawn as ours are, from scratchnet.random.default_generator. How parameters
start is not judged: both sides are given the same. Nor is a warning, where the numbers
are right. What runs on and on is stopped, where the system has an alarm (not on
Windows). FILE is run, and can do all that Python can: judge what you do not trust in a
sandbox, and believe the printed verdict only.
"""
EXAMPLES = """\
a FILE, for example:
  from scratchnet import nn

  class ReLU(nn.ReLU):                      # or nn.Module, with ours' arguments
      def forward(self, input):
          self.save_for_backward(input > 0)
          return input * (input > 0)

      def backward(self, grad_output):
          (positive,) = self.saved_for(grad_output)
          return grad_output * positive

a layer's own weights: self.weight = nn.Parameter(array) in __init__, and in backward
self.weight.accumulate_grad(gradient)

examples:
  python -m parity judge homework.py
  python -m parity judge homework.py Linear --json verdict.json
  python -m parity judge homework.py -k "no batch"
  python -m parity judge homework.py --timeout 5

exit status: 0 if all is equal, 1 if a case fails, 2 if FILE does not hold what is to
be judged
"""


def main(arguments: Sequence[str]) -> int:
    """Judge a file; return the exit status."""
    parser = argparse.ArgumentParser(
        "python -m parity judge",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="Python source")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these classes")
    parser.add_argument("-k", metavar="TEXT", default="", help="only cases with TEXT")
    parser.add_argument(
        "--seed", type=seed, default=0, help="of the inputs (default 0)"
    )
    parser.add_argument(
        "--timeout",
        type=positive,
        default=60,
        metavar="SECONDS",
        help="of a case, and of FILE to be read (default 60)",
    )
    parser.add_argument(
        "--json", type=writable_file, metavar="FILE", help="write the results"
    )
    options = parser.parse_args(arguments)
    try:
        wanted = registry.choose(options.names) if options.names else registry.PAIRS
        with stopped_after(options.timeout), unset_is_nan():
            candidates = load(options.file)
    except LookupError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # Whatever the file raises.
        parser.error(f"{options.file}: {engine.described(error)}")
    pairs = [pair for pair in wanted if pair.name in candidates and is_class(pair)]
    for name in options.names:
        if not any(pair in pairs for pair in registry.choose([name])):
            parser.error(f"{options.file} holds no class {name}")
    if not pairs:
        held = f" ({', '.join(candidates)})" if candidates else ""
        parser.error(
            f"{options.file} holds no class{held} with the name of one of ours"
        )
    for pair in pairs:
        try:
            expect_something_to_judge(pair, candidates[pair.name])
        except ValueError as error:
            parser.error(f"{options.file}: {error}")
    chosen = check.cases_of(pairs, options.k)
    if not chosen:
        parser.error(f"no case contains {options.k!r}")
    for pair, case in {pair.namespace: (pair, case) for pair, case in chosen}.values():
        # What torch loads at its first use is not the learner's time.
        engine.check(pair, case, options.seed, float64_alone=True)
    start = time.perf_counter()
    results: list[engine.Result] = []
    stopped: list[Pair] = []
    for pair, case in check.bar(chosen):
        if pair in stopped:
            continue
        began = time.perf_counter()
        with (
            in_place_of_ours(pair, candidates[pair.name]),
            stopped_after(options.timeout),
            unset_is_nan(),
        ):
            results.append(engine.check(pair, case, options.seed, warnings_fail=False))
        if time.perf_counter() - began >= options.timeout:
            stopped.append(pair)
    about = report.environment(time.perf_counter() - start)
    command = f"python -m parity judge {shlex.quote(str(options.file))}"
    report.show(report.console(), results, True, about, command)
    if options.json:
        text = json.dumps(report.as_json(results, about), indent=1)
        write_text(options.json, text + "\n")
    return 0 if all(result.passed for result in results) else 1


def load(path: Path) -> dict[str, type]:
    """Run a source file, as Python runs a script; return the classes that it defines.

    It finds the modules beside it, and no arguments.
    """
    # Not by an import, which may take what it compiled of an earlier file of that name.
    code = compile(path.read_bytes(), str(path), "exec")
    module = ModuleType(JUDGED)
    module.__file__ = str(path)
    sys.modules[JUDGED] = module
    sys.path.insert(0, str(path.resolve().parent))
    arguments, sys.argv = sys.argv, [str(path)]
    try:
        exec(code, vars(module))
    finally:
        sys.argv = arguments
    classes = inspect.getmembers(module, inspect.isclass)
    return {name: c for name, c in classes if c.__module__ == JUDGED}


def is_class(pair: Pair) -> bool:
    """Whether it is a class that is compared, and no function."""
    return isinstance(getattr(registry.owner(pair), pair.name), type)


def family(pair: Pair) -> type:
    """Return what all of its kind are made from: Module, Optimizer, LRScheduler."""
    ours = getattr(registry.owner(pair), pair.name)
    return ours.__mro__[-2]  # The last one is object.


def expect_something_to_judge(pair: Pair, candidate: type) -> None:
    """Refuse a class of another kind, or one that does nothing of its own.

    Judged is what has the name of something that ours does; how it is made and shown
    is not.
    """
    base, ours = family(pair), getattr(registry.owner(pair), pair.name)
    if not issubclass(candidate, base):
        raise ValueError(
            f"class {pair.name} expects to be made from "
            f"scratchnet.{pair.namespace}.{base.__name__}"
        )
    theirs = (object, *ours.__mro__)
    own = {n for base in candidate.__mro__ if base not in theirs for n in vars(base)}
    done = {n for n in own if not n.startswith("__")} | own & {"__call__"}
    if done.isdisjoint({*dir(ours)} - {"extra_repr"}):
        meant = [get_close_matches(name, dir(ours), 1, 0.75) for name in sorted(done)]
        guess = "".join(f"; is {m[0]} meant?" for m in meant[:1] if m)
        raise ValueError(f"class {pair.name} defines nothing of what ours does{guess}")


@contextmanager
def in_place_of_ours(pair: Pair, candidate: type) -> Iterator[None]:
    """Let `candidate` stand in scratchnet for the class of the same name."""
    owner = registry.owner(pair)
    ours = getattr(owner, pair.name)
    try:
        setattr(owner, pair.name, candidate)
        yield
    finally:
        setattr(owner, pair.name, ours)


@contextmanager
def stopped_after(seconds: int) -> Iterator[None]:
    """Raise Stopped in what runs for longer, if the system has an alarm."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: object) -> None:
        raise engine.Stopped(f"after {seconds} s, and nothing more is tried")

    before = signal.signal(signal.SIGALRM, stop)
    # Again every second, should the code that is stopped catch the first.
    signal.setitimer(signal.ITIMER_REAL, seconds, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def unset_is_nan() -> Iterator[None]:
    """Let what np.empty makes hold NaN: by chance it might hold what is expected."""

    def with_nan(make: Callable[..., Any]) -> Callable[..., Any]:
        def made(*args: Any, **kwargs: Any) -> Any:
            array = make(*args, **kwargs)
            if array.dtype.kind == "f":
                array.fill(np.nan)
            return array

        return made

    makers = np.empty, np.empty_like
    try:
        np.empty, np.empty_like = map(with_nan, makers)
        yield
    finally:
        np.empty, np.empty_like = makers
