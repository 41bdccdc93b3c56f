"""Whole training steps, from the one definition of each network: one line each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from benchmarks import models
from parity.case import Call, Draw, call, fixed, integers, uniform

#: Small enough that a thousand steps on the same few batches learn little by heart.
LR = 1e-4


@dataclass(frozen=True)
class Step:
    """Forward, loss, backward and the step of the optimiser.

    Parameters
    ----------
    model : Call
        The name of a builder in `benchmarks.models`, and what it is given.
    inputs : tuple of Draw
        A batch.
    target : Draw
        The classes of the batch, in one row.
    optimizer : Call
        The name of a class of ``optim``, and its options.
    backward : dict
        Options of the backward pass: the network needs no gradient of its input.
    limits : tuple of float, optional
        How many times torch's, at most, on one thread and on two.
    """

    title: str
    model: Call
    inputs: tuple[Draw, ...]
    target: Draw
    optimizer: Call
    backward: dict[str, Any] = field(default_factory=lambda: {"input_grad": False})
    limits: tuple[float, float] | None = None

    @property
    def name(self) -> str:
        return f"step/{self.title}"

    def build(self, nn: Any) -> Any:
        """Return the network on the side of `nn`."""
        builder, *sizes = self.model.args
        return getattr(models, builder)(nn, *sizes, **self.model.kwargs)

    def limit(self, threads: int) -> float | None:
        """Return the limit on so many threads, None where there is none."""
        known = dict(zip((1, 2), self.limits or (), strict=False))
        return known.get(threads)


SGD = call("SGD", lr=LR, momentum=0.9)
ADAM = call("Adam", lr=LR)
SMALL = call("perceptron", 784, 128, 64, 10)
LARGE = call("perceptron", 784, 512, 512, 10)


def digits(batch: int) -> tuple[Draw, ...]:
    return (uniform(batch, 1, 28, 28),)


LABELS = integers(64, high=10)
ROWS = (uniform(64, 28, 28),)
TEXT = (integers(64, 64, high=32), fixed([list(range(64))] * 64))

STEPS = (
    Step("MLP 784-128-64-10 SGD", SMALL, digits(64), LABELS, SGD, limits=(0.50, 0.55)),
    Step(
        "MLP 784-128-64-10 Adam", SMALL, digits(64), LABELS, ADAM, limits=(0.50, 0.55)
    ),
    Step("MLP 784-512-512-10 SGD", LARGE, digits(64), LABELS, SGD, limits=(0.85, 0.95)),
    Step(
        "MLP 784-512-512-10 Adam", LARGE, digits(64), LABELS, ADAM, limits=(0.85, 0.95)
    ),
    Step("LeNet-5 SGD", call("lenet"), digits(64), LABELS, SGD, limits=(0.75, 0.75)),
    Step(
        "CNN 32-64 SGD",
        call("convolutional", 32, 64),
        digits(64),
        LABELS,
        SGD,
        limits=(1.0, 1.3),
    ),
    Step(
        "CNN 32-64 with batch norm SGD",
        call("convolutional", 32, 64, batch_norm=True),
        digits(64),
        LABELS,
        SGD,
        limits=(1.1, 1.4),
    ),
    Step(
        "LSTM 128 Adam",
        call("recurrent", "LSTM", 128),
        ROWS,
        LABELS,
        ADAM,
        limits=(1.4, 1.9),
    ),
    Step(
        "GRU 128 Adam",
        call("recurrent", "GRU", 128),
        ROWS,
        LABELS,
        ADAM,
        limits=(0.9, 0.9),
    ),
    Step(
        "transformer 2x64 Adam",
        call("gpt", 32, 64),
        TEXT,
        integers(64 * 64, high=32),
        ADAM,
        backward={},
        limits=(1.2, 1.5),
    ),
    Step(
        "MLP 784-128-64-10 SGD, batch 256",
        SMALL,
        digits(256),
        integers(256, high=10),
        SGD,
    ),
    Step(
        "MLP 784-128-64-10 Adam, batch 256",
        SMALL,
        digits(256),
        integers(256, high=10),
        ADAM,
    ),
    Step(
        "MLP 784-512-512-10 SGD, batch 256",
        LARGE,
        digits(256),
        integers(256, high=10),
        SGD,
    ),
    Step(
        "MLP 784-512-512-10 Adam, batch 256",
        LARGE,
        digits(256),
        integers(256, high=10),
        ADAM,
    ),
)
