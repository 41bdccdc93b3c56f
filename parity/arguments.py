"""Arguments that several commands take, refused before any work is done."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from scratchnet import optim


def positive(text: str) -> int:
    """Return a whole number above 0."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a positive number, got {value}")
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
    """Return a file that can be written: its folder is there."""
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"expected a file in a folder, got {text}")
    return path


def writable_folder(text: str) -> Path:
    """Return a folder that is there or can be made."""
    path = Path(text)
    there = next(each for each in (path, *path.parents) if each.exists())
    if not there.is_dir():
        raise argparse.ArgumentTypeError(f"expected a folder, {there} is a file")
    return path
