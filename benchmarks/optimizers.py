"""Every optimiser on two problems, both sides: digits, and a bent valley."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

import scratchnet as sn
from benchmarks import models
from scratchnet.datasets import ImageSplits

Array = NDArray[Any]
START = (-1.5, 2.0)
SIZES = (784, 32, 10)
BATCH_SIZE = 64
#: Largest difference between two losses of a run in float64.
GATE = 1e-8
SEARCH = {"line_search_fn": "strong_wolfe"}


@dataclass(frozen=True)
class Contestant:
    """An optimiser, and the options with which it does well on each problem."""

    name: str
    digits: dict[str, Any]
    valley: dict[str, Any]


CONTESTANTS = (
    Contestant("SGD", {"lr": 0.1, "momentum": 0.9}, {"lr": 1e-3, "momentum": 0.95}),
    Contestant("Adagrad", {"lr": 0.02}, {"lr": 1.0}),
    Contestant("RMSprop", {"lr": 3e-3}, {"lr": 5e-3, "momentum": 0.5}),
    Contestant("Adadelta", {"lr": 1.0}, {"lr": 3.0}),
    Contestant("Adam", {"lr": 3e-3}, {"lr": 0.2}),
    Contestant("AdamW", {"lr": 3e-3}, {"lr": 0.2}),
    Contestant("Adamax", {"lr": 5e-3}, {"lr": 0.9}),
    Contestant("NAdam", {"lr": 3e-3}, {"lr": 0.1}),
    Contestant("RAdam", {"lr": 0.01}, {"lr": 0.01}),
    Contestant("Adafactor", {"lr": 0.05}, {"lr": 0.05}),
    Contestant("Rprop", {"lr": 1e-3}, {"lr": 0.01}),
    Contestant("ASGD", {"lr": 0.3}, {"lr": 2e-3}),
    Contestant(
        "LBFGS",
        {"lr": 0.5, "max_iter": 1, "max_eval": 5, "history_size": 10, **SEARCH},
        {"lr": 1.0, "max_iter": 1, "max_eval": 25, **SEARCH},
    ),
)


class Run(NamedTuple):
    """The losses of both sides, and in the valley the places they went to."""

    losses: list[float]
    torch_losses: list[float]
    path: list[list[float]]
    torch_path: list[list[float]]

    @property
    def gap(self) -> float:
        """The largest difference between two losses."""
        return float(np.max(np.abs(np.subtract(self.losses, self.torch_losses))))


def learn_digits(
    contestant: Contestant, digits: ImageSplits, batches: int, seed: int
) -> Run:
    """Train a small perceptron on so many batches, on both sides, in float64."""
    sn.manual_seed(seed)
    torch.manual_seed(seed)
    ours, theirs = (models.perceptron(nn, *SIZES).double() for nn in (sn.nn, torch.nn))
    criterion, torch_criterion = (nn.CrossEntropyLoss() for nn in (sn.nn, torch.nn))
    optimizer = getattr(sn.optim, contestant.name)(
        ours.parameters(), **contestant.digits
    )
    cls = getattr(torch.optim, contestant.name)
    torch_optimizer = cls(theirs.parameters(), **contestant.digits)
    run = Run([], [], [], [])
    for images, labels in islice(_batches(digits), batches):

        def closure(images: Array = images, labels: Array = labels) -> Any:
            optimizer.zero_grad()
            loss = criterion(ours(images), labels)
            ours.backward(criterion.backward(), input_grad=False)
            return loss

        def torch_closure(images: Array = images, labels: Array = labels) -> Any:
            torch_optimizer.zero_grad()
            output = theirs(torch.from_numpy(images))
            loss = torch_criterion(output, torch.from_numpy(labels))
            loss.backward()
            return loss

        run.losses.append(float(optimizer.step(closure)))
        run.torch_losses.append(torch_optimizer.step(torch_closure).item())
    return run


def cross_valley(contestant: Contestant, steps: int) -> Run:
    """Follow the Rosenbrock function down on both sides, in float64."""
    p = sn.nn.Parameter(np.array(START))
    q = torch.nn.Parameter(torch.tensor(START, dtype=torch.float64))
    optimizer = getattr(sn.optim, contestant.name)([p], **contestant.valley)
    torch_optimizer = getattr(torch.optim, contestant.name)([q], **contestant.valley)

    def descend(point: Any, stack: Callable[[list[Any]], Any]) -> Callable[[], Any]:
        def closure() -> Any:
            x, y = point.data
            point.grad = stack([2 * (x - 1) - 400 * x * (y - x * x), 200 * (y - x * x)])
            return rosenbrock(x, y)

        return closure

    closure, torch_closure = descend(p, np.stack), descend(q, torch.stack)
    run = Run([], [], [list(START)], [list(START)])
    for _ in range(steps):
        run.losses.append(float(optimizer.step(closure)))
        run.path.append(p.data.tolist())
        run.torch_losses.append(float(torch_optimizer.step(torch_closure)))
        run.torch_path.append(q.tolist())
    return run


def rosenbrock(x: Any, y: Any) -> Any:
    """Return the height of the valley, whose floor is y = x² and falls to (1, 1)."""
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


def _batches(digits: ImageSplits) -> Iterator[tuple[Array, Array]]:
    """Yield shuffled batches without end, the same for every contestant."""
    images = digits.train_images.astype(np.float64) / 255
    dataset = sn.data.TensorDataset(images, digits.train_labels)
    loader = sn.data.DataLoader(dataset, BATCH_SIZE, shuffle=True)
    while True:
        yield from loader
