"""Softmax and its kin: what parity does not show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scratchnet import nn

NORMALISED = ["Softmax", "LogSoftmax", "Softmin"]


def both_ways(ours, theirs, x, g):
    """Return output and input gradient of both libraries."""
    torch_x = torch.from_numpy(x).requires_grad_()
    torch_y = theirs(torch_x)
    torch_y.backward(torch.from_numpy(g))
    return (ours(x), ours.backward(g)), (torch_y.detach().numpy(), torch_x.grad.numpy())


@pytest.mark.parametrize("name", NORMALISED)
@given(
    shape=hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5),
    dtype=st.sampled_from([np.float32, np.float64]),
    scale=st.sampled_from([1e-8, 1.0, 30.0]),
    seed=st.integers(0, 2**16),
    data=st.data(),
)
def test_any_shape_dtype_and_upstream_gradient(name, shape, dtype, scale, seed, data):
    rng = np.random.default_rng(seed)
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = (scale * rng.standard_normal(shape)).astype(dtype)
    g = rng.standard_normal(shape).astype(dtype)
    results = both_ways(getattr(nn, name)(dim), getattr(torch.nn, name)(dim), x, g)
    for a, b in zip(*results, strict=True):
        assert a.dtype == dtype
        atol = 100 * np.finfo(dtype).eps * max(np.abs(b).max(), 1)
        np.testing.assert_allclose(a, b, rtol=0, atol=atol)


@pytest.mark.parametrize("name", NORMALISED)
@pytest.mark.parametrize("shape", [(), (3,), (3, 4), (2, 3, 4), (2, 3, 4, 5)])
def test_a_missing_dim_is_guessed_as_torch_does_with_a_warning(name, shape, rng):
    x = rng.standard_normal(shape)
    with pytest.warns(UserWarning, match="Implicit dimension"):
        expected = getattr(torch.nn, name)()(torch.from_numpy(np.asarray(x)))
    with pytest.warns(UserWarning, match=f"{name} without dim guesses"):
        y = getattr(nn, name)()(np.asarray(x))
    np.testing.assert_allclose(y, expected.numpy(), rtol=1e-14)


@pytest.mark.parametrize("name", NORMALISED)
def test_a_row_that_is_all_masked_is_nan_as_in_torch(name):
    nothing = np.inf if name == "Softmin" else -np.inf
    x = np.array([[nothing, nothing], [0.0, nothing]])
    expected = getattr(torch.nn, name)(dim=1)(torch.from_numpy(x)).numpy()
    np.testing.assert_array_equal(getattr(nn, name)(dim=1)(x), expected)


@pytest.mark.parametrize("name", NORMALISED)
def test_a_dimension_that_is_not_there_is_refused(name):
    with pytest.raises(IndexError, match=rf"{name}\(dim=2\) expects a dimension 2"):
        getattr(nn, name)(dim=2)(np.zeros((3, 4)))


@pytest.mark.parametrize("name", NORMALISED)
def test_integers_and_lists_are_refused(name):
    layer = getattr(nn, name)(dim=0)
    with pytest.raises(
        TypeError, match=f"{name} expects a floating-point array, got int64"
    ):
        layer(np.array([1, 2]))
    with pytest.raises(TypeError, match="got list"):
        layer([1.0, 2.0])


@pytest.mark.parametrize("name", NORMALISED)
def test_input_gradient_can_be_left_out(name):
    layer = getattr(nn, name)(dim=0)
    layer(np.ones(3))
    assert layer.backward(np.ones(3), input_grad=False) is None


@pytest.mark.parametrize("shape", [(), (3,), (3, 4), (1, 2, 3, 4, 5)])
def test_softmax2d_takes_an_image_with_or_without_a_batch(shape):
    with pytest.raises(ValueError, match="Softmax2d expects .* or .*, got"):
        nn.Softmax2d()(np.zeros(shape))
    with pytest.raises(ValueError, match="expected input to be 3D or 4D"):
        torch.nn.Softmax2d()(torch.zeros(shape))


def test_softmax2d_refuses_integers():
    with pytest.raises(TypeError, match="Softmax2d expects a floating-point array"):
        nn.Softmax2d()(np.zeros((1, 2, 3), int))
