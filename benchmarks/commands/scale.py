"""``python -m benchmarks scale``: how the cost grows, on both sides."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from benchmarks import figures
from benchmarks.commands.speed import add_common, wide_console
from benchmarks.output import folder_of
from benchmarks.scale import AXES, LARGEST, measure
from benchmarks.speed.measure import choose
from parity.files import write_text

DESCRIPTION = f"""\
Time scratchnet and PyTorch while one thing grows and the rest stays:
{", ".join(AXES)}. Fits
cost = a size^p to the {LARGEST} largest sizes of each side, and says whether any cost
of scratchnet's grows faster than torch's. Writes a JSON record and a figure for each
number of threads. It takes some minutes.
"""
EXAMPLES = """\
examples:
  python -m benchmarks scale --quick
  python -m benchmarks scale --threads 1 2
  python -m benchmarks scale --only batch 'de*' --json

exit status: 0 when all was timed, whatever came of it; 2 if the command is misused
"""


def main(arguments: Sequence[str]) -> int:
    """Time, print, and write the records and figures."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks scale",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_common(parser)
    parser.add_argument(
        "--only",
        nargs="+",
        action="extend",
        default=[],
        metavar="PATTERN",
        help="names of axes",
    )
    options = parser.parse_args(arguments)
    try:
        names = choose(AXES, options.only)
    except LookupError as error:
        parser.error(str(error))

    folder = folder_of(parser, options)
    console = wide_console(options)
    records = []
    for threads in options.threads:
        record = measure(names, threads, options.quick)
        records.append(record)
        stem = folder / f"scale-{threads}"
        written = json.dumps(record, indent=1, allow_nan=False) + "\n"
        write_text(stem.with_suffix(".json"), written)
        figures.save(lambda r=record: draw(r), stem.with_suffix(".png"))
        show(console, record)
        console.print(f"written: {stem}.json, {stem}.png\n", highlight=False)
    if options.json:
        print(json.dumps(records, indent=1))
    return 0


def show(console: Console, record: dict[str, Any]) -> None:
    """Print the exponents, and what grows faster."""
    it, sides = record["environment"], record["sides"]
    console.print(
        f"{sides['scratchnet']['threads']} of {it['processors']} threads for "
        f"scratchnet, {sides['torch']['threads']} for torch, on {it['processor']}\n"
        f"scratchnet {it['scratchnet']}, NumPy {sides['scratchnet']['numpy']} with "
        f"{sides['scratchnet']['blas']}, torch {sides['torch']['torch']}, "
        f"Python {it['python']}, float32\n",
        highlight=False,
    )
    table = Table(box=None, header_style="bold")
    table.add_column("axis", no_wrap=True)
    table.add_column("of", no_wrap=True)
    for heading in ("sizes", "exponent", "torch's", "difference", "ratio at both ends"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, axis in record["axes"].items():
        first, last = (axis["ratios"][i]["value"] for i in (0, -1))
        table.add_row(
            name,
            axis["what"],
            f"{axis['sizes'][0]} to {axis['sizes'][-1]}",
            *(plus_minus(axis["exponents"][side]) for side in ("scratchnet", "torch")),
            plus_minus(axis["difference"]),
            f"{first:.2f} to {last:.2f}",
        )
    console.print(table)
    faster = [name for name, axis in record["axes"].items() if axis["grows_faster"]]
    console.print(
        f"scratchnet's cost grows faster than torch's along {', '.join(faster)}."
        if faster
        else "None of scratchnet's costs grows faster than torch's: no difference of "
        "exponents is above its uncertainty.",
        highlight=False,
    )


def plus_minus(fit: dict[str, float]) -> str:
    """Return an exponent and its uncertainty."""
    return f"{fit['value']:.2f} ± {fit['uncertainty']:.2f}"


def draw(record: dict[str, Any]) -> Figure:
    """Draw cost against size, a panel for each axis."""
    columns = min(4, len(record["axes"]))
    rows = -(-len(record["axes"]) // columns)
    figure, panels = plt.subplots(
        rows,
        columns,
        figsize=(2.9 * columns + 0.6, 2.7 * rows + 0.4),
        squeeze=False,
        layout="constrained",
    )
    colours = {"torch": (figures.THEIRS, 3.5), "scratchnet": (figures.OURS, 1.2)}
    for panel, (name, axis) in zip(panels.flat, record["axes"].items(), strict=False):
        for side, (colour, width) in colours.items():
            milliseconds = [1e3 * seconds for seconds in axis["seconds"][side]]
            label = f"{side}, p = {axis['exponents'][side]['value']:.2f}"
            panel.plot(
                axis["sizes"],
                milliseconds,
                "o-",
                color=colour,
                linewidth=width,
                markersize=width + 2,
                label=label,
            )
        panel.set(xscale="log", yscale="log", xlabel=name)
        panel.set_xticks(axis["sizes"], map(str, axis["sizes"]))
        panel.minorticks_off()
        panel.set_title(axis["what"], size=8)
        panel.legend(fontsize=7)
        panel.grid(color=figures.QUIET, alpha=0.2, linewidth=0.6)
    for panel in panels.flat[len(record["axes"]) :]:
        panel.axis("off")
    for row in panels:
        row[0].set_ylabel("ms")
    threads = f"{record['threads']} thread" + "s" * (record["threads"] > 1)
    figure.suptitle(f"How the cost grows, {threads}", x=0.01, ha="left", size=12)
    return figure
