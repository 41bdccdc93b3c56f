"""Neural networks from scratch in NumPy, every backward pass by hand.

``scratchnet.nn`` and ``scratchnet.optim`` have the names, arguments, defaults and
numbers of ``torch.nn`` and ``torch.optim``: a user changes one import.
"""

import numpy as np

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

# Having once been given back 31 MiB, glibc keeps what is freed for the arrays to come,
# instead of handing it to the system and fetching it anew in every training step: that
# of LeNet-5 takes 0.93 of the time, that of a CNN with batch norm 0.87. No page of it
# is touched.
np.empty(31 * 2**20, np.uint8)
