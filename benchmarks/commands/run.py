"""``python -m benchmarks run``: experiments, on both sides."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from rich.console import Console
from rich.markup import escape

from benchmarks import experiments, figures
from benchmarks.experiment import laboratory, perform
from benchmarks.output import add_output, folder_of
from parity.files import write_text
from scratchnet import datasets

DESCRIPTION = """\
Run experiments with scratchnet and with PyTorch, from one seed, at the same time, on
one thread each. Prints what was published beside what was found; writes a JSON record
and a figure for each. `python -m benchmarks experiments` lists them.
"""
EXAMPLES = """\
examples:
  python -m benchmarks run learning_rate --quick
  python -m benchmarks run lenet luck
  python -m benchmarks run --all --quick

exit status: 0 when all were run, whatever they found; 2 if the command is misused or
the data cannot be had
"""
QUICK = "Quick runs do less work: verdicts on published figures need the full run."
COLOURS = {"confirmed": "green", "explained": "cyan", "refuted": "yellow"}


def main(arguments: Sequence[str]) -> int:
    """Run experiments one after the other."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks run",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="*", help="of an experiment")
    parser.add_argument("--all", action="store_true", help="run every experiment")
    parser.add_argument(
        "--quick", action="store_true", help="MNIST-5k and few epochs: minutes in all"
    )
    parser.add_argument("--data-dir", metavar="DIR", help="where the IDX files are")
    add_output(parser)
    parser.add_argument("--json", action="store_true", help="print the records instead")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.name) - set(experiments.NAMES)):
        parser.error(
            f"no experiment is called {', '.join(unknown)}; there are "
            f"{', '.join(experiments.NAMES)}"
        )
    names = experiments.NAMES if options.all else options.name
    if not names:
        parser.error("expected the names of experiments, or --all")
    if options.data_dir:
        os.environ["SCRATCHNET_DATA"] = options.data_dir
    modules = {name: experiments.load(name) for name in names}
    configs = {n: m.QUICK if options.quick else m.FULL for n, m in modules.items()}
    for name, config in configs.items():
        try:
            data_of(config)
        except (ImportError, OSError, ValueError) as error:
            parser.error(f"{name}: {error}")
    folder = folder_of(parser, options)

    console = Console(quiet=options.json)
    records = []
    with laboratory() as pool:
        for name, module in modules.items():
            record = perform(module, configs[name], pool)
            write(module, configs[name], record, folder / f"experiment-{name}")
            show(console, record)
            records.append(record)
    if options.json:
        print(json.dumps(records, indent=1))
    if any(record["quick"] for record in records):
        console.print(QUICK)
    console.print(f"written: {folder}{os.sep}experiment-*.json and .png")
    return 0


def data_of(config: Any) -> None:
    """Load the digits that an experiment reads: what is missing is said at once."""
    if hasattr(config, "dataset"):
        datasets.load(config.dataset)


def write(module: ModuleType, config: Any, record: dict[str, Any], path: Path) -> None:
    """Write the record, and the figure beside it."""
    text = json.dumps(record, indent=1) + "\n"
    write_text(path.with_suffix(".json"), text)
    figures.save(lambda: module.draw(config, record["sides"]), path.with_suffix(".png"))


def show(console: Console, record: dict[str, Any]) -> None:
    """Print the question, and a line for each finding."""
    console.print(
        f"[bold]{record['experiment']}[/]  {escape(record['question'])}  "
        f"[dim]{record['environment']['seconds']:.0f} s[/]",
        highlight=False,
    )
    for finding in record["findings"]:
        colour = COLOURS[finding["verdict"]]
        console.print(
            f"  {escape(finding['claim'])}: published {escape(finding['published'])}; "
            f"here {escape(finding['ours'])}: [{colour}]{finding['verdict']}[/]",
            highlight=False,
            soft_wrap=True,
        )
