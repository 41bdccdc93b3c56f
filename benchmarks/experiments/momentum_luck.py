"""Did plain gradient descent beat momentum by luck of the draw?

The document trained one network of each kind, one digit a step, both at a learning rate
of 0.1: gradient descent came out ahead of momentum 0.9, and that was put down to luck.
But momentum adds up the gradients of the past: its steps are those of the rate
lr / (1 - momentum), here 1. Ten seeds tell whether it is luck, and momentum at 0.01,
which has the steps of gradient descent at 0.1, whether it is the rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from scipy.stats import ttest_rel

from benchmarks import models
from benchmarks.experiment import NN_FROM_SCRATCH, Finding, Sides, explained, verdict
from benchmarks.experiments.initialisers import drawn
from benchmarks.figures import OURS, QUIET, THEIRS
from benchmarks.libraries import Array, Library, one_hot
from benchmarks.training import digits, fit

DOCUMENT = NN_FROM_SCRATCH
RULES = {
    "SGD, lr 0.1": {"lr": 0.1},
    "momentum, lr 0.1": {"lr": 0.1, "momentum": 0.9},
    "momentum, lr 0.01": {"lr": 0.01, "momentum": 0.9},
}
PLAIN, SAME_RATE, SAME_STEP = RULES
COLOURS = {PLAIN: OURS, SAME_RATE: THEIRS, SAME_STEP: OURS}
LOSSES = {"MSELoss": "squared error", "CrossEntropyLoss": "cross-entropy"}


@dataclass(frozen=True)
class Config:
    """What decides the experiment."""

    dataset: str = "mnist"
    losses: tuple[str, ...] = ("MSELoss", "CrossEntropyLoss")
    hidden: int = 64
    iterations: int = 10_000
    seeds: int = 10


FULL = Config()
QUICK = Config(dataset="mnist5k", losses=("MSELoss",), iterations=2000)


def run(library: Library, config: Config) -> dict[str, Any]:
    """Train from each seed, on the same digits in the same order."""
    split = digits(config.dataset)
    targets = {"MSELoss": one_hot(split.target), "CrossEntropyLoss": split.target}
    accuracies: dict[str, Any] = {}
    for loss in config.losses:
        accuracies[loss] = {name: [] for name in RULES}
        for seed in range(config.seeds):
            samples = drawn(
                split._replace(target=targets[loss]), config.iterations, seed
            )
            for name, options in RULES.items():
                library.manual_seed(seed)
                model = models.perceptron(library.nn, 784, config.hidden, 10)
                models.redraw(library.nn, model, "kaiming_normal_")
                if loss == "MSELoss":
                    model.append(library.nn.Softmax(dim=1))
                (epoch,) = fit(
                    library,
                    model,
                    getattr(library.nn, loss)(),
                    library.optim.SGD(model.parameters(), **options),
                    samples,
                    epochs=1,
                    batch_size=1,
                    seed=seed,
                    what=f"{name}, seed {seed}",
                )
                accuracies[loss][name].append(epoch.accuracy)
    return accuracies


def conclude(config: Config, sides: Sides) -> list[Finding]:
    """Count who wins; compare means where the steps are equally long."""
    findings = []
    for loss in config.losses:
        found = {
            side: {name: np.array(f[loss][name], float) for name in RULES}
            for side, f in sides.items()
        }
        wins = {side: won(f[PLAIN], f[SAME_RATE]) for side, f in found.items()}
        findings.append(
            Finding(
                f"{LOSSES[loss]}: how often SGD beats momentum, both at lr 0.1",
                "by luck of the draw",
                "; ".join(
                    f"{side} {wins[side]:.0%} of seeds, {summary(f[PLAIN])} against "
                    f"{summary(f[SAME_RATE])}"
                    for side, f in found.items()
                ),
                verdict(
                    not any(telling(f[PLAIN], f[SAME_RATE]) for f in found.values())
                ),
            )
        )
        findings.append(
            Finding(
                f"{LOSSES[loss]}: momentum at lr 0.01, whose steps are those of SGD",
                "none",
                "; ".join(
                    f"{side} {won(f[PLAIN], f[SAME_STEP]):.0%} of seeds, "
                    f"{summary(f[SAME_STEP])}"
                    for side, f in found.items()
                ),
                explained(all(closed(f) for f in found.values())),
            )
        )
    return findings


def won(a: Array, b: Array) -> float:
    """Return the fraction of seeds from which a beats b."""
    return float(np.mean(a > b))


def summary(accuracies: Array) -> str:
    """Return the mean and the standard deviation over the seeds."""
    return f"{accuracies.mean():.1%} ± {accuracies.std(ddof=1):.1%}"


def telling(a: Array, b: Array) -> bool:
    """Say whether so large a mean difference is unlikely (p < 0.01) to be luck."""
    return bool(ttest_rel(a, b).pvalue < 0.01)


def closed(found: dict[str, Array]) -> bool:
    """Say whether equal steps close most of the gap that the equal rate left."""
    gap = np.mean(found[PLAIN] - found[SAME_RATE])
    rest = np.mean(found[PLAIN] - found[SAME_STEP])
    return bool(abs(rest) < gap / 3)


def draw(config: Config, sides: Sides) -> Figure:
    """Draw each seed as a dot, and the mean as a line."""
    figure, panels = plt.subplots(
        1,
        len(config.losses),
        figsize=(1 + 4.2 * len(config.losses), 4),
        layout="constrained",
        squeeze=False,
    )
    apart = np.linspace(-0.15, 0.15, config.seeds)
    for panel, loss in zip(panels.flat, config.losses, strict=True):
        found = sides["scratchnet"][loss]
        values = {name: 100 * np.array(found[name], float) for name in RULES}
        for place, (name, color) in enumerate(COLOURS.items()):
            seeds = values[name]
            panel.plot(place + apart, seeds, "o", color=color, ms=6, alpha=0.75, mew=0)
            panel.hlines(seeds.mean(), place - 0.3, place + 0.3, color, linewidth=1.5)
            panel.text(
                place,
                1.02,
                f"{seeds.mean():.1f} ± {seeds.std(ddof=1):.1f}",
                transform=panel.get_xaxis_transform(),
                ha="center",
                size=10,
                weight="bold",
                color=color,
            )
        labels = ["SGD\nlr 0.1", "momentum 0.9\nlr 0.1", "momentum 0.9\nlr 0.01"]
        panel.set_xticks(range(len(RULES)), labels, size=9)
        panel.set(xlim=(-0.5, len(RULES) - 0.5))
        panel.grid(axis="y", color=QUIET, alpha=0.2, linewidth=0.6)
        wins = round(won(values[PLAIN], values[SAME_RATE]) * config.seeds)
        panel.set_title(
            f"{LOSSES[loss]}: SGD wins from {wins} of {config.seeds} seeds", pad=22
        )
    panels.flat[0].set_ylabel("test accuracy, %")
    return figure
