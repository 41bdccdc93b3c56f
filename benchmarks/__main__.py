"""``python -m benchmarks``: the commands."""

from __future__ import annotations

import sys

from benchmarks import commands

if __name__ == "__main__":
    sys.exit(commands.main(sys.argv[1:]))
