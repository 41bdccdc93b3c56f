"""The two sides of a training run, each in a process of its own.

OpenBLAS threads spin for about 100 ms after their last call, and in one process would
slow torch several times over. So each side is trained by its own `Worker`, one epoch
here, one epoch there, with a pause between and the same number of threads.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks import models
from benchmarks.experiment import pinned
from scratchnet import datasets

Array = NDArray[Any]

SIDES = ("scratchnet", "torch")
PAUSE = 0.15  # seconds, until the threads of the other side have gone to sleep


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


class NumpySide:
    """Trains with scratchnet."""

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


class TorchSide:
    """Trains with PyTorch, as its users do: eager, default options."""

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


class Worker:
    """A side in its own process, which does one thing at a time when asked."""

    def __init__(self, side: str, recipe: Recipe) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, side, recipe), daemon=True
        )
        self._process.start()
        theirs.close()

    def ask(self, request: str) -> Any:
        """Return the answer to ``"epoch"`` or ``"predict"``."""
        time.sleep(PAUSE)
        self._pipe.send(request)
        try:
            answer = self._pipe.recv()
        except EOFError:
            self._process.join()
            raise RuntimeError(f"a worker ended: {self._process.exitcode}") from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join(timeout=5)
        if self._process.is_alive():
            self._process.kill()


@contextmanager
def workers(recipe: Recipe) -> Iterator[dict[str, Worker]]:
    """Start both sides, pinned to the recipe's number of threads."""
    with pinned(recipe.threads):
        started = {side: Worker(side, recipe) for side in SIDES}
    try:
        yield started
    finally:
        for worker in started.values():
            worker.close()


def _serve(pipe: Connection, name: str, recipe: Recipe) -> None:
    """Answer requests until the other end is closed."""
    try:
        side = {"scratchnet": NumpySide, "torch": TorchSide}[name](recipe)
        answers = {"epoch": lambda: _train(side, name), "predict": side.predict}
        while True:
            pipe.send(answers[pipe.recv()]())
    except (EOFError, KeyboardInterrupt):
        pass
    except Exception as error:
        pipe.send(error)


def _train(side: NumpySide | TorchSide, name: str) -> Epoch:
    steps, losses = [], []
    start = time.perf_counter()
    for images, labels in tqdm(
        side.loader, f"{name:>10}", leave=False, disable=None, unit="step"
    ):
        before = time.perf_counter()
        losses.append(side.step(images, labels))
        steps.append(time.perf_counter() - before)
    return Epoch(time.perf_counter() - start, steps, losses)


def gap(ours: list[float], theirs: list[float]) -> float:
    """Return the largest difference between two lists of losses."""
    return float(np.max(np.abs(np.subtract(ours, theirs))))
