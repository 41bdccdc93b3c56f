"""Samplers beside torch's, and where they leave the generator."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tests.data.sides import (
    assert_same,
    given_generator,
    position,
)


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


@given(n=st.integers(0, 40), batch_size=st.integers(1, 12), drop_last=st.booleans())
def test_batch_sampler_is_torchs(n, batch_size, drop_last):
    def run(side):
        indices = side.data.SequentialSampler(range(n))
        sampler = side.data.BatchSampler(indices, batch_size, drop_last)
        return list(sampler), len(sampler), len(indices)

    assert_same(run)
