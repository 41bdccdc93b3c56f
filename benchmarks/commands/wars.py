"""``python -m benchmarks wars``: any networks, under one budget of time."""

from __future__ import annotations

import argparse
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks import wars
from benchmarks.experiment import laboratory
from benchmarks.libraries import LIBRARIES, load
from benchmarks.training import digits
from parity.arguments import seed
from scratchnet import datasets

DESCRIPTION = """\
Train networks against one another, each for the same seconds of steps on one thread,
and list them by their accuracy on the test digits. With both sides, they train at the
same time, in a process each.
"""
EXAMPLES = f"""\
a network is written as key=value pairs, or as a [[network]] table in a TOML file:
  name           any text
  kind           {", ".join(wars.KINDS)} (default dense)
  sizes          of a dense network, from 784 to 10: 784-512-10, in TOML [784, 512, 10]
  activation     between its layers: {", ".join(wars.ACTIVATIONS)}
  channels       of a convolutional network, a block each: 8-16, in TOML [8, 16]
  optimizer      {", ".join(wars.OPTIMIZERS)} (default Adam)
  lr             learning rate (default 0.001)
  momentum       of SGD or RMSprop (default 0)
  batch_size     digits a step (default 64)

examples:
  python -m benchmarks wars
  python -m benchmarks wars --budget 10 --dataset mnist --side scratchnet
  python -m benchmarks wars --network "name=mine, sizes=784-300-100-10, lr=0.002"
  python -m benchmarks wars --only --network "name=A, sizes=784-64-10" \\
      --network "name=B, kind=convolutional, channels=8-16, optimizer=SGD, lr=0.1"
  python -m benchmarks wars --toml networks.toml --json

exit status: 0 when all were trained, 2 if the command is misused or the data cannot
be had
"""


def main(arguments: Sequence[str]) -> int:
    """Train every contender; print the table."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks wars",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--network", action="append", default=[], metavar="PAIRS", help="one more"
    )
    parser.add_argument("--toml", type=Path, metavar="FILE", help="more, from a file")
    parser.add_argument(
        "--only", action="store_true", help="leave out those that are always there"
    )
    parser.add_argument(
        "--budget", type=_seconds, default=3.0, help="seconds of each (default 3)"
    )
    parser.add_argument(
        "--dataset",
        default="mnist5k",
        choices=("mnist5k", "mnist", "fashion_mnist"),
        help="default mnist5k",
    )
    parser.add_argument("--data-dir", metavar="DIR", help="where the IDX files are")
    parser.add_argument(
        "--side", default="both", choices=(*LIBRARIES, "both"), help="default both"
    )
    parser.add_argument(
        "--seed", type=seed, default=0, help="of weights and batches (default 0)"
    )
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    options = parser.parse_args(arguments)
    try:
        contenders = enlist(options.network, options.toml, only=options.only)
        datasets.load(options.dataset, options.data_dir)
    except (ValueError, OSError, ImportError) as error:
        parser.error(str(error))
    if options.data_dir:
        os.environ["SCRATCHNET_DATA"] = options.data_dir
    sides = list(LIBRARIES) if options.side == "both" else [options.side]
    with laboratory() as pool:
        pending = [
            pool.submit(
                one_side,
                side,
                contenders,
                options.dataset,
                options.budget,
                options.seed,
            )
            for side in sides
        ]
        results = [result for future in pending for result in future.result()]
    results.sort(key=lambda result: -result["accuracy"])
    if options.json:
        print(json.dumps(results, indent=1))
    else:
        show(Console(), results)
    return 0


def enlist(pairs: list[str], file: Path | None, only: bool) -> list[wars.Contender]:
    """Return all who take part; refuse a name that two have."""
    contenders = [] if only else list(wars.DEFAULTS)
    contenders += wars.read(file) if file else []
    contenders += map(wars.contender, pairs)
    names = [contender.name for contender in contenders]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"expected one network of each name, got {', '.join(twice)}")
    if not contenders:
        raise ValueError("--only expects networks: give --network or --toml")
    return contenders


def one_side(
    side: str, contenders: list[wars.Contender], dataset: str, budget: float, seed: int
) -> list[dict[str, Any]]:
    """Train all on one side: what a process of its own does."""
    return wars.battle(load(side), contenders, digits(dataset), budget, seed)


def show(console: Console, results: list[dict[str, Any]]) -> None:
    """Print the table."""
    table = Table(box=None, header_style="bold")
    table.add_column("network")
    table.add_column("side")
    for heading in ("accuracy", "epochs", "steps", "parameters", "ms / step"):
        table.add_column(heading, justify="right")
    for row in results:
        table.add_row(
            escape(row["name"]),
            row["side"],
            f"{row['accuracy']:.2%}",
            f"{row['epochs']:.1f}",
            f"{row['steps']:,}",
            f"{row['parameters']:,}",
            f"{row['ms_per_step']:.2f}",
        )
    console.print(table)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"expected seconds above 0, got {text}")
    return value
