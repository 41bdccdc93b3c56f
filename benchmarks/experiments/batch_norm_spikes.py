"""What makes the loss spike under batch normalisation?

diy-dnn put batch normalisation after its single hidden layer of 50, on N(0, 1) weights
with clip-norm 5. That steadied the training, but for spikes in the cost that it could
not explain; its best test accuracy was 75 %.

A spike here is a batch with a loss above twice the running median. Each suspect is
removed from that very network, trained, which then goes on for so many steps: if fewer
than a quarter of the spikes stay, it was the culprit.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from scipy.ndimage import median_filter
from scipy.special import log_softmax

from benchmarks import models
from benchmarks.experiment import DIY_DNN, Finding, Sides, explained, verdict
from benchmarks.figures import OURS, QUIET, THEIRS
from benchmarks.libraries import Array, Library
from benchmarks.training import Split, batches, digits, fit, progress, scores

DOCUMENT = DIY_DNN
WINDOW = 51  # steps of the running median
RAW, HE = "N(0, 1), batch norm", "He, batch norm"
NETWORKS = {
    "N(0, 1)": ("normal_", False),
    RAW: ("normal_", True),
    HE: ("kaiming_normal_", True),
}


@dataclass(frozen=True)
class Config:
    """What decides the experiment; a spike is so many times the running median."""

    dataset: str = "mnist"
    train: int | None = None
    sizes: tuple[int, ...] = (784, 50, 10)
    batch_size: int = 64
    lr: float = 0.1
    threshold: float = 5.0
    epochs: int = 5
    steps: int = 4000
    watched: int = 500
    spike: float = 2.0
    seed: int = 0


FULL = Config()
QUICK = Config(dataset="mnist5k", batch_size=16, epochs=10, steps=500, watched=200)


USUAL = "nothing removed"
FROZEN = "rate 0: the weights stay"
LARGER = "batches ten times larger"
REMOVED: dict[str, dict[str, Any]] = {  # each suspect, by what it goes on without
    USUAL: {},
    "small last batch dropped": {"drop_last": True},
    "clip-norm dropped": {"threshold": inf},
    "variance at least 0.1 (eps)": {"eps": 0.1},
    "running statistics": {"batch_statistics": False},
    "a tenth of the rate": {"slower": 0.1},
    FROZEN: {"slower": 0.0},
    LARGER: {"larger": 10},
}


def run(library: Library, config: Config) -> dict[str, Any]:
    """Train with each kind of weights; from diy-dnn's, go on without each suspect."""
    split = digits(config.dataset, config.train)
    networks, trained = {}, {}
    for name, (initialiser, batch_norm) in NETWORKS.items():
        library.manual_seed(config.seed)
        model = models.perceptron(library.nn, *config.sizes, batch_norm=batch_norm)
        models.redraw(library.nn, model, initialiser)
        trained[name] = train(library, config, model, split, name)
        networks[name] = model
    model = networks[RAW]
    state = deepcopy(model.state_dict())
    after = {}
    for name, changes in progress(library, REMOVED.items(), "suspects"):
        model.load_state_dict(deepcopy(state))
        after[name] = go_on(library, config, model, split, **changes)
    model.load_state_dict(state)
    return {
        "trained": trained,
        "spikes": {name: float(np.mean(r > config.spike)) for name, r in after.items()},
        "largest": {name: ratios.max() for name, ratios in after.items()},
        "batches": after[USUAL],
        "watched": watch(library, config, model, split),
    }


def train(
    library: Library, config: Config, model: Any, split: Split, name: str
) -> dict[str, Any]:
    """Return the first gradient's norm, how far the first layer went, the accuracy."""
    parameters = list(model.parameters())
    first = library.weights(model[1].weight)
    before = first.copy()
    norms: list[float] = []

    def clip() -> None:
        norm = library.nn.utils.clip_grad_norm_(parameters, config.threshold)
        norms.append(float(norm))

    history = fit(
        library,
        model,
        library.nn.CrossEntropyLoss(),
        library.optim.SGD(parameters, lr=config.lr),
        split,
        epochs=config.epochs,
        batch_size=config.batch_size,
        seed=config.seed,
        what=name,
        before_step=clip,
    )
    return {
        "first_norm": norms[0],
        "largest_norm": max(norms),
        "moved": float(np.linalg.norm(first - before) / np.linalg.norm(before)),
        "accuracy": history[-1].accuracy,
    }


