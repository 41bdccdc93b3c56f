"""The figures, in one style."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot as plt

OURS, THEIRS, QUIET = "#0b6e99", "#ee6c4d", "#8a8f98"
STYLE = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.dpi": 150,
    "savefig.bbox": "tight",
}


def losses(record: dict[str, Any], path: Path) -> None:
    """Draw both loss curves over each other, and beneath them their difference."""
    ours, theirs = (record["sides"][side]["losses"] for side in ("scratchnet", "torch"))
    steps = np.arange(1, len(ours) + 1)
    recipe = record["recipe"]
    with plt.rc_context(STYLE):
        figure, (above, below) = plt.subplots(
            2,
            1,
            figsize=(7, 4.6),
            sharex=True,
            height_ratios=(2, 1),
            layout="constrained",
        )
        above.plot(steps, theirs, color=THEIRS, linewidth=3.5, alpha=0.6, label="torch")
        above.plot(steps, ours, color=OURS, linewidth=1, label="scratchnet")
        above.set(ylabel="loss", yscale="log")
        above.set_title(
            f"{recipe['dataset']}, {recipe['optimizer']}, {recipe['dtype']}: "
            f"two libraries, one curve"
        )
        above.legend()
        apart = np.abs(np.subtract(ours, theirs))
        below.plot(steps, np.where(apart > 0, apart, np.nan), ".", color=QUIET, ms=2.5)
        below.set(xlabel="step", ylabel="|Δloss|", yscale="log")
        figure.savefig(path)
        plt.close(figure)
