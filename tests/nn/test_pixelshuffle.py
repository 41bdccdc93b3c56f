"""Pixel shuffling: what parity does not show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scratchnet import nn


@given(
    leading=hnp.array_shapes(min_dims=0, max_dims=2, min_side=1, max_side=3),
    r=st.integers(1, 4),
    c=st.integers(1, 3),
    h=st.integers(1, 4),
    w=st.integers(1, 4),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_each_undoes_the_other_in_torchs_order(leading, r, c, h, w, dtype):
    few = (*leading, c, h * r, w * r)
    x = np.arange(np.prod(few), dtype=dtype).reshape(few)
    to_channels, to_pixels = nn.PixelUnshuffle(r), nn.PixelShuffle(r)
    many = to_channels(x)
    expected = torch.nn.PixelUnshuffle(r)(torch.from_numpy(x)).numpy()
    np.testing.assert_array_equal(many, expected)
    np.testing.assert_array_equal(to_pixels(many), x)
    np.testing.assert_array_equal(to_channels.backward(many), x)
    np.testing.assert_array_equal(to_pixels.backward(x), many)
    assert many.dtype == dtype


def test_empty_batches_keep_their_shape():
    assert nn.PixelShuffle(2)(np.zeros((0, 4, 2, 3))).shape == (0, 1, 4, 6)
    assert nn.PixelUnshuffle(2)(np.zeros((0, 1, 4, 6))).shape == (0, 4, 2, 3)


def test_strided_input_is_as_good_as_any(rng):
    x = rng.standard_normal((2, 3, 8)).T
    x.flags.writeable = False
    layer = nn.PixelShuffle(2)
    np.testing.assert_array_equal(layer(x), layer(x.copy("C")))
    assert layer.backward(layer(x), input_grad=False) is None


@pytest.mark.parametrize(
    ("name", "factor", "shape"),
    [
        ("PixelShuffle", 2, (4,)),
        ("PixelShuffle", 2, (4, 4)),
        ("PixelShuffle", 2, (5, 2, 2)),
        ("PixelShuffle", 2, (2, 2, 2)),
        ("PixelUnshuffle", 2, (4, 4)),
        ("PixelUnshuffle", 2, (2, 5, 4)),
        ("PixelUnshuffle", 2, (2, 4, 5)),
    ],
)
def test_bad_input_is_refused(name, factor, shape):
    with pytest.raises(RuntimeError):
        getattr(torch.nn, name)(factor)(torch.zeros(shape))
    with pytest.raises(ValueError, match=rf"{name}.* expects \(\.\.\., C"):
        getattr(nn, name)(factor)(np.zeros(shape))


@pytest.mark.parametrize("name", ["PixelShuffle", "PixelUnshuffle"])
def test_bad_factors_and_arrays_are_refused(name):
    layer = getattr(nn, name)
    for factor in (0, -2):
        with pytest.raises(ValueError, match=f"positive factor, got {factor}"):
            layer(factor)
    with pytest.raises(TypeError, match=r"integer, got 2\.0"):
        layer(2.0)
    with pytest.raises(TypeError, match="floating-point array, got int64"):
        layer(2)(np.zeros((4, 2, 2), int))


@pytest.mark.parametrize("name", ["PixelShuffle", "PixelUnshuffle"])
def test_repr_is_torchs(name):
    assert repr(getattr(nn, name)(3)) == repr(getattr(torch.nn, name)(3))
