"""Can a network foretell a sine wave, and which layer stops it where it cannot?

NN from scratch asked for the next value of a sine wave, given the last 10. Its dense
network 10-5-1 failed on negative values; its recurrent network 10-5-1 followed the
wave. Here the dense network meets the wave with several functions at its output, and
nothing else changed. It is no hard task: sin(t + d) = 2 cos(d) sin(t) - sin(t - d), a
weighted sum of the last two values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from benchmarks import models
from benchmarks.experiment import NN_FROM_SCRATCH, Finding, Sides, explained, verdict
from benchmarks.figures import OURS, QUIET, THEIRS
from benchmarks.libraries import Array, Library
from benchmarks.training import batches, progress

DOCUMENT = NN_FROM_SCRATCH
OUTPUTS = {
    "dense, ReLU": "ReLU",
    "dense, sigmoid": "Sigmoid",
    "dense, linear": "Identity",
}
RECURRENT = "recurrent"
NETWORKS = (*OUTPUTS, RECURRENT)


@dataclass(frozen=True)
class Config:
    """What decides the experiment: radians from value to value, values in all."""

    radians: float = 0.25
    values: int = 300
    seen: int = 10
    hidden: int = 5
    epochs: int = 100
    batch_size: int = 10
    rate: float = 0.02
    ahead: int = 150
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)


FULL = Config()
QUICK = Config(epochs=30, seeds=(0, 1, 2))


def windows(config: Config) -> tuple[Array, Array]:
    """Return the windows of `seen` values, and the value that follows each."""
    wave = np.sin(config.radians * np.arange(config.values), dtype=np.float32)
    view = np.lib.stride_tricks.sliding_window_view(wave, config.seen + 1).copy()
    return view[:, :-1, None], view[:, -1:]


def build(nn: Any, network: str, config: Config) -> Any:
    """Return a network that maps (N, seen, 1) to (N, 1)."""
    if network == RECURRENT:
        return models.recurrent(nn, "RNN", config.hidden, features=1, classes=1)
    dense = models.perceptron(nn, config.seen, config.hidden, 1)
    return nn.Sequential(*dense, getattr(nn, OUTPUTS[network])())


def run(library: Library, config: Config) -> dict[str, Any]:
    """Train each network from each seed; let it go on from its own values."""
    x, target = windows(config)
    known = len(x) // 2
    found: dict[str, Any] = {}
    for network in NETWORKS:
        outcomes = []
        for seed in config.seeds:
            library.manual_seed(seed)
            model = build(library.nn, network, config)
            train(library, model, x[:known], target[:known], config, seed, network)
            y = library.forward(model, x[known:])
            error = np.abs(y - target[known:])
            outcomes.append(
                {
                    "above": error[target[known:] > 0].mean(),
                    "below": error[target[known:] < 0].mean(),
                    "free": free_run(library, model, x[known], config.ahead),
                }
            )
        found[network] = {key: [o[key] for o in outcomes] for key in outcomes[0]}
    return found


def train(
    library: Library,
    model: Any,
    x: Array,
    target: Array,
    config: Config,
    seed: int,
    what: str,
) -> None:
    """Learn what follows each window."""
    criterion = library.nn.MSELoss()
    optimizer = library.optim.Adam(model.parameters(), lr=config.rate)
    rng = np.random.default_rng(seed)
    for _ in progress(library, range(config.epochs), f"{what}, seed {seed}"):
        for batch in batches(len(x), config.batch_size, rng):
            library.backpropagate(model, criterion, x[batch], target[batch])
            optimizer.step()


def free_run(library: Library, model: Any, start: Array, steps: int) -> Array:
    """Foretell, and take what was foretold for seen."""
    values = list(start)
    for _ in range(steps):
        window = np.stack(values[-len(start) :])[None]
        values.append(library.forward(model, window)[0])
    return np.array(values[len(start) :])[:, 0]


def free_error(config: Config, free: list[list[float]]) -> Array:
    """Return how far each free run strays from the wave: root mean square."""
    return np.sqrt(np.mean((np.array(free) - continuation(config)) ** 2, axis=1))


def continuation(config: Config) -> Array:
    """Return the wave where the networks are left alone."""
    start = (config.values - config.seen) // 2 + config.seen
    return np.sin(config.radians * (start + np.arange(config.ahead)))


def conclude(config: Config, sides: Sides) -> list[Finding]:
    """Compare medians over the seeds of both sides; a dense network's ReLUs may die."""

    def typical(network: str) -> tuple[float, float, float]:
        runs = [side[network] for side in sides.values()]
        free = [free_error(config, run["free"]) for run in runs]
        above, below = ([run[key] for run in runs] for key in ("above", "below"))
        return float(np.median(above)), float(np.median(below)), float(np.median(free))

    findings = []
    for network, published, fails, judge in (
        ("dense, ReLU", "fails on negative values", True, verdict),
        ("dense, sigmoid", "none", True, explained),
        ("dense, linear", "none", False, explained),
        (RECURRENT, "follows the wave", False, verdict),
    ):
        above, below, _ = typical(network)
        holds = below > 0.3 > above if fails else max(above, below) < 0.1
        findings.append(
            Finding(
                f"{network}: error on positive and on negative values",
                published,
                f"{above:.3f} and {below:.3f}",
                judge(holds),
            )
        )
    *_, dense = typical("dense, linear")
    *_, recurrent = typical(RECURRENT)
    findings.append(
        Finding(
            "no recurrence is needed: error of the linear output and of the recurrent "
            f"network, left alone for {config.ahead} values",
            "none",
            f"{dense:.3f} and {recurrent:.3f}",
            explained(dense < max(recurrent, 0.1)),
        )
    )
    return findings


def draw(config: Config, sides: Sides) -> Figure:
    """Draw a free run of each network over the wave: that of its best seed."""
    figure, panels = plt.subplots(
        2, 2, figsize=(9, 4.6), sharex=True, sharey=True, layout="constrained"
    )
    titles = ("dense, ReLU at the output", "dense, sigmoid", "dense, linear", RECURRENT)
    wave, steps = continuation(config), np.arange(1, config.ahead + 1)
    for panel, network, title in zip(panels.flat, NETWORKS, titles, strict=True):
        best = np.argmin(sides["scratchnet"][network]["above"])
        panel.fill_between(steps, wave, color=QUIET, alpha=0.22, lw=0, label="the wave")
        for side, color, width in (("torch", THEIRS, 4), ("scratchnet", OURS, 1.3)):
            panel.plot(
                steps,
                sides[side][network]["free"][best],
                color=color,
                linewidth=width,
                alpha=0.45 if side == "torch" else 1,
                label=side,
            )
        panel.set_title(title, weight="bold")
        below = sides["scratchnet"][network]["below"][best]
        note = f"error below zero {below:.3f}"
        panel.set_title(note, loc="right", size=8.5, color=QUIET)
        panel.axhline(0, color=QUIET, linewidth=0.6)
        panel.set(ylim=(-1.25, 1.25), yticks=(-1, 0, 1), xlim=(1, config.ahead))
    for panel in panels[1]:
        panel.set_xlabel("values foretold from its own")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=3)
    figure.suptitle("What an output cannot say, no training can", x=0.01, ha="left")
    return figure
