"""Which network wins under one budget of time, and is the bigger one the better?

The problem set ends in "network wars": break your own benchmark, 95.19 % of the test
digits after 1,014.56 seconds, by architecture. Here each network has the same few
seconds of steps. `python -m benchmarks wars` takes any others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from benchmarks import wars
from benchmarks.experiment import PROBLEM_SET, Finding, Sides, explained, verdict
from benchmarks.figures import OURS, QUIET, THEIRS
from benchmarks.libraries import Library
from benchmarks.training import digits

DOCUMENT = PROBLEM_SET
BENCHMARK = 0.9519


@dataclass(frozen=True)
class Config:
    """What decides the experiment."""

    dataset: str = "mnist"
    contenders: tuple[wars.Contender, ...] = wars.DEFAULTS
    budget: float = 10.0  # seconds of steps of each
    seed: int = 0


FULL = Config()
QUICK = Config(dataset="mnist5k", budget=1.0)


def run(library: Library, config: Config) -> list[dict[str, Any]]:
    """Train all; return them, the best first."""
    split = digits(config.dataset)
    return wars.battle(library, config.contenders, split, config.budget, config.seed)


def conclude(config: Config, sides: Sides) -> list[Finding]:
    """Name the winner, and set size beside accuracy."""
    best = {side: ranking[0] for side, ranking in sides.items()}
    largest, smallest = (
        {side: pick(ranking, key=parameters) for side, ranking in sides.items()}
        for pick in (max, min)
    )
    return [
        Finding(
            f"which wins, given {config.budget:g} s: it breaks the benchmark",
            f"{BENCHMARK:.2%} in 1,014.56 s",
            ", ".join(
                f"{side} {one['name']} with {one['accuracy']:.2%}"
                for side, one in best.items()
            ),
            verdict(all(one["accuracy"] > BENCHMARK for one in best.values())),
        ),
        Finding(
            "the bigger, the better, under one budget",
            "asked",
            ", ".join(
                f"{side} rank correlation {rank_correlation(ranking)}, "
                f"the biggest ({largest[side]['name']}) comes "
                f"{1 + ranking.index(largest[side])} of {len(ranking)}"
                for side, ranking in sides.items()
            ),
            verdict(all(one is largest[side] for side, one in best.items())),
        ),
        Finding(
            "what size costs: the biggest sees the digits less often than the smallest",
            "none",
            ", ".join(
                f"{side} {largest[side]['epochs']:.1f} epochs, not "
                f"{smallest[side]['epochs']:.1f}"
                for side in sides
            ),
            explained(
                all(
                    largest[side]["epochs"] < 0.5 * smallest[side]["epochs"]
                    for side in sides
                )
            ),
        ),
    ]


def parameters(result: dict[str, Any]) -> int:
    """Return how big a network is."""
    return result["parameters"]


def rank_correlation(ranking: list[dict[str, Any]]) -> str:
    """Return Spearman's, between parameters and accuracy: +1 if the bigger is better.

    Where all are equal in one of them, there is none.
    """
    sizes, scores = ([r[key] for r in ranking] for key in ("parameters", "accuracy"))
    if len(set(sizes)) == 1 or len(set(scores)) == 1:
        return "none"
    return f"{spearmanr(sizes, scores).statistic:+.2f}"


def draw(config: Config, sides: Sides) -> Figure:
    """Draw the accuracy of each, over its parameters."""
    figure, panel = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
    theirs = {one["name"]: one for one in sides["torch"]}
    for one in sides["scratchnet"]:
        pair = [100 * one["accuracy"], 100 * theirs[one["name"]]["accuracy"]]
        x = one["parameters"]
        panel.plot([x, x], pair, color=QUIET, linewidth=1, zorder=0)
        panel.annotate(
            one["name"],
            (x, max(pair)),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            size=8.5,
        )
    for side, color, size in (("torch", THEIRS, 90), ("scratchnet", OURS, 28)):
        panel.scatter(
            [one["parameters"] for one in sides[side]],
            [100 * one["accuracy"] for one in sides[side]],
            s=size,
            color=color,
            alpha=0.5 if side == "torch" else 1,
            linewidth=0,
            label=side,
        )
    panel.axhline(100 * BENCHMARK, color=QUIET, linewidth=0.8, linestyle=":", zorder=0)
    across = panel.get_yaxis_transform()
    small = {"ha": "right", "va": "bottom", "size": 8, "color": QUIET}
    panel.margins(0.1, 0.12)
    panel.set(xlabel="parameters", ylabel="test accuracy (%)", xscale="log")
    panel.text(0.995, 100 * BENCHMARK, "to break", transform=across, **small)
    best = " and ".join(dict.fromkeys(ranking[0]["name"] for ranking in sides.values()))
    panel.set_title(f"Network wars: {config.budget:g} s each, {best} ahead")
    panel.legend(loc="lower right")
    return figure
