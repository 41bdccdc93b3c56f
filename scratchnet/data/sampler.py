"""Samplers: the order in which an epoch takes the samples."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sized
from typing import cast

from scratchnet.random import Generator, default_generator


class SequentialSampler:
    """The indices 0, …, N - 1, in this order.

    Parameters
    ----------
    data_source : Dataset of N samples

    References
    ----------
    https://docs.pytorch.org/docs/2.13/data.html#torch.utils.data.SequentialSampler

    Examples
    --------
    >>> list(SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler:
    """Indices from 0, …, N - 1 at random, drawn anew for each epoch.

    Parameters
    ----------
    data_source : Dataset of N samples
    replacement : bool, default False
        True draws each index by itself, so that one may come twice.
    num_samples : int, default N
        How many indices an epoch has. Beyond N, without replacement, one permutation
        follows another.
    generator : Generator, optional
        Draws the indices. Without it, a fresh one does, whose seed is drawn from the
        default generator as the epoch's first index is asked for.

    Raises
    ------
    TypeError
        `replacement` is not a bool.
    ValueError
        There is nothing to draw: no sample, or `num_samples` is not positive.

    Notes
    -----
    As in torch, an epoch without replacement ends on one more permutation, of which
    the first ``num_samples % N`` indices are used: none, if N divides `num_samples`.
    It moves the given generator on all the same.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/data.html#torch.utils.data.RandomSampler

    Examples
    --------
    >>> list(RandomSampler("abcdef", generator=Generator().manual_seed(0)))
    [2, 5, 3, 0, 1, 4]
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        if not isinstance(replacement, bool):
            raise TypeError(f"expected replacement to be a bool, got {replacement!r}")
        if num_samples is not None:
            _check_positive("num_samples", num_samples)
        if len(data_source) == 0:
            raise ValueError("expected a data source with samples to draw, got none")
        self.data_source = data_source
        self.replacement = replacement
        self.generator = generator
        self._num_samples = num_samples

    @property
    def num_samples(self) -> int:
        """How many indices an epoch has: the data source may have grown since."""
        if self._num_samples is None:
            return len(self.data_source)
        return self._num_samples

    def __iter__(self) -> Iterator[int]:
        n = len(self.data_source)
        generator = self.generator
        if generator is None:
            generator = Generator().manual_seed(draw_seed(default_generator))
        if self.replacement:
            for size in [32] * (self.num_samples // 32) + [self.num_samples % 32]:
                yield from generator.randint(n, (size,)).tolist()
        else:
            for _ in range(self.num_samples // n):
                yield from generator.randperm(n).tolist()
            yield from generator.randperm(n)[: self.num_samples % n].tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler:
    """Lists of indices, `batch_size` at a time.

    Parameters
    ----------
    sampler : iterable of int
    batch_size : int
    drop_last : bool
        Whether a last batch that is shorter is left out.

    Raises
    ------
    ValueError
        `batch_size` is not a positive integer, or `drop_last` is not a bool.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/data.html#torch.utils.data.BatchSampler

    Examples
    --------
    >>> list(BatchSampler(range(5), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self, sampler: Iterable[int], batch_size: int, drop_last: bool
    ) -> None:
        _check_positive("batch_size", batch_size)
        if not isinstance(drop_last, bool):
            raise ValueError(f"expected drop_last to be a bool, got {drop_last!r}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if self.drop_last and len(batch) < self.batch_size:
                return
            yield batch

    def __len__(self) -> int:
        whole, rest = divmod(len(cast(Sized, self.sampler)), self.batch_size)
        return whole if self.drop_last or rest == 0 else whole + 1


def draw_seed(generator: Generator) -> int:
    """Draw a seed as torch does: 64 bits, of which the highest is dropped."""
    return int(generator.randint(0, 2**63, ()))


def _check_positive(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"expected {name} to be a positive integer, got {value!r}")
