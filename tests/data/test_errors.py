"""What is refused here where torch refuses it, and what is said."""

import numpy as np
import pytest
import torch

import scratchnet.data as ours
from scratchnet import random
from tests.data.sides import OURS, THEIRS

x6 = {OURS: np.zeros((6, 2)), THEIRS: torch.zeros(6, 2)}
y5 = {OURS: np.zeros(5), THEIRS: torch.zeros(5)}
scalar = {OURS: np.array(1.0), THEIRS: torch.tensor(1.0)}


BEYOND_ONE = [1 / 3, 1 / 3, 1 / 3 + 2**-52]  # sums to 1 + 2**-52


def load_with(**arguments):
    return lambda side: side.data.DataLoader(range(6), **arguments)


REFUSED = {
    "arrays of two lengths": (
        lambda side: side.data.TensorDataset(x6[side], y5[side]),
        ValueError,
        r"\(N, \.\.\.\), got \[\(6, 2\), \(5,\)\]",
    ),
    "an array of no length": (
        lambda side: side.data.TensorDataset(scalar[side]),
        ValueError,
        r"got \[\(\)\]",
    ),
    "a list for an array": (
        lambda side: side.data.TensorDataset([1, 2]),
        TypeError,
        "expected arrays, got list",
    ),
    "no array": (
        lambda side: len(side.data.TensorDataset()),
        ValueError,
        r"got \[\]",
    ),
    "lengths that fall short": (
        lambda side: side.data.random_split(range(9), [3, 5]),
        ValueError,
        r"sum to 9, none negative, got \[3, 5\]",
    ),
    "fractions beyond 1": (
        lambda side: side.data.random_split(range(9), [0.5, 0.6]),
        TypeError,
        r"fractions that sum to 1 .* got \[0.5, 0.6\]",
    ),
    "fractions a rounding beyond 1": (
        lambda side: side.data.random_split(range(9), BEYOND_ONE),
        TypeError,
        "fractions that sum to 1",
    ),
    "a negative fraction": (
        lambda side: side.data.random_split(range(9), [-0.5, 1.5]),
        ValueError,
        "expected fractions from 0 to 1",
    ),
    "lengths as floats": (
        lambda side: side.data.random_split(range(9), [4.0, 5.0]),
        TypeError,
        r"expected integers that sum to 9, .* got \[4.0, 5.0\]",
    ),
    "shuffle with a sampler": (
        load_with(sampler=[1], shuffle=True),
        ValueError,
        "got both",
    ),
    "batch_sampler with batch_size": (
        load_with(batch_sampler=[[1]], batch_size=2),
        ValueError,
        "batch_sampler alone",
    ),
    "batch_sampler with shuffle": (
        load_with(batch_sampler=[[1]], shuffle=True),
        ValueError,
        "batch_sampler alone",
    ),
    "batch_sampler with a sampler": (
        load_with(batch_sampler=[[1]], sampler=[1]),
        ValueError,
        "batch_sampler alone",
    ),
    "batch_sampler with drop_last": (
        load_with(batch_sampler=[[1]], drop_last=True),
        ValueError,
        "batch_sampler alone",
    ),
    "drop_last without batches": (
        load_with(batch_size=None, drop_last=True),
        ValueError,
        "batch_size=None",
    ),
    "batch_size zero": (load_with(batch_size=0), ValueError, "batch_size.*got 0"),
    "negative batch_size": (load_with(batch_size=-1), ValueError, "batch_size.*-1"),
    "fractional batch_size": (load_with(batch_size=2.0), ValueError, "got 2.0"),
    "bool as batch_size": (load_with(batch_size=True), ValueError, "got True"),
    "drop_last that is no bool": (load_with(drop_last=1), ValueError, "drop_last"),
    "nothing to shuffle": (
        lambda side: side.data.DataLoader([], shuffle=True),
        ValueError,
        "samples to draw, got none",
    ),
    "nothing to draw": (
        lambda side: list(side.data.RandomSampler([], num_samples=2)),
        ValueError,
        "samples to draw, got none",
    ),
    "num_samples zero": (
        lambda side: side.data.RandomSampler([1], num_samples=0),
        ValueError,
        "num_samples.*got 0",
    ),
    "replacement that is no bool": (
        lambda side: side.data.RandomSampler([1], replacement=1),
        TypeError,
        "replacement.*got 1",
    ),
    "length of an iterator": (
        lambda side: len(side.data.DataLoader([1], sampler=iter([0]))),
        TypeError,
        "no len",
    ),
    "samples of two shapes": (
        lambda side: side.data.default_collate([np.zeros(2), np.zeros(3)]),
        ValueError,
        r"one shape, got \[\(2,\), \(3,\)\]",
    ),
    "samples of two lengths": (
        lambda side: side.data.default_collate([[1, 2], [1]]),
        ValueError,
        r"one length, got \[2, 1\]",
    ),
    "None": (
        lambda side: side.data.default_collate([None]),
        TypeError,
        "got NoneType",
    ),
    "arrays of objects": (
        lambda side: side.data.default_collate([np.array([None])]),
        TypeError,
        "got object",
    ),
    "arrays of text": (
        lambda side: side.data.default_collate([np.array(["a"])]),
        TypeError,
        "got <U1",
    ),
    "dicts of other keys": (
        lambda side: side.data.default_collate([{"a": 1}, {"b": 1}]),
        KeyError,
        "a",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_torch_refuses_is_refused(case):
    run, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        run(OURS)
    with pytest.raises(Exception):  # noqa: B017 torch's types differ
        run(THEIRS)


def test_negative_lengths_are_refused():
    """Torch takes them, and gives parts that share samples."""
    with pytest.raises(ValueError, match="none negative"):
        ours.random_split(range(10), [-5, 15])


def test_a_refused_loader_leaves_the_generator_alone():
    state = random.get_rng_state()
    with pytest.raises(ValueError, match="batch_size"):
        ours.DataLoader(range(6), batch_size=0, shuffle=True)
    with pytest.raises(ValueError, match="sum to 6"):
        ours.random_split(range(6), [9])
    assert (random.get_rng_state() == state).all()


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        ([1, None], "got int and NoneType"),
        ([1, "a"], "got int and str"),
        ([np.ones(2), 1.0], "got ndarray and float"),
        ([1.0, np.ones(2)], "got float and ndarray"),
    ],
)
def test_samples_of_several_kinds_are_refused(batch, said):
    with pytest.raises(TypeError, match=f"expected samples of one kind, {said}"):
        ours.default_collate(batch)
