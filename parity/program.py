"""How a program of several commands ends, whatever ends it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

INTERRUPTED = 130  # what shells say of Ctrl-C


def run(main: Callable[[Sequence[str]], int], name: str) -> int:
    """Run a command; return the exit status, with a line for what went wrong."""
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # Of ``| head``: let Python's last flush find a reader.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:  # A full disk, say: no fault of the program's.
        print(f"python -m {name}: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    return status
