"""Indices: returned by max pooling, taken back by max unpooling."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import nn


@pytest.mark.parametrize(
    "layer",
    [
        nn.MaxPool2d(2, return_indices=True),
        nn.AdaptiveMaxPool2d(2, return_indices=True),
    ],
    ids=["sliding", "adaptive"],
)
def test_indices_have_no_gradient(layer):
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 4))
    y, indices = layer(x)
    alone, beside_none = layer.backward(y), layer.backward(y, None)
    np.testing.assert_array_equal(alone, beside_none)
    flat = np.zeros((2, 3, 16))
    np.put_along_axis(flat, indices.reshape(2, 3, 4), y.reshape(2, 3, 4), axis=-1)
    np.testing.assert_array_equal(alone, flat.reshape(x.shape))
    assert layer.backward(y, input_grad=False) is None


@given(
    dims=st.integers(1, 3),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 3),
    extra=st.lists(st.integers(0, 3), min_size=3, max_size=3),
    seed=st.integers(0, 99),
)
def test_pooling_is_undone_as_torch_undoes_it(dims, kernel, stride, extra, seed):
    x = np.random.default_rng(seed).standard_normal(
        (2, 3, *(kernel + e for e in extra))
    )
    x = x.reshape(2, 3, *x.shape[2 : 1 + dims], -1)
    pool = getattr(nn, f"MaxPool{dims}d")(kernel, stride, return_indices=True)
    y, indices = pool(x)
    ours = getattr(nn, f"MaxUnpool{dims}d")(kernel, stride)
    theirs = getattr(torch.nn, f"MaxUnpool{dims}d")(kernel, stride)
    tensor = torch.from_numpy(y).requires_grad_()
    expected = theirs(tensor, torch.from_numpy(indices), x.shape)
    back = ours(y, indices, x.shape)
    np.testing.assert_array_equal(back, expected.detach().numpy())
    expected.backward(torch.from_numpy(x))
    grad, none = ours.backward(x)
    np.testing.assert_array_equal(grad, tensor.grad.numpy())
    assert none is None
    assert ours.backward(x, input_grad=False) == (None, None)


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int32, np.uint64])
def test_indices_are_of_any_integer_type(dtype):
    indices = np.array([[1, 2]], dtype)
    y = nn.MaxUnpool1d(2)(np.array([[5.0, 6.0]]), indices)
    np.testing.assert_array_equal(y, [[0, 5, 6, 0]])


@pytest.mark.parametrize(
    ("indices", "error", "match"),
    [
        ([[0, 4]], IndexError, "indices from 0 to 3 in planes of .4,., got 0 to 4"),
        ([[-1, 0]], IndexError, "indices from 0 to 3"),
        ([[0, 1, 2]], ValueError, r"indices expects \(1, 2\), got \(1, 3\)"),
        ([[0.0, 1.0]], TypeError, "indices expects integers, got float64"),
    ],
)
def test_bad_indices_are_refused(indices, error, match):
    x, indices = np.ones((1, 2)), np.array(indices)
    with pytest.raises(RuntimeError):
        torch.nn.MaxUnpool1d(2)(torch.from_numpy(x), torch.from_numpy(indices))
    layer = nn.MaxUnpool1d(2)
    with pytest.raises(error, match=match):
        layer(x, indices)
    with pytest.raises(RuntimeError, match="needs a forward pass first"):
        layer.backward(np.ones((1, 4)))


@pytest.mark.parametrize("height", range(3, 10))
@pytest.mark.parametrize("width", [4, 6, 7])
def test_only_sizes_within_a_stride_fit(height, width):
    y, indices = np.ones((1, 1, 2, 2)), np.zeros((1, 1, 2, 2), int)
    size = (height, width)
    layer = nn.MaxUnpool2d(3, stride=2)
    if 4 <= height <= 6 and 4 <= width <= 6:
        assert layer(y, indices, size).shape == (1, 1, *size)
    else:
        tensors = torch.from_numpy(y), torch.from_numpy(indices)
        with pytest.raises(ValueError, match="invalid output_size"):
            torch.nn.MaxUnpool2d(3, stride=2)(*tensors, size)
        with pytest.raises(ValueError, match=r"away from \(5, 5\), got"):
            layer(y, indices, size)


def test_an_output_size_has_a_number_for_each_axis():
    with pytest.raises(ValueError, match="expects an output_size"):
        nn.MaxUnpool1d(2)(np.ones((1, 2)), np.zeros((1, 2), int), (4, 4))


def test_unpooling_takes_batches_of_channels():
    for shape in ((2,), (1, 2, 3, 4)):
        with pytest.raises(ValueError, match=r"expects \(N, C, L\) or \(C, L\), got"):
            nn.MaxUnpool1d(2)(np.ones(shape), np.zeros(shape, int))
    with pytest.raises(ValueError, match="planes that are not empty"):
        nn.MaxUnpool1d(2)(np.ones((2, 0, 3)), np.zeros((2, 0, 3), int))
