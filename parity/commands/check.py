"""``python -m parity [NAME …]``: run the cases."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from tqdm import tqdm

from parity import engine, registry, report
from parity.arguments import seed, writable_file
from parity.case import Case, Pair
from parity.commands import trajectory
from parity.engine import Result
from parity.files import write_text
from parity.terminal import left_alone

DESCRIPTION = """\
Run every piece of scratchnet beside its PyTorch twin, and compare the last digits.

Without a NAME everything is compared, one row a layer, and a network is trained on
both sides. A NAME is a class (Linear), a file (activation) or a namespace (nn, optim)
and gives one row a case. Other commands: show, study, trajectory, judge, faults,
coverage (python -m parity show --help).
"""
EXAMPLES = """\
examples:
  python -m parity
  python -m parity Linear CrossEntropyLoss
  python -m parity activation -k "edges"
  python -m parity --json parity.json --markdown parity.md

exit status: 0 if all is equal, 1 if a case fails, 2 if the command is misused
"""

T = TypeVar("T")

#: So many cases take longer than it takes to start a process for each core.
MANY = 500


def main(arguments: Sequence[str]) -> int:
    """Compare what is named; return the exit status."""
    parser = argparse.ArgumentParser(
        "python -m parity",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to compare")
    parser.add_argument("-k", metavar="TEXT", default="", help="only cases with TEXT")
    parser.add_argument(
        "--seed", type=seed, default=0, help="of the inputs (default 0)"
    )
    parser.add_argument("--list", action="store_true", help="list the cases, run none")
    parser.add_argument(
        "--json", type=writable_file, metavar="FILE", help="write the results"
    )
    parser.add_argument(
        "--markdown", type=writable_file, metavar="FILE", help="write the table"
    )
    options = parser.parse_args(arguments)

    console = report.console()
    try:
        pairs = registry.choose(options.names) if options.names else registry.PAIRS
    except LookupError as error:
        parser.error(str(error))
    chosen = cases_of(pairs, options.k)
    if not chosen:
        parser.error(f"no case contains {options.k!r}")
    if options.list:
        for pair, case in chosen:
            print(f"{pair.namespace}.{pair.name} {case}")
        return 0

    start = time.perf_counter()
    results = list(run_on_all_cores(chosen, options.seed))
    about = report.environment(time.perf_counter() - start)
    report.show(console, results, bool(options.names or options.k), about)
    equal = all(result.passed for result in results)
    if not (options.names or options.k):
        console.print()
        equal &= trajectory.main(["--seed", str(options.seed)]) == 0
    if options.json:
        record = report.as_json(results, about) | {"passed": equal}
        text = json.dumps(record, indent=1, allow_nan=False)
        write_text(options.json, text + "\n")
    if options.markdown:
        text = report.as_markdown(results, about)
        write_text(options.markdown, text)
    return 0 if equal else 1


def cases_of(pairs: Iterable[Pair], text: str) -> list[tuple[Pair, Case]]:
    """Return the cases of `pairs` that are called something with `text`."""
    return [
        (pair, case)
        for pair in pairs
        for case in pair.cases
        if text.lower() in f"{pair.name} {case}".lower()
    ]


def run(chosen: Sequence[tuple[Pair, Case]], seed: int) -> Iterator[Result]:
    """Yield the verdict on each case, behind a progress bar."""
    for pair, case in bar(chosen):
        yield engine.check(pair, case, seed)


def run_on_all_cores(
    chosen: Sequence[tuple[Pair, Case]], seed: int
) -> Iterator[Result]:
    """Do as `run`, if the cases are many in as many processes as there are cores."""
    if len(chosen) < MANY:
        yield from run(chosen, seed)
        return
    # Cases hold functions, which cannot be sent: each process finds them by number.
    numbers = {
        (id(pair), id(case)): (i, j)
        for i, pair in enumerate(registry.PAIRS)
        for j, case in enumerate(pair.cases)
    }
    places = [numbers[id(pair), id(case)] for pair, case in chosen]
    with left_alone():
        pool = multiprocessing.get_context("spawn").Pool()
    with pool:  # Ends at once what is still at work, should there be an interrupt.
        verdicts = pool.imap(partial(verdict, seed=seed), places, chunksize=16)
        shown = bar(verdicts, len(chosen))
        for (pair, case), found in zip(chosen, shown, strict=True):
            yield Result(pair, case, seed, **found)


def verdict(place: tuple[int, int], seed: int) -> dict[str, Any]:
    """Check the case of that number of the pair of that number; return what is found.

    All of a `Result`, but for what the caller knows.
    """
    pair = registry.PAIRS[place[0]]
    found = vars(engine.check(pair, pair.cases[place[1]], seed))
    return {k: v for k, v in found.items() if k not in ("pair", "case", "seed")}


def bar(cases: Iterable[T], total: int | None = None) -> Iterable[T]:
    """Return the cases behind a progress bar."""
    shown: Iterable[T] = tqdm(cases, "", total, unit="case", leave=False, disable=None)
    return shown
