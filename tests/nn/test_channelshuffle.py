"""Channel shuffling: what parity does not show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scratchnet import nn


@given(
    n=st.integers(0, 3),
    groups=st.integers(1, 4),
    each=st.integers(1, 4),
    rest=hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_torchs_order_and_the_way_back(n, groups, each, rest, dtype):
    shape = (n, groups * each, *rest)
    x = np.arange(np.prod(shape), dtype=dtype).reshape(shape)
    layer = nn.ChannelShuffle(groups)
    y = layer(x)
    expected = torch.nn.ChannelShuffle(groups)(torch.from_numpy(x)).numpy()
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(layer.backward(y), x)
    assert y.dtype == dtype
    assert layer.backward(y, input_grad=False) is None


def test_strided_input_is_as_good_as_any(rng):
    x = rng.standard_normal((3, 4, 2)).T
    x.flags.writeable = False
    layer = nn.ChannelShuffle(2)
    np.testing.assert_array_equal(layer(x), layer(x.copy("C")))


@pytest.mark.parametrize("shape", [(4,), (2, 4), (2, 5, 2, 2)])
def test_bad_input_is_refused(shape):
    with pytest.raises(RuntimeError):
        torch.nn.ChannelShuffle(2)(torch.zeros(shape))
    with pytest.raises(ValueError, match=r"expects \(N, C \* 2, \.\.\.\), got"):
        nn.ChannelShuffle(2)(np.zeros(shape))


def test_bad_groups_and_arrays_are_refused():
    for groups in (0, -2):
        with pytest.raises(ValueError, match=f"positive groups, got {groups}"):
            nn.ChannelShuffle(groups)
    with pytest.raises(TypeError, match=r"integer, got 2\.0"):
        nn.ChannelShuffle(2.0)
    with pytest.raises(TypeError, match="floating-point array, got int64"):
        nn.ChannelShuffle(2)(np.zeros((1, 4, 2), int))


def test_repr_is_torchs():
    assert repr(nn.ChannelShuffle(4)) == repr(torch.nn.ChannelShuffle(4))
