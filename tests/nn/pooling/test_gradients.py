"""Pooling against torch for any windows, and what every backward pass keeps to."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import nn


@st.composite
def windows(draw):
    """Return dimensions, sizes, and settings that leave room for a window."""
    dims = draw(st.integers(1, 3))
    each = st.integers(0, 3)
    kernel = [1 + draw(each) for _ in range(dims)]
    stride = [1 + draw(each) for _ in range(dims)]
    padding = [draw(st.integers(0, k // 2)) for k in kernel]
    size = [k + draw(each) for k in kernel]
    return dims, size, (kernel, stride, padding)


LEADS = st.sampled_from([(2, 3), (1, 1), (3,), (0, 2)])
DTYPES = st.sampled_from([np.float32, np.float64])


def beside_torch(name, args, kwargs, shape, dtype, seed, nan=0):
    """Compare outputs and gradients; the numbers have ties, so that order matters."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-2, 3, shape).astype(dtype)
    x[rng.random(shape) < nan] = np.nan
    tensor = torch.from_numpy(x).requires_grad_()
    expected = getattr(torch.nn, name)(*args, **kwargs)(tensor)
    layer = getattr(nn, name)(*args, **kwargs)
    y = layer(x)
    if kwargs.get("return_indices"):
        np.testing.assert_array_equal(y[1], expected[1].numpy())
        assert y[1].dtype == np.int64
        y, expected = y[0], expected[0]
    upstream = rng.standard_normal(y.shape).astype(dtype)
    expected.backward(torch.from_numpy(upstream))
    grad = layer.backward(upstream)
    bound = 32 * np.finfo(dtype).eps
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=bound, atol=bound)
    np.testing.assert_allclose(grad, tensor.grad.numpy(), rtol=bound, atol=bound)
    assert y.dtype == grad.dtype == dtype


@given(
    windows(),
    LEADS,
    DTYPES,
    st.fixed_dictionaries(
        {
            "dilation": st.integers(1, 2),
            "ceil_mode": st.booleans(),
            "return_indices": st.booleans(),
        }
    ),
    st.sampled_from([0, 0.2]),
    st.sampled_from([1, 16, 64]),
    st.integers(0, 99),
)
def test_maxima_of_any_windows(drawn, lead, dtype, options, nan, small, seed):
    """Whether boxes are gone through whole or axis by axis."""
    dims, size, settings = drawn
    reach = [options["dilation"] * (k - 1) + 1 for k in settings[0]]
    shape = (*lead, *map(max, size, reach))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scratchnet.nn.pooling.max.SMALL", small)
        beside_torch(f"MaxPool{dims}d", settings, options, shape, dtype, seed, nan)


@given(windows(), LEADS, DTYPES, st.booleans(), st.booleans(), st.integers(0, 99))
def test_means_of_any_windows(drawn, lead, dtype, ceil_mode, with_padding, seed):
    dims, size, settings = drawn
    options = {"ceil_mode": ceil_mode, "count_include_pad": with_padding}
    shape = (*lead, *size)
    beside_torch(f"AvgPool{dims}d", settings, options, shape, dtype, seed)


@given(windows(), LEADS, DTYPES, st.booleans(), st.sampled_from([1, 2, 4, np.inf]))
def test_norms_of_any_windows(drawn, lead, dtype, ceil_mode, p):
    dims, size, (kernel, stride, _) = drawn
    # torch takes one number, no sequence, in one dimension.
    args = (p, kernel[0], stride[0]) if dims == 1 else (p, kernel, stride)
    options = {"ceil_mode": ceil_mode}
    beside_torch(f"LPPool{dims}d", args, options, (*lead, *size), dtype, 0)


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=3),
    LEADS,
    DTYPES,
    st.sampled_from(["Avg", "Max"]),
    st.integers(0, 99),
)
def test_adaptive_windows_of_any_size(axes, lead, dtype, kind, seed):
    size, wanted = zip(*axes, strict=True)
    options = {"return_indices": seed % 2 == 0} if kind == "Max" else {}
    name = f"Adaptive{kind}Pool{len(axes)}d"
    beside_torch(name, (wanted,), options, (*lead, *size), dtype, seed)


LAYERS = {
    "max": lambda: nn.MaxPool2d(3, 2, 1),
    "average": lambda: nn.AvgPool2d(3, 2, 1),
    "norm": lambda: nn.LPPool2d(2, 3, 2),
    "largest": lambda: nn.LPPool2d(np.inf, 3, 2),
    "adaptive average": lambda: nn.AdaptiveAvgPool2d((3, 2)),
    "adaptive max": lambda: nn.AdaptiveMaxPool2d((3, 2)),
}


@pytest.fixture(params=LAYERS.values(), ids=LAYERS)
def layer(request):
    return request.param()


def images(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def test_the_input_gradient_can_be_left_out(layer):
    y = layer(images(2, 3, 7, 6))
    assert layer.backward(np.ones_like(y), input_grad=False) is None
    assert layer.backward(np.ones_like(y)).shape == (2, 3, 7, 6)


def test_memory_order_and_protection_make_no_difference(layer):
    x = images(2, 3, 7, 6)
    y = layer(x)
    upstream = images(*y.shape)
    grad = layer.backward(upstream)
    channels_last = np.moveaxis(np.moveaxis(x, 1, -1).copy(), -1, 1)
    every_other = np.repeat(x, 2, axis=2)[:, :, ::2]
    for view in (channels_last, every_other):
        view.flags.writeable = False
        np.testing.assert_array_equal(layer(view), y)
        turned = np.asfortranarray(upstream)
        turned.flags.writeable = False
        np.testing.assert_array_equal(layer.backward(turned), grad)


def test_a_sample_is_pooled_alone_as_in_a_batch(layer):
    x = images(4, 3, 7, 6)
    y = layer(x)
    upstream = images(*y.shape)
    grad = layer.backward(upstream)
    for i in range(4):
        np.testing.assert_array_equal(layer(x[i]), y[i])
        np.testing.assert_array_equal(layer.backward(upstream[i]), grad[i])


def test_inputs_and_upstream_gradients_stay_as_they_are(layer):
    x = images(2, 3, 7, 6)
    y = layer(x)
    upstream = images(*y.shape)
    before = x.copy(), upstream.copy()
    layer.backward(upstream)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(upstream, before[1])


def test_an_output_size_of_zero_leaves_nothing():
    for layer in (nn.AdaptiveAvgPool2d((0, 3)), nn.AdaptiveMaxPool2d((0, 3))):
        assert layer(images(2, 3, 7, 6)).shape == (2, 3, 0, 3)


def test_large_numbers_overflow_to_infinity_without_a_warning():
    x = np.full((1, 4), 3e38, np.float32)
    np.testing.assert_array_equal(nn.AvgPool1d(4)(x), [[np.inf]])
    np.testing.assert_array_equal(nn.LPPool1d(2, 4)(x), [[np.inf]])


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_a_window_around_the_input_sees_nothing(dims, rng):
    x = rng.standard_normal((2, 3, *(3,) * dims))
    name, settings = f"MaxPool{dims}d", (2, 1, 1, 4)
    layer = getattr(nn, name)(*settings)
    y = layer(x)
    expected = getattr(torch.nn, name)(*settings)(torch.from_numpy(x))
    np.testing.assert_array_equal(y, expected.numpy())
    # Not beside torch, whose backward pass writes beyond its memory here.
    np.testing.assert_array_equal(layer.backward(np.ones_like(y)), np.zeros_like(x))
