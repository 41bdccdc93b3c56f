"""Batches beside torch's: the same samples, in the same order, from the same seed."""

import collections
import itertools
import warnings

import numpy as np
import pytest
import torch
import torch.utils.data as theirs
from hypothesis import given, settings
from hypothesis import strategies as st

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
    return side.data.random_split(range(9), [9], **given_generator(generator))[
        0
    ].indices


def given_generator(generator):
    return {} if generator is None else {"generator": generator}


def dataset_of(side, n):
    images = side.array(np.arange(n * 6, dtype=np.float32).reshape(n, 2, 3))
    labels = side.array(np.arange(n) % 10)
    return side.data.TensorDataset(images, labels)


# DataLoader against torch's

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


@settings(deadline=None)
@given(case=loaders)
def test_epochs_are_torchs_and_leave_the_generators_where_torch_does(case):
    def run(side):
        loader, generator = make_loader(side, case)
        epochs = [list(loader) for _ in range(3)]
        return len(loader), epochs, position(side), position(side, generator)

    assert_same(run)


@settings(deadline=None)
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


@settings(deadline=None)
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


# Data sets


class Words:
    """A map-style data set of the user's own, which counts what it is asked."""

    def __init__(self, side):
        self.side = side
        self.asked = []

    def __getitem__(self, index):
        self.asked.append(index)
        return {
            "id": index,
            "share": index / 4,
            "even": index % 2 == 0,
            "word": "abcde"[index],
            "pair": (self.side.array(np.full(2, index, np.float32)), [index, 1.5]),
        }

    def __len__(self):
        return 5


def test_samples_of_any_data_set_are_collated():
    def run(side):
        side.manual_seed(1)
        words = Words(side)
        return list(side.data.DataLoader(words, 2, shuffle=True)), words.asked

    assert_same(run)


def test_a_data_set_that_finds_samples_together_is_asked_so():
    class Together(Words):
        def __getitems__(self, indices):
            self.asked.append(list(indices))
            return [10 * index for index in indices]

    def run(side):
        words = Together(side)
        subset = side.data.Subset(words, [4, 2, 0])
        batches = [*side.data.DataLoader(words, 2), *side.data.DataLoader(subset, 2)]
        return batches, words.asked

    assert_same(run)


class Watched(np.ndarray):
    """An array that notes each index it is asked for."""

    log = ()

    def __getitem__(self, index):
        self.log.append(index)
        return np.asarray(super().__getitem__(index))


def test_arrays_are_gathered_a_batch_at_a_time():
    array = np.arange(10.0).view(Watched)
    array.log = []
    data = ours.TensorDataset(array)
    subset = ours.Subset(ours.Subset(data, range(9, -1, -1)), [0, 2, 4])
    assert plain(list(ours.DataLoader(data, 6))) == plain(
        [[np.arange(6.0)], [np.arange(6.0, 10.0)]]
    )
    assert array.log == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9]]
    assert plain(list(ours.DataLoader(subset, 3))) == plain([[np.array([9.0, 7, 5])]])
    assert array.log[2:] == [[9, 7, 5]]


def test_gathered_batches_are_copies():
    array = np.zeros((4, 2))
    for (batch,) in ours.DataLoader(ours.TensorDataset(array), 2):
        batch += 1
    assert not array.any()


def test_a_subclass_that_indexes_otherwise_is_asked_sample_by_sample():
    class Doubled(ours.TensorDataset):
        def __getitem__(self, index):
            assert isinstance(index, int)
            return tuple(2 * item for item in super().__getitem__(index))

    class Shifted(ours.Subset):
        def __getitem__(self, index):
            return super().__getitem__(index)[0] + 100

    doubled = Doubled(np.arange(4))
    assert plain(list(ours.DataLoader(doubled, 4))) == plain([[2 * np.arange(4)]])
    shifted = Shifted(ours.TensorDataset(np.arange(4)), [3, 1])
    assert plain(list(ours.DataLoader(shifted, 2))) == plain([np.array([103, 101])])
    part = ours.Subset(doubled, [3, 1])
    assert plain(list(ours.DataLoader(part, 2))) == plain([[np.array([6, 2])]])


