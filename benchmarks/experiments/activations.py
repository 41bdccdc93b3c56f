"""What does each activation let through, and where does its gradient vanish?

The teaching notebook plots its activations, each with its derivative. Here are all that
the library has: they are found by what they do, not by a list of names. A derivative is
the gradient of the input where that of the output is one: by hand on one side, by
autograd on the other.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from benchmarks.experiment import NOTEBOOK, Finding, Sides, explained, verdict
from benchmarks.figures import OURS, QUIET, THEIRS
from benchmarks.libraries import Library
from benchmarks.training import progress

DOCUMENT = NOTEBOOK
ARGUMENTS = {"Threshold": (1.0, -1.0)}
KINDS = ("at both ends", "at one end", "around zero", "nowhere")


@dataclass(frozen=True)
class Config:
    """What decides the experiment."""

    furthest: float = 20.0
    points: int = 641  # sixteen in each unit, and so one on every kink
    vanished: float = 0.005
    depth: int = 10


FULL = Config()
QUICK = Config(points=321)


def run(library: Library, config: Config) -> dict[str, Any]:
    """Evaluate every activation and its derivative along a line, in float64."""
    x = np.linspace(-config.furthest, config.furthest, config.points)
    values, slopes = {}, {}
    for name, layer in progress(library, list(elementwise(library, x))):
        values[name] = library.forward(layer, x)
        slopes[name] = library.input_gradient(layer, x, np.ones_like(x))
    return {"x": x, "value": values, "slope": slopes}


def elementwise(library: Library, x: Any) -> Iterator[tuple[str, Any]]:
    """Yield all that treat each number alike, whatever its neighbours, and change it.

    Evaluation mode is asked for because of RReLU, whose slope is random in training.
    """
    for name, found in vars(library.nn).items():
        if not (isinstance(found, type) and issubclass(found, library.nn.Module)):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                layer = found(*ARGUMENTS.get(name, ())).double().eval()
                y = library.forward(layer, x)
                half = library.forward(layer, x[::2].copy())
        except Exception:  # It wants arguments, or another shape: no activation.
            continue
        if y.shape == x.shape and np.allclose(half, y[::2]) and (y != x).any():
            yield name, layer


def vanishes(slope: Any, config: Config) -> str:
    """Return where a derivative is next to nothing."""
    small = np.abs(np.array(slope, float)) < config.vanished
    ends = int(small[0]) + int(small[-1])
    if ends:
        return KINDS[0] if ends == 2 else KINDS[1]
    return KINDS[2] if small[len(small) // 2] else KINDS[3]


def conclude(config: Config, sides: Sides) -> list[Finding]:
    """Compare derivatives; say which of them vanish."""
    ours, theirs = (sides[side]["slope"] for side in ("scratchnet", "torch"))
    apart = max(
        np.abs(np.subtract(ours[name], theirs[name])).max(initial=0) for name in ours
    )
    best = {name: max(map(abs, slope)) ** config.depth for name, slope in ours.items()}
    kinds = [vanishes(slope, config) for slope in ours.values()]
    return [
        Finding(
            "derivatives by hand and by autograd, largest difference in float64",
            "each drawn with its derivative",
            f"{apart:.1e} over {len(ours)} activations",
            verdict(ours.keys() == theirs.keys() and bool(apart < 1e-13)),
        ),
        Finding(
            f"of a gradient, the most that {config.depth} activations let through",
            "none",
            f"sigmoid {best['Sigmoid']:.0e}, tanh {best['Tanh']:.2g}, "
            f"ReLU {best['ReLU']:.2g}",
            explained(best["Sigmoid"] < 1e-5 and best["Tanh"] > 0.99),
        ),
        Finding(
            f"derivative under {config.vanished:g} far from zero",
            "none",
            ", ".join(f"{kinds.count(kind)} {kind}" for kind in KINDS),
            explained(
                [vanishes(ours[name], config) for name in ("Sigmoid", "ReLU")]
                == [*KINDS[:2]]
                and vanishes(ours["LeakyReLU"], config) == KINDS[3]
            ),
        ),
    ]


def draw(config: Config, sides: Sides) -> Figure:
    """Draw a tile for each: the function, and its derivative from both sides."""
    ours, theirs = sides["scratchnet"], sides["torch"]
    kinds = {name: vanishes(slope, config) for name, slope in ours["slope"].items()}
    names = sorted(kinds, key=lambda name: (KINDS.index(kinds[name]), name.lower()))
    columns = 6
    rows = -(-(len(names) + 1) // columns)
    figure, panels = plt.subplots(
        rows, columns, figsize=(11, 1.75 * rows), sharex=True, sharey=True
    )
    figure.set_layout_engine("constrained", h_pad=0.06)
    for panel, name in zip(panels.flat, names, strict=False):
        panel.axhline(0, color=QUIET, linewidth=0.5, alpha=0.6)
        panel.axvline(0, color=QUIET, linewidth=0.5, alpha=0.6)
        panel.plot(ours["x"], ours["value"][name], color="#c3c7cd", linewidth=1.6)
        panel.plot(
            ours["x"], theirs["slope"][name], color=THEIRS, linewidth=4, alpha=0.5
        )
        panel.plot(ours["x"], ours["slope"][name], color=OURS, linewidth=1.1)
        panel.set_title(name, weight="bold", size=9, pad=3)
        panel.set_title(kinds[name], loc="right", size=7, color=QUIET, pad=3)
        panel.set(xlim=(-7, 7), ylim=(-1.7, 2.3), xticks=(-5, 0, 5), yticks=(-1, 0, 1))
    for panel in panels.flat[len(names) :]:
        panel.axis("off")
    for y, color, width, text in (
        (1.7, "#c3c7cd", 1.6, "f"),
        (0.9, OURS, 1.1, "f′, backward by hand"),
        (0.1, THEIRS, 4, "f′, torch's autograd"),
    ):
        panels.flat[-1].plot([-6.5, -5], [y, y], color=color, linewidth=width)
        panels.flat[-1].text(-4.4, y, text, size=9, va="center")
    note = "small print: where f′\nis next to nothing"
    panels.flat[-1].text(-6.5, -0.9, note, size=8, color=QUIET, va="center")
    figure.suptitle(
        f"{len(names)} activations and their derivatives: sigmoid passes at most a "
        "quarter of a gradient, and beyond ±6 next to nothing",
        x=0.01,
        ha="left",
        size=12,
    )
    return figure
