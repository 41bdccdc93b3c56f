"""``python -m parity``: the commands."""

from __future__ import annotations

import sys

from parity import commands

if __name__ == "__main__":
    sys.exit(commands.main(sys.argv[1:]))
