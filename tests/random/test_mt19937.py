"""The stream of words, seed by seed and block by block, against torch's."""

import pytest
import torch

from scratchnet.random import Generator
from tests.random.twins import assert_same, assert_same_state, twins

SEEDS = [0, 1, 5489, 2**32 - 1, 2**32, 2**40 + 7, 2**64 - 1, -1, -(2**63)]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_starts_torchs_stream(seed):
    ours, theirs = twins(seed)
    assert ours.initial_seed() == theirs.initial_seed()
    assert_same_state(ours, theirs)
    assert_same(ours.rand(1000), torch.rand(1000, generator=theirs))
    assert_same_state(ours, theirs)


def test_a_new_generator_has_torchs_default_seed():
    assert_same_state(Generator(), torch.Generator())


@pytest.mark.parametrize("n", [1, 2, 226, 227, 228, 623, 624, 625, 1247, 1248, 5000])
def test_blocks_join_wherever_a_draw_ends(n):
    ours, theirs = twins(3)
    for _ in range(4):
        assert_same(ours.rand(n), torch.rand(n, generator=theirs))
        assert_same_state(ours, theirs)


def test_seeding_forgets_the_second_normal():
    ours = Generator().manual_seed(1)
    ours.randn(1)
    ours.manual_seed(1)
    assert_same_state(ours, torch.Generator().manual_seed(1))


def test_seed_is_fresh_each_time_and_is_the_seed():
    ours = Generator()
    first, second = ours.seed(), ours.seed()
    assert first != second == ours.initial_seed()
    assert_same_state(ours, torch.Generator().manual_seed(second))
