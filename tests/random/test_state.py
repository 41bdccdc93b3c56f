"""States that pass between us and torch, and the generator that all share."""

import numpy as np
import pytest
import torch

from scratchnet import random
from scratchnet.random import Generator
from tests.random.twins import assert_same, assert_same_state, twins


def test_states_pass_both_ways_with_a_normal_waiting():
    ours, theirs = twins(21)
    ours.rand(1000)
    ours.randn(3)
    theirs.set_state(torch.from_numpy(ours.get_state()))
    assert theirs.initial_seed() == 21
    assert_same(ours.randn(5), torch.randn(5, generator=theirs))
    torch.rand(77, generator=theirs)
    torch.randn(1, generator=theirs)
    ours.manual_seed(0)
    ours.set_state(theirs.get_state().numpy())
    assert ours.initial_seed() == 21
    assert_same(ours.randn(4), torch.randn(4, generator=theirs))
    assert_same_state(ours, theirs)


@pytest.mark.parametrize("words", [0, 1, 2, 623, 624, 625])
def test_a_state_is_taken_over_wherever_it_stands(words):
    ours, theirs = twins(5)
    ours.rand(words)
    torch.rand(words, generator=theirs)
    other = Generator()
    other.set_state(ours.get_state())
    np.testing.assert_array_equal(other.get_state(), ours.get_state())
    assert_same_state(other, theirs)


def test_a_state_is_a_copy():
    ours = Generator()
    ours.rand(5)
    state = ours.get_state()
    kept = state.copy()
    other = Generator()
    other.set_state(state)
    other.rand(700)
    ours.rand(700)
    np.testing.assert_array_equal(state, kept)
    state[:] = 0
    np.testing.assert_array_equal(ours.get_state(), other.get_state())


def broken(**fields):
    """A state with some of its fields, given as (first byte, bytes), replaced."""
    generator = Generator()
    generator.randn(1)
    state = generator.get_state()
    for start, content in fields.values():
        content = np.frombuffer(content, np.uint8)
        state[start : start + len(content)] = content
    return state


def word(value, kind="<i4"):
    return np.array([value], kind).tobytes()


@pytest.mark.parametrize(
    "state, error",
    [
        (broken(seeded=(12, word(0))), ValueError),
        (broken(seeded=(12, word(2))), ValueError),
        (broken(left=(8, word(0))), ValueError),
        (broken(left=(8, word(-1))), ValueError),
        (broken(left=(8, word(624))), ValueError),
        (broken(next=(16, word(625))), ValueError),
        (broken(next=(16, word(-1, "<i8")), left=(8, word(626))), ValueError),
        (broken(next=(16, word(625)), left=(8, word(0))), ValueError),
        (broken(words=(24 + 8 * 300, word(2**32, "<u8"))), ValueError),
        (broken(normal=(5024, word(np.nan, "<f8"))), ValueError),
        (broken(normal=(5024, word(np.inf, "<f8"))), ValueError),
        (broken(normal_is_valid=(5040, word(2))), ValueError),
        (np.zeros(5056, np.uint8), ValueError),
        (np.full(5056, 255, np.uint8), ValueError),
        (broken()[:-1], ValueError),
        (broken().reshape(2, -1), ValueError),
        (np.zeros(0, np.uint8), ValueError),
        (np.uint8(1), TypeError),
        (broken().astype(np.int8), TypeError),
        (broken().astype(object), TypeError),
        (broken().tobytes(), TypeError),
        (list(broken()), TypeError),
        (None, TypeError),
    ],
)
def test_a_false_state_is_refused_and_changes_nothing(state, error):
    ours = Generator().manual_seed(5)
    ours.randn(1)
    before = ours.get_state()
    with pytest.raises(error, match="a state "):
        ours.set_state(state)
    np.testing.assert_array_equal(ours.get_state(), before)


def test_a_true_state_is_taken_whatever_its_layout():
    ours, theirs = Generator(), Generator()
    state = np.repeat(broken(), 2)[::2]
    ours.set_state(state)
    theirs.randn(1)
    assert_same(ours.randn(3), torch.from_numpy(theirs.randn(3)))


# The default generator


@pytest.fixture
def default():
    state = random.get_rng_state()
    yield random.manual_seed(0)
    random.set_rng_state(state)


def test_the_module_draws_from_one_generator(default):
    assert default is random.default_generator
    theirs = torch.Generator().manual_seed(0)
    assert random.initial_seed() == 0
    assert_same(random.rand(2, 2), torch.rand(2, 2, generator=theirs))
    assert_same(random.randn(3), torch.randn(3, generator=theirs))
    assert_same(random.randint(7, (3,)), torch.randint(7, (3,), generator=theirs))
    assert_same(random.randperm(9), torch.randperm(9, generator=theirs))
    assert random.get_rng_state().tobytes() == theirs.get_state().numpy().tobytes()
    assert random.seed() == random.initial_seed()


def test_fork_rng_puts_the_state_back(default):
    before = random.get_rng_state()
    with random.fork_rng():
        random.randn(1)
    np.testing.assert_array_equal(random.get_rng_state(), before)
    with pytest.raises(KeyError), random.fork_rng():
        random.manual_seed(4)
        raise KeyError
    np.testing.assert_array_equal(random.get_rng_state(), before)
    with random.fork_rng(enabled=False):
        random.rand(1)
    assert random.get_rng_state().tobytes() != before.tobytes()
