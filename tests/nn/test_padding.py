"""Padding: what parity does not show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import nn

KINDS = ["ReflectionPad", "ReplicationPad", "CircularPad", "ZeroPad"]


@given(
    kind=st.sampled_from(KINDS),
    sides=st.lists(
        st.tuples(st.integers(-2, 3), st.integers(-2, 3)), min_size=1, max_size=3
    ),
    batched=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**16),
)
def test_any_sizes_and_upstream_gradient(kind, sides, batched, dtype, seed):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(4, 7, len(sides))
    if kind == "CircularPad":
        # torch reads memory that it never wrote where what is left is shorter.
        sides = [
            (left, max(right, 0)) if left < 0 else (left, right)
            for left, right in sides
        ]
        sizes += 3
    padding = tuple(size for side in sides for size in side)
    x = rng.standard_normal((*(2, 3)[not batched :], *sizes)).astype(dtype)
    ours = getattr(nn, f"{kind}{len(sides)}d")(padding)
    theirs = getattr(torch.nn, f"{kind}{len(sides)}d")(padding)
    torch_x = torch.from_numpy(x).requires_grad_()
    torch_y = theirs(torch_x)
    y = ours(x)
    np.testing.assert_array_equal(y, torch_y.detach().numpy())
    g = rng.standard_normal(y.shape).astype(dtype)
    torch_y.backward(torch.from_numpy(g))
    grad = ours.backward(g)
    assert y.dtype == grad.dtype == dtype
    tolerance = 64 * np.finfo(dtype).eps
    np.testing.assert_allclose(grad, torch_x.grad.numpy(), rtol=0, atol=tolerance)


@pytest.mark.parametrize("padding", [(1, -3), (-3, 1)])
def test_no_more_is_cropped_than_there_is(padding):
    with pytest.raises(RuntimeError):
        torch.nn.ConstantPad1d(padding, 0.0)(torch.ones(1, 1, 2))
    with pytest.raises(ValueError, match="expects more to pad or crop"):
        nn.ConstantPad1d(padding, 0.0)(np.ones((1, 1, 2)))


@pytest.mark.parametrize("kind", KINDS)
def test_backward_is_the_transpose_of_forward(rng, kind):
    layer = getattr(nn, f"{kind}2d")((2, 1, -1, 3))
    x = rng.standard_normal((2, 3, 5, 4))
    y = layer(x)
    g = rng.standard_normal(y.shape)
    np.testing.assert_allclose(np.vdot(g, y), np.vdot(layer.backward(g), x))


@pytest.mark.parametrize(
    ("padding", "size"), [((5, -6), 4), ((-6, 5), 4), ((-4, 4), 4), ((9, 9), 1)]
)
def test_replication_of_little_and_far(padding, size):
    x = np.arange(1.0, size + 1)[None]
    ours, theirs = nn.ReplicationPad1d(padding), torch.nn.ReplicationPad1d(padding)
    torch_x = torch.from_numpy(x).requires_grad_()
    torch_y = theirs(torch_x)
    g = np.arange(1.0, torch_y.numel() + 1)[None]
    torch_y.backward(torch.from_numpy(g))
    np.testing.assert_array_equal(ours(x), torch_y.detach().numpy())
    np.testing.assert_array_equal(ours.backward(g), torch_x.grad.numpy())


@pytest.mark.parametrize("value", [2.5, 3, np.inf, np.nan, np.float64(1.5)])
def test_any_constant(value):
    x = np.ones((2, 3), "f")
    expected = torch.nn.ConstantPad1d((1, -1), float(value))(torch.from_numpy(x))
    y = nn.ConstantPad1d((1, -1), value)(x)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, expected.numpy())


@pytest.mark.parametrize("kind", KINDS)
def test_strided_and_read_only_arrays_are_as_good_as_any(rng, kind):
    layer = getattr(nn, f"{kind}2d")(1)
    x = rng.standard_normal((5, 4, 3)).astype("f").T
    g = rng.standard_normal((7, 6, 3)).astype("f").T
    x.flags.writeable = g.flags.writeable = False
    y, grad = layer(x), layer.backward(g)
    np.testing.assert_array_equal(y, layer(x.copy("C")))
    np.testing.assert_array_equal(grad, layer.backward(g.copy("C")))


@pytest.mark.parametrize("kind", KINDS)
def test_the_output_is_nobody_elses_and_the_gradient_may_be_skipped(rng, kind):
    layer = getattr(nn, f"{kind}1d")(0)
    x = rng.standard_normal((2, 3))
    y = layer(x)
    assert not np.shares_memory(x, y)
    assert layer.backward(y, input_grad=False) is None
    assert not np.shares_memory(layer.backward(y), y)


BAD_INPUT = [
    ("ReflectionPad1d", (4, 0), (2, 3, 4)),
    ("ReflectionPad1d", (0, 4), (2, 3, 4)),
    ("ReflectionPad1d", (-2, -2), (2, 3, 4)),
    ("ReflectionPad1d", (-3, -2), (2, 3, 4)),
    ("ReflectionPad1d", 1, (3,)),
    ("ReflectionPad1d", 1, (2, 3, 4, 5)),
    ("ReflectionPad1d", 1, (2, 3, 0)),
    ("ReflectionPad2d", (0, 0, 0, 4), (2, 3, 4, 5)),
    ("ReflectionPad2d", 1, (3, 4)),
    ("ReflectionPad3d", 1, (3, 4, 5)),
    ("ReplicationPad1d", (-2, -2), (2, 3, 4)),
    ("ReplicationPad1d", 1, (2, 3, 0)),
    ("ReplicationPad2d", 1, (2, 2, 3, 4, 5)),
    ("ReplicationPad3d", 1, (2, 2, 3, 4, 5, 2)),
    ("CircularPad1d", (5, 0), (2, 3, 4)),
    ("CircularPad1d", (-3, -2), (2, 3, 4)),
    ("CircularPad1d", 1, (2, 3, 0)),
    ("CircularPad2d", 1, (3, 4)),
    ("CircularPad3d", 1, (3, 4, 5)),
    ("ZeroPad1d", (-3, -2), (2, 3, 4)),
    ("ZeroPad2d", 1, (3,)),
]


@pytest.mark.parametrize(("name", "padding", "shape"), BAD_INPUT)
def test_bad_input_is_refused(name, padding, shape):
    with pytest.raises((ValueError, RuntimeError)):
        getattr(torch.nn, name)(padding)(torch.zeros(shape))
    with pytest.raises(ValueError, match=name):
        getattr(nn, name)(padding)(np.zeros(shape, "f"))


def test_a_circle_cannot_be_longer_than_what_is_left():
    with pytest.raises(ValueError, match="wraps more than once around 4 elements"):
        nn.CircularPad1d((-2, 3))(np.zeros((2, 4)))


@pytest.mark.parametrize("kind", KINDS)
def test_bad_sizes_are_refused(kind):
    layer = getattr(nn, f"{kind}2d")
    with pytest.raises(ValueError, match="expects 4 sizes"):
        layer((1, 2))
    with pytest.raises(TypeError, match="expects integers"):
        layer(1.5)
    with pytest.raises(TypeError, match="expects integers"):
        layer((1, 2, 3, "4"))


def test_bad_arrays_and_constants_are_refused():
    with pytest.raises(TypeError, match="ZeroPad1d expects a floating-point array"):
        nn.ZeroPad1d(1)(np.zeros((2, 3), int))
    with pytest.raises(
        TypeError, match="ReflectionPad1d expects a floating-point array"
    ):
        nn.ReflectionPad1d(1)([[1.0, 2.0]])
    with pytest.raises(TypeError, match="expects a number, got 'a'"):
        nn.ConstantPad1d(1, "a")


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_repr_is_torchs(dims):
    for padding in (1, tuple(range(2 * dims))):
        for kind in KINDS:
            ours = getattr(nn, f"{kind}{dims}d")(padding)
            assert repr(ours) == repr(getattr(torch.nn, f"{kind}{dims}d")(padding))
        for value in (2.5, 3):
            ours = getattr(nn, f"ConstantPad{dims}d")(padding, value)
            theirs = getattr(torch.nn, f"ConstantPad{dims}d")(padding, value)
            assert repr(ours) == repr(theirs)
