"""One mask for both sides, where torch draws masks as nobody else does.

On Intel processors torch takes dropout masks from a generator inside MKL. Everywhere
else they come from the generator that `scratchnet.random` is, and nothing is done here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest import mock

import numpy as np
import torch
from numpy.typing import DTypeLike

from scratchnet.random import Generator


@cache
def torch_masks_are_ours() -> bool:
    """Whether torch, on this processor, draws the masks that scratchnet draws."""
    theirs = torch.empty(64).bernoulli_(0.5, generator=torch.Generator().manual_seed(1))
    ours = Generator().manual_seed(1).bernoulli(0.5, 64)
    return np.array_equal(theirs.numpy(), ours)


@contextmanager
def one_mask(seed: int) -> Iterator[None]:
    """Let scratchnet draw the masks that torch draws from `seed`."""
    if torch_masks_are_ours():
        yield
        return
    theirs = torch.Generator().manual_seed(seed)

    def bernoulli(
        self: Generator, p: float, size: Any, dtype: DTypeLike = np.float32
    ) -> np.ndarray[Any, Any]:
        return torch.empty(size).bernoulli_(p, generator=theirs).numpy().astype(dtype)

    with mock.patch.object(Generator, "bernoulli", bernoulli):
        yield
