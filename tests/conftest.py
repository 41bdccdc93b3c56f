"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Iterator

# isort: off
import parity  # noqa: F401  First: it pins the threads, which NumPy then starts.

# isort: on
import numpy as np
import pytest
from hypothesis import settings

import scratchnet as sn

# Shared machines are slow at times: no deadline, and always the same examples.
settings.register_profile("house", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("house")


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers, the same in each run."""
    return np.random.default_rng(20)


@pytest.fixture(autouse=True)
def _own_random_state() -> Iterator[None]:
    """Leave the default generator as it was found."""
    state = sn.get_rng_state()
    yield
    sn.set_rng_state(state)
