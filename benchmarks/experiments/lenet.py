"""Does LeNet-5 reach 99 % on MNIST, in NumPy?

The network of LeCun, Bottou, Bengio and Haffner (1998), with ReLU for its sigmoids and
max pooling for its averages, trained by Adam at a rate that falls along a cosine. The
authors published an error of 0.95 % without distorted copies of the digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmarks import models
from benchmarks.experiment import OUR_OWN, Finding, Sides, verdict
from benchmarks.figures import OURS, QUIET, THEIRS
from benchmarks.libraries import Library
from benchmarks.training import digits, fit, scores

DOCUMENT = OUR_OWN


@dataclass(frozen=True)
class Config:
    """What decides the experiment."""

    dataset: str = "mnist"
    epochs: int = 10
    rate: float = 2e-3
    batch_size: int = 64
    train: int | None = None
    test: int | None = None
    target: float = 0.99
    seed: int = 0


FULL = Config()
QUICK = Config(dataset="mnist5k", epochs=4, batch_size=32, target=0.94)


def run(library: Library, config: Config) -> dict[str, Any]:
    """Train once; say which digits are still taken for others."""
    split = digits(config.dataset, config.train, config.test)
    library.manual_seed(config.seed)
    model = models.lenet(library.nn)
    optimizer = library.optim.Adam(model.parameters(), lr=config.rate)
    steps = config.epochs * -(-len(split.x) // config.batch_size)
    schedule = library.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    history = fit(
        library,
        model,
        library.nn.CrossEntropyLoss(),
        optimizer,
        split,
        epochs=config.epochs,
        batch_size=config.batch_size,
        seed=config.seed,
        what="LeNet-5",
        after_step=lambda loss: schedule.step(),
    )
    guesses = scores(library, model, split.test_x).argmax(axis=1)
    wrong = np.flatnonzero(guesses != split.test_labels)
    return {
        "accuracy": [epoch.accuracy for epoch in history],
        "loss": [epoch.loss for epoch in history],
        "seconds": sum(epoch.seconds for epoch in history),
        "wrong": wrong,
        "guesses": guesses[wrong],
    }


def conclude(config: Config, sides: Sides) -> list[Finding]:
    """Compare the last accuracy with what was asked, and the digits still wrong."""
    last = {side: found["accuracy"][-1] for side, found in sides.items()}
    ours, theirs = (set(sides[side]["wrong"]) for side in ("scratchnet", "torch"))
    of_both = len(ours & theirs) / max(1, min(len(ours), len(theirs)))
    seconds = {side: found["seconds"] for side, found in sides.items()}
    return [
        Finding(
            f"test accuracy of LeNet-5 after {config.epochs} epochs, at least "
            f"{config.target:.0%}",
            "99.05 %",
            ", ".join(f"{side} {score:.2%}" for side, score in last.items()),
            verdict(min(last.values()) >= config.target),
        ),
        Finding(
            "of the digits that one library takes for others, so does the other",
            "none",
            f"{of_both:.0%} ({len(ours)} wrong, and {len(theirs)})",
            verdict(of_both > 0.5),
        ),
        Finding(
            "seconds of training, on one thread each",
            "none",
            ", ".join(f"{side} {time:.0f}" for side, time in seconds.items()),
            verdict(seconds["scratchnet"] < 2 * seconds["torch"]),
        ),
    ]


def draw(config: Config, sides: Sides) -> Figure:
    """Draw the error of either side, and digits that ours gets wrong."""
    split = digits(config.dataset, config.train, config.test)
    ours = sides["scratchnet"]
    figure = plt.figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.15))
    panel = left.subplots()
    for side, color, width in (("torch", THEIRS, 4.5), ("scratchnet", OURS, 1.4)):
        error = 100 * (1 - np.array(sides[side]["accuracy"]))
        alpha = 0.45 if side == "torch" else 1
        panel.plot(
            np.arange(1, len(error) + 1),
            error,
            color=color,
            linewidth=width,
            alpha=alpha,
            label=side,
        )
    asked = 100 * (1 - config.target)
    panel.axhline(asked, color=QUIET, linewidth=0.8, linestyle="--")
    panel.text(1, asked, f" {config.target:.0%}", color=QUIET, size=9, va="bottom")
    panel.set(xlabel="epoch", ylabel="test error, %", ylim=(0, None))
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.legend()
    panel.set_title(f"LeNet-5: {ours['accuracy'][-1]:.2%} in NumPy")
    shown = list(zip(ours["wrong"], ours["guesses"], strict=True))[:28]
    tiles = right.subplots(4, 7)
    for tile in tiles.flat:
        tile.axis("off")
    for tile, (index, guess) in zip(tiles.flat, shown, strict=False):
        tile.imshow(split.test_x[index, 0], cmap="gray_r")
        tile.set_title(
            f"{split.test_labels[index]} → {guess}", loc="center", size=8.5, pad=2
        )
    right.suptitle(
        f"{len(shown)} of its {len(ours['wrong'])} mistakes: label → guess",
        x=0.02,
        ha="left",
        size=11,
    )
    return figure
