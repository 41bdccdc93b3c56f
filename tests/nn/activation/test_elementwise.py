"""Element-wise activations: what parity does not show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scratchnet import nn
from scratchnet.nn.activation.elementwise import select

BUILDS = [
    ("ReLU", ()),
    ("ReLU6", ()),
    ("LeakyReLU", (0.1,)),
    ("ELU", (2.0,)),
    ("CELU", (2.0,)),
    ("SELU", ()),
    ("Hardtanh", (-2.0, 0.5)),
    ("Hardsigmoid", ()),
    ("Hardswish", ()),
    ("Hardshrink", ()),
    ("Softshrink", ()),
    ("Threshold", (0.1, 20.0)),
    ("Tanh", ()),
    ("Sigmoid", ()),
    ("LogSigmoid", ()),
    ("Softplus", (2.0, 5.0)),
    ("Softsign", ()),
    ("Tanhshrink", ()),
    ("GELU", ()),
    ("GELU", ("tanh",)),
    ("SiLU", ()),
    ("Mish", ()),
]
each = pytest.mark.parametrize(("name", "arguments"), BUILDS)


def both(name, arguments):
    return getattr(nn, name)(*arguments), getattr(torch.nn, name)(*arguments)


@each
@given(
    shape=hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
    dtype=st.sampled_from([np.float32, np.float64]),
    scale=st.sampled_from([0.1, 1.0, 30.0]),
    seed=st.integers(0, 2**16),
)
def test_any_shape_dtype_and_upstream_gradient(
    name, arguments, shape, dtype, scale, seed
):
    rng = np.random.default_rng(seed)
    ours, theirs = both(name, arguments)
    x = np.asarray(scale * rng.standard_normal(shape), dtype)
    g = np.asarray(rng.standard_normal(shape), dtype)
    torch_x = torch.from_numpy(x.astype(float)).requires_grad_()
    torch_y = theirs(torch_x)
    torch_y.backward(torch.from_numpy(g.astype(float)))
    for a, b in ((ours(x), torch_y.detach()), (ours.backward(g), torch_x.grad)):
        assert a.dtype == dtype
        assert a.shape == shape
        atol = 40 * np.finfo(dtype).eps * max(1, scale)
        np.testing.assert_allclose(a, b.numpy(), rtol=0, atol=atol)


@each
def test_nan_passes_through(name, arguments):
    ours, _ = both(name, arguments)
    assert np.isnan(ours(np.array([np.nan, 1.0]))[0])


@each
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_out_it_is_torchs_limit_and_nothing_warns(name, arguments, dtype):
    ours, theirs = both(name, arguments)
    x = np.array([-1e30, -1e4, -800, 800, 1e4, 1e30], dtype)
    if arguments == ("tanh",):
        x = x[1:-1]  # where torch's own derivative is NaN
    torch_x = torch.from_numpy(x).requires_grad_()
    torch_y = theirs(torch_x)
    torch_y.backward(torch.ones_like(torch_x))
    tolerance = {"rtol": 1e-6, "atol": 1e-9}
    np.testing.assert_allclose(ours(x), torch_y.detach().numpy(), **tolerance)
    grad = ours.backward(np.ones_like(x))
    np.testing.assert_allclose(grad, torch_x.grad.numpy(), **tolerance)


@each
def test_strided_and_read_only_input_is_as_good_as_any(name, arguments, rng):
    ours, _ = both(name, arguments)
    whole = rng.standard_normal((6, 8))
    x = whole[::2, ::-2]
    x.flags.writeable = False
    y, grad = ours(x), ours.backward(x)
    np.testing.assert_array_equal(y, ours(x.copy()))
    np.testing.assert_array_equal(grad, ours.backward(x.copy()))


@each
def test_integers_and_lists_are_refused(name, arguments):
    ours, _ = both(name, arguments)
    expected = f"{name} expects a floating-point array, got"
    with pytest.raises(TypeError, match=f"{expected} int64"):
        ours(np.array([1, 2]))
    with pytest.raises(TypeError, match=f"{expected} list"):
        ours([1.0, 2.0])


@pytest.mark.parametrize(
    "name",
    [
        "ReLU",
        "ReLU6",
        "LeakyReLU",
        "ELU",
        "CELU",
        "SELU",
        "Hardtanh",
        "Hardsigmoid",
        "Hardswish",
        "SiLU",
        "Mish",
        "RReLU",
    ],
)
def test_inplace_leaves_the_callers_array_alone(name):
    x = np.array([-1.0, 0.3, 2.0])
    getattr(nn, name)(inplace=True)(x)
    np.testing.assert_array_equal(x, [-1.0, 0.3, 2.0])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda n: n.Softshrink(-1.0), "Softshrink expects lambd >= 0, got -1.0"),
        (lambda n: n.CELU(0.0), "CELU expects alpha other than 0"),
        (lambda n: n.GELU("erf"), "expects approximate 'none' or 'tanh', got 'erf'"),
    ],
)
def test_settings_that_torch_refuses_when_called(build, message):
    with pytest.raises(ValueError, match=message):
        build(nn)(np.ones(3))
    with pytest.raises(RuntimeError):
        build(torch.nn)(torch.ones(3))


@pytest.mark.parametrize("bounds", [(1, 1), (2, 1)])
def test_hardtanh_needs_bounds_in_order(bounds):
    with pytest.raises(ValueError, match="Hardtanh expects max_val > min_val"):
        nn.Hardtanh(*bounds)
    with pytest.raises(AssertionError):
        torch.nn.Hardtanh(*bounds)


def test_hardtanh_knows_its_old_names():
    for library in (nn, torch.nn):
        with pytest.warns(FutureWarning):
            layer = library.Hardtanh(min_value=-2.0, max_value=3.0)
        assert (layer.min_val, layer.max_val) == (-2.0, 3.0)


@pytest.mark.parametrize("value", [-np.inf, np.inf, np.nan, 7.0])
def test_threshold_puts_in_any_value(value):
    y = nn.Threshold(0.0, value)(np.array([-1.0, 0.0, 1.0, np.inf, -np.inf]))
    np.testing.assert_array_equal(y, [value, value, 1.0, np.inf, value])


@given(
    data=st.data(),
    dtype=st.sampled_from([np.float32, np.float64]),
    shape=hnp.array_shapes(max_dims=3, max_side=4),
)
def test_select_is_where(data, dtype, shape):
    condition = data.draw(hnp.arrays(bool, shape))
    a, b = (data.draw(hnp.arrays(dtype, shape)) for _ in range(2))
    np.testing.assert_array_equal(
        select(condition, a, b, np.dtype(dtype)), np.where(condition, a, b)
    )


def test_glu_halves_what_can_be_halved():
    with pytest.raises(ValueError, match=r"expects an even size in dimension -1, got"):
        nn.GLU()(np.zeros((2, 3)))
    for shape, dim in [((), -1), ((2, 2), 2), ((2, 2), -3)]:
        with pytest.raises(IndexError, match=rf"GLU\(dim={dim}\) expects a dimension"):
            nn.GLU(dim)(np.zeros(shape))
    with pytest.raises(TypeError, match="GLU expects a floating-point array"):
        nn.GLU()(np.zeros(4, int))


def test_glu_at_infinity_is_torchs():
    x = np.array([[np.inf, -np.inf, 2.0, np.inf], [-np.inf, -np.inf, np.inf, -np.inf]])
    expected = torch.nn.GLU(0)(torch.from_numpy(x)).numpy()
    np.testing.assert_array_equal(nn.GLU(0)(x), expected)
