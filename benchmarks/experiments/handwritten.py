"""Do the teaching notebook's networks learn, and what do its blanks cost?

The notebook trains a network with a hidden layer of sigmoids, and softmax on top, on
scikit-learn's 8×8 digits and on MNIST: 100 epochs, learning rate 0.1, batches of 32,
weights uniform in (-1, 1). Its losses to choose from are MAE, MSE, binary and
categorical cross-entropy. It published curves, and no figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from benchmarks import models
from benchmarks.experiment import NOTEBOOK, Finding, Sides, explained, verdict
from benchmarks.figures import OURS, QUIET, THEIRS, name_ends
from benchmarks.libraries import Library, one_hot
from benchmarks.training import Split, digits, fit

DOCUMENT = NOTEBOOK
LEARNT = 1437  # of 1797: a fifth of the 8×8 digits is kept to be judged by
LOSSES = {
    "MAE": "L1Loss",
    "MSE": "MSELoss",
    "BCE": "BCELoss",
    "CE": "CrossEntropyLoss",
}
TITLES = (
    "8×8: accuracy, by the first weights",
    "8×8: accuracy, by the loss",
    "28×28: accuracy, by the first weights",
    "8×8: what is left of the first loss",
)
WEIGHTS = {"uniform(-1, 1)": OURS, "default": THEIRS}


@dataclass(frozen=True)
class Config:
    """What decides the experiment; `dataset` is the larger one's name."""

    dataset: str = "mnist"
    hidden: int = 64
    epochs: int = 100
    mnist_epochs: int = 30
    rate: float = 0.1
    batch_size: int = 32
    train: int | None = None
    test: int | None = None
    seed: int = 0


FULL = Config()
QUICK = Config(dataset="mnist5k", epochs=30, mnist_epochs=5)


def run(library: Library, config: Config) -> dict[str, Any]:
    """Train on both datasets from both kinds of weights, then with every loss."""
    splits = {
        "8×8": eight_by_eight(config),
        "28×28": digits(config.dataset, config.train, config.test),
    }
    return {
        "weights": {
            f"{size}, {weights}": train(library, config, split, weights, "CE")
            for size, split in splits.items()
            for weights in WEIGHTS
        },
        "losses": {
            loss: train(library, config, splits["8×8"], "default", loss)
            for loss in LOSSES
        },
    }


def eight_by_eight(config: Config) -> Split:
    """Return scikit-learn's digits in [0, 1], shuffled; the last are judged by."""
    from sklearn.datasets import load_digits

    found = load_digits()
    order = np.random.default_rng(config.seed).permutation(len(found.images))
    x = (found.images[order, None] / 16).astype(np.float32)
    labels = found.target[order].astype(np.int64)
    learnt = slice(min(LEARNT, config.train or LEARNT))
    return Split(x[learnt], labels[learnt], x[LEARNT:], labels[LEARNT:])


def train(
    library: Library, config: Config, split: Split, weights: str, loss: str
) -> dict[str, Any]:
    """Train the notebook's network; return its curves.

    With them goes the mean derivative of its sigmoids before training: 1/4 at most.
    """
    nn = library.nn
    library.manual_seed(config.seed)
    inputs = split.x[0].size
    model = models.perceptron(nn, inputs, config.hidden, 10, activation="Sigmoid")
    if weights != "default":
        for parameter in model.parameters():
            nn.init.uniform_(parameter, -1, 1)
    if loss != "CE":  # Cross-entropy has softmax in it, the others want it before.
        model.append(nn.Softmax(dim=1))
        split = split._replace(target=one_hot(split.target))
    hidden = library.forward(model[:3], split.test_x)
    history = fit(
        library,
        model,
        getattr(nn, LOSSES[loss])(),
        library.optim.SGD(model.parameters(), lr=config.rate),
        split,
        epochs=config.epochs if inputs == 64 else config.mnist_epochs,
        batch_size=config.batch_size,
        seed=config.seed,
        what=f"{inputs} pixels, {weights}, {loss}",
    )
    return {
        "loss": [epoch.loss for epoch in history],
        "accuracy": [epoch.accuracy for epoch in history],
        "slope": float(np.mean(hidden * (1 - hidden))),
    }


