"""One seed, two libraries: a whole training run, step beside step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike

import scratchnet as sn
from parity.case import Array
from parity.measure import compare
from scratchnet.datasets import ImageSplits

THRESHOLDS = (1e-12, 1e-9, 1e-6)
#: Largest difference between two losses of a run, by dtype.
GATES = {"float64": 1e-12, "float32": 1e-5}


def perceptron(nn: Any) -> Any:
    """Build 784-128-64-10 from either namespace."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 128),
        nn.ReLU(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


@dataclass
class Trajectory:
    """What two runs from one seed had in common.

    Attributes
    ----------
    losses, torch_losses : list of float
        The loss at each step, on each side.
    departures : dict
        For each threshold that the difference of the losses passed: the first step
        at which it did, and the tensor that differed most there.
    differing : int
        Test predictions that are not the same.
    accuracy, torch_accuracy : float
        On the test images.
    """

    dtype: str
    steps_per_epoch: int
    losses: list[float] = field(default_factory=list)
    torch_losses: list[float] = field(default_factory=list)
    departures: dict[float, tuple[int, str]] = field(default_factory=dict)
    differing: int = 0
    accuracy: float = 0.0
    torch_accuracy: float = 0.0

    @property
    def gap(self) -> float:
        """The largest difference between two losses."""
        return float(np.max(np.abs(np.subtract(self.losses, self.torch_losses))))

    @property
    def equal(self) -> bool:
        """Whether losses and predictions agree as they must."""
        return self.gap <= GATES[self.dtype] and self.differing == 0


class Run:
    """The two networks, from one seed, ready to take the same steps."""

    def __init__(
        self,
        images: Array,
        labels: Array,
        dtype: DTypeLike,
        optimizer: str,
        lr: float,
        batch_size: int,
        seed: int,
    ) -> None:
        sn.manual_seed(seed)
        self.model = perceptron(sn.nn)
        torch.manual_seed(seed)
        self.torch_model = perceptron(torch.nn)
        if np.dtype(dtype) == np.float64:
            self.model.double()
            self.torch_model.double()
        self.criterion, self.torch_criterion = (
            nn.CrossEntropyLoss() for nn in (sn.nn, torch.nn)
        )
        self.optimizer, self.torch_optimizer = (
            getattr(optim, optimizer)(model.parameters(), lr=lr)
            for optim, model in (
                (sn.optim, self.model),
                (torch.optim, self.torch_model),
            )
        )
        self.batches = sn.data.DataLoader(
            sn.data.TensorDataset(images, labels), batch_size, shuffle=True
        )
        self.torch_batches = torch.utils.data.DataLoader(
            torch.utils.data.TensorDataset(
                torch.from_numpy(images), torch.from_numpy(labels)
            ),
            batch_size,
            shuffle=True,
        )

    def epoch(self) -> Iterator[tuple[float, float]]:
        """Take the steps of one epoch; yield both losses of each."""
        batches = zip(self.batches, self.torch_batches, strict=True)
        for (x, target), (torch_x, torch_target) in batches:
            loss = self.criterion(self.model(x), target)
            self.optimizer.zero_grad()
            self.model.backward(self.criterion.backward(), input_grad=False)
            self.optimizer.step()

            torch_loss = self.torch_criterion(self.torch_model(torch_x), torch_target)
            self.torch_optimizer.zero_grad()
            torch_loss.backward()
            self.torch_optimizer.step()
            yield float(loss), torch_loss.item()

    def widest(self) -> str:
        """Return the parameter or gradient that differs most, and by how much."""
        pairs = zip(
            self.model.named_parameters(), self.torch_model.parameters(), strict=True
        )
        errors = {}
        for (name, ours), theirs in pairs:
            errors[name] = compare(ours.data, theirs.detach().numpy()).error
            errors[f"grad {name}"] = compare(ours.grad, theirs.grad.numpy()).error
        name = max(errors, key=lambda name: errors[name])
        return f"{name} ({errors[name]:.1e})"

    def predictions(self, images: Array) -> tuple[Array, Array]:
        """Return the predicted classes of both networks."""
        with torch.no_grad():
            theirs = self.torch_model(torch.from_numpy(images)).numpy()
        return self.model(images).argmax(axis=1), theirs.argmax(axis=1)


def train(
    digits: ImageSplits,
    dtype: str = "float64",
    optimizer: str = "Adam",
    lr: float = 1e-3,
    batch_size: int = 64,
    epochs: int = 3,
    seed: int = 0,
) -> Iterator[Trajectory]:
    """Train both networks; yield what is known after each step, and at the end."""
    images, test_images = (
        pixels.astype(dtype) / 255
        for pixels in (digits.train_images, digits.test_images)
    )
    run = Run(images, digits.train_labels, dtype, optimizer, lr, batch_size, seed)
    found = Trajectory(dtype, len(run.batches))
    for _ in range(epochs):
        for loss, torch_loss in run.epoch():
            found.losses.append(loss)
            found.torch_losses.append(torch_loss)
            for threshold in THRESHOLDS:
                if threshold not in found.departures and (
                    not abs(loss - torch_loss) <= threshold
                ):
                    found.departures[threshold] = len(found.losses), run.widest()
            yield found
    ours, theirs = run.predictions(test_images)
    found.differing = int(np.sum(ours != theirs))
    found.accuracy = float(np.mean(ours == digits.test_labels))
    found.torch_accuracy = float(np.mean(theirs == digits.test_labels))
    yield found
