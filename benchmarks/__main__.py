"""``python -m benchmarks``: the commands."""

from __future__ import annotations

import sys

from parity.terminal import run

if __name__ == "__main__":
    try:
        from benchmarks import commands
    except ModuleNotFoundError as error:
        sys.exit(f'{error.name} is missing: pip install --editable ".[bench]"')
    sys.exit(run("benchmarks", commands.main))
