"""Two sides of one program: these data sets and loaders, and torch's."""

import numpy as np
import torch
import torch.utils.data as theirs

import scratchnet.data as ours
from scratchnet import random
from scratchnet.random import Generator


class Side:
    """One library under the names that both share."""

    def __init__(self, data, manual_seed, new_generator, randn, array):
        self.data = data
        self.manual_seed = manual_seed
        self.new_generator = new_generator
        self.randn = randn
        self.array = array


OURS = Side(ours, random.manual_seed, Generator, random.randn, np.asarray)
THEIRS = Side(theirs, torch.manual_seed, torch.Generator, torch.randn, torch.as_tensor)


def plain(value):
    """A batch in terms that both sides share: arrays as dtype, shape and values."""
    if isinstance(value, torch.Tensor):
        value = value.numpy()
    if isinstance(value, np.ndarray | np.generic):
        return str(value.dtype), value.shape, value.tolist()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def both(run):
    """Run the same program on both sides, and give what each returned."""
    returned = []
    with random.fork_rng(), torch.random.fork_rng():
        for side in OURS, THEIRS:
            side.manual_seed(0)
            returned.append(plain(run(side)))
    return returned


def assert_same(run):
    mine, reference = both(run)
    assert mine == reference


def position(side, generator=None):
    """Numbers that tell where a generator stands, by drawing from it."""
    (whole,) = side.data.random_split(range(9), [9], **given_generator(generator))
    return whole.indices


def given_generator(generator):
    return {} if generator is None else {"generator": generator}


def dataset_of(side, n):
    images = side.array(np.arange(n * 6, dtype=np.float32).reshape(n, 2, 3))
    labels = side.array(np.arange(n) % 10)
    return side.data.TensorDataset(images, labels)
