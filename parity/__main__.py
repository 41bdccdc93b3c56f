"""``python -m parity``: the commands."""

from __future__ import annotations

import sys

from parity.terminal import run

if __name__ == "__main__":
    try:
        from parity import commands
    except ModuleNotFoundError as error:
        sys.exit(f'{error.name} is missing: pip install --editable ".[parity]"')
    sys.exit(run("parity", commands.main))
