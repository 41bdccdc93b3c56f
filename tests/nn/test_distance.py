"""Distances: what parity does not show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scratchnet import nn


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("CosineSimilarity", {"dim": -1}),
        ("PairwiseDistance", {"p": 2.0}),
        ("PairwiseDistance", {"p": 3.0, "keepdim": True}),
        ("PairwiseDistance", {"p": float("inf")}),
    ],
)
@given(
    shapes=hnp.mutually_broadcastable_shapes(
        num_shapes=2, min_dims=1, max_dims=3, max_side=4
    ),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**16),
)
def test_any_two_shapes_that_fit(name, arguments, shapes, dtype, seed):
    rng = np.random.default_rng(seed)
    # Well apart, and well away from zero.
    x = [
        (sign * rng.uniform(1, 2, shape)).astype(dtype)
        for sign, shape in zip((1, -1), shapes.input_shapes, strict=True)
    ]
    ours, theirs = getattr(nn, name)(**arguments), getattr(torch.nn, name)(**arguments)
    torch_x = [torch.from_numpy(a.astype(float)).requires_grad_() for a in x]
    torch_y = theirs(*torch_x)
    g = np.asarray(rng.standard_normal(torch_y.shape), dtype)
    torch_y.backward(torch.from_numpy(g.astype(float)))
    y, grads = ours(*x), ours.backward(g)
    expected = [torch_y.detach(), *(a.grad for a in torch_x)]
    for a, b in zip((y, *grads), expected, strict=True):
        assert a.dtype == dtype
        assert a.shape == b.shape
        atol = 20 * np.finfo(dtype).eps * max(1, float(b.abs().max()))
        np.testing.assert_allclose(a, b.numpy(), rtol=0, atol=atol)


@pytest.mark.parametrize("name", ["CosineSimilarity", "PairwiseDistance"])
def test_bad_inputs_are_refused(name):
    layer = getattr(nn, name)()
    with pytest.raises(ValueError, match=rf"{name} expects x1, x2 of one shape, got"):
        layer(np.zeros((2, 3)), np.zeros((2, 4)))
    with pytest.raises(TypeError, match=f"{name} x1 expects a floating-point array"):
        layer(np.zeros((2, 3), int), np.zeros((2, 3)))
    with pytest.raises(TypeError, match=f"{name} x2 expects .*, got list"):
        layer(np.zeros((2, 3)), [[0.0] * 3] * 2)


@pytest.mark.parametrize(("dim", "shape"), [(1, (3,)), (2, (3, 4)), (-3, (3, 4))])
def test_a_dimension_that_is_not_there_is_refused(dim, shape):
    with pytest.raises(IndexError, match=f"expects a dimension {dim}, got shape"):
        nn.CosineSimilarity(dim)(np.zeros(shape), np.zeros(shape))
    with pytest.raises(IndexError):
        torch.nn.CosineSimilarity(dim)(torch.zeros(shape), torch.zeros(shape))


@pytest.mark.parametrize("p", [np.inf, -np.inf])
def test_nothing_has_no_largest_difference(p):
    with pytest.raises(ValueError, match="expects vectors that are not empty"):
        nn.PairwiseDistance(p)(np.zeros((3, 0)), np.zeros((3, 0)))
    with pytest.raises(RuntimeError):
        torch.nn.PairwiseDistance(p)(torch.zeros(3, 0), torch.zeros(3, 0))


@pytest.mark.parametrize("name", ["CosineSimilarity", "PairwiseDistance"])
def test_two_dtypes_meet_as_in_torch(name, rng):
    x1, x2 = rng.standard_normal((3, 4)).astype("f"), rng.standard_normal((3, 4))
    layer = getattr(nn, name)()
    y = layer(x1, x2)
    expected = getattr(torch.nn, name)()(torch.from_numpy(x1), torch.from_numpy(x2))
    np.testing.assert_allclose(y, expected.numpy(), rtol=1e-12)
    assert [grad.dtype for grad in layer.backward(y)] == [np.float32, np.float64]


def test_lengths_beyond_all_bounds_do_not_warn():
    x = np.full((1, 2), 1e200)
    np.testing.assert_array_equal(nn.CosineSimilarity()(x, np.ones((1, 2))), [0.0])


@pytest.mark.parametrize(
    "layer",
    [("CosineSimilarity",), *(("PairwiseDistance", p) for p in (2.0, np.inf, -0.5))],
)
@pytest.mark.parametrize("planted", [np.inf, -np.inf, np.nan, 1e300])
def test_what_is_beyond_all_bounds_passes_in_silence_as_in_torch(layer, planted, rng):
    name, *p = layer
    x1, x2 = rng.standard_normal((2, 4, 5))
    x1[0, 1] = x1[2, 3] = x2[2, 3] = planted
    ours = getattr(nn, name)(*p)
    a, b = (torch.from_numpy(x).requires_grad_() for x in (x1, x2))
    expected = getattr(torch.nn, name)(*p)(a, b)
    y = ours(x1, x2)
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=1e-9)
    expected.sum().backward()
    for grad, tensor in zip(ours.backward(np.ones(4)), (a, b), strict=True):
        certain = ~np.isnan(y)  # torch has its own mind on the slope of a NaN
        np.testing.assert_allclose(
            grad[certain], tensor.grad.numpy()[certain], rtol=1e-9, atol=1e-12
        )


def test_vectors_without_elements_are_no_distance_apart():
    x = np.zeros((3, 0))
    np.testing.assert_array_equal(nn.PairwiseDistance(2)(x, x), np.zeros(3))
    assert not torch.nn.PairwiseDistance(2)(*[torch.from_numpy(x)] * 2).any()


def test_two_numbers_are_a_distance_apart():
    layer = nn.PairwiseDistance(eps=0.0)
    assert layer(np.array(3.0), np.array(5.0)) == 2
    assert [float(grad) for grad in layer.backward(np.array(1.0))] == [-1, 1]
