"""``python -m benchmarks``: the commands."""

from __future__ import annotations

import sys

from benchmarks import commands

INTERRUPTED = 130  # what shells say of Ctrl-C

if __name__ == "__main__":
    try:
        sys.exit(commands.main(sys.argv[1:]))
    except OSError as error:  # A full disk, say: no fault of the program's.
        print(f"python -m benchmarks: error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
