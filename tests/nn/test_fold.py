"""Fold and Unfold: what parity does not show."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import nn

TORCH_REFUSES = (RuntimeError, TypeError, ValueError, IndexError)


@st.composite
def blocks(draw):
    """Return the size of an image, and settings that leave room for a block."""
    each = st.integers(1, 3)
    kernel, dilation, stride = ([draw(each), draw(each)] for _ in range(3))
    padding = [draw(st.integers(0, 2)) for _ in range(2)]
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    size = [
        max(1, r - 2 * p) + draw(each) - 1 for r, p in zip(reach, padding, strict=True)
    ]
    return size, (kernel, dilation, padding, stride)


LEADS = st.sampled_from([(2, 3), (1, 1), (3,), (0, 2)])
DTYPES = st.sampled_from([np.float32, np.float64])


@given(blocks(), LEADS, DTYPES, st.integers(0, 2**16))
def test_any_blocks(drawn, lead, dtype, seed):
    size, settings = drawn
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((*lead, *size)).astype(dtype)
    tensor = torch.from_numpy(x).requires_grad_()
    columns = torch.nn.Unfold(*settings)(tensor)
    layer = nn.Unfold(*settings)
    y = layer(x)
    np.testing.assert_array_equal(y, columns.detach().numpy())
    upstream = rng.standard_normal(y.shape).astype(dtype)
    columns.backward(torch.from_numpy(upstream))
    grad = layer.backward(upstream)
    eps = 20 * np.finfo(dtype).eps
    np.testing.assert_allclose(grad, tensor.grad.numpy(), rtol=0, atol=eps)
    image = nn.Fold(size, *settings)
    np.testing.assert_array_equal(image(upstream), grad)
    np.testing.assert_array_equal(image.backward(x), y)
    assert y.dtype == grad.dtype == dtype


def test_overlaps_are_counted(rng):
    """fold(unfold(x)) is x times how many blocks lie on each pixel, as torch says."""
    settings = {"kernel_size": 3, "padding": 1, "stride": 2}
    unfold, fold = nn.Unfold(**settings), nn.Fold((5, 6), **settings)
    x = rng.standard_normal((2, 3, 5, 6))
    np.testing.assert_allclose(fold(unfold(x)), x * fold(unfold(np.ones_like(x))))


def test_how_the_input_lies_in_memory_makes_no_difference(rng):
    unfold = nn.Unfold(2, padding=1)
    x = rng.standard_normal((2, 3, 5, 6))
    x.flags.writeable = False
    y = unfold(x)
    lying = np.ascontiguousarray(x.transpose(2, 1, 3, 0)).transpose(3, 1, 0, 2)
    np.testing.assert_array_equal(unfold(lying), y)
    upstream = rng.standard_normal(y.shape)
    upstream.flags.writeable = False
    grad = unfold.backward(upstream)
    lying = np.asfortranarray(upstream)
    np.testing.assert_array_equal(unfold.backward(lying), grad)


def test_without_the_input_gradient_nothing_comes_back():
    unfold, fold = nn.Unfold(2), nn.Fold(3, 2)
    y = unfold(np.zeros((1, 2, 3, 3)))
    assert unfold.backward(y, input_grad=False) is None
    assert fold.backward(fold(y), input_grad=False) is None


@pytest.mark.parametrize("name", ["Unfold", "Fold"])
def test_arguments_and_repr_are_torchs(name):
    ours, theirs = getattr(nn, name), getattr(torch.nn, name)
    expected = inspect.signature(theirs).parameters
    given_ = inspect.signature(ours).parameters
    assert list(given_) == list(expected)
    assert [p.default for p in given_.values()] == [
        p.default for p in expected.values()
    ]
    size = (7,) if name == "Fold" else ()
    for args in ((2,), ((2, 3), 2), ([2, 3], (1, 2), 1, (2, 2))):
        assert repr(ours(*size, *args)) == repr(theirs(*size, *args))


SETTINGS = [
    ("kernel_size", ValueError, (0,)),
    ("kernel_size", ValueError, ((2,),)),
    ("kernel_size", ValueError, ((2, 2, 2),)),
    ("kernel_size", TypeError, (2.0,)),
    ("dilation", ValueError, (2, 0)),
    ("padding", ValueError, (2, 1, -1)),
    ("stride", ValueError, (2, 1, 0, 0)),
    ("stride", ValueError, (2, 1, 0, -1)),
]


@pytest.mark.parametrize(("match", "error", "args"), SETTINGS)
def test_bad_settings_are_refused(match, error, args):
    with pytest.raises(TORCH_REFUSES):
        torch.nn.Unfold(*args)(torch.zeros(1, 1, 6, 6))
    with pytest.raises(error, match=f"Unfold {match} expects"):
        nn.Unfold(*args)
    with pytest.raises(TORCH_REFUSES):
        torch.nn.Fold(3, *args)(torch.zeros(1, 4, 4))
    with pytest.raises(error, match=f"Fold {match} expects"):
        nn.Fold(3, *args)


@pytest.mark.parametrize("size", [0, (3,), (3, 3, 3), (3, -1)])
def test_bad_output_sizes_are_refused(size):
    with pytest.raises(TORCH_REFUSES):
        torch.nn.Fold(size, 2)(torch.zeros(1, 4, 4))
    with pytest.raises(ValueError, match="Fold output_size expects"):
        nn.Fold(size, 2)


def refused_by_both(name, args, x, error, match):
    with pytest.raises((*TORCH_REFUSES, NotImplementedError)):
        getattr(torch.nn, name)(*args)(torch.from_numpy(x))
    layer = getattr(nn, name)(*args)
    with pytest.raises(error, match=match):
        layer(x)
    with pytest.raises(RuntimeError, match="needs a forward pass first"):
        layer.backward(x)


@pytest.mark.parametrize(
    ("shape", "match"),
    [
        ((5, 5), r"\(N, C, H, W\) or \(C, H, W\), got \(5, 5\)"),
        ((1, 1, 1, 5, 5), r"got \(1, 1, 1, 5, 5\)"),
        ((2, 0, 5, 5), "room for a block"),
        ((2, 1, 0, 5), "room for a block"),
        ((2, 1, 2, 5), "room for a block"),
    ],
)
def test_unfold_refuses_bad_input(shape, match):
    refused_by_both("Unfold", (3,), np.zeros(shape, "f"), ValueError, match)


@pytest.mark.parametrize(
    ("args", "shape", "match"),
    [
        ((4, 2), (1, 8, 8), r"\(N, C \* 4, 9\) or \(C \* 4, 9\), got \(1, 8, 8\)"),
        ((4, 2), (8, 8), r"got \(8, 8\)"),
        ((4, 2), (1, 9, 9), r"a multiple of 4 rows, got \(1, 9, 9\)"),
        ((4, 2), (1, 0, 9), "a multiple of 4 rows"),
        ((4, 2), (1, 1, 8, 9), r"got \(1, 1, 8, 9\)"),
        ((4, 2), (9,), r"got \(9,\)"),
        ((1, 2), (1, 8, 0), "no room for a block"),
    ],
)
def test_fold_refuses_bad_input(args, shape, match):
    refused_by_both("Fold", args, np.zeros(shape, "f"), ValueError, match)


def test_integers_are_refused():
    with pytest.raises(TypeError, match="expects a floating-point array, got int64"):
        nn.Unfold(2)(np.zeros((1, 1, 3, 3), int))
    with pytest.raises(TypeError, match="expects a floating-point array, got int64"):
        nn.Fold(3, 2)(np.zeros((1, 4, 4), int))
