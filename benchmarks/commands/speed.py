"""``python -m benchmarks speed``: how long each side takes."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import figures
from benchmarks.output import add_output, folder_of
from benchmarks.speed import figure
from benchmarks.speed.layers import LIMIT
from benchmarks.speed.measure import (
    FULL,
    LEAST_SLOTS,
    QUICK,
    WORKLOADS,
    choose,
    measure,
)
from benchmarks.speed.steps import STEPS
from parity.arguments import processors, thread_count
from parity.files import write_text

DESCRIPTION = """\
Time every layer and whole training steps with scratchnet and with PyTorch, float32 on
the CPU. Each side runs in a process of its own, with as many threads as the other, and
they take turns. Prints the median ratio of a round with its 95 % interval (below 1,
scratchnet is the faster), beside torch as its users run it and at its best: fused
optimisers, channels last, torch.compile. Writes a JSON record and figures for each
number of threads, each of which takes about half an hour; --quick, the steps that have
limits, under two minutes.
"""
EXAMPLES = """\
examples:
  python -m benchmarks speed --quick
  python -m benchmarks speed --threads 1 2
  python -m benchmarks speed --only 'Conv*' 'step/LeNet*' --slots 5
  OPENBLAS_CORETYPE=SkylakeX python -m benchmarks speed --steps    # see the heading

