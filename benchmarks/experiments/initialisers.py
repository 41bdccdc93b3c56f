"""Which weights to begin with, and which optimiser, when digits come one at a time?

The document trained nine networks on 50,000 digits drawn at random, one a step, at a
learning rate of 0.1: five initialisers under plain gradient descent, then "paper" (He
et al., 2015) under other optimisers. Normal, very large and zero weights learned
nothing, and Adam learned only at a rate of its own. It had cross-entropy and squared
error; here the squared error of softmax outputs is taken, under which momentum at this
rate learns at all, as it did there (see `momentum_luck`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from benchmarks import models
from benchmarks.experiment import NN_FROM_SCRATCH, Finding, Sides, explained, verdict
from benchmarks.figures import OURS, QUIET
from benchmarks.libraries import Library, one_hot
from benchmarks.training import Split, digits, fit, scores

DOCUMENT = NN_FROM_SCRATCH
BETAS = (0.9, 0.999)
RULES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "normal": ("normal_", "SGD", {}),
    "very large": ("normal_", "SGD", {}),
    "zero": ("zeros_", "SGD", {}),
    "Xavier": ("xavier_normal_", "SGD", {}),
    "He": ("kaiming_normal_", "SGD", {}),
    "He, momentum": ("kaiming_normal_", "SGD", {"momentum": BETAS[0]}),
    "He, RMSprop": ("kaiming_normal_", "RMSprop", {"alpha": BETAS[1]}),
    "He, Adam": ("kaiming_normal_", "Adam", {"betas": BETAS}),
    "He, Adam, lr 0.001": ("kaiming_normal_", "Adam", {"betas": BETAS, "lr": 0.001}),
}
ADAM, SLOW_ADAM = "He, Adam", "He, Adam, lr 0.001"


@dataclass(frozen=True)
class Config:
    """What decides the experiment. `units` are drawn of each network."""

    dataset: str = "mnist"
    hidden: int = 64
    iterations: int = 50_000
    lr: float = 0.1
    units: int = 4
    seed: int = 0


FULL = Config()
QUICK = Config(dataset="mnist5k", iterations=3000)


def drawn(split: Split, n: int, seed: int) -> Split:
    """Return n pictures and targets, each drawn at random from all."""
    chosen = np.random.default_rng(seed).integers(len(split.x), size=n)
    return split._replace(x=split.x[chosen], target=split.target[chosen])


def run(library: Library, config: Config) -> dict[str, Any]:
    """Train nine networks on the same digits."""
    split = digits(config.dataset)
    split = split._replace(target=one_hot(split.target))
    split = drawn(split, config.iterations, config.seed)
    results = {}
    for name, (initialiser, optimizer, options) in RULES.items():
        library.manual_seed(config.seed)
        model = models.perceptron(library.nn, 784, config.hidden, 10)
        models.redraw(library.nn, model, initialiser)
        if name == "very large":
            for parameter in model.parameters():
                library.weights(parameter)[...] *= 100
        model.append(library.nn.Softmax(dim=1))
        weights = library.weights(model[1].weight)
        before, start = examine(library, model, split), weights.copy()
        rule = getattr(library.optim, optimizer)
        (epoch,) = fit(
            library,
            model,
            library.nn.MSELoss(),
            rule(model.parameters(), **{"lr": config.lr, **options}),
            split,
            epochs=1,
            batch_size=1,
            seed=config.seed,
            what=name,
        )
        moved = np.linalg.norm(weights - start, axis=1)
        results[name] = {
            "accuracy": epoch.accuracy,
            "loss": epoch.loss,
            "before": before,
            "after": examine(library, model, split),
            "distinct": len(np.unique(weights, axis=0)),
            "largest": np.abs(weights).max(),
            "units": weights[np.argsort(-moved, kind="stable")[: config.units]],
        }
    return results


def examine(library: Library, model: Any, split: Split) -> dict[str, float]:
    """Return what can stop a network from learning.

    `sure` is the fraction of pictures whose largest probability exceeds 0.999, where
    softmax lets almost no gradient through; `dead` that of hidden units which are zero
    on every picture.
    """
    probability = scores(library, model, split.test_x)
    hidden = scores(library, model[:3], split.test_x)
    logits = scores(library, model[:4], split.test_x)
    return {
        "scale": float(np.sqrt(np.mean(logits**2))),
        "sure": float(np.mean(probability.max(axis=1) > 0.999)),
        "dead": float(np.mean((hidden <= 0).all(axis=0))),
    }


def conclude(config: Config, sides: Sides) -> list[Finding]:
    """Compare what learned, and say what stopped the rest."""

    def find(
        claim: str,
        published: str,
        ours: Callable[[Any], str],
        holds: Callable[[Any], bool],
        judge: Callable[[bool], Any] = explained,
    ) -> Finding:
        found = ", ".join(f"{side} {ours(found)}" for side, found in sides.items())
        return Finding(claim, published, found, judge(all(map(holds, sides.values()))))

    leap = config.lr / (1 - BETAS[1]) ** 0.5
    return [
        *(
            find(
                f"{name} weights: accuracy",
                "learns nothing",
                lambda found, name=name: f"{found[name]['accuracy']:.1%}",
                lambda found, name=name: found[name]["accuracy"] < 0.2,
                verdict,
            )
            for name in ("normal", "very large", "zero")
        ),
        find(
            "why not large: digits that softmax is sure of before training, very large "
            "/ normal / He",
            "none",
            lambda found: " / ".join(
                f"{found[name]['before']['sure']:.0%}"
                for name in ("very large", "normal", "He")
            ),
            lambda found: (
                found["very large"]["before"]["sure"] > 0.95
                and found["normal"]["before"]["sure"] > 0.5
                and found["He"]["before"]["sure"] < 0.05
            ),
        ),
        find(
            f"why not zero: distinct units among the {config.hidden} after training, "
            "zero / He",
            "none",
            lambda found: f"{found['zero']['distinct']} / {found['He']['distinct']}",
            lambda found: found["zero"]["distinct"] == 1 < found["He"]["distinct"],
        ),
        find(
            f"Adam at lr {config.lr:g} / 0.001: accuracy",
            "needs its own rate",
            lambda found: (
                f"{found[ADAM]['accuracy']:.1%} / {found[SLOW_ADAM]['accuracy']:.1%}"
            ),
            lambda found: (
                found[ADAM]["accuracy"] < 0.2 and found[SLOW_ADAM]["accuracy"] > 0.7
            ),
            verdict,
        ),
        find(
            "why: root mean square of Adam's logits after training, at either rate",
            "none",
            lambda found: " / ".join(
                f"{found[name]['after']['scale']:.3g}" for name in (ADAM, SLOW_ADAM)
            ),
            lambda found: (
                found[ADAM]["after"]["sure"] > 0.9
                and found[ADAM]["after"]["scale"]
                > 10 * found[SLOW_ADAM]["after"]["scale"]
            ),
        ),
        find(
            "why RMSprop keeps the imprint of a digit: its first step is lr / √(1 - α) "
            f"= {leap:.2f} however small the gradient; the largest weight of all",
            "none",
            lambda found: f"{found['He, RMSprop']['largest']:.2f}",
            lambda found: found["He, RMSprop"]["largest"] > leap / 2,
        ),
    ]


def draw(config: Config, sides: Sides) -> Figure:
    """Draw the weights of the units that moved farthest, each network in a column."""
    found = sides["scratchnet"]
    figure, panels = plt.subplots(
        config.units,
        len(RULES),
        figsize=(11, 1.2 * config.units + 1),
        layout="constrained",
        squeeze=False,
    )
    for column, name in zip(panels.T, RULES, strict=True):
        units = np.array(found[name]["units"], float)
        limit = max(np.quantile(np.abs(units), 0.995), 1e-6)
        for panel, unit in zip(column, units, strict=True):
            panel.imshow(unit.reshape(28, 28), cmap="RdBu_r", vmin=-limit, vmax=limit)
            panel.set(xticks=[], yticks=[])
            panel.spines[:].set(visible=True, color=QUIET, linewidth=0.5)
        head, _, tail = name.partition(", ")
        title = f"{head}\n{tail or 'SGD'}"
        column[0].set_title(title, loc="center", size=9.5)
        score = found[name]["accuracy"]
        color = OURS if score > 0.7 else QUIET
        column[-1].set_xlabel(
            f"{score:.1%}", size=12, weight="bold", color=color, labelpad=7
        )
    figure.suptitle(
        f"Nine networks after {config.iterations:,} digits, one at a time: what the "
        f"hidden units that moved farthest look for, and test accuracy",
        x=0.01,
        ha="left",
        size=12,
    )
    return figure