def go_on(
    library: Library,
    config: Config,
    model: Any,
    split: Split,
    *,
    drop_last: bool = False,
    threshold: float | None = None,
    eps: float = 1e-5,
    batch_statistics: bool = True,
    slower: float = 1.0,
    larger: int = 1,
    after_step: Callable[[], None] = lambda: None,
) -> Array:
    """Train for so many further steps; return the loss of each over its median."""
    parameters = list(model.parameters())
    optimizer = library.optim.SGD(parameters, lr=slower * config.lr)
    criterion = library.nn.CrossEntropyLoss()
    model[2].eps = eps
    model[2].train(batch_statistics)
    rng = np.random.default_rng(config.seed + 1)
    size = larger * config.batch_size
    losses: list[float] = []
    while len(losses) < config.steps:
        for batch in batches(len(split.x), size, rng):
            if drop_last and len(batch) < size:
                continue
            x, target = split.x[batch], split.target[batch]
            losses.append(library.backpropagate(model, criterion, x, target))
            library.nn.utils.clip_grad_norm_(parameters, threshold or config.threshold)
            optimizer.step()
            after_step()
    return over_median(losses[: config.steps])


def watch(library: Library, config: Config, model: Any, split: Split) -> Array:
    """Return the same of the loss on test digits, the same ones after each step."""
    x, labels = split.test_x[: config.watched], split.test_labels[: config.watched]
    losses = []

    def judge() -> None:
        likelihood = log_softmax(scores(library, model, x), axis=1)
        losses.append(-likelihood[np.arange(len(x)), labels].mean())

    go_on(library, config, model, split, after_step=judge)
    return over_median(losses[: config.steps])


def over_median(losses: list[float]) -> Array:
    """Return each loss over the running median."""
    return np.array(losses) / median_filter(losses, WINDOW, mode="nearest")


def conclude(config: Config, sides: Sides) -> list[Finding]:
    """Judge what batch norm steadies, whence the spikes, what N(0, 1) weights cost."""
    side = sides["scratchnet"]
    trained = side["trained"]
    raw, normed, best = (trained[name] for name in NETWORKS)
    rates, largest = side["spikes"], side["largest"]
    stays = all(
        rate > rates[USUAL] / 4 for name, rate in rates.items() if name != LARGER
    )
    watched = max(side["watched"])
    goes = rates[LARGER] < rates[USUAL] / 4 and watched < config.spike
    return [
        Finding(
            "batch norm steadies N(0, 1) weights (norm of the first gradient)",
            "yes",
            f"{raw['first_norm']:.1f} without it, {normed['first_norm']:.1f} with it; "
            f"clip-norm {config.threshold:g} then never acts",
            verdict(normed["largest_norm"] < config.threshold < raw["first_norm"]),
        ),
        Finding(
            "the spikes are the luck of small batches: steps that are spikes",
            "spikes, unexplained",
            "; ".join(f"{n} {rates[n]:.1%}, ≤ {largest[n]:.1f}×" for n in rates)
            + f"; the same test digits throughout ≤ {watched:.1f}×",
            explained(stays and goes),
        ),
        Finding(
            "N(0, 1) weights, too large for the steps to turn, cost accuracy",
            "75 %",
            "; ".join(
                f"{name} {found['accuracy']:.1%}, layer 1 moved {found['moved']:.0%}"
                for name, found in ((RAW, normed), (HE, best))
            ),
            explained(
                normed["accuracy"] < best["accuracy"] - 0.02
                and normed["moved"] < best["moved"] / 4
            ),
        ),
    ]


def draw(config: Config, sides: Sides) -> Figure:
    """Draw the spikes, and how many stay without each suspect."""
    side = sides["scratchnet"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained")
    steps = np.arange(1, len(side["watched"]) + 1)
    left.plot(steps, side["batches"], color=QUIET, linewidth=0.6)
    left.plot(steps, side["watched"], color=OURS, linewidth=1.8)
    left.text(0, 0.02, "each batch", color=QUIET)
    left.text(0, 0.15, "the same test digits, after each step", color=OURS)
    left.axhline(config.spike, color="black", linewidth=0.8, linestyle=":")
    left.set(xlabel="step", ylabel="loss / running median", ylim=(0, None))
    left.set_title("The loss of each batch, and of the network")

    for name, color, shift in (("scratchnet", OURS, -0.2), ("torch", THEIRS, 0.2)):
        found = sides[name]["spikes"]
        rates = [100 * found[suspect] for suspect in REMOVED]
        right.barh(np.arange(len(rates)) + shift, rates, 0.36, color=color, label=name)
    right.set_yticks(range(len(REMOVED)), list(REMOVED))
    right.set_title("How many spikes stay when one thing is changed")
    right.invert_yaxis()
    right.legend(title="steps that are spikes, %")
    return figure