def conclude(config: Config, sides: Sides) -> list[Finding]:
    """Compare the last accuracies: of datasets, of weights, of losses."""

    def last(group: str, *names: str) -> dict[str, list[float]]:
        return {
            side: [found[group][name]["accuracy"][-1] for name in names]
            for side, found in sides.items()
        }

    published = last("weights", "8×8, uniform(-1, 1)", "28×28, uniform(-1, 1)")
    wide = last("weights", "28×28, uniform(-1, 1)", "28×28, default")
    losses = last("losses", *LOSSES)
    slopes = {
        name: min(found["weights"][name]["slope"] for found in sides.values())
        for name in sides["scratchnet"]["weights"]
    }
    small, large = (slopes[f"{size}, uniform(-1, 1)"] for size in ("8×8", "28×28"))
    return [
        Finding(
            "trained as published, test accuracy on 8×8 digits and on MNIST",
            "curves that rise, no figures",
            percent(published),
            verdict(all(score > 0.8 for both in published.values() for score in both)),
        ),
        Finding(
            "MNIST with weights uniform(-1, 1), and with default ones",
            "uniform(-1, 1)",
            f"{percent(wide)}: at first its sigmoids have a mean derivative of "
            f"{large:.2f} (default {slopes['28×28, default']:.2f}, 8×8 {small:.2f})",
            explained(large < small and all(a < b for a, b in wide.values())),
        ),
        Finding(
            f"of {', '.join(LOSSES)}, the last learns most",
            "all four to choose from",
            percent(losses),
            verdict(all(scores[-1] == max(scores) for scores in losses.values())),
        ),
    ]


def percent(found: dict[str, list[float]]) -> str:
    """Return the accuracies of each side in words."""
    return "; ".join(
        f"{side} " + ", ".join(f"{score:.1%}" for score in scores)
        for side, scores in found.items()
    )


def draw(config: Config, sides: Sides) -> Figure:
    """Draw some digits of either size, their curves, and those of the four losses."""
    pictures = {"8×8": eight_by_eight(config).x, "28×28": digits(config.dataset).x}
    figure, panels = plt.subplots(
        2, 3, figsize=(10.5, 5.6), layout="constrained", width_ratios=(1, 1.25, 1.25)
    )
    for row, (size, x) in zip(panels, pictures.items(), strict=True):
        row[0].imshow(tiled(x[:42, 0], 6), cmap="gray_r")
        row[0].axis("off")
        row[0].set_title(f"{size} digits")
        for weights, color in WEIGHTS.items():
            name = f"{size}, {weights}"
            found = {side: of["weights"][name] for side, of in sides.items()}
            curves = {side: of["accuracy"] for side, of in found.items()}
            curve(row[1], curves, color, weights)
    for loss, color in zip(LOSSES, (QUIET, "#6b4e9b", THEIRS, OURS), strict=True):
        found = {side: of["losses"][loss] for side, of in sides.items()}
        curves = {side: of["accuracy"] for side, of in found.items()}
        curve(panels[0, 2], curves, color, loss)
        left = {
            side: np.divide(of["loss"], of["loss"][0]) for side, of in found.items()
        }
        curve(panels[1, 2], left, color, loss)
    for panel, title in zip(panels[:, 1:].flat, TITLES, strict=True):
        panel.set(title=title, xlabel="epoch", ylim=(0, 1.04))
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        panel.yaxis.set_major_formatter(PercentFormatter(1))
        named = panel.get_legend_handles_labels()[0]
        ends = {c.get_label(): (c.get_ydata()[-1], c.get_color()) for c in named}
        name_ends(panel, ends)
    figure.suptitle(
        "Sigmoids on digits: weights in (-1, 1) do for 64 pixels and saturate at 784; "
        "of four losses, cross-entropy learns",
        x=0.01,
        ha="left",
        size=12,
    )
    return figure


def tiled(pictures: Any, across: int) -> Any:
    """Return pictures beside and beneath each other, with a little air between."""
    pictures = np.pad(pictures, ((0, 0), (1, 1), (1, 1)))
    n, height, width = pictures.shape
    rows = pictures.reshape(n // across, across, height, width)
    return rows.swapaxes(1, 2).reshape(-1, across * width)


def curve(panel: Any, sides: dict[str, Any], color: str, name: str) -> None:
    """Draw torch's curve pale and thick, ours upon it."""
    epochs = np.arange(1, len(sides["torch"]) + 1)
    panel.plot(epochs, sides["torch"], color=color, linewidth=4, alpha=0.3)
    panel.plot(epochs, sides["scratchnet"], color=color, linewidth=1.2, label=name)
