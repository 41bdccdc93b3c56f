"""Arguments that several commands take, refused before any work is done."""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path
from tempfile import TemporaryFile

from scratchnet import optim

SEEDS = 2**63


def positive(text: str) -> int:
    """Return a whole number above 0."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a positive number, got {value}")
    return value


def thread_count(text: str) -> int:
    """Return a number of threads: one for each processor, or fewer.

    Of more, OpenBLAS starts no more than there are processors, and torch all of them:
    the two would not be measured alike.
    """
    value, most = positive(text), processors()
    if value > most:
        raise argparse.ArgumentTypeError(
            f"expected no more threads than the {most} processors, got {value}"
        )
    return value


def processors() -> int:
    """Return how many processors this process may use.

    In a container, under ``taskset`` or a batch system they are fewer than there are.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def seed(text: str) -> int:
    """Return a seed that NumPy and torch both take."""
    value = int(text)
    if not 0 <= value < SEEDS:
        raise argparse.ArgumentTypeError(
            f"expected a seed from 0 to 2**63 - 1, got {value}"
        )
    return value


def rate(text: str) -> float:
    """Return a learning rate: a number that is neither negative nor infinite."""
    value = float(text)
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError(f"expected a learning rate, got {text}")
    return value


def optimizer(text: str) -> str:
    """Return the name of an optimiser that steps without a closure."""
    known = [name for name in optim.__all__ if hasattr(getattr(optim, name), "step")]
    if text not in known:
        raise argparse.ArgumentTypeError(f"scratchnet.optim has no {text}")
    if text in ("LBFGS", "Optimizer"):
        raise argparse.ArgumentTypeError(f"expected one that steps alone, got {text}")
    return text


def writable_file(text: str) -> Path:
    """Return a file that can be written: its folder is there, nothing forbids it."""
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"expected a file in a folder, got {text}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text} cannot be written to")
    return path


def made(parser: argparse.ArgumentParser, folder: Path) -> Path:
    """Make a folder, and see that files can be written there; refuse it otherwise."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        parser.error(f"{folder} cannot be written to: {error}")
    return folder
