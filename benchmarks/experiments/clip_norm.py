"""Why do gradients explode with N(0, 1) weights, and does clip-norm help?

diy-dnn drew its weights from N(0, 1). On 100 digits the gradients exploded without
clip-norm (threshold 5); on 60,000 the cost still shot up. It names no learning rate.
Here there are two hidden layers of 50 and a rate of 0.5, which do explode; with its one
hidden layer, norms at that rate stay below 100.

Through a dense layer with weights of deviation σ and a ReLU, signals grow by the factor
σ sqrt(n_in / 2), and gradients on the way back likewise. He's σ makes that 1; σ = 1
makes it 20 for 784 pixels. The gradient of a layer's weights has passed all *other*
layers: it should be larger by the product of their factors.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, prod, sqrt
from typing import Any, NamedTuple

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from benchmarks import models
from benchmarks.experiment import DIY_DNN, Finding, Sides, explained, verdict
from benchmarks.figures import OURS, QUIET, THEIRS
from benchmarks.libraries import Array, Library
from benchmarks.training import Split, digits, fit

DOCUMENT = DIY_DNN
RAW, CLIPPED, HE = "N(0, 1)", "N(0, 1), clipped", "He"
INITIALISERS = {RAW: "normal_", CLIPPED: "normal_", HE: "kaiming_normal_"}
COLOURS = {RAW: THEIRS, CLIPPED: OURS, HE: QUIET}


class Part(NamedTuple):
    """So many digits (None: all) and how to learn them."""

    digits: int | None
    batch_size: int
    epochs: int


FEW, ALL = Part(100, 10, 3), Part(None, 64, 3)


@dataclass(frozen=True)
class Config:
    """What decides the experiment."""

    dataset: str = "mnist"
    sizes: tuple[int, ...] = (784, 50, 50, 10)
    threshold: float = 5.0
    lr: float = 0.5
    few: Part = FEW
    all: Part = ALL
    seeds: tuple[int, ...] = (0, 1, 2)


FULL = Config()
QUICK = Config(dataset="mnist5k", all=Part(None, 64, 5), seeds=(0, 1))


def run(library: Library, config: Config) -> dict[str, Any]:
    """Train on few digits and on all, with each kind of weights."""
    few, everything = (
        digits(config.dataset, part.digits) for part in (config.few, config.all)
    )
    return {
        which: {
            name: [
                train(library, config, name, seed, split, part) for seed in config.seeds
            ]
            for name in INITIALISERS
        }
        for which, split, part in (
            ("few", few, config.few),
            ("all", everything, config.all),
        )
    } | {
        "by_layer": {
            name: [first_gradient(library, config, name, few, s) for s in config.seeds]
            for name in (RAW, HE)
        },
    }


def network(library: Library, config: Config, name: str, seed: int) -> Any:
    """Build the network, with zero biases and weights of this name."""
    library.manual_seed(seed)
    model = models.perceptron(library.nn, *config.sizes)
    models.redraw(library.nn, model, INITIALISERS[name])
    return model


def train(
    library: Library, config: Config, name: str, seed: int, split: Split, part: Part
) -> dict[str, Any]:
    """Return how far the gradient's norm and the loss went, and the way there."""
    model = network(library, config, name, seed)
    parameters = list(model.parameters())
    threshold = config.threshold if name == CLIPPED else inf
    norms: list[float] = []
    losses: list[float] = []

    def clip() -> None:
        norm = library.nn.utils.clip_grad_norm_(parameters, threshold)
        norms.append(float(norm))

    history = fit(
        library,
        model,
        library.nn.CrossEntropyLoss(),
        library.optim.SGD(parameters, lr=config.lr),
        split,
        epochs=part.epochs,
        batch_size=part.batch_size,
        seed=seed,
        what=f"{len(split.x)} digits, {name}",
        before_step=clip,
        after_step=losses.append,
    )
    return {
        "norm": curve(norms),
        "loss": curve(losses),
        "first_loss": losses[0],
        "norm_rise": max(norms) / norms[0],
        "loss_rise": max(losses) / losses[0],
        "accuracy": history[-1].accuracy,
    }


def curve(values: list[float], points: int = 75) -> list[float]:
    """Return the largest value of each stretch of a curve: no peak is lost."""
    stretches = np.array_split(values, min(points, len(values)))
    return [float(stretch.max()) for stretch in stretches]


def first_gradient(
    library: Library, config: Config, name: str, split: Split, seed: int
) -> list[float]:
    """Return the norm of each weight's first gradient, the mean over single digits."""
    model = network(library, config, name, seed)
    criterion = library.nn.CrossEntropyLoss()
    norms = []
    for digit in np.split(np.arange(len(split.x)), len(split.x)):
        library.backpropagate(model, criterion, split.x[digit], split.target[digit])
        gradients = [library.gradient(p) for p in model.parameters() if p.ndim == 2]
        norms.append([np.linalg.norm(gradient) for gradient in gradients])
    return np.mean(norms, axis=0).tolist()


