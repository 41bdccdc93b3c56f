"""Does a transformer learn to write the code of the library that it is made of?

A question of our own. A causal transformer of two layers reads the source files of
scratchnet letter by letter, the only long text that is always at hand, and is judged by
the bits that it needs for a letter of files kept from it, beside what counting runs of
letters needs, short ones and the best of longer ones. Then it writes. The text grows
with the library, so the figures do not outlive a version; that both sides follow one
curve does, as closely as hundreds of steps of Adam in float32 allow.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

import scratchnet
from benchmarks import models
from benchmarks.experiment import OUR_OWN, Finding, Sides, verdict
from benchmarks.figures import OURS, QUIET, THEIRS
from benchmarks.libraries import Library
from benchmarks.text import (
    Letters,
    bits,
    counted_bits,
    decode,
    draw_letters,
    encode,
    runs,
)
from benchmarks.training import progress

DOCUMENT = OUR_OWN
COUNTED = {1: "letters", 2: "pairs", 3: "threes"}
LONGEST = 8  # of the runs that are counted: 64 bits hold 96 ** 9, and no more
WIDE, SHOWN = 72, 24  # of the text in the figure
START = "\nclass "
ALPHABET = "\n" + "".join(map(chr, range(32, 127)))


@dataclass(frozen=True)
class Config:
    """What decides the experiment: lengths in letters, judged each `every` steps."""

    length: int = 64
    width: int = 64
    steps: int = 3000
    every: int = 100
    batch_size: int = 16
    rate: float = 4e-3
    judged: int = 20_000
    written: int = 1000
    temperature: float = 0.6
    seed: int = 0


FULL = Config()
QUICK = Config(length=32, steps=600, every=40, judged=5_000)


@cache
def known_and_unseen() -> tuple[Letters, Letters]:
    """Return the text to learn from, and that to be judged by: each tenth file."""
    folder = Path(scratchnet.__file__).parent
    files = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.py"))]
    unseen = files[::10]
    del files[::10]
    return tuple(encode(plain("".join(part)), ALPHABET) for part in (files, unseen))


def plain(text: str) -> str:
    """Return the text without what is not in the alphabet."""
    return "".join(filter(set(ALPHABET).__contains__, text))


def run(library: Library, config: Config) -> dict[str, Any]:
    """Train, judge at intervals, and write."""
    library.manual_seed(config.seed)
    model = models.gpt(library.nn, len(ALPHABET), config.length, config.width)
    for table in (model.letters, model.places):  # as Radford et al. (2018) begin
        library.nn.init.normal_(table.weight, std=0.02)
    return {
        "bits": train(library, model, config),
        "text": write(library, model, config),
    }


def train(library: Library, model: Any, config: Config) -> list[float]:
    """Learn pieces of the text from anywhere; return the bits an unseen letter."""
    known, unseen = (runs(text, config.length + 1) for text in known_and_unseen())
    judged = unseen[: config.judged : config.length]
    criterion = library.nn.CrossEntropyLoss()
    optimizer = library.optim.AdamW(model.parameters(), lr=config.rate)
    scheduler = library.optim.lr_scheduler.OneCycleLR(
        optimizer, config.rate, total_steps=config.steps
    )
    rng = np.random.default_rng(config.seed)
    curve = []
    for step in progress(library, range(1, config.steps + 1)):
        piece = known[rng.integers(len(known), size=config.batch_size)]
        library.backpropagate(model, criterion, read(piece), piece[:, 1:].ravel())
        library.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        if step % config.every == 0:
            logits = library.forward(model, *read(judged))
            curve.append(bits(logits, judged[:, 1:].ravel()))
    return curve


def read(pieces: Letters) -> tuple[Letters, Letters]:
    """Return all letters but the last, and their places."""
    text = pieces[:, :-1].copy()
    return text, np.broadcast_to(np.arange(text.shape[1]), text.shape).copy()


def write(library: Library, model: Any, config: Config) -> str:
    """Let the network go on from a start, a letter at a time."""
    rng = np.random.default_rng(config.seed)
    text = encode(START, ALPHABET)
    for _ in range(config.written):
        seen = text[-config.length :]
        padded = np.zeros((1, config.length + 1), np.int64)
        padded[0, : len(seen)] = seen
        logits = library.forward(model, *read(padded))[len(seen) - 1]
        letter = draw_letters(logits[None], config.temperature, rng)
        text = np.concatenate([text, letter])
    return decode(text, ALPHABET)


@cache
def counted(config: Config, n: int) -> float:
    """Return the bits a letter that counting runs of `n` letters needs."""
    known, unseen = known_and_unseen()
    judged = unseen[: config.judged]
    return counted_bits(runs(known, n), runs(judged, n), len(ALPHABET))


def baselines(config: Config) -> dict[str, float]:
    """Return what counting leaves, by what is counted: short runs, and the best."""
    best = min(range(1, LONGEST + 1), key=lambda n: counted(config, n))
    named = COUNTED | {best: f"runs of {best}, the best up to {LONGEST}"}
    return {what: counted(config, n) for n, what in named.items()}


def conclude(config: Config, sides: Sides) -> list[Finding]:
    """Compare with counting, and one side with the other."""
    ours, theirs = (np.array(sides[side]["bits"]) for side in ("scratchnet", "torch"))
    needed = max(ours[-1], theirs[-1])
    apart = np.abs(ours - theirs).max()
    findings = [
        Finding(
            f"fewer bits a letter than counting {what} ({level:.2f})",
            "none",
            f"scratchnet {ours[-1]:.2f}, torch {theirs[-1]:.2f}",
            verdict(needed < level),
        )
        for what, level in baselines(config).items()
    ]
    same = Finding(
        "both sides learn alike: bits a letter never further apart than 0.1",
        "none",
        f"{apart:.2g}",
        verdict(apart < 0.1),
    )
    return [*findings, same]


def draw(config: Config, sides: Sides) -> Figure:
    """Draw the bits by step, and beside them what was written in the end."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(10.5, 4.2), width_ratios=(1, 1.1), layout="constrained"
    )
    steps = config.every * np.arange(1, len(sides["torch"]["bits"]) + 1)
    for side, color, width in (("torch", THEIRS, 4.5), ("scratchnet", OURS, 1.4)):
        alpha = 0.5 if side == "torch" else 1
        curve = sides[side]["bits"]
        left.plot(steps, curve, color=color, linewidth=width, alpha=alpha, label=side)
    for what, level in baselines(config).items():
        left.axhline(level, color=QUIET, linewidth=0.8)
        note = f"counting {what}"
        left.text(steps[-1], level, note, ha="right", va="bottom", size=8, color=QUIET)
    left.set(xlabel="step", ylabel="bits a letter of files not seen")
    left.set_title("Two libraries, one curve", weight="bold")
    left.legend(loc="upper right", bbox_to_anchor=(1, 0.92))
    right.axis("off")
    right.set_title("What scratchnet wrote of itself", weight="bold")
    lines = [
        line[i : i + WIDE]
        for line in sides["scratchnet"]["text"].strip().splitlines()
        for i in range(0, max(1, len(line)), WIDE)
    ]
    right.text(
        0,
        0.97,
        "\n".join(lines[:SHOWN]),
        family="monospace",
        size=7.5,
        color=OURS,
        va="top",
        parse_math=False,
        transform=right.transAxes,
    )
    return figure
