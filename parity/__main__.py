"""``python -m parity``: the commands."""

from __future__ import annotations

import os
import sys

from parity import commands


def run() -> int:
    """Run a command, and end quietly where nobody waits for the rest."""
    try:
        status = commands.main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # Of ``| head``: let Python's last flush find a reader.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:  # A full disk, say: no fault of the program's.
        print(f"python -m parity: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return status


if __name__ == "__main__":
    sys.exit(run())
