"""Which depth and width suits the digits, with and without batch normalisation?

diy-dnn ran a list of architectures, logged a summary of each, and drew sample
inferences; its best test accuracy was 75 %. Here each architecture is a row of the log,
and the best one shows what it makes of some test digits. `python -m benchmarks log`
sums up the records of all experiments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from scipy.special import softmax

from benchmarks import models
from benchmarks.experiment import DIY_DNN, Finding, Sides, verdict
from benchmarks.figures import OURS, QUIET, THEIRS
from benchmarks.libraries import Library
from benchmarks.training import digits, fit, scores

DOCUMENT = DIY_DNN
COLUMNS = 6  # of the grid of digits
PUBLISHED = 0.75


@dataclass(frozen=True)
class Config:
    """What decides the experiment: the hidden layers, and how each network learns."""

    dataset: str = "mnist"
    train: int | None = None
    hidden: tuple[tuple[int, ...], ...] = (
        (50,),
        (200,),
        (50, 50),
        (200, 50),
        (50, 50, 50, 50),
    )
    lr: float = 0.1
    batch_size: int = 64
    epochs: int = 5
    shown: int = 24
    seed: int = 0


FULL = Config()
QUICK = Config(dataset="mnist5k", epochs=6)


def run(library: Library, config: Config) -> dict[str, Any]:
    """Train every architecture; return the log, and inferences of the best."""
    split = digits(config.dataset, config.train)
    log, outputs = [], []
    for hidden in config.hidden:
        for batch_norm in (False, True):
            library.manual_seed(config.seed)
            sizes = (784, *hidden, 10)
            model = models.perceptron(library.nn, *sizes, batch_norm=batch_norm)
            history = fit(
                library,
                model,
                library.nn.CrossEntropyLoss(),
                library.optim.SGD(model.parameters(), lr=config.lr),
                split,
                epochs=config.epochs,
                batch_size=config.batch_size,
                seed=config.seed,
                what="-".join(map(str, sizes)) + batch_norm * " + batch norm",
            )
            log.append(
                {
                    "sizes": sizes,
                    "batch_norm": batch_norm,
                    "accuracy": history[-1].accuracy,
                    "loss": history[-1].loss,
                    "parameters": sum(
                        library.weights(p).size for p in model.parameters()
                    ),
                    "seconds": sum(epoch.seconds for epoch in history),
                }
            )
            outputs.append(scores(library, model, split.test_x))
    best = int(np.argmax([row["accuracy"] for row in log]))
    return {
        "log": log,
        "best": best,
        "inferences": inferences(outputs[best], split.test_labels, config.shown),
    }


def inferences(outputs: Any, labels: Any, count: int) -> list[dict[str, Any]]:
    """Return what is made of the first test digits, and of the surest mistakes.

    The last row of the grid is for the mistakes.
    """
    probability = softmax(outputs.astype(np.float64), axis=1)
    predicted, sure = probability.argmax(axis=1), probability.max(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    worst = wrong[np.argsort(-sure[wrong], kind="stable")][:COLUMNS]
    return [
        {
            "digit": int(i),
            "label": int(labels[i]),
            "predicted": int(predicted[i]),
            "probability": round(float(sure[i]), 4),
        }
        for i in (*range(count - len(worst)), *worst)
    ]


def gains(side: dict[str, Any]) -> list[float]:
    """Return what batch normalisation adds to the accuracy of each architecture."""
    accuracies = [row["accuracy"] for row in side["log"]]
    return [
        normed - plain
        for plain, normed in zip(accuracies[::2], accuracies[1::2], strict=True)
    ]


def conclude(config: Config, sides: Sides) -> list[Finding]:
    """Judge the best architecture, and what batch normalisation adds to each."""
    best = {name: side["log"][side["best"]] for name, side in sides.items()}
    added = {name: gains(side) for name, side in sides.items()}
    helped = sum(gain > 0 for gain in added["scratchnet"])
    return [
        Finding(
            "the best of the architectures (test accuracy)",
            f"{PUBLISHED:.0%}",
            "; ".join(
                f"{name} {row['accuracy']:.1%}, {title(row)}"
                for name, row in best.items()
            ),
            verdict(all(row["accuracy"] < PUBLISHED + 0.05 for row in best.values())),
        ),
        Finding(
            "batch norm helps every architecture (points of accuracy)",
            "steadies the one tried",
            f"{helped} of {len(config.hidden)}: "
            + ", ".join(f"{100 * gain:+.1f}" for gain in added["scratchnet"]),
            verdict(helped == len(config.hidden)),
        ),
    ]


def title(row: dict[str, Any]) -> str:
    """Return the name of an architecture of the log."""
    return "-".join(map(str, row["sizes"])) + row["batch_norm"] * " + batch norm"


def draw(config: Config, sides: Sides) -> Figure:
    """Draw the scan, and beside it what the best network makes of some digits."""
    side = sides["scratchnet"]
    figure = plt.figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.05))
    panel = left.subplots()
    rows = range(len(config.hidden))
    for name, size, face in (("torch", 11, "none"), ("scratchnet", 6, None)):
        for first, color in ((0, QUIET), (1, OURS)):
            found = [100 * row["accuracy"] for row in sides[name]["log"][first::2]]
            panel.plot(
                found,
                rows,
                "o",
                color=color,
                markersize=size,
                markerfacecolor=face or color,
                label=f"{name}, {'with' if first else 'no'} batch norm",
            )
    log = side["log"][::2]
    panel.set_yticks(
        rows, [f"{title(row)}\n{row['parameters']:,} parameters" for row in log]
    )
    panel.invert_yaxis()
    panel.grid(axis="y", color=QUIET, alpha=0.25)
    panel.set(xlabel="test accuracy, %")
    panel.set_title("Architectures", weight="bold")
    left.legend(loc="outside lower center", ncols=2)
    images = digits(config.dataset, train=1).test_x[:, 0]
    shown = side["inferences"]
    right.suptitle(
        f"What {title(side['log'][side['best']])} makes of them; "
        "last row: its surest mistakes",
        fontsize=10,
    )
    cells = right.subplots(-(-len(shown) // COLUMNS), COLUMNS)
    for cell in cells.flat:
        cell.axis("off")
    for cell, found in zip(cells.flat, shown, strict=False):
        right_one = found["predicted"] == found["label"]
        cell.imshow(images[found["digit"]], cmap="gray_r")
        cell.set_title(
            f"{found['predicted']}  {found['probability']:.0%}"
            + ("" if right_one else f"  (is {found['label']})"),
            fontsize=8,
            loc="center",
            color="black" if right_one else THEIRS,
            weight="normal" if right_one else "bold",
            pad=3,
        )
    return figure
