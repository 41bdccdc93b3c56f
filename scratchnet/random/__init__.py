"""Torch's CPU random numbers from scratch: the same seed gives the same numbers.

A page for each idea: `mt19937` makes words, `transforms` turns numbers from one
distribution into another, `generator` draws, and `state` is what torch can read.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from scratchnet.random.generator import Generator

__all__ = [
    "Generator",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "rand",
    "randint",
    "randn",
    "randperm",
    "seed",
    "set_rng_state",
]

default_generator = Generator()
manual_seed = default_generator.manual_seed
initial_seed = default_generator.initial_seed
seed = default_generator.seed
get_rng_state = default_generator.get_state
set_rng_state = default_generator.set_state
rand = default_generator.rand
randn = default_generator.randn
randint = default_generator.randint
randperm = default_generator.randperm


@contextmanager
def fork_rng(enabled: bool = True) -> Iterator[None]:
    """Put the default generator back, on leaving, to where it was on entering.

    Parameters
    ----------
    enabled : bool, default True
        Whether to do so at all.

    Examples
    --------
    >>> _ = manual_seed(0)
    >>> with fork_rng():
    ...     inside = rand(2)
    >>> bool((rand(2) == inside).all())
    True
    """
    state = get_rng_state()
    try:
        yield
    finally:
        if enabled:
            set_rng_state(state)
