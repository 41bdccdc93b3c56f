"""Neural networks from scratch in NumPy, every backward pass by hand.

``scratchnet.nn`` and ``scratchnet.optim`` have the names, arguments, defaults and
numbers of ``torch.nn`` and ``torch.optim``: a user changes one import.
"""

from scratchnet import data, datasets, nn, optim, random
from scratchnet.gradcheck import gradcheck
from scratchnet.random import (
    Generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    rand,
    randint,
    randn,
    randperm,
    set_rng_state,
)
from scratchnet.serialization import load, save

__version__ = "0.1.0"
__all__ = [
    "Generator",
    "data",
    "datasets",
    "get_rng_state",
    "gradcheck",
    "initial_seed",
    "load",
    "manual_seed",
    "nn",
    "optim",
    "rand",
    "randint",
    "randn",
    "random",
    "randperm",
    "save",
    "set_rng_state",
]
