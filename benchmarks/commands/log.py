"""``python -m benchmarks log``: all recorded experiments in one table."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.experiment import UNUSABLE

DESCRIPTION = """\
Sum up the records that `python -m benchmarks run` wrote: one line an experiment, with
how its findings compare with what was published.
"""
EXAMPLES = """\
examples:
  python -m benchmarks log
  python -m benchmarks log --records results/quick
  python -m benchmarks log --json

exit status: 0, or 2 if the command is misused, there are no records, or one cannot be
read
"""


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks log",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--records",
        type=Path,
        default=Path("results"),
        metavar="DIR",
        help="default results",
    )
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    options = parser.parse_args(arguments)
    files = sorted(options.records.glob("experiment-*.json"))
    if not files:
        parser.error(f"{options.records} has no experiment-*.json")
    rows = []
    for file in files:
        try:
            rows.append(summary(file))
        except UNUSABLE as error:
            parser.error(f"{file} is no record of an experiment: {error!r}")
    if options.json:
        print(json.dumps(rows, indent=1))
    else:
        show(Console(), rows)
    return 0


def summary(file: Path) -> dict[str, Any]:
    """Return the row of a record."""
    record = json.loads(file.read_text(encoding="utf-8"))
    return {
        "experiment": str(record["experiment"]),
        "document": str(record["document"]),
        "dataset": str(record["config"].get("dataset", "")),
        "quick": bool(record.get("quick")),
        "seconds": float(record["environment"]["seconds"]),
        "date": date.fromtimestamp(file.stat().st_mtime).isoformat(),
        "verdicts": dict(Counter(found["verdict"] for found in record["findings"])),
    }


def show(console: Console, rows: Sequence[dict[str, Any]]) -> None:
    """Print a line for each row."""
    table = Table(box=None, header_style="bold")
    for heading in (
        "experiment",
        "document",
        "dataset",
        "run",
        "s",
        "date",
        "findings",
    ):
        table.add_column(heading, justify="right" if heading == "s" else "left")
    for row in rows:
        verdicts = ", ".join(f"{n} {name}" for name, n in row["verdicts"].items())
        words = (row["experiment"], row["document"], row["dataset"] or "none")
        table.add_row(
            *map(escape, words),
            "quick" if row["quick"] else "full",
            f"{row['seconds']:.0f}",
            row["date"],
            escape(verdicts),
        )
    console.print(table, highlight=False)
