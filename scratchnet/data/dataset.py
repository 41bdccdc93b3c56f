"""Data sets: samples that are found by an index."""

from __future__ import annotations

import itertools
import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence, Sized
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from scratchnet.random import Generator, default_generator


class Dataset(ABC):
    """Samples that are found by an index; those with a length can be shuffled.

    A subclass defines ``__getitem__`` and, as all samplers here need it, ``__len__``.
    One that finds many samples faster together than apart defines ``__getitems__``
    too, from a list of indices to the list of their samples.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/data.html#torch.utils.data.Dataset

    Examples
    --------
    >>> class Squares(Dataset):
    ...     def __getitem__(self, index):
    ...         return index**2
    ...     def __len__(self):
    ...         return 5
    >>> Subset(Squares(), [4, 2])[0]
    16
    """

    @abstractmethod
    def __getitem__(self, index: Any) -> Any: ...


class TensorDataset(Dataset):
    """Arrays side by side: sample i is row i of each.

    Parameters
    ----------
    *tensors : ndarray, shape (N, ...)
        At least one, all of one N.

    Raises
    ------
    TypeError
        One of them is no array.
    ValueError
        There is none, or their lengths differ.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/data.html#torch.utils.data.TensorDataset

    Examples
    --------
    >>> dataset = TensorDataset(np.array([[1.0], [2.0]]), np.array([0, 1]))
    >>> dataset[1]
    (array([2.]), np.int64(1))
    """

    def __init__(self, *tensors: NDArray[Any]) -> None:
        for tensor in tensors:
            if not isinstance(tensor, np.ndarray):
                raise TypeError(f"expected arrays, got {type(tensor).__name__}")
        shapes = [tensor.shape for tensor in tensors]
        if () in shapes or len({shape[0] for shape in shapes}) != 1:
            raise ValueError(f"expected arrays of one length (N, ...), got {shapes}")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])


class Subset(Dataset):
    """The samples of a data set at given indices.

    Parameters
    ----------
    dataset : Dataset
    indices : sequence of int
        Sample i is ``dataset[indices[i]]``.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/data.html#torch.utils.data.Subset

    Examples
    --------
    >>> Subset("abcdef", [4, 2])[0]
    'e'
    """

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)


def random_split(
    dataset: Sized,
    lengths: Sequence[float],
    generator: Generator | None = None,
) -> list[Subset]:
    """Split a data set at random into subsets of given sizes that share no sample.

    Parameters
    ----------
    dataset : Dataset of N samples
    lengths : sequence of int, or of float
        Sizes that sum to N, or fractions that sum to 1. Of fractions each subset has
        the whole part of its share, and what is left goes to the subsets in turn, one
        sample each.
    generator : Generator, default the default generator
        Draws the permutation of 0, …, N - 1 whose stretches are the subsets.

    Returns
    -------
    list of Subset

    Raises
    ------
    TypeError
        The lengths are neither all integers nor fractions that sum to 1.
    ValueError
        The lengths do not sum to N, or one of them is negative.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/data.html#torch.utils.data.random_split

    Examples
    --------
    >>> parts = random_split(range(10), [0.7, 0.3], Generator().manual_seed(0))
    >>> [part.indices for part in parts]
    [[4, 1, 7, 5, 3, 9, 0], [8, 6, 2]]
    """
    n = len(dataset)
    if generator is None:
        generator = default_generator
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        sizes = _share(n, lengths)
    elif all(isinstance(length, int | np.integer) for length in lengths):
        sizes = [int(length) for length in lengths]
    else:
        raise TypeError(
            f"expected integers that sum to {n}, or fractions that sum to 1 and not "
            f"beyond it, got {list(lengths)}"
        )
    if sum(sizes) != n or min(sizes, default=0) < 0:
        raise ValueError(
            f"expected lengths that sum to {n}, none negative, got {sizes}"
        )
    order = iter(generator.randperm(n).tolist())
    return [Subset(dataset, list(itertools.islice(order, size))) for size in sizes]


def _share(n: int, fractions: Sequence[float]) -> list[int]:
    if not all(0 <= fraction <= 1 for fraction in fractions):
        raise ValueError(f"expected fractions from 0 to 1, got {list(fractions)}")
    sizes = [math.floor(n * fraction) for fraction in fractions]
    for i in range(n - sum(sizes)):
        sizes[i % len(sizes)] += 1
    if 0 in sizes:
        warnings.warn(f"a subset has no samples: {sizes}", stacklevel=3)
    return sizes


def samples_at(dataset: Any, indices: Iterable[Any]) -> list[Any]:
    """The samples at these indices, found together where the data set can do so."""
    if type(dataset) is Subset:  # a subclass may index otherwise
        return samples_at(dataset.dataset, [dataset.indices[i] for i in indices])
    if hasattr(dataset, "__getitems__"):
        return cast(list[Any], dataset.__getitems__(indices))
    return [dataset[i] for i in indices]
