"""The figures, in one style."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

OURS, THEIRS, QUIET = "#0b6e99", "#ee6c4d", "#8a8f98"
SLOPES = [str(grey) for grey in np.linspace(0.99, 0.82, 12)]
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


def save(draw: Callable[[], Figure], path: Path) -> None:
    """Draw a figure in the house style, and write it."""
    with plt.rc_context(STYLE):
        figure = draw()
        figure.savefig(path)
        plt.close(figure)


def name_ends(panel: Any, ends: dict[str, tuple[float, str]]) -> None:
    """Write names at the right of a panel, where curves end, none upon another.

    Parameters
    ----------
    panel : Axes
        With its limits and scale set.
    ends : dict of {str: (float, str)}
        For each name, the last value of the curve, and its colour.
    """
    to_panel = panel.transData + panel.transAxes.inverted()
    x = panel.get_xlim()[1]
    lowest = -np.inf
    for name, (value, color) in sorted(ends.items(), key=lambda item: item[1][0]):
        lowest = max(lowest, to_panel.transform((x, value))[1])
        panel.text(
            1.01,
            lowest,
            name,
            transform=panel.transAxes,
            va="center",
            size=8.5,
            color=color,
        )
        lowest += 0.07


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
        apart = np.abs(np.subtract(ours, theirs))
        above.set_title(
            f"{recipe['dataset']}, {recipe['optimizer']}, {recipe['dtype']}: "
            f"apart by {apart.max():.0e} at most"
        )
        above.legend()
        below.plot(steps, np.where(apart > 0, apart, np.nan), ".", color=QUIET, ms=2.5)
        below.set(xlabel="step", ylabel="|Δloss|, where not 0", yscale="log")
        figure.savefig(path)
        plt.close(figure)


def optimizers(runs: dict[str, Any], problem: str, path: Path) -> None:
    """Draw one panel for each optimiser: its losses on digits, or its way down."""
    columns = 5
    rows = -(-(len(runs) + 1) // columns)
    with plt.rc_context({**STYLE, "axes.titlesize": 10, "axes.titlepad": 4}):
        figure, panels = plt.subplots(
            rows,
            columns,
            figsize=(10.5, 2.15 * rows),
            sharex=True,
            sharey=True,
            squeeze=False,
            layout="constrained",
        )
        draw, title = {
            "digits": (_descent, "Digits: the loss of each batch"),
            "valley": (_way_down, "The Rosenbrock valley: from ○ to ✕"),
        }[problem]
        for panel, (name, run) in zip(panels.flat, runs.items(), strict=False):
            draw(panel, run[problem])
            panel.set_title(name, weight="bold")
            apart = (
                f"|Δ| ≤ {run[problem]['gap']:.0e}" if run[problem]["gap"] else "Δ = 0"
            )
            panel.set_title(apart, loc="right", size=7.5, color=QUIET)
        for panel in panels.flat[len(runs) :]:
            panel.axis("off")
        for panel in panels.flat[len(runs) - columns : len(runs)]:
            panel.tick_params(labelbottom=True)
        handles, labels = panels.flat[0].get_legend_handles_labels()
        panels.flat[len(runs)].legend(handles, labels, loc="center left", fontsize=10)
        figure.suptitle(title, x=0.01, ha="left", size=12)
        figure.savefig(path)
        plt.close(figure)


def _descent(panel: Any, run: dict[str, Any]) -> None:
    steps = np.arange(1, len(run["losses"]) + 1)
    panel.plot(
        steps, run["torch_losses"], color=THEIRS, linewidth=4, alpha=0.45, label="torch"
    )
    panel.plot(steps, run["losses"], color=OURS, linewidth=0.9, label="scratchnet")
    panel.set_yscale("log")
    panel.set(xlim=(1, max(2, len(steps))), ylim=(0.15, 4))
    panel.set_yticks([0.2, 0.5, 1, 2], ["0.2", "0.5", "1", "2"])
    panel.minorticks_off()
    panel.grid(axis="y", color=QUIET, alpha=0.2, linewidth=0.6)


def _way_down(panel: Any, run: dict[str, Any]) -> None:
    x, y = np.meshgrid(np.linspace(-2, 2, 200), np.linspace(-1, 3, 200))
    height = np.log10((1 - x) ** 2 + 100 * (y - x * x) ** 2 + 1e-3)
    panel.contourf(x, y, height, np.linspace(-1.5, 4, 12), colors=SLOPES, extend="min")
    theirs, ours = np.array(run["torch_path"]), np.array(run["path"])
    panel.plot(*theirs.T, color=THEIRS, linewidth=4, alpha=0.55, label="torch")
    panel.plot(*ours.T, color=OURS, linewidth=0.8, label="scratchnet")
    panel.plot(*ours[0], "o", color=OURS, markerfacecolor="white", markersize=5)
    panel.plot(1, 1, "x", color="black", markersize=6)
    panel.set(xlim=(-2, 2), ylim=(-1, 3))
    panel.set_xticks([-1, 0, 1])
    panel.set_yticks([0, 1, 2])
