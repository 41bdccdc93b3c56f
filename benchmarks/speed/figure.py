"""Ratios on a logarithmic axis, sorted, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from benchmarks.figures import OURS, QUIET, THEIRS

IN_COLUMN = 45  # workloads, before another column is begun
TICKS = (1, 1.5, 2, 3, 5, 7)  # of each power of ten


def draw(record: dict[str, Any], kind: str) -> Figure:
    """Draw the workloads of a kind, "step" or "layer", the slowest of ours on top."""
    found = [work for work in record["workloads"] if work["kind"] == kind]
    found.sort(key=lambda work: work["ratio"]["value"])
    columns = np.array_split(np.arange(len(found)), -(-len(found) // IN_COLUMN))
    figure, panels = plt.subplots(
        1,
        len(columns),
        figsize=(4.8 * len(columns) + 1.2, 1.3 + 0.21 * len(columns[0])),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    for panel, places in zip(panels.flat, reversed(columns), strict=True):
        _ratios(panel, [found[i] for i in places])
    handles, labels = panels.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    what = {"step": "training steps", "layer": "layers, forward and backward"}[kind]
    threads = f"{record['threads']} thread" + "s" * (record["threads"] > 1)
    figure.suptitle(
        f"scratchnet / torch: {what}, {threads}", x=0.01, ha="left", size=12
    )
    return figure


def _ratios(panel: Any, found: Sequence[dict[str, Any]]) -> None:
    rows = np.arange(len(found))
    values, low, high = (
        [work["ratio"][key] for work in found] for key in ("value", "low", "high")
    )
    panel.axvline(1, color=THEIRS, linewidth=1.2, label="as fast as torch")
    panel.hlines(rows, low, high, color=OURS, linewidth=1.2)
    panel.plot(
        values, rows, "o", color=OURS, markersize=4, label="ratio, 95 % interval"
    )
    limited = [(work["limit"], row) for row, work in enumerate(found) if work["limit"]]
    if limited:
        panel.plot(*zip(*limited, strict=True), "|", color="black", ms=9, label="limit")
    if found[0]["kind"] == "step":
        best = [work["ratio_to_best"]["value"] for work in found]
        panel.plot(best, rows, ".", color=QUIET, label="ratio to torch's best")
    panel.set_xscale("log")
    panel.set_yticks(rows, [work["name"].removeprefix("step/") for work in found])
    panel.set(
        xlabel="time of scratchnet / time of torch", ylim=(-0.7, len(found) - 0.3)
    )
    panel.xaxis.set_major_locator(LogLocator(subs=TICKS))
    panel.xaxis.set_major_formatter("{x:g}")
    panel.minorticks_off()
    panel.grid(axis="x", color=QUIET, alpha=0.2, linewidth=0.6)
