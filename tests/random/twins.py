"""Our generator and torch's, side by side."""

import numpy as np
import torch

from scratchnet.random import Generator

DTYPES = {np.float32: torch.float32, np.float64: torch.float64}


def twins(seed=0):
    """Our generator and torch's at the start of one stream."""
    return Generator().manual_seed(seed), torch.Generator().manual_seed(seed)


def torch_dtype(dtype):
    return getattr(torch, np.dtype(dtype).name)


def assert_same(ours, theirs):
    """The same dtype, shape and bits."""
    theirs = theirs.numpy()
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
    np.testing.assert_array_equal(ours, theirs)


def assert_same_state(ours, theirs):
    assert ours.get_state().tobytes() == theirs.get_state().numpy().tobytes()
