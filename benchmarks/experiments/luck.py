"""How much of a difference between two libraries is luck?

Whoever compares two libraries by one run of each compares three draws of luck as well:
the first weights, the order of the batches, and what dropout silences. Here each is
drawn again and again while the other two stay as they are; and then all three are the
same on both sides, which leaves the libraries alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmarks.experiment import OUR_OWN, Finding, Sides, explained, verdict
from benchmarks.figures import OURS, QUIET, THEIRS
from benchmarks.libraries import Array, Library
from benchmarks.training import Split, digits, fit

DOCUMENT = OUR_OWN
SOURCES = {
    "weights": "first weights",
    "order": "order of batches",
    "dropout": "dropout",
}
MATTERS = 1e-3  # of accuracy


@dataclass(frozen=True)
class Config:
    """What decides the experiment."""

    dataset: str = "mnist5k"
    hidden: int = 64
    dropout: float = 0.25
    epochs: int = 10
    batch_size: int = 32
    rate: float = 0.1
    seeds: int = 10
    train: int | None = None
    test: int | None = None


FULL = Config()
QUICK = Config(epochs=2, seeds=5)


def run(library: Library, config: Config) -> dict[str, Any]:
    """Train with other seeds of one kind, the others at 0; the first run is shared."""
    split = digits(config.dataset, config.train, config.test)
    base = train(library, config, split)
    return {
        source: [base]
        + [train(library, config, split, **{source: n}) for n in range(1, config.seeds)]
        for source in SOURCES
    }


def train(
    library: Library,
    config: Config,
    split: Split,
    *,
    weights: int = 0,
    order: int = 0,
    dropout: int = 0,
) -> float:
    """Return the test accuracy of a network trained with these three seeds."""
    nn = library.nn
    library.manual_seed(weights)
    model = nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, config.hidden),
        nn.ReLU(),
        nn.Dropout(config.dropout),
        nn.Linear(config.hidden, 10),
    )
    library.manual_seed(1000 + dropout)
    history = fit(
        library,
        model,
        nn.CrossEntropyLoss(),
        library.optim.SGD(model.parameters(), lr=config.rate),
        split,
        epochs=config.epochs,
        batch_size=config.batch_size,
        seed=order,
        what=f"weights {weights}, order {order}, dropout {dropout}",
    )
    return history[-1].accuracy


def conclude(config: Config, sides: Sides) -> list[Finding]:
    """Compare the spread by each kind of luck with the difference of the libraries."""
    ours, theirs = (
        np.array([sides[side][source] for source in SOURCES])
        for side in ("scratchnet", "torch")
    )
    spreads = ours.std(axis=1, ddof=1)
    apart = between_libraries(ours, theirs)
    same = between_runs(ours).mean()
    return [
        Finding(
            "each seed moves test accuracy by a digit in 1000 or more, the standard "
            f"deviation: seed of {', '.join(SOURCES.values())}",
            "none",
            ", ".join(f"{100 * spread:.2f}" for spread in spreads) + " points",
            verdict(bool((spreads >= MATTERS).all())),
        ),
        Finding(
            "two libraries with all seeds equal are less than a fifth as far apart as "
            "two runs of one that differ in one seed",
            "none",
            f"{100 * apart.mean():.3f} points on average, {100 * apart.max():.2f} at "
            f"most, in {apart.size} pairs of runs; two runs of one library "
            f"{100 * same:.2f} points",
            explained(bool(apart.mean() < 0.2 * same)),
        ),
    ]


def between_libraries(ours: Array, theirs: Array) -> Array:
    """Return the distances of the libraries; the run that all rows share counts once.

    >>> between_libraries(np.array([[1, 2], [1, 3]]), np.array([[2, 2], [2, 1]]))
    array([1, 0, 2])
    """
    apart = np.abs(ours - theirs)
    return np.append(apart[0, 0], apart[:, 1:])


def between_runs(scores: Array) -> Array:
    """Return the distances of every two runs, for each row of `scores`."""
    first, second = np.triu_indices(scores.shape[1], 1)
    return np.abs(scores[:, first] - scores[:, second])


def draw(config: Config, sides: Sides) -> Figure:
    """Draw every run, and how far apart two of them are."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(10, 3.4), layout="constrained", width_ratios=(1.7, 1)
    )
    ours, theirs = (
        100 * np.array([sides[side][source] for source in SOURCES])
        for side in ("scratchnet", "torch")
    )
    sway = np.random.default_rng(0).uniform(-0.18, 0.18, ours.shape[1])
    for row, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        left.plot(other, row + sway, "o", color=THEIRS, alpha=0.45, ms=9, mew=0)
        left.plot(mine, row + sway, "o", color=OURS, ms=3.5)
        left.plot([mine.mean()] * 2, [row - 0.3, row + 0.3], color=QUIET, linewidth=1)
        left.text(
            1.01,
            row,
            f"σ {mine.std(ddof=1):.2f}",
            transform=left.get_yaxis_transform(),
            va="center",
            size=9,
        )
    left.set(ylim=(len(SOURCES) - 0.5, -0.5), xlabel="test accuracy, %")
    left.xaxis.set_major_locator(MaxNLocator(6))
    left.set_yticks(
        range(len(SOURCES)), [f"seed of\n{name}" for name in SOURCES.values()]
    )
    left.tick_params(axis="y", length=0, labelsize=9)
    left.plot([], [], "o", color=THEIRS, alpha=0.45, ms=9, mew=0, label="torch")
    left.plot([], [], "o", color=OURS, ms=3.5, label="scratchnet")
    left.legend(loc="lower left", bbox_to_anchor=(0, 1.08), ncols=2, borderpad=0)
    left.set_title(f"One seed drawn {config.seeds} times, the others kept")
    lengths = [
        *between_runs(ours).mean(axis=1),
        between_libraries(ours, theirs).mean(),
    ]
    names = [*(f"other {name}" for name in SOURCES.values()), "other library"]
    right.barh(names, lengths, color=[QUIET] * len(SOURCES) + [OURS], height=0.55)
    for row, length in enumerate(lengths):
        right.text(length, row, f" {length:.2f}", va="center", size=9)
    right.invert_yaxis()
    right.tick_params(axis="y", length=0, labelsize=9)
    right.set(xlabel="points of accuracy between two runs, on average")
    right.set_title("How far apart two runs are")
    return figure
