"""``python -m benchmarks networks``: whole networks, fifty steps on both sides."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from benchmarks.networks import GATE, NETWORKS, STEPS, train
from benchmarks.sides import gap
from parity import report
from parity.arguments import seed

DESCRIPTION = f"""\
Train networks of every family, {STEPS} steps in float64 from one seed on both sides,
and compare their losses: LeNet-5, a small VGG, residual blocks, a bidirectional LSTM, a
GRU that translates, a causal transformer.
"""
EXAMPLES = f"""\
examples:
  python -m benchmarks networks
  python -m benchmarks networks --seed 3 --json

exit status: 0 if no loss differs by more than {GATE:g}, 1 if one does, 2 if misused
"""


def main(arguments: Sequence[str]) -> int:
    """Train every network; return the exit status."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks networks",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=seed, default=0, help="default 0")
    parser.add_argument("--json", action="store_true", help="print the losses as JSON")
    options = parser.parse_args(arguments)
    bar = tqdm(NETWORKS, unit="network", leave=False, disable=None)
    runs = {network.name: train(network, options.seed) for network in bar}
    equal = all(gap(*losses) <= GATE for losses in runs.values())
    if options.json:
        print(json.dumps(report.strict(runs), indent=1, allow_nan=False))
        return 0 if equal else 1
    table = Table(box=None, header_style="bold")
    table.add_column("network")
    for heading in ("first loss", "last loss", "largest |Δloss|", "verdict"):
        table.add_column(heading, justify="right")
    for name, (ours, theirs) in runs.items():
        apart = gap(ours, theirs)
        verdict = "equal" if apart <= GATE else "DIFFERENT"
        table.add_row(
            name, f"{ours[0]:.4f}", f"{ours[-1]:.4f}", f"{apart:.1e}", verdict
        )
    Console().print(table)
    return 0 if equal else 1
