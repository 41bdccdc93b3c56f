"""The loader: from samples in some order to batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from typing import Any, cast

import numpy as np

from scratchnet.data.dataset import Subset, TensorDataset, samples_at
from scratchnet.data.sampler import (
    BatchSampler,
    RandomSampler,
    SequentialSampler,
    draw_seed,
)
from scratchnet.random import Generator, default_generator

NUMBERS = (np.number, np.bool_, int, float)


class DataLoader:
    """Batches of a data set, epoch after epoch.

    Parameters
    ----------
    dataset : Dataset, or anything that has samples by index and a length
    batch_size : int or None, default 1
        None gives the samples one by one, as they are.
    shuffle : bool, default False
        Whether each epoch has an order of its own.
    sampler : iterable of int, optional
        Says the order instead.
    batch_sampler : iterable of list of int, optional
        Says the batches instead.
    collate_fn : callable, optional
        Makes a batch of a list of samples, :func:`default_collate` without it.
    drop_last : bool, default False
        Whether a last batch that is shorter is left out.
    generator : Generator, default the default generator
        What an epoch takes from, see the notes.

    Raises
    ------
    ValueError
        `batch_size` is not a positive integer, there is nothing to shuffle, or two
        arguments exclude each other.

    Notes
    -----
    The same seed gives torch's batches in torch's order, and leaves the generator
    where torch leaves it. ``iter`` draws 64 bits at once, torch's seed for its worker
    processes, which serve nothing here. Shuffling then draws, with the first batch,
    the seed of the epoch's own generator, or from `generator`, where one is given, the
    permutation itself.

    A batch of a :class:`TensorDataset`, or of a :class:`Subset` of one, is one
    indexing of each array: no sample is looked at by itself.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/data.html#torch.utils.data.DataLoader

    Examples
    --------
    >>> x, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    >>> loader = DataLoader(
    ...     TensorDataset(x, y), 2, shuffle=True, generator=Generator().manual_seed(0)
    ... )
    >>> for inputs, targets in loader:
    ...     print(inputs.shape, targets)
    (2, 2) [3 1]
    (2, 2) [0 4]
    (1, 2) [2]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[int] | None = None,
        batch_sampler: Iterable[list[int]] | None = None,
        *,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        drop_last: bool = False,
        generator: Generator | None = None,
    ) -> None:
        if sampler is not None and shuffle:
            raise ValueError("expected a sampler or shuffle=True, got both")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "expected batch_sampler alone, got it with batch_size, shuffle, "
                    "sampler or drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError("expected batches for drop_last=True, got batch_size=None")
        if shuffle:
            sampler = RandomSampler(dataset, generator=generator)
        elif sampler is None:
            sampler = SequentialSampler(dataset)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.collate_fn = collate_fn
        self.drop_last = drop_last
        self.generator = generator

    def __iter__(self) -> Iterator[Any]:
        # Not a generator function: torch draws as the epoch is asked for, before its
        # first batch is.
        indices = iter(self._indices())
        draw_seed(default_generator if self.generator is None else self.generator)
        return map(self._fetch, indices)

    def __len__(self) -> int:
        return len(cast(Sized, self._indices()))

    def _indices(self) -> Iterable[Any]:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def _fetch(self, index: Any) -> Any:
        if self.batch_sampler is None:
            sample = self.dataset[index]
            return sample if self.collate_fn is None else self.collate_fn(sample)
        if self.collate_fn is not None:
            return self.collate_fn(samples_at(self.dataset, index))
        if _is_of_arrays(self.dataset):
            return list(self.dataset[list(index)])
        return default_collate(samples_at(self.dataset, index))


def default_collate(batch: Sequence[Any]) -> Any:
    """Make one batch of a list of samples, with the batch as the first dimension.

    Parameters
    ----------
    batch : sequence of samples, at least one
        Each of the first one's type and shape.

    Returns
    -------
    object
        Arrays are stacked, numbers become an array (of int64, float64, bool or the
        NumPy scalars' dtype), strings and bytes stay a list. A dict gives a dict of
        batches, a named tuple one of its kind, any other sequence a list.

    Raises
    ------
    ValueError
        Samples differ in shape or length.
    TypeError
        A sample is of none of these types.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/data.html#torch.utils.data.default_collate

    Examples
    --------
    >>> default_collate([(np.zeros(2), 0), (np.ones(2), 1)])
    [array([[0., 0.],
           [1., 1.]]), array([0, 1])]
    """
    first = batch[0]
    if isinstance(first, np.ndarray) and first.dtype.kind not in "OSU":
        _expect_alike(batch, np.ndarray)
        shapes = [sample.shape for sample in batch]
        if len(set(shapes)) != 1:
            raise ValueError(f"expected samples of one shape, got {shapes}")
        return np.stack(batch)
    if isinstance(first, NUMBERS):
        _expect_alike(batch, NUMBERS)
        return np.array(batch)
    if isinstance(first, str | bytes):
        return list(batch)
    if isinstance(first, Mapping):
        return {key: default_collate([s[key] for s in batch]) for key in first}
    if isinstance(first, Sequence):
        lengths = [len(sample) for sample in batch]
        if len(set(lengths)) != 1:
            raise ValueError(f"expected samples of one length, got {lengths}")
        columns = [default_collate(column) for column in zip(*batch, strict=True)]
        return type(first)(*columns) if hasattr(first, "_fields") else columns
    raise TypeError(
        "expected samples that are arrays, numbers, str, bytes, dicts or sequences, "
        f"got {getattr(first, 'dtype', type(first).__name__)}"
    )


def _is_of_arrays(dataset: Any) -> bool:
    """Whether a list as index gives the batch. A subclass may index otherwise."""
    if type(dataset) is Subset:
        return _is_of_arrays(dataset.dataset)
    return type(dataset) is TensorDataset


def _expect_alike(batch: Sequence[Any], kinds: Any) -> None:
    """Refuse a batch with a sample that is not of the first one's kind."""
    for sample in batch:
        if not isinstance(sample, kinds):
            raise TypeError(
                f"expected samples of one kind, got {type(batch[0]).__name__} and "
                f"{type(sample).__name__}"
            )
