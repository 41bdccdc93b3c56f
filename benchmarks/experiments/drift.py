"""How fast do two runs drift apart that differ in nothing but rounding?

The same training, step by step, in float32 and in float64, from the same weights and
on the same batches. Rounding differs in the last place, and each step carries on what
the one before left. Two libraries in one precision are two such runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from benchmarks import models
from benchmarks.experiment import OUR_OWN, Finding, Sides, explained, verdict
from benchmarks.figures import OURS, QUIET, THEIRS, name_ends
from benchmarks.libraries import Array, Library
from benchmarks.training import Split, digits, fit

DOCUMENT = OUR_OWN
DTYPES = ("float32", "float64")
#: What is set against what: a name, two runs, and the colour of the curve.
PAIRS = {
    "scratchnet: 32 against 64 bits": (
        ("scratchnet", "float32"),
        ("scratchnet", "float64"),
        OURS,
    ),
    "torch: 32 against 64 bits": (("torch", "float32"), ("torch", "float64"), THEIRS),
    "32 bits: scratchnet against torch": (
        ("scratchnet", "float32"),
        ("torch", "float32"),
        QUIET,
    ),
    "64 bits: scratchnet against torch": (
        ("scratchnet", "float64"),
        ("torch", "float64"),
        "#6b4e9b",
    ),
}


@dataclass(frozen=True)
class Config:
    """What decides the experiment."""

    dataset: str = "mnist5k"
    hidden: int = 64
    optimizers: tuple[tuple[str, float], ...] = (("SGD", 0.1), ("Adam", 1e-3))
    epochs: int = 8
    batch_size: int = 32
    looks: int = 40
    train: int | None = None
    test: int | None = None
    seed: int = 0

    def steps(self, n: int) -> Array:
        """Return the steps after which weights are looked at, ever further apart."""
        last = self.epochs * -(-n // self.batch_size)
        return np.unique(np.geomspace(1, last, self.looks).round().astype(int))


FULL = Config()
QUICK = Config(epochs=3)


def run(library: Library, config: Config) -> dict[str, Any]:
    """Train by each optimiser, in both precisions."""
    split = digits(config.dataset, config.train, config.test)
    return {
        f"{optimizer} {dtype}": train(library, config, split, optimizer, rate, dtype)
        for optimizer, rate in config.optimizers
        for dtype in DTYPES
    }


def train(
    library: Library,
    config: Config,
    split: Split,
    optimizer: str,
    rate: float,
    dtype: str,
) -> dict[str, Any]:
    """Return the loss of every step, and some weights of the last layer at some."""
    library.manual_seed(config.seed)
    model = models.perceptron(library.nn, 784, config.hidden, 10)
    if dtype == "float64":  # They were drawn in float32: both begin alike.
        model.double()
    last = library.weights(model[-1].weight)
    looks = set(config.steps(len(split.x)))
    losses: list[float] = []
    weights: list[Array] = []

    def look(loss: float) -> None:
        losses.append(loss)
        if len(losses) in looks:
            weights.append(last[:, ::16].ravel().copy())

    fit(
        library,
        model,
        library.nn.CrossEntropyLoss(),
        getattr(library.optim, optimizer)(model.parameters(), lr=rate),
        split._replace(x=split.x.astype(dtype), test_x=split.test_x.astype(dtype)),
        epochs=config.epochs,
        batch_size=config.batch_size,
        seed=config.seed,
        what=f"{optimizer} in {dtype}",
        after_step=look,
    )
    return {"loss": losses, "weights": weights, "steps": sorted(looks)}


def apart(sides: Sides, optimizer: str, pair: str) -> tuple[Array, Array]:
    """Return |Δloss| at each step, and the relative distance of weights at some."""
    first, second = (
        sides[side][f"{optimizer} {dtype}"] for side, dtype in PAIRS[pair][:2]
    )
    a, b = (np.array(run["weights"], float) for run in (first, second))
    distance = np.linalg.norm(a - b, axis=1) / np.linalg.norm(b, axis=1)
    return np.abs(np.subtract(first["loss"], second["loss"])), distance


def conclude(config: Config, sides: Sides) -> list[Finding]:
    """Compare how far apart the weights are in the end."""
    ends = {
        name: [apart(sides, name, pair)[1][-1] for pair in PAIRS]
        for name, _ in config.optimizers
    }
    within = list(PAIRS)[:2]
    growth = {
        name: [
            of[-1] / of[0] for of in (apart(sides, name, pair)[1] for pair in within)
        ]
        for name, _ in config.optimizers
    }

    def shown(numbers: dict[str, list[float]], which: slice, form: str) -> str:
        return "; ".join(
            f"{name} " + ", ".join(format(number, form) for number in of[which])
            for name, of in numbers.items()
        )

    both, last = slice(0, 2), slice(3, 4)
    return [
        Finding(
            "float32 against float64, relative distance of the weights in the end, "
            "scratchnet's and torch's",
            "none",
            shown(ends, both, ".0e"),
            verdict(all(of[0] < 4 * of[1] for of in ends.values())),
        ),
        Finding(
            "scratchnet against torch in float64, the same",
            "none",
            shown(ends, last, ".0e"),
            verdict(all(of[3] < 1e-6 * of[0] for of in ends.values())),
        ),
        Finding(
            "each step carries on what the one before left: the distance grows, times",
            "none",
            shown(growth, both, ".0f"),
            explained(all(min(of) > 3 for of in growth.values())),
        ),
    ]


def draw(config: Config, sides: Sides) -> Figure:
    """Draw the distance of losses and of weights, a column for each optimiser."""
    figure, panels = plt.subplots(
        2,
        len(config.optimizers),
        figsize=(10.5, 5.6),
        sharex=True,
        sharey="row",
        squeeze=False,
        layout="constrained",
    )
    for (above, below), (name, rate) in zip(panels.T, config.optimizers, strict=True):
        ends = {}
        for pair, (*_, color) in PAIRS.items():
            losses, distance = apart(sides, name, pair)
            steps = np.array(sides["torch"][f"{name} float64"]["steps"])
            width, alpha = (4, 0.4) if pair.startswith("torch") else (1.4, 1)
            style = {"color": color, "linewidth": width, "alpha": alpha}
            above.plot(steps, np.maximum.accumulate(losses)[steps - 1], **style)
            below.plot(steps, np.where(distance > 0, distance, np.nan), **style)
            ends[pair] = distance[-1], color
        above.set(yscale="log", xscale="log")
        below.set(yscale="log", xlabel="step")
        above.set_title(f"{name}, rate {rate:g}")
        if below is panels[1, -1]:
            name_ends(below, ends)
    panels[0, 0].set_ylabel("largest |Δloss| so far")
    panels[1, 0].set_ylabel("distance of weights, relative")
    figure.suptitle(
        "Rounding alone: both libraries drift at one pace, in float64 far deeper",
        x=0.01,
        ha="left",
        size=12,
    )
    return figure
