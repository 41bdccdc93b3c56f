"""``python -m benchmarks mnist``: the same network, trained on both sides."""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

import scratchnet
from benchmarks import figures
from benchmarks.experiment import plain
from benchmarks.sides import SIDES, Epoch, Recipe, gap
from benchmarks.worker import workers
from parity.arguments import (
    made,
    optimizer,
    positive,
    processors,
    rate,
    seed,
    thread_count,
)
from parity.files import write_text
from scratchnet import datasets

DESCRIPTION = """\
Train a dense network on MNIST with scratchnet and with PyTorch: one seed, the same
batches in the same order. Prints the test accuracy of each, how far their losses and
predictions are apart, and what an epoch and a step cost. Each side runs in a process
of its own, an epoch at a time in turn, on the same number of threads. Writes a JSON
record and a figure of both loss curves.
"""
EXAMPLES = """\
examples:
  python -m benchmarks mnist
  python -m benchmarks mnist --dataset mnist --epochs 5 --threads 1
  python -m benchmarks mnist --optimizer SGD --lr 0.1 --dtype float64 --json

exit status: 0 when both sides were trained, 2 if the command is misused or the data
cannot be had
"""


def main(arguments: Sequence[str]) -> int:
    """Train, print, and write the record and the figure."""
    default = Recipe()
    parser = argparse.ArgumentParser(
        "python -m benchmarks mnist",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--dataset",
        default=default.dataset,
        choices=("mnist5k", "mnist", "fashion_mnist"),
        help="mnist5k (the default) needs no network",
    )
    parser.add_argument("--data-dir", metavar="DIR", help="where the IDX files are")
    for name, kind, what in (
        ("epochs", positive, "passes through the data"),
        ("batch-size", positive, "images a step"),
        ("optimizer", optimizer, "a class of torch.optim"),
        ("lr", rate, "learning rate"),
        ("seed", seed, "of weights and batches"),
    ):
        value = getattr(default, name.replace("-", "_"))
        parser.add_argument(
            f"--{name}", type=kind, default=value, help=f"{what} (default {value})"
        )
    parser.add_argument(
        "--dtype",
        choices=("float32", "float64"),
        default=default.dtype,
        help=f"default {default.dtype}",
    )
    parser.add_argument(
        "--threads",
        type=thread_count,
        default=processors(),
        help="of each side (default: one for each processor)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("results"),
        metavar="DIR",
        help="default results",
    )
    parser.add_argument("--json", action="store_true", help="print the record instead")
    options = vars(parser.parse_args(arguments))
    output, as_json = options.pop("output"), options.pop("json")
    recipe = Recipe(**options)
    try:
        labels = datasets.load(recipe.dataset, recipe.data_dir).test_labels
    except (ValueError, OSError, ImportError) as error:
        parser.error(str(error))

    folder = made(parser, output)
    record = measure(recipe, labels)
    stem = f"mnist-{recipe.dataset}-{recipe.optimizer}-{recipe.dtype}".lower()
    written = json.dumps(plain(record), indent=1, allow_nan=False) + "\n"
    write_text(folder / f"{stem}.json", written)
    figures.losses(record, folder / f"{stem}.png")
    if as_json:
        print(written, end="")
    else:
        _show(Console(), record)
        print(f"\nwritten: {folder / stem}.json, {folder / stem}.png")
    return 0


def measure(recipe: Recipe, labels: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Train both sides; return the record."""
    epochs: dict[str, list[Epoch]] = {side: [] for side in SIDES}
    with workers(recipe.threads, SIDES, recipe) as running:
        for _ in range(recipe.epochs):
            for side in SIDES:
                epochs[side].append(running[side].ask("epoch"))
        predictions = {side: running[side].ask("predict") for side in SIDES}
    sides = {
        side: {
            "test_accuracy": float(np.mean(predictions[side] == labels)),
            "seconds_per_epoch": median(epoch.seconds for epoch in epochs[side]),
            "seconds_per_step": median(
                s for epoch in epochs[side] for s in epoch.steps
            ),
            "losses": [loss for epoch in epochs[side] for loss in epoch.losses],
        }
        for side in SIDES
    }
    ours, theirs = (sides[side] for side in SIDES)
    return {
        "recipe": asdict(recipe),
        "environment": {
            "scratchnet": scratchnet.__version__,
            "numpy": np.__version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
            "machine": platform.machine(),
            "processors": processors(),
        },
        "sides": sides,
        "largest_loss_difference": gap(ours["losses"], theirs["losses"]),
        "predictions_that_differ": int(
            np.sum(predictions["scratchnet"] != predictions["torch"])
        ),
        "test_images": len(labels),
        "ratio_epoch": ours["seconds_per_epoch"] / theirs["seconds_per_epoch"],
        "ratio_step": ours["seconds_per_step"] / theirs["seconds_per_step"],
    }


def _show(console: Console, record: dict[str, Any]) -> None:
    recipe, about = record["recipe"], record["environment"]
    console.print(
        f"{'-'.join(map(str, recipe['sizes']))} on {recipe['dataset']}, "
        f"{recipe['optimizer']} at {recipe['lr']:g}, batch {recipe['batch_size']}, "
        f"{recipe['epochs']} epochs, {recipe['dtype']}, seed {recipe['seed']}, "
        f"{recipe['threads']} of {about['processors']} threads on each side",
        highlight=False,
    )
    table = Table(box=None, header_style="bold")
    table.add_column("")
    for heading in ("test accuracy", "s / epoch, with loader", "ms / step, without"):
        table.add_column(heading, justify="right")
    for name, side in record["sides"].items():
        table.add_row(
            name,
            f"{side['test_accuracy']:.2%}",
            f"{side['seconds_per_epoch']:.3f}",
            f"{1e3 * side['seconds_per_step']:.3f}",
        )
    table.add_row(
        "ratio", "", f"{record['ratio_epoch']:.2f}", f"{record['ratio_step']:.2f}"
    )
    console.print(table)
    console.print(
        f"largest |Δloss| {record['largest_loss_difference']:.1e} over "
        f"{len(record['sides']['torch']['losses'])} steps; "
        f"{record['predictions_that_differ']} of {record['test_images']} test "
        f"predictions differ\n"
        f"scratchnet {about['scratchnet']}, NumPy {about['numpy']}, torch "
        f"{about['torch']}, Python {about['python']}, {about['machine']}",
        highlight=False,
    )
