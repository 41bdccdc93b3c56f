"""What was found: a table for the terminal, JSON for machines, Markdown for pages."""

from __future__ import annotations

import math
import platform
import re
import shlex
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import scratchnet
from parity.arguments import processors
from parity.engine import Failure, Result

HEADINGS = ("cases", "float64", "float32", "torch's own", "used", "verdict")
SHOWN = 12  # failing cases in full
WIDTH = 100  # of the widest table
LEGEND = (
    "float64: worst error against torch, relative to the largest magnitude. float32: "
    "worst error against the float64 truth, beside torch's own. used: of the tolerance."
)


def environment(seconds: float) -> dict[str, Any]:
    """Return what the figures depend on: versions, processor, threads."""
    return {
        "scratchnet": scratchnet.__version__,
        "numpy": np.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processors": processors(),
        "torch_threads": torch.get_num_threads(),
        "seconds": round(seconds, 1),
    }


def console() -> Console:
    """Return a console that no table is squeezed into: pipes and panes are narrow."""
    return Console(width=max(Console().width, WIDTH))


def rows(results: Iterable[Result], each_case: bool) -> list[tuple[str, ...]]:
    """Return one row for each case, or one for each pair with its worst figures."""
    if each_case:
        return [(f"{r.pair.name} {r.case}", *_cells([r])) for r in results]
    by_pair = groupby(results, key=lambda r: r.pair.name)
    return [(name, *_cells(list(group))) for name, group in by_pair]


def _cells(results: Sequence[Result]) -> tuple[str, ...]:
    used = max(r.used for r in results)
    failed = sum(not r.passed for r in results)
    return (
        str(len(results)),
        _worst(r.float64 for r in results),
        _worst(r.float32 for r in results),
        _worst(r.torch32 for r in results),
        f"{used:.0%}" if used < 1e4 else "beyond",
        f"{failed} FAILED" if failed else "equal",
    )


def _worst(errors: Iterable[float | None]) -> str:
    known = [error for error in errors if error is not None]
    return f"{max(known):.1e}" if known else "none"


def summary(results: Sequence[Result], about: dict[str, Any]) -> str:
    """Return the closing lines."""
    failed = sum(not r.passed for r in results)
    closer, tensors = sum(r.closer for r in results), sum(r.tensors for r in results)
    in_float32 = (
        " In float32 NumPy is at least as close to the truth as torch in "
        f"{closer / tensors:.0%} of {tensors} tensors."
        if tensors
        else ""
    )
    verdict = (
        f"{failed} of {len(results)} cases FAILED"
        if failed
        else "The one case is equal"
        if len(results) == 1
        else f"All {len(results)} cases equal"
    )
    return (
        f"{verdict}, in {about['seconds']} s.{in_float32}\n"
        f"scratchnet {about['scratchnet']}, NumPy {about['numpy']}, torch "
        f"{about['torch']}, Python {about['python']}, {about['machine']}, "
        f"{about['torch_threads']} of {about['processors']} threads."
    )


def show(
    console: Console,
    results: Sequence[Result],
    each_case: bool,
    about: dict[str, Any],
    command: str = "python -m parity",
) -> None:
    """Print the table, failures with the `command` to repeat them, and the summary."""
    table = Table("case" if each_case else "layer", box=None, header_style="bold")
    for heading in HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows(results, each_case):
        style = "red" if row[-1].endswith("FAILED") else ""
        table.add_row(*map(escape, row), style=style)
    console.print(table)
    console.print(LEGEND, style="dim", highlight=False)
    failed = [result for result in results if not result.passed]
    for result in failed[:SHOWN]:
        _explain(console, result, command)
    if len(failed) > SHOWN:
        console.print(f"\n… and {len(failed) - SHOWN} more cases, all in --json FILE")
    if warned := [result.warning for result in results if result.warning]:
        console.print(
            f"\nA warning in {len(warned)} of {len(results)} cases, which by itself is "
            f"no fault: {escape(warned[0])}",
            highlight=False,
        )
    console.print(f"\n{summary(results, about)}", highlight=False)


def _explain(console: Console, result: Result, command: str) -> None:
    """Print what is wrong in one case, each tensor once, and how to repeat it."""
    case = str(result.case)
    console.print(f"\n[red]{escape(f'{result.pair.name} {case}')}[/red]")
    once: dict[str, Failure] = {}
    for failure in result.failures:
        # At an optimiser's first wrong step: the later ones follow from it.
        once.setdefault(re.sub(r"^step \d+ ", "", failure.tensor), failure)
    for failure in once.values():
        console.print(f"  {escape(str(failure))}", soft_wrap=True, highlight=False)
    again = f"{command} {result.pair.name} --seed {result.seed} -k {shlex.quote(case)}"
    console.print(f"  repeat: {escape(again)}", soft_wrap=True, highlight=False)


def as_json(results: Sequence[Result], about: dict[str, Any]) -> dict[str, Any]:
    """Return everything as plain data."""
    return {
        "environment": about,
        "passed": all(r.passed for r in results),
        "cases": [
            {
                "namespace": r.pair.namespace,
                "name": r.pair.name,
                "case": str(r.case),
                "seed": r.seed,
                "passed": r.passed,
                "float64_error": strict(r.float64),
                "float32_error": strict(r.float32),
                "torch_float32_error": strict(r.torch32),
                "differences_error": strict(r.differences),
                "tolerance_used": strict(r.used),
                "because": r.case.because,
                "warning": r.warning,
                "failures": [
                    {
                        "tensor": f.tensor,
                        "against": f.against,
                        "what": f.what,
                        "hint": f.hint,
                    }
                    for f in r.failures
                ],
            }
            for r in results
        ],
    }


def as_markdown(results: Sequence[Result], about: dict[str, Any]) -> str:
    """Return the table, one row a layer, and the summary."""
    lines = ["| layer | " + " | ".join(HEADINGS) + " |", "|---" + "|---:" * 6 + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows(results, each_case=False)]
    return "\n".join([*lines, "", summary(results, about), ""])


def strict(value: Any) -> Any:
    """Return what JSON can hold: it has no infinity and no NaN, they go by name."""
    if isinstance(value, dict):
        return {key: strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [strict(item) for item in value]
    odd = isinstance(value, float) and not math.isfinite(value)
    return str(value) if odd else value
