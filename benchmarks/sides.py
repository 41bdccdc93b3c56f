"""The two sides of a training run, each to be trained in a process of its own."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks import models
from scratchnet import datasets

Array = NDArray[Any]


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run, whichever side it is on."""

    dataset: str = "mnist5k"
    data_dir: str | None = None
    sizes: tuple[int, ...] = (784, 128, 64, 10)
    epochs: int = 3
    batch_size: int = 64
    optimizer: str = "Adam"
    lr: float = 1e-3
    dtype: str = "float32"
    seed: int = 0
    threads: int = 1

    def images(self) -> datasets.ImageSplits:
        """Return the data set, pixels scaled to [0, 1]."""
        digits = datasets.load(self.dataset, self.data_dir)
        return digits._replace(
            train_images=digits.train_images.astype(self.dtype) / 255,
            test_images=digits.test_images.astype(self.dtype) / 255,
        )


@dataclass(frozen=True)
class Epoch:
    """One epoch: its length, and the length and loss of each of its steps."""

    seconds: float
    steps: list[float]
    losses: list[float]


class Side:
    """Trains; how is up to the library."""

    name: str
    loader: Any

    def step(self, images: Any, labels: Any) -> float:
        """Train on one batch; return its loss."""
        raise AttributeError(f"{type(self).__name__} defines no step")

    def epoch(self) -> Epoch:
        """Train on every batch."""
        steps, losses = [], []
        start = time.perf_counter()
        for images, labels in tqdm(
            self.loader, f"{self.name:>10}", leave=False, disable=None, unit="step"
        ):
            before = time.perf_counter()
            losses.append(self.step(images, labels))
            steps.append(time.perf_counter() - before)
        return Epoch(time.perf_counter() - start, steps, losses)


class NumpySide(Side):
    """Trains with scratchnet."""

    name = "scratchnet"

    def __init__(self, recipe: Recipe) -> None:
        import scratchnet as sn

        sn.manual_seed(recipe.seed)
        self.digits = recipe.images()
        self.model = models.perceptron(sn.nn, *recipe.sizes)
        if recipe.dtype == "float64":
            self.model.double()
        self.criterion = sn.nn.CrossEntropyLoss()
        optimizer = getattr(sn.optim, recipe.optimizer)
        self.optimizer = optimizer(self.model.parameters(), lr=recipe.lr)
        self.loader = sn.data.DataLoader(
            sn.data.TensorDataset(self.digits.train_images, self.digits.train_labels),
            batch_size=recipe.batch_size,
            shuffle=True,
        )

    def step(self, images: Array, labels: Array) -> float:
        loss = self.criterion(self.model(images), labels)
        self.optimizer.zero_grad()
        self.model.backward(self.criterion.backward(), input_grad=False)
        self.optimizer.step()
        return float(loss)

    def predict(self) -> Array:
        return self.model(self.digits.test_images).argmax(axis=1)


class TorchSide(Side):
    """Trains with PyTorch, as its users do: eager, default options."""

    name = "torch"

    def __init__(self, recipe: Recipe) -> None:
        import torch

        torch.set_num_threads(recipe.threads)
        torch.manual_seed(recipe.seed)
        self.digits = recipe.images()
        self.model = models.perceptron(torch.nn, *recipe.sizes)
        if recipe.dtype == "float64":
            self.model.double()
        self.criterion = torch.nn.CrossEntropyLoss()
        optimizer = getattr(torch.optim, recipe.optimizer)
        self.optimizer = optimizer(self.model.parameters(), lr=recipe.lr)
        self.loader = torch.utils.data.DataLoader(
            torch.utils.data.TensorDataset(
                torch.from_numpy(self.digits.train_images),
                torch.from_numpy(self.digits.train_labels),
            ),
            batch_size=recipe.batch_size,
            shuffle=True,
        )

    def step(self, images: Any, labels: Any) -> float:
        loss = self.criterion(self.model(images), labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return float(loss.item())

    def predict(self) -> Array:
        import torch

        with torch.no_grad():
            scores = self.model(torch.from_numpy(self.digits.test_images))
        return scores.numpy().argmax(axis=1)


SIDES = {"scratchnet": NumpySide, "torch": TorchSide}


def gap(ours: list[float], theirs: list[float]) -> float:
    """Return the largest difference between two lists of losses."""
    return float(np.max(np.abs(np.subtract(ours, theirs))))