def test_a_collate_fn_of_ones_own_gets_the_samples():
    def run(side):
        loader = side.data.DataLoader(
            dataset_of(side, 5), 2, collate_fn=lambda batch: [type(batch), batch[0]]
        )
        return [[name is list, sample] for name, sample in loader]

    assert_same(run)


def test_items_and_subsets_are_torchs():
    def run(side):
        data = dataset_of(side, 6)
        subset = side.data.Subset(data, [5, 1, 3])
        return [data[2], data[-1], data[1:3], len(data), subset[1], len(subset)], list(
            subset[[0, 2]]
        )

    assert_same(run)


def test_a_data_set_needs_samples():
    with pytest.raises(TypeError, match="abstract"):
        ours.Dataset()


# random_split


@settings(deadline=None)
@given(
    sizes=st.lists(st.integers(0, 9), max_size=5),
    seed=st.integers(0, 2**32 - 1),
    own_generator=st.booleans(),
)
def test_random_split_is_torchs(sizes, seed, own_generator):
    if sum(sizes) == 1:  # torch takes these for fractions, and warns
        sizes = [2]

    def run(side):
        side.manual_seed(seed)
        generator = side.new_generator() if own_generator else None
        parts = side.data.random_split(
            range(sum(sizes)), sizes, **given_generator(generator)
        )
        indices = [[type(part.indices) is list, part.indices] for part in parts]
        return indices, [list(part) for part in parts], position(side, generator)

    assert_same(run)


@pytest.mark.parametrize("n", [0, 1, 2, 7, 10, 99, 1000])
@pytest.mark.parametrize(
    "fractions",
    [[1.0], [1], [0.5, 0.5], [0.7, 0.2, 0.1], [1 / 3] * 3, [0.1] * 10, [0.0, 1.0]],
)
def test_random_split_by_fractions_is_torchs(n, fractions):
    def run(side):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            parts = side.data.random_split(range(n), fractions)
        return [part.indices for part in parts], bool(caught)

    assert_same(run)


def test_the_warning_of_an_empty_part_points_to_the_caller():
    with pytest.warns(UserWarning, match=r"no samples: \[1, 0\]") as caught:
        ours.random_split(range(1), [0.5, 0.5])
    assert caught[0].filename == __file__


# Samplers


@settings(deadline=None)
@given(
    n=st.integers(1, 40),
    replacement=st.booleans(),
    num_samples=st.one_of(st.none(), st.integers(1, 100)),
    seed=st.integers(0, 2**32 - 1),
    own_generator=st.booleans(),
    taken=st.integers(0, 120),
)
def test_random_sampler_is_torchs(
    n, replacement, num_samples, seed, own_generator, taken
):
    def run(side):
        side.manual_seed(seed)
        generator = side.new_generator() if own_generator else None
        sampler = side.data.RandomSampler(
            range(n), replacement, num_samples, **given_generator(generator)
        )
        seen = [list(itertools.islice(sampler, taken)), list(sampler)]
        types = {type(index).__name__ for index in seen[1]}
        ends = position(side), position(side, generator)
        return seen, list(types), len(sampler), ends

    assert_same(run)


def test_random_sampler_follows_a_growing_source():
    def run(side):
        side.manual_seed(5)
        source = [1, 2, 3]
        sampler = side.data.RandomSampler(source)
        before = len(sampler), list(sampler)
        source += [4, 5]
        return before, len(sampler), list(sampler), sampler.num_samples

    assert_same(run)


@settings(deadline=None)
@given(n=st.integers(0, 40), batch_size=st.integers(1, 12), drop_last=st.booleans())
def test_batch_sampler_is_torchs(n, batch_size, drop_last):
    def run(side):
        indices = side.data.SequentialSampler(range(n))
        sampler = side.data.BatchSampler(indices, batch_size, drop_last)
        return list(sampler), len(sampler), len(indices)

    assert_same(run)


# default_collate

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


# What is refused: the same on both sides

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