def predicted(sizes: tuple[int, ...]) -> Array:
    """Return how many times He's gradient each layer has with N(0, 1) weights."""
    factors = [sqrt(n_in / 2) for n_in in sizes[:-1]]
    return np.array([prod(factors) / factor for factor in factors])


def ratios(side: dict[str, Any]) -> Array:
    """Return what `predicted` predicts, as it was measured: the mean over seeds."""
    return np.mean(side["by_layer"][RAW], axis=0) / np.mean(
        side["by_layer"][HE], axis=0
    )


def conclude(config: Config, sides: Sides) -> list[Finding]:
    """Judge scratchnet's explosion, its cure and its cause."""
    side = sides["scratchnet"]
    few = {name: column(side, "few", name, "norm_rise") for name in INITIALISERS}
    cost = {name: column(side, "all", name, "loss_rise") for name in INITIALISERS}
    start = {name: column(side, "all", name, "first_loss") for name in INITIALISERS}
    score = {name: column(side, "all", name, "accuracy") for name in INITIALISERS}
    off = ratios(side) / predicted(config.sizes)
    return [
        Finding(
            f"gradients explode on {config.few.digits} digits without clip-norm "
            "(largest norm / first)",
            "yes; not with it",
            "; ".join(f"{name} {several(rise)}" for name, rise in few.items()),
            verdict(bool(few[RAW].min() > 10 > few[CLIPPED].max())),
        ),
        Finding(
            "on all digits the cost shoots up, even with clip-norm (largest / first)",
            "yes",
            "; ".join(
                f"{name} {several(rise)} of {several(start[name])}"
                for name, rise in cost.items()
            ),
            verdict(bool(cost[CLIPPED].min() > 2)),
        ),
        Finding(
            "a digit's first gradient, N(0, 1) over He, is the other layers' product",
            "none",
            "; ".join(
                f"layer {i}: {found:.0f}, predicted {theory:.0f}"
                for i, (found, theory) in enumerate(
                    zip(ratios(side), predicted(config.sizes), strict=True), 1
                )
            ),
            explained(bool(np.all((off > 0.5) & (off < 2)))),
        ),
        Finding(
            "clip-norm treats the symptom, He's weights the cause (test accuracy, %)",
            "none",
            "; ".join(f"{name} {several(100 * s)}" for name, s in score.items()),
            explained(bool(score[HE].min() > score[CLIPPED].max() > score[RAW].max())),
        ),
    ]


def column(side: dict[str, Any], which: str, name: str, value: str) -> Array:
    """Return a value of every seed; what overflowed is infinite."""
    found = np.array([run[value] for run in side[which][name]], float)
    return np.where(np.isnan(found), inf, found)


def several(values: Array) -> str:
    """Return the range of several seeds."""
    return " to ".join(
        f"{value:,.3g}" for value in sorted({values.min(), values.max()})
    )


def draw(config: Config, sides: Sides) -> Figure:
    """Draw gradients on few digits, losses on all, and the cause, layer by layer."""
    figure, panels = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
    for panel, which, value in ((panels[0], "few", "norm"), (panels[1], "all", "loss")):
        for name, color in COLOURS.items():
            for side, width, alpha in (("torch", 5, 0.25), ("scratchnet", 1.3, 1)):
                values = np.array(sides[side][which][name][0][value], float)
                epochs = np.linspace(0, getattr(config, which).epochs, len(values))
                label = name if side == "scratchnet" else None
                style = {"color": color, "linewidth": width, "alpha": alpha}
                panel.plot(epochs, values, label=label, **style)
        panel.set(xlabel="epoch", yscale="log")
    panels[0].axhline(config.threshold, color="black", linewidth=0.8, linestyle=":")
    panels[0].set(ylim=(0.1, None))
    panels[0].set_title(
        f"{config.few.digits} digits: norm of gradients (dots: {config.threshold:g})"
    )
    panels[1].set_title("All digits: loss")
    panels[1].legend(title="wide: torch, thin: scratchnet", title_fontsize=8)

    layers, theory = np.arange(1, len(config.sizes)), predicted(config.sizes)
    panel = panels[2]
    panel.bar(layers, ratios(sides["scratchnet"]), 0.5, color=THEIRS, label="measured")
    panel.hlines(theory, layers - 0.25, layers + 0.25, "black", label="predicted")
    panel.set(xlabel="layer", ylabel="times He's", xticks=layers)
    panel.set_title("Why: a digit's first gradient")
    panel.legend(loc="upper left")
    return figure
