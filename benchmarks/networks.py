"""Whole networks on both sides: do they take the same steps?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import scratchnet as sn
from benchmarks import models

Array = NDArray[Any]
STEPS = 50
#: Largest difference between two losses in float64, over all the steps.
GATE = 1e-8


@dataclass(frozen=True)
class Network:
    """A network, what it is fed, and what it shall answer.

    `feed` draws the inputs; the target is drawn as classes, in the shape `answers`.
    """

    name: str
    build: Callable[[Any], Any]
    feed: Callable[[np.random.Generator], tuple[Array, ...]]
    classes: int
    answers: tuple[int, ...]


def images(n: int) -> Callable[[np.random.Generator], tuple[Array, ...]]:
    return lambda rng: (rng.standard_normal((n, 1, 28, 28)),)


NETWORKS = (
    Network("LeNet-5", models.lenet, images(8), 10, (8,)),
    Network(
        "VGG with batch norm",
        lambda nn: models.vgg(nn, 4, 8, dropout=0.0),
        images(8),
        10,
        (8,),
    ),
    Network("residual blocks", models.residual, images(8), 10, (8,)),
    Network(
        "two-layer bidirectional LSTM",
        lambda nn: models.recurrent(nn, "LSTM", 16, num_layers=2, bidirectional=True),
        lambda rng: (rng.standard_normal((8, 28, 28)),),
        10,
        (8,),
    ),
    Network(
        "GRU sequence to sequence",
        models.translator,
        lambda rng: (rng.standard_normal((8, 6, 8)), rng.standard_normal((8, 5, 8))),
        8,
        (8, 5),
    ),
    Network(
        "causal transformer",
        lambda nn: models.gpt(nn, 12, 10, width=16, heads=2),
        lambda rng: (rng.integers(12, size=(4, 10)), np.tile(np.arange(10), (4, 1))),
        12,
        (4, 10),
    ),
)


def train(network: Network, seed: int = 0) -> tuple[list[float], list[float]]:
    """Learn one batch by heart on both sides, in float64; return both losses."""
    rng = np.random.default_rng(seed)
    sn.manual_seed(seed)
    torch.manual_seed(seed)
    ours, theirs = (network.build(nn).double() for nn in (sn.nn, torch.nn))
    optimizer = sn.optim.Adam(ours.parameters(), lr=1e-3)
    torch_optimizer = torch.optim.Adam(theirs.parameters(), lr=1e-3)
    criterion, torch_criterion = (nn.CrossEntropyLoss() for nn in (sn.nn, torch.nn))
    inputs = network.feed(rng)
    target = rng.integers(network.classes, size=network.answers).ravel()
    losses, torch_losses = [], []
    for _ in range(STEPS):
        output = ours(*inputs)
        flat = output.reshape(-1, network.classes)
        losses.append(float(criterion(flat, target)))
        optimizer.zero_grad()
        ours.backward(criterion.backward().reshape(output.shape))
        optimizer.step()

        output = theirs(*map(torch.from_numpy, inputs))
        flat = output.reshape(-1, network.classes)
        loss = torch_criterion(flat, torch.from_numpy(target))
        torch_losses.append(loss.item())
        torch_optimizer.zero_grad()
        loss.backward()
        torch_optimizer.step()
    return losses, torch_losses
