"""``python -m parity faults``: is every mistake caught?"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table
from tqdm import tqdm

from parity import registry, report
from parity.fault import caught_by

DESCRIPTION = """\
Test the suite itself: put mistakes of the kind that learners make into scratchnet, one
at a time, and name the case that catches each.
"""
EXAMPLES = """\
examples:
  python -m parity faults
  python -m parity faults Linear Adam

exit status: 0 if every mistake is caught, 1 if one goes unseen, 2 if misused
"""


def main(arguments: Sequence[str]) -> int:
    """Inject the faults; print what caught them; return the exit status."""
    parser = argparse.ArgumentParser(
        "python -m parity faults",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these layers")
    options = parser.parse_args(arguments)
    try:
        pairs = registry.choose(options.names) if options.names else registry.PAIRS
    except LookupError as error:
        parser.error(str(error))
    names = {pair.name for pair in pairs}
    faults = [fault for fault in registry.FAULTS if fault.pair in names]
    if not faults:
        parser.error(f"no mistakes are listed for {', '.join(options.names)}")
    table = Table("layer", "mistake", "caught by the case", "in", box=None)
    unseen = 0
    for fault in tqdm(faults, unit="fault", leave=False, disable=None):
        result = caught_by(fault)
        unseen += result is None
        if result is None:
            table.add_row(fault.pair, escape(fault.what), "nothing", "", style="red")
        else:
            tensor = result.failures[0].tensor
            caught = map(escape, (fault.what, str(result.case), tensor))
            table.add_row(fault.pair, *caught)
    console = report.console()
    console.print(table)
    console.print(f"\n{len(faults) - unseen} of {len(faults)} mistakes caught")
    return 1 if unseen else 0
