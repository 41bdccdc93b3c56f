"""Batches beside torch's: the same samples, in the same order, from the same seed."""

import collections
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scratchnet.data as ours
from tests.data.sides import (
    assert_same,
    dataset_of,
    given_generator,
    position,
)

loaders = st.fixed_dictionaries(
    {
        "n": st.integers(1, 40),
        "batch_size": st.integers(1, 12),
        "drop_last": st.booleans(),
        "shuffle": st.booleans(),
        "seed": st.integers(0, 2**64 - 1),
        "own_generator": st.booleans(),
    }
)


def make_loader(side, case):
    side.manual_seed(case["seed"])
    generator = None
    if case["own_generator"]:
        generator = side.new_generator()
        generator.manual_seed(case["seed"] ^ 1)
    loader = side.data.DataLoader(
        dataset_of(side, case["n"]),
        batch_size=case["batch_size"],
        shuffle=case["shuffle"],
        drop_last=case["drop_last"],
        **given_generator(generator),
    )
    return loader, generator


@given(case=loaders)
def test_epochs_are_torchs_and_leave_the_generators_where_torch_does(case):
    def run(side):
        loader, generator = make_loader(side, case)
        epochs = [list(loader) for _ in range(3)]
        return len(loader), epochs, position(side), position(side, generator)

    assert_same(run)


@given(case=loaders, draws=st.lists(st.integers(1, 20), min_size=3, max_size=3))
def test_draws_between_the_batches_do_not_part_the_sides(case, draws):
    """Where each number is taken matters: at iter, at the first batch, or later."""

    def run(side):
        loader, generator = make_loader(side, case)
        seen = []
        for _ in range(2):
            batches = iter(loader)
            seen.append(side.randn(draws[0]).shape)
            seen.append(position(side))
            for batch, count in zip(batches, itertools.cycle(draws), strict=False):
                side.randn(count)
                seen.append(batch)
        return seen, position(side), position(side, generator)

    assert_same(run)


@given(case=loaders, stop=st.integers(0, 3))
def test_an_epoch_left_early_does_not_part_the_sides(case, stop):
    def run(side):
        loader, generator = make_loader(side, case)
        seen = []
        for _ in range(3):
            seen.extend(itertools.islice(loader, stop))
        return seen, position(side), position(side, generator)

    assert_same(run)


@pytest.mark.parametrize("shuffle", [False, True])
def test_epochs_that_overlap_do_not_part_the_sides(shuffle):
    def run(side):
        side.manual_seed(3)
        loader = side.data.DataLoader(dataset_of(side, 10), 3, shuffle=shuffle)
        first, second = iter(loader), iter(loader)
        return [next(second), next(first), *first, *second]

    assert_same(run)


def test_a_large_epoch_is_torchs():
    def run(side):
        side.manual_seed(0)
        loader = side.data.DataLoader(dataset_of(side, 5000), 512, shuffle=True)
        return [labels for _ in range(2) for _, labels in loader]

    assert_same(run)


def test_samplers_and_batch_samplers_are_followed():
    def run(side):
        data = dataset_of(side, 6)
        make = side.data.DataLoader
        samplers = [
            make(data, 2, sampler=[5, 0, 3]),
            make(data, 2, sampler=[5, 0, 3], drop_last=True),
            make(data, sampler=iter([1, 1])),
            make(data, batch_sampler=[[0], [4, 2, 2]]),
            make(data, batch_sampler=[(1, 0), [3]]),
            make(data, batch_sampler=[np.array([1, 0])]),
        ]
        return [list(loader) for loader in samplers]

    assert_same(run)


def test_without_batches_samples_come_one_by_one():
    def run(side):
        side.manual_seed(8)
        data = dataset_of(side, 5)
        make = side.data.DataLoader
        loader = make(data, batch_size=None, shuffle=True)
        sums = make(data, batch_size=None, collate_fn=lambda sample: sample[1] + 1)
        return len(loader), list(loader), list(sums), position(side)

    assert_same(run)


def test_attributes_are_torchs():
    def run(side):
        data = dataset_of(side, 4)
        seen = []
        for arguments in ({"batch_size": 3}, {"batch_sampler": [[0]]}):
            loader = side.data.DataLoader(data, **arguments)
            seen.append([loader.batch_size, loader.drop_last, loader.dataset is data])
            seen.append([type(loader.sampler).__name__, list(loader.batch_sampler)])
        return seen

    assert_same(run)


Point = collections.namedtuple("Point", "x y")
COLLATED = {
    "arrays": [np.ones((2, 3), np.float32), np.zeros((2, 3), np.float32)],
    "0-d arrays": [np.array(1.5), np.array(2.5)],
    "integers": [np.arange(2, dtype=np.int16), np.arange(2, dtype=np.int16)],
    "int": [1, -2],
    "float": [1.0, 2.5],
    "bool": [True, False],
    "float first": [1.5, 2],
    "float32": [np.float32(0.1), np.float32(3)],
    "int8": [np.int8(1), np.int8(-1)],
    "bool_": [np.True_, np.False_],
    "str": ["a", "bc"],
    "bytes": [b"a", b"bc"],
    "tuples": [(np.zeros(2), 1, "a"), (np.ones(2), 2, "b")],
    "lists": [[1, 2.0], [3, 4.0]],
    "dicts": [{"a": 1, "b": {"c": 0.5}}, {"a": 2, "b": {"c": 1.5}}],
    "named tuples": [Point(1, (2, 3)), Point(4, (5, 6))],
    "ranges": [range(2), range(2)],
    "empty tuples": [(), ()],
    "a batch of one": [(np.zeros(2), 1)],
}


@pytest.mark.parametrize("case", COLLATED)
def test_default_collate_is_torchs(case):
    assert_same(lambda side: side.data.default_collate(COLLATED[case]))


def test_default_collate_keeps_named_tuples():
    batch = ours.default_collate(COLLATED["named tuples"])
    assert isinstance(batch, Point)
