"""``python -m parity judge FILE``: your own layers, in place of ours."""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import json
import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from parity import registry, report
from parity.case import Pair
from parity.commands import check

DESCRIPTION = """\
Judge layers, losses or optimisers of your own, by the cases that ours must pass.

Every class in FILE that has the name of one of ours (Linear, CrossEntropyLoss, Adam)
takes its place. What is wrong is said with the tensor, the element, both values and,
where the mistake has left its mark, a guess at it.
"""
EXAMPLES = """\
examples:
  python -m parity judge homework.py
  python -m parity judge homework.py Linear --json verdict.json
  python -m parity judge homework.py -k "no batch"

exit status: 0 if all is equal, 1 if a case fails, 2 if FILE holds nothing to judge
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
    parser.add_argument("--seed", type=int, default=0, help="of the inputs (default 0)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results")
    options = parser.parse_args(arguments)
    if options.seed < 0:
        parser.error("--seed expects a number that is not negative")
    try:
        candidates = load(options.file)
    except Exception as error:
        parser.error(f"{options.file}: {type(error).__name__}: {error}")
    if options.names:
        candidates = {n: c for n, c in candidates.items() if n in options.names}
    pairs = [pair for pair in registry.PAIRS if pair.name in candidates]
    if not pairs:
        parser.error(f"{options.file} holds no class with the name of one of ours")
    for pair in pairs:
        base = family(pair)
        if not issubclass(candidates[pair.name], base):
            parser.error(
                f"{options.file}: class {pair.name} expects to be made from "
                f"scratchnet.{pair.namespace}.{base.__name__}"
            )
    chosen = check.cases_of(pairs, options.k)
    if not chosen:
        parser.error(f"no case contains {options.k!r}")
    start = time.perf_counter()
    with in_place_of_ours(pairs, candidates):
        results = list(check.run(chosen, options.seed))
    about = report.environment(time.perf_counter() - start)
    command = f"python -m parity judge {shlex.quote(str(options.file))}"
    report.show(Console(), results, True, about, command)
    if options.json:
        text = json.dumps(report.as_json(results, about), indent=1)
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0 if all(result.passed for result in results) else 1


def load(path: Path) -> dict[str, type]:
    """Run a source file; return the classes that it defines."""
    spec = importlib.util.spec_from_file_location("judged", path)
    if spec is None or spec.loader is None:
        raise ValueError("expected a Python source file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    classes = inspect.getmembers(module, inspect.isclass)
    return {name: c for name, c in classes if c.__module__ == "judged"}


def family(pair: Pair) -> type:
    """Return what all of its kind are made from: Module, Optimizer, LRScheduler."""
    ours = getattr(registry.owner(pair), pair.name)
    return ours.__mro__[-2]  # The last one is object.


@contextmanager
def in_place_of_ours(
    pairs: Sequence[Pair], candidates: dict[str, type]
) -> Iterator[None]:
    """Let `candidates` stand in scratchnet for the classes of the same name."""
    owners = {pair.name: registry.owner(pair) for pair in pairs}
    ours = {name: getattr(owner, name) for name, owner in owners.items()}
    try:
        for name, owner in owners.items():
            setattr(owner, name, candidates[name])
        yield
    finally:
        for name, owner in owners.items():
            setattr(owner, name, ours[name])
