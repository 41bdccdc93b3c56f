"""What does it cost to learn from one digit at a time?

The problem set trained 784-128-64-10, tanh after every layer, on the squared error to
one-hot targets, a digit at a time, for 20 epochs: 1,014.56 seconds to 95.19 % of the
test digits, counted as right where the rounded outputs are the target. Beside it stood
PyTorch with Adam. It asks which of the two performs better, which is faster, and what
to change.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from benchmarks import models
from benchmarks.experiment import PROBLEM_SET, Finding, Sides, explained, verdict
from benchmarks.figures import OURS, QUIET, THEIRS
from benchmarks.libraries import Library, one_hot
from benchmarks.training import Split, batches, digits, progress, scores

DOCUMENT = PROBLEM_SET
SECONDS, ACCURACY = 1014.56, 0.9519  # the published ones
ALONE, BATCHED, CHANGED = "one digit at a time", "batches of 32", "all changed"


@dataclass(frozen=True)
class Recipe:
    """A way to train the network."""

    epochs: int
    optimizer: str = "SGD"
    lr: float = 0.1
    batch_size: int = 1
    changed: bool = False  # ReLU between the layers, cross-entropy on what comes out


@dataclass(frozen=True)
class Config:
    """What decides the experiment: the epochs of single digits, and of the rest."""

    dataset: str = "mnist"
    train: int | None = None
    sizes: tuple[int, ...] = (784, 128, 64, 10)
    alone: int = 20
    batched: int = 20
    adam: int = 5
    looks: int = 10  # at the test digits, in each epoch
    seed: int = 0

    def recipes(self) -> dict[str, Recipe]:
        """Return the five ways, the published one first."""
        return {
            ALONE: Recipe(self.alone),
            BATCHED: Recipe(self.batched, lr=1.6, batch_size=32),
            "Adam 0.1": Recipe(self.adam, "Adam", 0.1, 64),
            "Adam 0.01": Recipe(self.adam, "Adam", 0.01, 64),
            CHANGED: Recipe(self.adam, "Adam", 1e-3, 64, changed=True),
        }


FULL = Config()
QUICK = Config(dataset="mnist5k", alone=2, batched=10, looks=2)


def run(library: Library, config: Config) -> dict[str, Any]:
    """Train in every way, from the same weights."""
    split = digits(config.dataset, config.train)
    return {
        name: learn(library, config, recipe, split, name)
        for name, recipe in config.recipes().items()
    }


def learn(
    library: Library, config: Config, recipe: Recipe, split: Split, name: str
) -> dict[str, Any]:
    """Train; return the loss of each epoch, and what each look saw and when.

    The seconds hold the steps and the choice of their digits: no bar, no evaluation.
    """
    nn = library.nn
    library.manual_seed(config.seed)
    if recipe.changed:
        model = models.perceptron(nn, *config.sizes)
        criterion, target = nn.CrossEntropyLoss(), split.target
    else:
        layers = models.perceptron(nn, *config.sizes, activation="Tanh")
        model = nn.Sequential(*layers, nn.Tanh())
        criterion, target = nn.MSELoss(), one_hot(split.target)
    rule = getattr(library.optim, recipe.optimizer)
    optimizer = rule(model.parameters(), lr=recipe.lr)
    rng = np.random.default_rng(config.seed)
    steps, seconds, epochs, looks = 0, 0.0, [], []
    with progress(library, what=name, total=recipe.epochs * config.looks) as bar:
        for _ in range(recipe.epochs):
            epoch, losses = list(batches(len(split.x), recipe.batch_size, rng)), []
            for part in range(config.looks):
                start = time.perf_counter()
                for batch in epoch[part :: config.looks]:
                    x = split.x[batch]
                    loss = library.backpropagate(model, criterion, x, target[batch])
                    optimizer.step()
                    losses.append(loss)
                seconds += time.perf_counter() - start
                looks.append((seconds, *look(library, model, split)))
                bar.update()
            steps += len(epoch)
            epochs.append(float(np.mean(losses)))
    seen = dict(zip(("seconds", "argmax", "rounded"), np.array(looks).T, strict=True))
    return {"loss": epochs, "step": seconds / steps, **seen}


def look(library: Library, model: Any, split: Split) -> tuple[float, float]:
    """Return the accuracy by the largest output, and by rounded outputs."""
    y, labels = scores(library, model, split.test_x), split.test_labels
    rounded = np.all(np.round(y) == one_hot(labels), axis=1)
    return float(np.mean(y.argmax(axis=1) == labels)), float(np.mean(rounded))


def conclude(config: Config, sides: Sides) -> list[Finding]:
    """Set the published figures beside ours, then answer the three questions."""
    alone, batched, wild, tame, changed = (
        [results[name] for results in sides.values()] for name in config.recipes()
    )

    def said(words: Callable[[Any], str], *recipes: list[Any]) -> str:
        return "; ".join(
            ", ".join(f"{side} {words(r)}" for side, r in zip(sides, each, strict=True))
            for each in recipes
        )

    fastest = reached(sides["scratchnet"][BATCHED], "rounded")
    gap = max(np.ptp([r["argmax"][-1] for r in each]) for each in (alone, batched))
    costs = [r[BATCHED]["step"] / r[ALONE]["step"] for r in sides.values()]
    return [
        Finding(
            "one digit at a time: error in the first epoch and in the last",
            "0.0223 and 0.0043",
            said(lambda r: f"{r['loss'][0]:.4f} and {r['loss'][-1]:.4f}", alone),
            verdict(
                all(0.019 < r["loss"][0] < 0.026 for r in alone)
                and all(0.0033 < r["loss"][-1] < 0.0053 for r in alone)
            ),
        ),
        Finding(
            "its accuracy by rounded outputs (and by the largest)",
            f"{ACCURACY:.2%}",
            said(lambda r: f"{r['rounded'][-1]:.2%} ({r['argmax'][-1]:.2%})", alone),
            verdict(all(abs(r["rounded"][-1] - ACCURACY) < 0.01 for r in alone)),
        ),
        Finding(
            f"{ACCURACY:.2%} by rounded outputs (and by the largest), by NumPy in "
            "a twentieth of the time: one at a time; in batches",
            f"{SECONDS:,} s",
            said(
                lambda r: f"{when(r, 'rounded')} ({when(r, 'argmax')})", alone, batched
            ),
            verdict(fastest < SECONDS / 20),
        ),
        Finding(
            "Adam at 0.1 diverges",
            "10 %, loss 1.02–1.11",
            said(lambda r: f"{r['argmax'][-1]:.0%}, loss {r['loss'][-1]:.2f}", wild),
            verdict(all(r["argmax"][-1] < 0.2 and r["loss"][-1] > 0.9 for r in wild)),
        ),
        Finding(
            "Adam at 0.01 learns",
            "96 %",
            said(lambda r: f"{r['argmax'][-1]:.1%}", tame),
            verdict(all(abs(r["argmax"][-1] - 0.96) < 0.015 for r in tame)),
        ),
        Finding(
            "which performs better: neither, given the same recipe",
            "asked",
            f"scratchnet and torch at most {100 * gap:.2f} points apart",
            explained(gap < 0.01),
        ),
        Finding(
            "which is faster: a step costs its calls, 31 digits more cost little",
            "asked",
            said(lambda r: f"{1e6 * r['step']:.0f} µs a step", alone, batched),
            explained(max(costs) < 4),
        ),
        Finding(
            "what to change: batches, Adam at 0.001, ReLU, cross-entropy, no last tanh",
            "asked",
            said(
                lambda r: f"{r['argmax'][-1]:.2%}, {when(r, 'argmax')} to 95.19 %",
                changed,
            ),
            explained(all(better(c, a) for c, a in zip(changed, alone, strict=True))),
        ),
    ]


def better(new: dict[str, Any], old: dict[str, Any]) -> bool:
    """Say whether more of the test digits were right after less training."""
    more = new["argmax"][-1] > old["argmax"][-1]
    return more and new["seconds"][-1] < old["seconds"][-1]


def reached(results: dict[str, Any], how: str) -> float:
    """Return the seconds of training until 95.19 % was first seen, or infinity."""
    there = np.array(results[how]) >= ACCURACY
    return results["seconds"][int(there.argmax())] if there.any() else math.inf


def when(results: dict[str, Any], how: str) -> str:
    """Say when it was reached."""
    seconds = reached(results, how)
    return "never" if math.isinf(seconds) else f"{seconds:.1f} s"


def draw(config: Config, sides: Sides) -> Figure:
    """Draw the test error over the seconds of training, beside the published point."""
    figure, panel = plt.subplots(figsize=(7.5, 4.4), layout="constrained")
    for name, how in ((ALONE, "rounded"), (BATCHED, "rounded"), (CHANGED, "argmax")):
        for side, color, width in (("torch", THEIRS, 4), ("scratchnet", OURS, 1.2)):
            seconds = sides[side][name]["seconds"]
            error = 100 - 100 * np.array(sides[side][name][how])
            label = side if name == ALONE else None
            alpha = 0.5 if side == "torch" else 1
            panel.plot(seconds, error, color=color, lw=width, alpha=alpha, label=label)
        near = {"textcoords": "offset points", "ha": "center", "size": 9}
        text, start = f"{name}\n({how})", (seconds[0], error[0])
        panel.annotate(text, start, xytext=(0, 8), linespacing=0.95, **near)
    goal = 100 - 100 * ACCURACY
    panel.plot(SECONDS, goal, "*", color="black", markersize=11)
    panel.annotate("published", (SECONDS, goal), xytext=(0, 9), **near)
    panel.axhline(goal, color=QUIET, lw=0.8, linestyle=":", zorder=0)
    panel.set(xlabel="seconds of training", ylabel="test error (%)")
    panel.set(xscale="log", yscale="log")
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_formatter("{x:g}")
    panel.set_yticks([2, 5, 10, 20, 50])
    panel.minorticks_off()
    panel.margins(x=0.1, y=0.14)
    panel.set_title("One digit at a time, in batches, and with all changed")
    panel.legend(loc="lower left")
    return figure
