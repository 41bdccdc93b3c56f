"""Can a network make up names of dinosaurs, letter by letter?

NN from scratch let a recurrent network write names of dinosaurs: it repeated itself
after two or three, and seldom made a name. Here an RNN, an LSTM and a GRU learn the
names of a list, are judged by the bits that they need for a letter of names they have
not seen, beside what counting letters needs, and write at several temperatures.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from benchmarks import models
from benchmarks.experiment import NN_FROM_SCRATCH, Finding, Sides, explained, verdict
from benchmarks.figures import OURS, QUIET, THEIRS
from benchmarks.libraries import Library
from benchmarks.text import (
    IGNORED,
    Letters,
    bits,
    counted_bits,
    decode,
    draw_letters,
    encode,
    read_and_follow,
    runs,
)
from benchmarks.training import batches, progress

DOCUMENT = NN_FROM_SCRATCH
KINDS = ("RNN", "LSTM", "GRU")
END = "."
LETTERS = END + string.ascii_lowercase
SHOWN = 12  # names of each temperature in the figure
NOTE = {"ha": "right", "size": 7.5, "color": QUIET}
LIST = Path(__file__).with_suffix(".txt")


@dataclass(frozen=True)
class Config:
    """What decides the experiment: a tenth of the names is kept to judge by."""

    names: int | None = None
    hidden: int = 128
    epochs: int = 16
    batch_size: int = 32
    rate: float = 2e-3
    temperatures: tuple[float, ...] = (0.1, 0.5, 1.0, 1.5)
    samples: int = 200
    longest: int = 24
    seed: int = 0


FULL = Config()
QUICK = Config(hidden=64, epochs=12, rate=3e-3)


def known_and_unseen(config: Config) -> tuple[list[str], list[str]]:
    """Return the names to learn from, and those to be judged by."""
    lines = LIST.read_text(encoding="utf-8").lower().splitlines()
    names = [line for line in lines if not line.startswith("#")]
    np.random.default_rng(config.seed).shuffle(names)
    names = names[: config.names]
    return names[len(names) // 10 :], names[: len(names) // 10]


def spelled(names: list[str], ends: int = 1) -> list[Letters]:
    """Return the letters of each name, so many ends before it and one behind."""
    return [encode(END * ends + name + END, LETTERS) for name in names]


def counted(config: Config, n: int) -> float:
    """Return the bits a letter that counting runs of `n` letters needs."""
    known, unseen = (
        np.concatenate([runs(text, n) for text in spelled(names, n - 1)])
        for names in known_and_unseen(config)
    )
    return counted_bits(known, unseen, len(LETTERS))


def run(library: Library, config: Config) -> dict[str, Any]:
    """Train each kind; let it write at each temperature."""
    found: dict[str, Any] = {}
    for kind in KINDS:
        library.manual_seed(config.seed)
        model = models.speller(library.nn, kind, len(LETTERS), hidden=config.hidden)
        curve = train(library, model, config, kind)
        found[kind] = {
            "bits": curve,
            "names": {t: write(library, model, t, config) for t in config.temperatures},
        }
    return found


def train(library: Library, model: Any, config: Config, what: str) -> list[float]:
    """Learn to foretell letters; return the bits an unseen letter, by epoch."""
    known, unseen = (read_and_follow(spelled(n)) for n in known_and_unseen(config))
    criterion = library.nn.CrossEntropyLoss(ignore_index=IGNORED)
    optimizer = library.optim.Adam(model.parameters(), lr=config.rate)
    rng = np.random.default_rng(config.seed)
    curve = []
    for _ in progress(library, range(config.epochs), what):
        for batch in batches(len(known[0]), config.batch_size, rng):
            read, follow = (part[batch] for part in known)
            library.backpropagate(model, criterion, read, follow.ravel())
            library.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        curve.append(bits(library.forward(model, unseen[0]), unseen[1].ravel()))
    return curve


def write(
    library: Library, model: Any, temperature: float, config: Config
) -> list[str]:
    """Let the network write names, all of them a letter at a time."""
    rng = np.random.default_rng(config.seed)
    text = np.zeros((config.samples, 1), np.int64)
    for _ in range(config.longest):
        logits = library.forward(model, text).reshape(*text.shape, len(LETTERS))
        letters = draw_letters(logits[:, -1], temperature, rng)
        text = np.concatenate([text, letters[:, None]], axis=1)
    return [decode(row[1:], LETTERS).partition(END)[0] for row in text]


def shares(config: Config, names: list[str]) -> tuple[float, float, float]:
    """Return which part of names is distinct, is new, and sounds like a known one.

    It sounds so if every three letters of it, ends included, are in a known one.
    """
    known, unseen = known_and_unseen(config)
    heard = set().union(*map(threes, known))
    return (
        len(set(names)) / len(names),
        float(np.mean([name not in {*known, *unseen} for name in names])),
        float(np.mean([threes(name) <= heard for name in names])),
    )


def threes(name: str) -> set[str]:
    """Return every three letters of a name, its ends included."""
    return set(map("".join, zip(END + name, name + END, name[1:] + END, strict=False)))


def conclude(config: Config, sides: Sides) -> list[Finding]:
    """Judge all kinds by bits, and the best of them by the names that it makes."""
    needed = {k: max(side[k]["bits"][-1] for side in sides.values()) for k in KINDS}
    pair, three = (counted(config, n) for n in (2, 3))
    best = best_kind(sides["scratchnet"])
    names = sides["scratchnet"][best]["names"]
    coldest, *_, hottest = map(str, config.temperatures)
    distinct, new, alike = shares(config, names["1.0"])
    cold_distinct, *_ = shares(config, names[coldest])
    *_, hot_alike = shares(config, names[hottest])
    *_, real_alike = shares(config, known_and_unseen(config)[1])
    return [
        Finding(
            f"bits a letter of unseen names; counting pairs needs {pair:.2f}, "
            f"threes {three:.2f}",
            "none",
            ", ".join(f"{kind} {n:.2f}" for kind, n in needed.items()),
            verdict(max(needed.values()) < three),
        ),
        Finding(
            f"distinct among {config.samples} names of the {best}, temperature 1",
            "repeats itself after two or three names",
            f"{distinct:.0%}, and {new:.0%} not in the list",
            verdict(distinct < 0.1),
        ),
        Finding(
            f"too cold it repeats itself: distinct at temperature {coldest}",
            "none",
            f"{cold_distinct:.0%}",
            explained(cold_distinct < distinct / 2),
        ),
        Finding(
            "sound like a name, at temperature 1: every three letters are in one",
            "seldom makes a name",
            f"{alike:.0%}; of real names not seen {real_alike:.0%}",
            verdict(alike < real_alike / 4),
        ),
        Finding(
            f"too hot it seldom makes a name: sound like one at temperature {hottest}",
            "none",
            f"{hot_alike:.0%}",
            explained(hot_alike < alike / 2),
        ),
    ]


def best_kind(side: dict[str, Any]) -> str:
    """Return the kind that needs the fewest bits in the end."""
    return min(KINDS, key=lambda kind: side[kind]["bits"][-1])


def draw(config: Config, sides: Sides) -> Figure:
    """Draw the bits by epoch, and beside them names at each temperature."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(11, 4.2), width_ratios=(1, 1.5), layout="constrained"
    )
    epochs = np.arange(1, config.epochs + 1)
    styles = dict(zip(KINDS, (":", "--", "-"), strict=True))
    for kind, style in styles.items():
        for side, color, width in (("torch", THEIRS, 4), ("scratchnet", OURS, 1.4)):
            left.plot(
                epochs,
                sides[side][kind]["bits"],
                "-" if side == "torch" else style,
                color=color,
                linewidth=width,
                alpha=0.35 if side == "torch" else 1,
                label=kind if side == "scratchnet" else None,
            )
    left.plot([], [], color=THEIRS, linewidth=4, alpha=0.35, label="torch")
    for n, what in ((2, "pairs"), (3, "threes"), (4, "fours")):
        level = counted(config, n)
        left.axhline(level, color=QUIET, linewidth=0.8)
        left.text(config.epochs, level, f"counting {what}", **NOTE, va="bottom")
    left.set(xlabel="epoch", ylabel="bits a letter of names not seen")
    left.set_title("Better than counting", weight="bold")
    left.legend(loc="upper right", ncols=2)

    best = best_kind(sides["scratchnet"])
    listed = {name for part in known_and_unseen(config) for name in part}
    right.axis("off")
    right.set(xlim=(0, len(config.temperatures)), ylim=(SHOWN + 2.2, -0.6))
    right.set_title(f"What the {best} writes, by temperature", weight="bold")
    key = "grey: in the list, or written before"
    right.set_title(key, loc="right", size=8, color=QUIET)
    for column, t in enumerate(map(str, config.temperatures)):
        names = sides["scratchnet"][best]["names"][t]
        right.text(column, 0, t, weight="bold", size=9)
        for row, name in enumerate(names[:SHOWN]):
            old = name in listed or name in names[:row]
            color = QUIET if old else OURS
            right.text(column, row + 1.2, name.capitalize(), color=color, size=8)
        distinct, new, _ = shares(config, names)
        note = f"{distinct:.0%} distinct\n{new:.0%} not in the list"
        right.text(column, SHOWN + 2.2, note, color=QUIET, size=7.5, va="bottom")
    return figure