exit status: 0 when all was timed, whatever came of it; 2 if the command is misused
"""
NARROW = """\
NumPy's OpenBLAS does not know this processor, and multiplies without its AVX-512. With
OPENBLAS_CORETYPE=SkylakeX in the environment a product may take a third of the time."""
WIDTH = 140  # of the widest table
QUICK_STEPS = [step.name for step in STEPS if step.limits]


def main(arguments: Sequence[str]) -> int:
    """Time, print, and write the records and figures."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks speed",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_common(parser)
    parser.add_argument(
        "--only",
        nargs="+",
        action="extend",
        default=[],
        metavar="PATTERN",
        help="names or patterns: Linear, 'Conv*', 'step/*'",
    )
    parser.add_argument("--steps", action="store_true", help="no layers")
    parser.add_argument("--layers", action="store_true", help="no whole steps")
    parser.add_argument(
        "--slots",
        type=at_least(LEAST_SLOTS),
        help="of each side (default 9, or 5 with --quick)",
    )
    options = parser.parse_args(arguments)
    kinds = "step" * options.steps + "layer" * options.layers or "step layer"
    names = [
        name
        for name in WORKLOADS
        if ("step" if name.startswith("step/") else "layer") in kinds
    ]
    if options.quick and not (options.only or options.layers):
        names = QUICK_STEPS
    try:
        names = choose(names, options.only)
    except LookupError as error:
        parser.error(str(error))
    plan = QUICK if options.quick else FULL
    plan = replace(plan, slots=options.slots or plan.slots)

    folder = folder_of(parser, options)
    console = wide_console(options)
    records = []
    for threads in options.threads:
        record = measure(names, threads, plan)
        records.append(record)
        stem = folder / f"speed-{threads}"
        written = json.dumps(record, indent=1, allow_nan=False) + "\n"
        write_text(stem.with_suffix(".json"), written)
        files = [stem.with_suffix(".json")]
        for kind in ("step", "layer"):
            if any(work["kind"] == kind for work in record["workloads"]):
                files.append(folder / f"speed-{threads}-{kind}s.png")
                figures.save(lambda r=record, k=kind: figure.draw(r, k), files[-1])
        show(console, record)
        console.print(f"written: {', '.join(map(str, files))}\n", highlight=False)
    if options.json:
        print(json.dumps(records, indent=1))
    return 0


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the options that `speed` and `scale` share."""
    parser.add_argument(
        "--threads",
        type=thread_count,
        nargs="+",
        default=[processors()],
        metavar="N",
        help="of each side; several make a table each (default: all processors)",
    )
    parser.add_argument("--quick", action="store_true", help="few and short slots")
    add_output(parser)
    parser.add_argument("--json", action="store_true", help="print the records instead")


def wide_console(options: argparse.Namespace) -> Console:
    """Return a console that no table is squeezed into."""
    return Console(quiet=options.json, width=max(Console().width, WIDTH))


def at_least(least: int) -> Callable[[str], int]:
    """Return the type of an option that is a whole number from `least`."""

    def number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(
                f"expected a number of at least {least}, got {value}"
            )
        return value

    return number


def show(console: Console, record: dict[str, Any]) -> None:
    """Print the machine, and a table for each kind of workload."""
    console.print(f"{about(record)}\n", highlight=False, soft_wrap=True)
    if record["sides"]["scratchnet"]["kernels_too_narrow"]:
        console.print(f"{NARROW}\n", style="yellow", highlight=False)
    for kind, draw in (("step", _steps), ("layer", _layers)):
        found = [work for work in record["workloads"] if work["kind"] == kind]
        if found:
            console.print(draw(found))
            judged = [work["met"] is True for work in found if work["limit"]]
            limit = "their limits" if kind == "step" else f"the limit of {LIMIT:g}"
            lines = [f"{sum(judged)} of {len(judged)} {kind}s meet {limit}."]
            lines *= bool(judged)  # There are none for more than two threads.
            lines += [
                f"{work['name']} is excused: {work['excuse']}."
                for work in found
                if work["excuse"] and not work["met"]
            ]
            console.print("\n".join(lines), highlight=False, end="\n\n")
    reasons = {r for work in record["workloads"] for r in work["refused"].values()}
    compiled = record["plan"]["compiled"]
    reasons |= {compiled} if isinstance(compiled, str) else set()
    for reason in sorted(reasons):
        console.print(f"torch.compile: {reason}", markup=False, highlight=False)
    console.print(
        "Medians of slots; quartiles in the record. MiB: by how much the workload "
        "raised the process's peak memory (Linux: high-water mark of the resident set "
        "since it was loaded); left out of a quick run, where one process times all. "
        "% of peak: products of matrices counted from shapes, against the machine's "
        "measured best.",
        style="dim",
        highlight=False,
    )


def about(record: dict[str, Any]) -> str:
    """Return what the figures depend on, in two lines."""
    it, sides, peak = record["environment"], record["sides"], record["machine"]
    ours, theirs = sides["scratchnet"], sides["torch"]
    return (
        f"{ours['threads']} of {it['processors']} threads for scratchnet, "
        f"{theirs['threads']} for torch, on {it['processor']}: "
        f"{peak['gflops']:.0f} GFLOP/s (float32 products), "
        f"{peak['gb_per_s']:.1f} GB/s\n"
        f"scratchnet {it['scratchnet']}, NumPy {ours['numpy']} with {ours['blas']} "
        f"({ours['kernels']} kernels), "
        f"torch {theirs['torch']}, Python {it['python']}, float32"
    )


def _table(*headings: str) -> Table:
    table = Table(box=None, header_style="bold")
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="right" if i else "left", no_wrap=True)
    return table


def interval(ratio: dict[str, float]) -> str:
    """Return a ratio and its interval.

    >>> interval({"value": 0.5, "low": 0.484, "high": 0.52})
    '0.50 [0.48, 0.52]'
    """
    return "{value:.2f} [{low:.2f}, {high:.2f}]".format(**ratio)


def _steps(found: Sequence[dict[str, Any]]) -> Table:
    table = _table(
        *("training step", "ms", "torch", "ratio \\[95 %]", "limit", ""),
        *("to torch's best", "% peak", "torch", "MiB", "torch"),
    )
    for work in found:
        ours, theirs = (work["sides"][side] for side in ("scratchnet", "torch"))
        table.add_row(
            work["name"].removeprefix("step/"),
            *(f"{1e3 * side['median']:.2f}" for side in (ours, theirs)),
            interval(work["ratio"]).replace("[", "\\["),
            f"{work['limit']:.2f}" if work["limit"] else "",
            _verdict(work),
            f"{work['ratio_to_best']['value']:.2f} ({work['best']})",
            *(f"{100 * side['fraction_of_peak']:.0f}" for side in (ours, theirs)),
            *(_mebibytes(side["peak_memory"]) for side in (ours, theirs)),
        )
    return table


def _layers(found: Sequence[dict[str, Any]]) -> Table:
    table = _table(
        *("layer", "ms", "torch", "ratio \\[95 %]", ""),
        *("forward", "backward", "MiB", "torch"),
    )
    for work in sorted(found, key=lambda work: -work["ratio"]["value"]):
        ours, theirs = (work["sides"][side] for side in ("scratchnet", "torch"))
        parts = work["ratio_of_parts"]
        table.add_row(
            work["name"],
            *(f"{1e3 * side['median']:.3f}" for side in (ours, theirs)),
            interval(work["ratio"]).replace("[", "\\["),
            "excused" if work["excuse"] and not work["met"] else _verdict(work),
            *(f"{parts[part]['value']:.2f}" for part in ("forward", "backward")),
            *(_mebibytes(side["peak_memory"]) for side in (ours, theirs)),
        )
    return table


def _mebibytes(memory: int | None) -> str:
    return "–" if memory is None else f"{memory / 2**20:.1f}"


def _verdict(work: dict[str, Any]) -> str:
    if work["limit"] is None:
        return ""
    words = {None: "unsure", True: "[green]met[/]", False: "[yellow]missed[/]"}
    return words[work["met"]]
