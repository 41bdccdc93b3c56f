"""The folder that a command writes to: made before the work, or refused."""

from __future__ import annotations

import argparse
from pathlib import Path

from parity.arguments import made


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add the options of a command whose quick runs are kept apart."""
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="default results, or results/quick with --quick",
    )


def folder_of(parser: argparse.ArgumentParser, options: argparse.Namespace) -> Path:
    """Return the folder to write to, made."""
    default = Path("results", *["quick"] * options.quick)
    return made(parser, options.output or default)
