"""Why did no dense network learn affNIST, and what does?

The lab report turned, sheared and scaled digits, put them anywhere on 40×40, and tried
dense networks up to 1600-8000-10: all stayed at accuracy 0.109 ± 0.01 and loss 2.3,
which is ln 10: guessing. Here its set-ups stand beside networks that change one thing
at a time: the place of the digits, the first weights, the optimiser, the architecture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from benchmarks import models
from benchmarks.affine import SIZE, affine
from benchmarks.experiment import LAB_REPORT, Finding, Sides, explained, verdict
from benchmarks.figures import OURS, QUIET, THEIRS
from benchmarks.libraries import Library
from benchmarks.training import Split, fit, scores
from scratchnet import datasets

DOCUMENT = LAB_REPORT


class Attempt(NamedTuple):
    """A network and how it is trained; `weights` are those of a dense one."""

    sizes: tuple[int, ...]
    weights: str
    optimizer: str = "SGD"
    rate: float = 1e-2
    centred: bool = False


UNIFORM, GEOHOT, WIDE = "uniform [0, 1), SGD", "Geohot, deep, SGD", "Geohot, wide, SGD"
SHALLOW, CENTRED = "Geohot, one layer, SGD", "the same, digits centred"
HE, ADAM, CNN = "He, deep, SGD", "He, deep, Adam", "convolutions, Adam"
REPORTED = (UNIFORM, GEOHOT, WIDE)

DEEP = (128, 128, 128)
ROWS, COLUMNS = 6, 5  # of the digits that are drawn
ATTEMPTS = {
    UNIFORM: Attempt(DEEP, "uniform"),
    GEOHOT: Attempt(DEEP, "Geohot"),
    WIDE: Attempt((8000,), "Geohot", rate=1e-3),
    SHALLOW: Attempt((128,), "Geohot"),
    CENTRED: Attempt((128,), "Geohot", centred=True),
    HE: Attempt(DEEP, "He"),
    ADAM: Attempt(DEEP, "He", "Adam", 1e-3),
    CNN: Attempt((8, 16, 32, 64), "", "Adam", 5e-3),
}


@dataclass(frozen=True)
class Config:
    """What decides the experiment.

    The widest network, at a hundred times the cost, has one hidden layer of `wide` and
    sees `wide_train` digits; `enough` is the accuracy asked of the convolutions.
    """

    dataset: str = "mnist"
    train: int | None = None
    test: int | None = None
    wide: int = 8000
    wide_train: int = 12_800
    epochs: int = 5
    cnn_epochs: int = 4
    batch_size: int = 64
    enough: float = 0.95
    seed: int = 0


FULL = Config()
QUICK = replace(
    FULL, dataset="mnist5k", wide_train=320, epochs=6, cnn_epochs=4, enough=0.8
)


def data(config: Config, centred: bool) -> Split:
    """Return the digits, transformed."""
    pictures = datasets.load(config.dataset)
    return Split(
        affine(pictures.train_images[: config.train], config.seed, centred=centred),
        pictures.train_labels[: config.train],
        affine(pictures.test_images[: config.test], config.seed + 1, centred=centred),
        pictures.test_labels[: config.test],
    )


def run(library: Library, config: Config) -> dict[str, Any]:
    """Train each network from the same seed."""
    anywhere, results = data(config, centred=False), {}
    for name, attempt in ATTEMPTS.items():
        split = data(config, centred=True) if attempt.centred else anywhere
        if name == WIDE:
            attempt = attempt._replace(sizes=(config.wide,))
            few = slice(config.wide_train)
            split = split._replace(x=split.x[few], target=split.target[few])
        results[name] = train(library, split, config, name, attempt)
    labels = anywhere.test_labels
    return {"networks": results, "commonest": np.bincount(labels).max() / len(labels)}


def train(
    library: Library, split: Split, config: Config, name: str, attempt: Attempt
) -> dict[str, Any]:
    """Train one network; return what it reached, what it answers and what it cost."""
    epochs = {WIDE: 1, CNN: config.cnn_epochs}.get(name, config.epochs)
    library.manual_seed(config.seed)
    model = build(library.nn, attempt)
    optimizer = getattr(library.optim, attempt.optimizer)(
        model.parameters(), lr=attempt.rate
    )
    steps = epochs * -(-len(split.x) // config.batch_size)
    schedule = library.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    history = fit(
        library,
        model,
        library.nn.CrossEntropyLoss(),
        optimizer,
        split,
        epochs=epochs,
        batch_size=config.batch_size,
        seed=config.seed,
        what=name,
        after_step=(lambda _: schedule.step()) if name == CNN else None,
    )
    answers = scores(library, model, split.test_x).argmax(axis=1)
    return {
        "loss": [epoch.loss for epoch in history],
        "accuracy": [epoch.accuracy for epoch in history],
        "seconds": sum(epoch.seconds for epoch in history),
        "parameters": sum(math.prod(p.shape) for p in model.parameters()),
        "commonest_answer": np.bincount(answers).max() / len(answers),
    }


def build(nn: Any, attempt: Attempt) -> Any:
    """Build the network, with its first weights."""
    if not attempt.weights:
        return models.convolutional(nn, *attempt.sizes, batch_norm=True, size=SIZE)
    model = models.perceptron(nn, SIZE * SIZE, *attempt.sizes, 10)
    for parameter in model.parameters():
        bound = 1 / math.sqrt(math.prod(parameter.shape))
        if parameter.ndim == 1:
            nn.init.zeros_(parameter)
        elif attempt.weights == "He":
            nn.init.kaiming_normal_(parameter, nonlinearity="relu")
        elif attempt.weights == "Geohot":
            nn.init.uniform_(parameter, -bound, bound)
        else:
            nn.init.uniform_(parameter)
    return model


def conclude(config: Config, sides: Sides) -> list[Finding]:
    """Look for what was published, then for its causes, one at a time."""
    networks = sides["scratchnet"]["networks"]
    everywhere = [
        {name: found["accuracy"][-1] for name, found in side["networks"].items()}
        for side in sides.values()
    ]
    reached = everywhere[list(sides).index("scratchnet")]
    guessed = [stuck(s["networks"][name]) for s in sides.values() for name in REPORTED]
    best = max(reached[name] for name in ATTEMPTS if name != CNN)
    constant = min(networks[name]["commonest_answer"] for name in (UNIFORM, GEOHOT))

    def rises(claim: str, *names: str) -> Finding:
        first, last = names[0], names[-1]
        return Finding(
            claim,
            "none",
            ", ".join(f"{name} {reached[name]:.1%}" for name in names),
            explained(all(r[last] > r[first] + 0.1 for r in everywhere)),
        )

    return [
        Finding(
            "dense networks as in the report",
            "accuracy 0.109 ± 0.01, loss 2.3",
            "; ".join(
                f"{name} {reached[name]:.3f}, {networks[name]['loss'][-1]:.3f}"
                for name in REPORTED
            )
            + f" (after {config.wide_train:,} digits)",
            verdict(all(guessed)),
        ),
        Finding(
            "why 0.109: only the biases learn, so the answer is one digit for all",
            "none",
            f"one answer for {constant:.0%} of the digits; the commonest digit is "
            f"{sides['scratchnet']['commonest']:.1%} of them",
            explained(constant > 0.99),
        ),
        rises("a cause: digits anywhere", SHALLOW, CENTRED),
        rises("a cause: first weights, and with them the optimiser", GEOHOT, HE, ADAM),
        Finding(
            "convolutions learn affNIST",
            "none",
            f"{reached[CNN]:.2%} from {networks[CNN]['parameters']:,} parameters in "
            f"{networks[CNN]['seconds']:.0f} s; the best dense network {best:.1%}",
            explained(all(r[CNN] > max(config.enough, best) for r in everywhere)),
        ),
    ]


def stuck(found: dict[str, Any]) -> bool:
    """Return whether a network has got no further than guessing."""
    loss, accuracy = found["loss"][-1], found["accuracy"][-1]
    return loss is not None and abs(loss - math.log(10)) < 0.02 and accuracy < 0.15


def draw(config: Config, sides: Sides) -> Figure:
    """Draw some digits, and what each network reached, at what cost."""
    figure = plt.figure(figsize=(10.5, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.9))
    images = datasets.load(config.dataset).test_images[: ROWS * COLUMNS]
    digits = affine(images, config.seed + 1).reshape(ROWS, COLUMNS, SIZE, SIZE)
    left.imshow(digits.transpose(0, 2, 1, 3).reshape(ROWS * SIZE, -1), cmap="gray_r")
    left.set_xticks(np.arange(1, COLUMNS) * SIZE - 0.5, [])
    left.set_yticks(np.arange(1, ROWS) * SIZE - 0.5, [])
    left.tick_params(length=0)
    left.grid(color=QUIET, linewidth=0.5)
    left.spines[:].set(visible=True, color=QUIET)
    left.set_title("Turned, sheared, scaled, anywhere")

    ours, theirs = (sides[side]["networks"] for side in ("scratchnet", "torch"))
    for place, (name, found) in enumerate(ours.items()):
        score, other = (100 * one["accuracy"][-1] for one in (found, theirs[name]))
        color = THEIRS if stuck(found) else OURS if name == CNN else QUIET
        right.barh(place, score, color=color, height=0.62)
        right.plot(other, place, "|", color="black", markersize=13)
        label, cost = max(score, other) + 2, f"{found['parameters']:,} weights, "
        right.text(label, place, f"{score:.1f} %", va="center", fontsize=9)
        cost += f"{found['seconds']:.0f} s"
        right.text(160, place, cost, va="center", ha="right", fontsize=8, color=QUIET)
    right.set_yticks(range(len(ours)), list(ours))
    right.invert_yaxis()
    right.tick_params(axis="y", length=0, labelsize=9)
    right.set(xlim=(0, 160), xticks=range(0, 101, 20))
    right.xaxis.set_major_formatter("{x:.0f} %")
    right.spines[["left", "bottom"]].set_visible(False)
    right.set_title("Who reads them: accuracy on other digits (black: torch)")
    return figure
