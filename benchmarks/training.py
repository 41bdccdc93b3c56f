"""Digits, batches and epochs: what every experiment needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.libraries import LIBRARIES, Array, Library
from scratchnet import datasets

CHUNK = 1000  # pictures judged at a time: the columns of a convolution take memory


class Split(NamedTuple):
    """Inputs and targets, those to learn from and those to be judged by."""

    x: Array
    target: Array
    test_x: Array
    test_labels: NDArray[np.int64]


class Epoch(NamedTuple):
    """What an epoch brought: the mean loss of its batches, and what came of it.

    `seconds` counts the training steps alone.
    """

    loss: float
    accuracy: float
    seconds: float


def digits(dataset: str, train: int | None = None, test: int | None = None) -> Split:
    """Return digits as float32 in [0, 1], shape (N, 1, 28, 28); the first of them."""
    pictures = datasets.load(dataset)
    return Split(
        scaled(pictures.train_images[:train]),
        pictures.train_labels[:train],
        scaled(pictures.test_images[:test]),
        pictures.test_labels[:test],
    )


def scaled(images: NDArray[np.uint8]) -> Array:
    """Return grey values in [0, 1], with an axis for the one channel."""
    return images[:, None].astype(np.float32) / 255


def batches(n: int, size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Yield the indices of shuffled batches, each index once."""
    order = rng.permutation(n)
    for start in range(0, n, size):
        yield order[start : start + size]


def fit(
    library: Library,
    model: Any,
    criterion: Any,
    optimizer: Any,
    split: Split,
    *,
    epochs: int,
    batch_size: int,
    seed: int = 0,
    what: str = "",
    before_step: Callable[[], None] | None = None,
    after_step: Callable[[float], None] | None = None,
) -> list[Epoch]:
    """Train, and judge after each epoch.

    Parameters
    ----------
    seed : int
        Of the order of the batches, which is the same on both sides.
    what : str
        Shown beside the progress bar.
    before_step : function, optional
        Called when the gradients are there and before the optimiser takes its step:
        the place to clip or to look at them.
    after_step : function, optional
        Called with the loss of each batch.
    """
    rng = np.random.default_rng(seed)
    history = []
    steps = -(-len(split.x) // batch_size)
    with progress(library, what=what, total=epochs * steps) as bar:
        for _ in range(epochs):
            losses, seconds = [], 0.0
            for batch in batches(len(split.x), batch_size, rng):
                x, target = split.x[batch], split.target[batch]
                start = time.perf_counter()
                loss = library.backpropagate(model, criterion, x, target)
                if before_step is not None:
                    before_step()
                optimizer.step()
                seconds += time.perf_counter() - start
                losses.append(loss)
                if after_step is not None:
                    after_step(loss)
                bar.update()
            score = accuracy(library, model, split.test_x, split.test_labels)
            bar.set_postfix_str(f"accuracy {score:.2%}")
            history.append(Epoch(float(np.mean(losses)), score, seconds))
    return history


def progress(
    library: Library,
    items: Iterable[Any] | None = None,
    what: str = "",
    total: int | None = None,
) -> tqdm[Any]:
    """Return the bar of this side, on a line of its own."""
    return tqdm(
        items,
        f"{library.name:>10} {what}",
        total=total,
        position=list(LIBRARIES).index(library.name),
        leave=False,
        disable=None,
        mininterval=0.2,
    )


def scores(library: Library, model: Any, x: Array) -> Array:
    """Return the outputs in evaluation mode, `CHUNK` inputs at a time."""
    model.eval()
    parts = [library.forward(model, x[i : i + CHUNK]) for i in range(0, len(x), CHUNK)]
    model.train()
    return np.concatenate(parts)


def accuracy(library: Library, model: Any, x: Array, labels: Array) -> float:
    """Return the fraction of inputs whose largest output is at their label."""
    return float(np.mean(scores(library, model, x).argmax(axis=1) == labels))
