"""Why do uniform [0, 1) weights explode, and which weights do not?

The lab report drew its first weights from [0, 1) and lost everything to NaN under ReLU;
it went on with uniform(-1, 1) / sqrt(n_in · n_out), after a video of George Hotz. Here
both stand beside Xavier's and He's, in networks of one hidden layer and of many.

No weight of [0, 1) is negative, so no ReLU ever cuts: each layer of n units returns
about n times the mean weight of what it is given, 64 times for 128 units. Weights of
mean zero and variance s² multiply the root mean square by sqrt(n s² / 2), the half
being what ReLU cuts away: 1 for He's, by design.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from benchmarks import models
from benchmarks.experiment import LAB_REPORT, Finding, Sides, explained, verdict
from benchmarks.figures import OURS, QUIET, THEIRS
from benchmarks.libraries import Array, Library
from benchmarks.training import Split, accuracy, batches, digits, progress

DOCUMENT = LAB_REPORT


@dataclass(frozen=True)
class Config:
    """What decides the experiment; `drawn` is the depth whose signals are followed."""

    dataset: str = "mnist"
    train: int | None = None
    test: int | None = None
    width: int = 128
    depths: tuple[int, ...] = (1, 2, 4, 8, 24)
    drawn: int = 8
    rate: float = 1e-2
    steps: int = 1000
    batch_size: int = 64
    seed: int = 0


FULL = Config()
QUICK = Config(dataset="mnist5k", steps=200)

UNIFORM, GEOHOT, XAVIER, HE = "uniform [0, 1)", "Geohot", "Xavier", "He"
COLORS = {UNIFORM: THEIRS, GEOHOT: QUIET, XAVIER: "#e0a030", HE: OURS}
LEARNED = 0.5  # five times what guessing gives


def fill(init: Any, scheme: str, weight: Any) -> None:
    """Draw the weights of a layer, of shape (n_out, n_in)."""
    if scheme == UNIFORM:
        init.uniform_(weight)
    elif scheme == GEOHOT:
        bound = 1 / math.sqrt(math.prod(weight.shape))
        init.uniform_(weight, -bound, bound)
    elif scheme == XAVIER:
        init.xavier_uniform_(weight)
    else:
        init.kaiming_normal_(weight, nonlinearity="relu")


def expected_growth(n: int) -> dict[str, float]:
    """Return by what a layer of n units multiplies the root mean square."""
    variances = {GEOHOT: 1 / (3 * n * n), XAVIER: 1 / n, HE: 2 / n}
    return {UNIFORM: n / 2} | {k: math.sqrt(n * s / 2) for k, s in variances.items()}


def run(library: Library, config: Config) -> dict[str, Any]:
    """Follow one batch through each network, then train it."""
    split = digits(config.dataset, config.train, config.test)
    results: dict[str, Any] = {scheme: {} for scheme in expected_growth(config.width)}
    for scheme, found in results.items():
        for depth in config.depths:
            library.manual_seed(config.seed)
            hidden = [config.width] * depth
            model = models.perceptron(library.nn, 784, *hidden, 10)
            for parameter in model.parameters():
                if parameter.ndim == 1:
                    library.nn.init.zeros_(parameter)
                else:
                    fill(library.nn.init, scheme, parameter)
            # Overflow is what is looked for.
            with np.errstate(all="ignore"):
                signals = follow(library, model, split, config)
                trained = train(library, model, split, config, f"{scheme}, {depth}")
            found[depth] = signals | trained
    return results


def follow(
    library: Library, model: Any, split: Split, config: Config
) -> dict[str, Any]:
    """Measure the outputs of each ReLU and the gradients of each matrix, on a batch."""
    x, target = split.x[: config.batch_size], split.target[: config.batch_size]
    signal, signals = x, []
    for layer in model:
        signal = library.forward(layer, signal)
        if type(layer).__name__ == "ReLU":
            signals.append(rms(signal))
    library.backpropagate(model, library.nn.CrossEntropyLoss(), x, target)
    matrices = [p for p in model.parameters() if p.ndim == 2]
    return {
        "signals": signals,
        "gradients": [rms(library.gradient(weight)) for weight in matrices],
        "plain_nan": math.isnan(plain_loss(signal, target)),
    }


def rms(x: Array) -> float:
    """Return the root mean square, in numbers whose squares do not overflow."""
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float64))))


def plain_loss(z: Array, target: Array) -> float:
    """Return the cross-entropy of exp(z) / sum(exp(z)), as the report wrote it."""
    exp = np.exp(z.astype(np.float64))
    p = exp / exp.sum(axis=1, keepdims=True)
    return float(-np.mean(np.log(p[np.arange(len(target)), target])))


def train(
    library: Library, model: Any, split: Split, config: Config, what: str
) -> dict[str, Any]:
    """Take the steps; return their losses and the accuracy they reached."""
    criterion = library.nn.CrossEntropyLoss()
    optimizer = library.optim.SGD(model.parameters(), lr=config.rate)
    rng, losses = np.random.default_rng(config.seed), []
    with progress(library, what=what, total=config.steps) as bar:
        while len(losses) < config.steps:
            for batch in batches(len(split.x), config.batch_size, rng):
                x, target = split.x[batch], split.target[batch]
                losses.append(library.backpropagate(model, criterion, x, target))
                optimizer.step()
                bar.update()
                if len(losses) == config.steps:
                    break
    score = accuracy(library, model, split.test_x, split.test_labels)
    return {"loss": losses, "accuracy": score}


def growth(found: dict[str, Any], config: Config) -> float:
    """Return the mean growth from the first hidden layer to the last, geometric."""
    signals = np.array(found[str(config.drawn)]["signals"], float)
    return float((signals[-1] / signals[0]) ** (1 / (len(signals) - 1)))


def conclude(config: Config, sides: Sides) -> list[Finding]:
    """Compare growth with what was expected, and see who learned."""
    ours = sides["scratchnet"]
    depths = list(map(str, config.depths))
    plain = [
        all(side[UNIFORM][d]["plain_nan"] for side in sides.values()) for d in depths
    ]
    first_nan = [d for d in depths if None in ours[UNIFORM][d]["loss"]]
    stuck = [ours[UNIFORM][d]["accuracy"] for d in depths]
    findings = [
        Finding(
            "uniform [0, 1) weights under ReLU",
            "NaN",
            f"exp(z) / Σ exp(z) is NaN in the first batch at {sum(plain)} of "
            f"{len(plain)} depths on both sides; from log-sum-exp the loss is NaN "
            + (f"from {first_nan[0]} layers on" if first_nan else "nowhere")
            + f", and accuracy ends at {min(stuck):.0%} to {max(stuck):.0%}",
            verdict(all(plain)),
        )
    ]
    for scheme, expected in expected_growth(config.width).items():
        measured = [growth(side[scheme], config) for side in sides.values()]
        findings.append(
            Finding(
                f"growth a layer of {config.width} units, {scheme}",
                "none",
                f"expected {expected:.3g}, measured {measured[0]:.3g}",
                explained(bool(np.allclose(measured, expected, rtol=0.2))),
            )
        )
    one, deepest = depths[0], {s: deepest_learner(ours[s]) for s in ours}
    score = ours[GEOHOT][one]["accuracy"]
    order = [deepest[scheme] for scheme in (UNIFORM, GEOHOT, XAVIER, HE)]
    return [
        *findings,
        Finding(
            f"Geohot's weights learn, {one} hidden layer",
            "they do",
            f"accuracy {score:.0%} after {config.steps} steps",
            verdict(score > LEARNED),
        ),
        Finding(
            "how deep a network learns is how far the signal keeps its size",
            "none",
            ", ".join(f"{scheme}: {d or 'no'} hidden" for scheme, d in deepest.items()),
            explained(order == sorted(order) and order[0] < order[-1] == max(order)),
        ),
    ]


def deepest_learner(found: dict[str, Any]) -> int:
    """Return the most hidden layers with which a scheme learned, 0 if with none."""
    return max((int(d) for d, r in found.items() if r["accuracy"] > LEARNED), default=0)


def draw(config: Config, sides: Sides) -> Figure:
    """Draw the signal going forward, the gradient at each layer, and who learned."""
    figure, (forward, back, learned) = plt.subplots(
        1, 3, figsize=(10.5, 3.8), layout="constrained"
    )
    for side, options in (
        ("torch", {"linewidth": 4, "alpha": 0.35}),
        ("scratchnet", {"linewidth": 1.3, "marker": "o", "markersize": 3.5}),
    ):
        for scheme, found in sides[side].items():
            one = found[str(config.drawn)]
            for panel, what in ((forward, "signals"), (back, "gradients")):
                values = np.array(one[what], float)
                layers = np.arange(1, len(values) + 1)
                panel.plot(layers, values, color=COLORS[scheme], **options)
            scores = [found[str(depth)]["accuracy"] for depth in config.depths]
            learned.plot(np.array(scores) * 100, color=COLORS[scheme], **options)
    for scheme, found in sides["scratchnet"].items():
        last = found[str(config.drawn)]["signals"][-1]
        va = {HE: "bottom", XAVIER: "top"}.get(scheme, "center")
        forward.text(config.drawn + 0.3, last, scheme, color=COLORS[scheme], va=va)
    for panel in (forward, back):
        panel.set_yscale("log")
        panel.grid(axis="y", color=QUIET, alpha=0.2, linewidth=0.6)
    forward.set(xlabel="hidden layer", xlim=(0.7, config.drawn * 1.55))
    forward.set_xticks(range(1, config.drawn + 1))
    forward.set_title(f"Outputs: × {config.width // 2} a layer, or × 1")
    back.set(xlabel="layer of weights")
    back.set_title("Gradients: too large, or too small")
    learned.set(xlabel="hidden layers", ylim=(0, 100))
    learned.set_xticks(range(len(config.depths)), config.depths)
    learned.yaxis.set_major_formatter("{x:.0f} %")
    learned.axhline(10, color=QUIET, linewidth=0.6, linestyle=":")
    learned.set_title(f"Accuracy after {config.steps} steps")
    figure.suptitle(
        "First weights decide whether a signal arrives (bands: torch)",
        x=0.01,
        ha="left",
        weight="bold",
    )
    return figure
