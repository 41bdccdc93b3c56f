"""``python -m benchmarks optimizers``: every optimiser, on both sides."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from benchmarks import figures
from benchmarks.optimizers import (
    BATCH_SIZE,
    CONTESTANTS,
    GATE,
    SIZES,
    cross_valley,
    learn_digits,
)
from benchmarks.output import add_output, folder_of
from parity import report
from parity.arguments import positive, seed
from parity.files import write_text
from scratchnet import datasets

PROBLEMS = ("digits", "valley")
DESCRIPTION = f"""\
Run every optimiser on two problems with scratchnet and with PyTorch, in float64 and
from one seed: a perceptron {"-".join(map(str, SIZES))} that learns digits, and the
bent valley of the Rosenbrock function. Prints the last losses and how far the two
sides came apart; writes a JSON record and a figure for each problem, one panel an
optimiser.
"""
EXAMPLES = f"""\
examples:
  python -m benchmarks optimizers
  python -m benchmarks optimizers --quick
  python -m benchmarks optimizers --epochs 2 --steps 500 --output figures

exit status: 0 if no two losses differ by more than {GATE:g}, 1 if some do, 2 if the
command is misused or the data cannot be had
"""


def main(arguments: Sequence[str]) -> int:
    """Run all optimisers; write record and figures; return the exit status."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks optimizers",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dataset", default="mnist5k", help="default mnist5k")
    parser.add_argument("--data-dir", metavar="DIR", help="where the IDX files are")
    parser.add_argument(
        "--epochs", type=positive, default=1, help="of digits (default 1)"
    )
    parser.add_argument(
        "--steps", type=positive, default=600, help="in the valley (default 600)"
    )
    parser.add_argument("--seed", type=seed, default=0, help="default 0")
    parser.add_argument(
        "--quick", action="store_true", help="ten batches and thirty steps only"
    )
    add_output(parser)
    parser.add_argument("--json", action="store_true", help="print the record instead")
    options = parser.parse_args(arguments)
    try:
        digits = datasets.load(options.dataset, options.data_dir)
    except (ValueError, OSError, ImportError) as error:
        parser.error(str(error))

    folder = folder_of(parser, options)
    batches = options.epochs * -(-len(digits.train_labels) // BATCH_SIZE)
    steps = options.steps
    if options.quick:
        batches, steps = min(batches, 10), min(steps, 30)
    record = measure(digits, batches, steps, options.seed)
    record["recipe"]["dataset"] = options.dataset
    written = json.dumps(report.strict(record), indent=1, allow_nan=False) + "\n"
    files = [folder / "optimizers.json"]
    write_text(files[0], written)
    for problem in PROBLEMS:
        files.append(folder / f"optimizers-{problem}.png")
        figures.optimizers(record["runs"], problem, files[-1])
    if options.json:
        print(written, end="")
    else:
        _show(Console(), record)
        print(f"\nwritten: {', '.join(map(str, files))}")
    return 0 if record["equal"] else 1


def measure(
    digits: datasets.ImageSplits, batches: int, steps: int, seed: int
) -> dict[str, Any]:
    """Run all optimisers on both problems; return the record."""
    start = time.perf_counter()
    runs = {}
    for contestant in tqdm(CONTESTANTS, unit="optimiser", leave=False, disable=None):
        found = {
            "digits": learn_digits(contestant, digits, batches, seed),
            "valley": cross_valley(contestant, steps),
        }
        runs[contestant.name] = {
            problem: {
                "options": getattr(contestant, problem),
                "gap": run.gap,
                **run._asdict(),
            }
            for problem, run in found.items()
        }
    gaps = [run[problem]["gap"] for run in runs.values() for problem in PROBLEMS]
    return {
        "recipe": {"batches": batches, "steps": steps, "seed": seed},
        "environment": report.environment(time.perf_counter() - start),
        "equal": all(gap <= GATE for gap in gaps),
        "runs": runs,
    }


def _show(console: Console, record: dict[str, Any]) -> None:
    recipe, about = record["recipe"], record["environment"]
    console.print(
        f"{'-'.join(map(str, SIZES))} on {recipe['dataset']}, {recipe['batches']} "
        f"batches of {BATCH_SIZE}; {recipe['steps']} steps in the valley; float64, "
        f"seed {recipe['seed']}",
        highlight=False,
    )
    table = Table(box=None, header_style="bold")
    table.add_column("optimiser")
    for heading in ("digits, loss", "|Δloss|", "valley, loss", "|Δloss|", "verdict"):
        table.add_column(heading, justify="right")
    for name, run in record["runs"].items():
        equal = all(run[problem]["gap"] <= GATE for problem in PROBLEMS)
        table.add_row(
            name,
            f"{np.mean(run['digits']['losses'][-10:]):.3f}",
            f"{run['digits']['gap']:.0e}",
            f"{run['valley']['losses'][-1]:.1e}",
            f"{run['valley']['gap']:.0e}",
            "equal" if equal else "DIFFERENT",
            style="" if equal else "red",
        )
    console.print(table)
    console.print(
        "Digits: mean loss of the last ten batches; valley: the last loss; |Δloss|: "
        "the largest difference of all steps.\n"
        f"scratchnet {about['scratchnet']}, NumPy {about['numpy']}, torch "
        f"{about['torch']}, Python {about['python']}, {about['machine']}, "
        f"{about['seconds']} s",
        highlight=False,
    )
