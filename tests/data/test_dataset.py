"""Data sets, their parts, and how the loader asks them for samples."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scratchnet.data as ours
from tests.data.sides import assert_same, dataset_of, given_generator, plain, position


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
