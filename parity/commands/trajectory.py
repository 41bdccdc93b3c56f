"""``python -m parity trajectory``: one seed, both sides train."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from parity import report
from parity.arguments import optimizer, positive, rate, seed, writable_file
from parity.files import write_text
from parity.trajectory import GATES, THRESHOLDS, Trajectory, train
from scratchnet import datasets

DESCRIPTION = """\
Train 784-128-64-10 on real digits on both sides, from one seed, and compare the losses
of every step, and every prediction at the end. For each threshold the table names the
first step at which the losses differ by more, and the tensor that differs most there.
"""
EXAMPLES = """\
examples:
  python -m parity trajectory
  python -m parity trajectory --optimizer SGD --lr 0.1 --epochs 10
  python -m parity trajectory --dataset mnist --data-dir folder/of/idx/files

exit status: 0 if both sides agree (|Δloss| at most 1e-12 in float64 and 1e-5 in
float32, no prediction different), 1 if not, 2 if the command is misused
"""


def main(arguments: Sequence[str]) -> int:
    """Train on both sides and print what they have in common."""
    parser = argparse.ArgumentParser(
        "python -m parity trajectory",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dataset", default="mnist5k", help="default mnist5k")
    parser.add_argument("--data-dir", metavar="DIR", help="where the IDX files are")
    parser.add_argument("--epochs", type=positive, default=3, help="default 3")
    parser.add_argument("--batch-size", type=positive, default=64, help="default 64")
    parser.add_argument(
        "--optimizer", type=optimizer, default="Adam", help="default Adam"
    )
    parser.add_argument("--lr", type=rate, default=1e-3, help="default 0.001")
    parser.add_argument("--seed", type=seed, default=0, help="default 0")
    parser.add_argument("--dtype", choices=GATES, help="default: both")
    parser.add_argument(
        "--json", type=writable_file, metavar="FILE", help="write the runs"
    )
    options = parser.parse_args(arguments)
    try:
        digits = datasets.load(options.dataset, options.data_dir)
    except (ValueError, OSError, ImportError) as error:
        parser.error(str(error))
    runs = []
    for dtype in [options.dtype] if options.dtype else GATES:
        steps = train(
            digits,
            dtype,
            options.optimizer,
            options.lr,
            options.batch_size,
            options.epochs,
            options.seed,
        )
        total = options.epochs * -(-len(digits.train_labels) // options.batch_size) + 1
        bar = tqdm(steps, dtype, total, leave=False, disable=None, unit="step")
        *_, found = bar
        runs.append(found)
    _show(Console(), runs, options)
    if options.json:
        found = [
            report.strict(vars(run) | {"gap": run.gap, "equal": run.equal})
            for run in runs
        ]
        text = json.dumps(found, indent=1, allow_nan=False)
        write_text(options.json, text + "\n")
    return 0 if all(run.equal for run in runs) else 1


def _show(
    console: Console, runs: Sequence[Trajectory], options: argparse.Namespace
) -> None:
    console.print(
        f"784-128-64-10 on {options.dataset}, {options.optimizer} at {options.lr:g}, "
        f"batch {options.batch_size}, {len(runs[0].losses)} steps, seed {options.seed}",
        highlight=False,
    )
    table = Table(box=None, header_style="bold")
    for heading in ("dtype", "|Δloss|", "predictions differ", "accuracy", "verdict"):
        table.add_column(heading, justify="left" if heading == "dtype" else "right")
    for run in runs:
        table.add_row(
            run.dtype,
            f"{run.gap:.1e}",
            str(run.differing),
            f"{run.accuracy:.1%}",
            "equal" if run.equal else "DIFFERENT",
            style="" if run.equal else "red",
        )
    console.print(table)
    for run in runs:
        for threshold in THRESHOLDS:
            step, tensor = run.departures.get(threshold, (None, ""))
            when = f"first at step {step}, most in {tensor}" if step else "never"
            console.print(f"{run.dtype} losses apart by {threshold:g}: {when}")
