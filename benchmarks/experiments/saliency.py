"""Which pixels does a convolutional network need?

The document trained one with max pooling at a learning rate of 0.01 and momentum 0.9,
and found it half a point below its dense network. Then it slid a black window of 2×2
and of 3×3 pixels over the digits, noted how far the probability of the true class fell
at each place, and averaged the falls for each digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from benchmarks import models
from benchmarks.experiment import NN_FROM_SCRATCH, Finding, Sides, explained, verdict
from benchmarks.libraries import Array, Library
from benchmarks.training import Split, digits, fit, progress, scores

DOCUMENT = NN_FROM_SCRATCH


@dataclass(frozen=True)
class Config:
    """What decides the experiment.

    The networks are first judged after a pass through `early` digits, then after
    `epochs` more through all. `pictures` of each digit are occluded.
    """

    dataset: str = "mnist"
    train: int | None = None
    channels: tuple[int, ...] = (8, 16)
    early: int = 2500
    epochs: int = 3
    lr: float = 0.01
    momentum: float = 0.9
    batch_size: int = 32
    windows: tuple[int, ...] = (2, 3)
    pictures: int = 50
    seed: int = 0


FULL = Config()
QUICK = Config(dataset="mnist5k", epochs=4, pictures=8)


def run(library: Library, config: Config) -> dict[str, Any]:
    """Train both networks on the same digits; occlude digits for the convolutional."""
    split = digits(config.dataset, config.train)
    accuracies = {}
    for name in ("dense", "convolutional"):
        library.manual_seed(config.seed)
        if name == "dense":
            model = models.perceptron(library.nn, 784, 128, 10)
        else:
            model = models.convolutional(library.nn, *config.channels)
        accuracies[name] = train(library, model, split, config, name)
    model.append(library.nn.Softmax(dim=1))
    by_digit = [split.test_x[split.test_labels == digit] for digit in range(10)]
    return {
        "accuracy": accuracies,
        "maps": {
            size: [
                np.mean(
                    [
                        occlude(library, model, picture, digit, size)
                        for picture in pictures[: config.pictures]
                    ],
                    axis=0,
                )
                for digit, pictures in progress(
                    library, list(enumerate(by_digit)), f"windows of {size}×{size}"
                )
            ]
            for size in config.windows
        },
        "means": [pictures[:, 0].mean(axis=0) for pictures in by_digit],
    }


def train(
    library: Library, model: Any, split: Split, config: Config, what: str
) -> list[float]:
    """Return the accuracies after the early pass, and after each epoch that follows."""
    optimizer = library.optim.SGD(
        model.parameters(), lr=config.lr, momentum=config.momentum
    )
    early = split._replace(
        x=split.x[: config.early], target=split.target[: config.early]
    )
    history = []
    for part, epochs in ((early, 1), (split, config.epochs)):
        history += fit(
            library,
            model,
            library.nn.CrossEntropyLoss(),
            optimizer,
            part,
            epochs=epochs,
            batch_size=config.batch_size,
            seed=config.seed,
            what=what,
        )
    return [epoch.accuracy for epoch in history]


def occlude(
    library: Library, model: Any, picture: Array, label: int, size: int
) -> Array:
    """Return how far the probability of a label falls when a window blacks pixels out.

    A pixel of the (28, 28) map has the mean over all windows that cover it. Windows
    without ink change nothing: the network need not be asked.
    """
    ink = np.lib.stride_tricks.sliding_window_view(picture[0], (size, size))
    places = np.argwhere(ink.any(axis=(2, 3)))
    pictures = np.repeat(picture[None], 1 + len(places), axis=0)
    for occluded, (row, column) in zip(pictures[1:], places, strict=True):
        occluded[0, row : row + size, column : column + size] = 0
    probability, *rest = scores(library, model, pictures)[:, label]
    falls, cover = np.zeros((2, *picture[0].shape))
    for row, column in np.ndindex(ink.shape[:2]):
        cover[row : row + size, column : column + size] += 1
    for (row, column), left in zip(places, rest, strict=True):
        falls[row : row + size, column : column + size] += probability - left
    return falls / cover


def conclude(config: Config, sides: Sides) -> list[Finding]:
    """Compare the networks early and late; say where and how far probabilities fall."""

    def each(values: dict[str, float], form: str) -> str:
        return ", ".join(f"{side} {value:{form}}" for side, value in values.items())

    scored = {side: found["accuracy"] for side, found in sides.items()}
    gaps = {
        side: 100 * np.subtract(found["dense"], found["convolutional"])
        for side, found in scored.items()
    }
    early = {side: gap[0] for side, gap in gaps.items()}
    late = {side: gap[-1] for side, gap in gaps.items()}
    maps = {side: np.array(list(f["maps"].values())) for side, f in sides.items()}
    small, large = (
        {side: found[row].mean() for side, found in maps.items()} for row in (0, -1)
    )
    ratio = {side: large[side] / small[side] for side in sides}
    ink = {side: np.array(found["means"]) > 0.1 for side, found in sides.items()}
    share = {
        side: found[:, ink[side]].sum() / found.sum() for side, found in maps.items()
    }
    likeness = float(np.corrcoef([found.ravel() for found in maps.values()])[0, 1])
    return [
        Finding(
            f"points by which the dense network leads after {config.epochs} epochs",
            "about 0.5",
            each(late, "+.2f"),
            verdict(all(gap > 0 for gap in late.values())),
        ),
        Finding(
            f"it does lead after {config.early:,} digits, when neither is trained",
            "none",
            each(early, "+.2f"),
            explained(all(early[side] > max(0, late[side]) for side in sides)),
        ),
        Finding(
            "fall of the probability under "
            f"{config.windows[-1]}×{config.windows[-1]} / "
            f"{config.windows[0]}×{config.windows[0]} windows",
            "none",
            each(ratio, ".1f"),
            explained(all(value > 1 for value in ratio.values())),
        ),
        Finding(
            "share of the fall where the mean digit has ink",
            "none",
            each(share, ".0%"),
            explained(all(value > 0.5 for value in share.values())),
        ),
        Finding(
            "correlation of the maps of both sides",
            "none",
            f"{likeness:.4f}",
            explained(likeness > 0.9),
        ),
    ]


def draw(config: Config, sides: Sides) -> Figure:
    """Draw the mean falls, each map on its own scale, and outline the mean digit."""
    found = sides["scratchnet"]
    figure, panels = plt.subplots(
        len(config.windows),
        10,
        figsize=(11, 1.3 * len(config.windows) + 0.5),
        layout="constrained",
        squeeze=False,
    )
    for row, size in zip(panels, map(str, config.windows), strict=True):
        maps = 100 * np.array(found["maps"][size])
        for panel, heat, mean in zip(row, maps, found["means"], strict=True):
            limit = max(heat.max(), 1e-6)
            panel.imshow(
                heat, cmap="inferno", vmin=0, vmax=limit, interpolation="bicubic"
            )
            panel.contour(mean, [0.35], colors="white", linewidths=0.8, alpha=0.6)
            panel.set(xticks=[], yticks=[])
            panel.spines[:].set_visible(False)
            panel.set_xlabel(f"{limit:.2g}", size=9, labelpad=3)
        row[0].set_ylabel(
            f"{size}×{size}", size=11, rotation=0, ha="right", va="center"
        )
    figure.suptitle(
        "How far the probability of the true digit falls where a window blacks pixels "
        "out (beneath: at most, in points)",
        x=0.01,
        ha="left",
        size=12,
    )
    return figure
