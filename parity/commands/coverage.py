"""``python -m parity coverage``: what of torch is here?"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table

from parity.arguments import writable_file
from parity.coverage import COMPLETE, PUBLIC, Name, survey
from parity.files import write_text

DESCRIPTION = """\
List every public name of torch.nn, torch.nn.init, torch.optim and
torch.optim.lr_scheduler: present, left out (and why), or missing. A name is present if
scratchnet has it and compares it with torch.
"""
EXAMPLES = """\
examples:
  python -m parity coverage
  python -m parity coverage optim optim.lr_scheduler
  python -m parity coverage --json coverage.json

exit status: 0 if nothing is missing where all is said to be there, 1 if something is,
2 if the command is misused
"""


def main(arguments: Sequence[str]) -> int:
    """Print what is there and what is not; return the exit status."""
    parser = argparse.ArgumentParser(
        "python -m parity coverage",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAMESPACE", help="only these")
    parser.add_argument(
        "--json", type=writable_file, metavar="FILE", help="write the list"
    )
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in PUBLIC]:
        parser.error(f"{unknown[0]!r} is none of {', '.join(PUBLIC)}")
    names = [name for space in options.names or PUBLIC for name in survey(space)]
    console = Console()
    for namespace, found in groupby(names, key=lambda name: name.namespace):
        _show(console, namespace, list(found))
    if options.json:
        text = json.dumps([vars(name) for name in names], indent=1)
        write_text(options.json, text + "\n")
    broken = any(n.status == "missing" and n.namespace in COMPLETE for n in names)
    return 1 if broken else 0


def _show(console: Console, namespace: str, names: Sequence[Name]) -> None:
    present = [name.name for name in names if name.status == "present"]
    console.print(
        f"torch.{namespace}: {len(present)} of {len(names)} names present",
        style="bold",
        highlight=False,
    )
    console.print(", ".join(present), highlight=False)
    table = Table(box=None, show_header=False)
    for name in names:
        if name.status != "present":
            style = "red" if name.status == "missing" else ""
            table.add_row(name.status, name.name, name.why, style=style)
    console.print(table)
    console.print()
