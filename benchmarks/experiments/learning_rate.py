"""How much does a learning rate ten times larger gain?

The lab report trained a dense network 784-128-10 on MNIST by plain gradient descent. At
a learning rate of 1e-3 (written 10e-4) it learned; at 1e-2 (10e-3) the loss it reached
was about ten times lower.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from benchmarks import models
from benchmarks.experiment import LAB_REPORT, Finding, Sides, verdict
from benchmarks.figures import OURS, THEIRS
from benchmarks.libraries import Library
from benchmarks.training import digits, fit

DOCUMENT = LAB_REPORT


@dataclass(frozen=True)
class Config:
    """What decides the experiment."""

    dataset: str = "mnist"
    sizes: tuple[int, ...] = (784, 128, 10)
    rates: tuple[float, ...] = (1e-3, 1e-2)
    epochs: int = 20
    batch_size: int = 32
    seed: int = 0


FULL = Config()
QUICK = Config(dataset="mnist5k", epochs=10)


def run(library: Library, config: Config) -> dict[str, Any]:
    """Train once at each rate, from the same weights."""
    split = digits(config.dataset)
    results = {}
    for rate in config.rates:
        library.manual_seed(config.seed)
        model = models.perceptron(library.nn, *config.sizes)
        results[rate] = fit(
            library,
            model,
            library.nn.CrossEntropyLoss(),
            library.optim.SGD(model.parameters(), lr=rate),
            split,
            epochs=config.epochs,
            batch_size=config.batch_size,
            seed=config.seed,
            what=f"lr {rate:g}",
        )
    return {
        "loss": {rate: [epoch.loss for epoch in h] for rate, h in results.items()},
        "accuracy": {rate: [e.accuracy for e in h] for rate, h in results.items()},
    }


def conclude(config: Config, sides: Sides) -> list[Finding]:
    """Compare the losses of the last epoch."""
    slow, fast = map(str, config.rates)
    ratios = {
        side: found["loss"][slow][-1] / found["loss"][fast][-1]
        for side, found in sides.items()
    }
    return [
        Finding(
            f"loss at lr {slow} / loss at lr {fast}",
            "about 10",
            ", ".join(f"{side} {ratio:.1f}" for side, ratio in ratios.items()),
            verdict(all(5 < ratio < 20 for ratio in ratios.values())),
        )
    ]


def draw(config: Config, sides: Sides) -> Figure:
    """Draw both losses, epoch by epoch."""
    figure, panel = plt.subplots(figsize=(6, 3.6), layout="constrained")
    epochs = range(1, config.epochs + 1)
    for rate, style in zip(map(str, config.rates), ("--", "-"), strict=True):
        for side, color, width in (("torch", THEIRS, 4), ("scratchnet", OURS, 1.2)):
            panel.plot(
                epochs,
                sides[side]["loss"][rate],
                style,
                color=color,
                linewidth=width,
                alpha=0.5 if side == "torch" else 1,
                label=f"{side}, lr {rate}",
            )
    panel.set(xlabel="epoch", ylabel="loss", yscale="log")
    panel.set_title("Ten times the learning rate")
    panel.legend()
    return figure
