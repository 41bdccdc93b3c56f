"""Dropout: what parity does not show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scratchnet import get_rng_state, manual_seed, nn


@given(
    shape=hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=7),
    p=st.sampled_from([0.0, 0.1, 0.5, 0.99, 1.0]),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**31),
)
def test_the_same_seed_silences_the_same_units(shape, p, dtype, seed):
    x = np.random.default_rng(seed).standard_normal(shape).astype(dtype)
    ours, theirs = nn.Dropout(p), torch.nn.Dropout(p)
    manual_seed(seed)
    torch.manual_seed(seed)
    # Twice: the second mask shows that as much of the stream was taken.
    for _ in range(2):
        y, expected = ours(x), theirs(torch.from_numpy(x)).numpy()
        np.testing.assert_allclose(y, expected, rtol=2 * np.finfo(dtype).eps)
        assert y.dtype == dtype


def test_evaluation_takes_no_random_numbers():
    layer = nn.Dropout(0.5).eval()
    before = get_rng_state()
    x = np.ones((3, 4))
    np.testing.assert_array_equal(layer(x), x)
    np.testing.assert_array_equal(layer.backward(2 * x), 2 * x)
    np.testing.assert_array_equal(get_rng_state(), before)


def test_bad_input_takes_no_random_numbers():
    before = get_rng_state()
    with pytest.raises(TypeError, match="Dropout expects a floating-point array"):
        nn.Dropout()(np.ones(3, int))
    np.testing.assert_array_equal(get_rng_state(), before)


def test_input_gradient_can_be_left_out():
    layer = nn.Dropout()
    layer(np.ones(3))
    assert layer.backward(np.ones(3), input_grad=False) is None


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_p_is_a_probability(p):
    with pytest.raises(ValueError, match=r"expects a probability p in \[0, 1\]"):
        nn.Dropout(p)


def test_repr():
    assert repr(nn.Dropout(0.2, inplace=True)) == repr(
        torch.nn.Dropout(0.2, inplace=True)
    )
