"""The commands of ``python -m parity``, one a file."""

from __future__ import annotations

from collections.abc import Sequence

from parity.commands import check, coverage, faults, judge, show, study, trajectory

COMMANDS = {
    "show": show,
    "study": study,
    "trajectory": trajectory,
    "judge": judge,
    "faults": faults,
    "coverage": coverage,
}


def main(arguments: Sequence[str]) -> int:
    """Run a command; without the name of one, compare the layers named."""
    if arguments and arguments[0] in COMMANDS:
        return COMMANDS[arguments[0]].main(arguments[1:])
    return check.main(arguments)
