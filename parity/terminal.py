"""Running a command as a process: what a shell sees of it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

INTERRUPTED = 130  # what shells say of Ctrl-C


def run(package: str, main: Callable[[Sequence[str]], int]) -> int:
    """Run a command, and end quietly where nobody waits for the rest."""
    for stream in (sys.stdout, sys.stderr):
        # Not every pipe and terminal has a Δ; none shall cost the result.
        stream.reconfigure(errors="replace")
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # Of ``| head``: let Python's last flush find a reader.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:  # A full disk, say: no fault of the program's.
        print(f"python -m {package}: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    return status


@contextmanager
def left_alone() -> Iterator[None]:
    """Let the processes that are started meanwhile be deaf to Ctrl-C from the first.

    A terminal sends it to all of them: it is for the one that started them.
    """
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
