"""``python -m benchmarks experiments``: what there is to run."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table

from benchmarks import experiments
from benchmarks.experiment import question

DESCRIPTION = """\
List the experiments: the questions that five student and teaching projects raised, and
some of our own. `python -m benchmarks run NAME` runs one.
"""
EXAMPLES = """\
examples:
  python -m benchmarks experiments
  python -m benchmarks experiments --json

exit status: 0, or 2 if the command is misused
"""


def main(arguments: Sequence[str]) -> int:
    """Print the list."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks experiments",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print the list as JSON")
    options = parser.parse_args(arguments)
    modules = {name: experiments.load(name) for name in experiments.NAMES}
    if options.json:
        rows = [
            {"name": name, "document": module.DOCUMENT, "question": question(module)}
            for name, module in modules.items()
        ]
        print(json.dumps(rows, indent=1))
        return 0
    table = Table(box=None, show_header=False)
    for document, group in groupby(modules.items(), lambda item: item[1].DOCUMENT):
        table.add_row(f"[bold]{document}[/]")
        for name, module in group:
            table.add_row(f"  {name}", question(module))
    Console().print(table)
    return 0
