"""Flatten and Unflatten: what parity does not show."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scratchnet import nn


@given(
    shape=hnp.array_shapes(min_dims=1, max_dims=5, min_side=0, max_side=3),
    data=st.data(),
)
def test_flatten_any_shape_and_back(shape, data):
    start = data.draw(st.integers(0, len(shape) - 1))
    end = data.draw(st.integers(start, len(shape) - 1))
    lying = data.draw(st.permutations(range(len(shape))))
    x = np.random.default_rng(0).standard_normal([shape[axis] for axis in lying])
    x = x.transpose(np.argsort(lying))
    layer = nn.Flatten(start, end - len(shape))
    y = layer(x)
    np.testing.assert_array_equal(y, torch.nn.Flatten(start, end)(torch.from_numpy(x)))
    np.testing.assert_array_equal(layer.backward(y), x)


@given(
    outer=hnp.array_shapes(min_dims=1, max_dims=2, max_side=3),
    sizes=hnp.array_shapes(min_dims=1, max_dims=3, max_side=4),
    unknown=st.booleans(),
)
def test_unflatten_any_sizes_and_back(outer, sizes, unknown):
    given_sizes = (-1, *sizes[1:]) if unknown else sizes
    x = np.random.default_rng(0).standard_normal((*outer, int(np.prod(sizes))))
    layer = nn.Unflatten(-1, given_sizes)
    y = layer(x)
    expected = torch.nn.Unflatten(-1, given_sizes)(torch.from_numpy(x))
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(layer.backward(y), x)


@pytest.mark.parametrize(
    ("build", "shape", "error"),
    [
        (lambda: nn.Flatten(), (3,), IndexError),
        (lambda: nn.Flatten(0, 3), (3, 4), IndexError),
        (lambda: nn.Flatten(2, 1), (3, 4, 5), ValueError),
        (lambda: nn.Unflatten(1, (2, 2)), (3, 5), ValueError),
        (lambda: nn.Unflatten(1, (2, -1)), (3, 5), ValueError),
        (lambda: nn.Unflatten(2, (2, 2)), (3, 4), IndexError),
    ],
)
def test_what_does_not_fit_is_refused_with_its_shape(build, shape, error):
    with pytest.raises(error, match=r"\(" + ", ".join(map(str, shape))):
        build()(np.zeros(shape))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_unflatten_takes_the_sizes_that_torch_takes(count):
    for sizes in product(range(-3, 7), repeat=count):

        def shape_of(n, x, sizes=sizes):
            try:
                return tuple(n.Unflatten(1, sizes)(x).shape)
            except (RuntimeError, ValueError):
                return "refused"

        x = np.zeros((2, 6))
        assert shape_of(nn, x) == shape_of(torch.nn, torch.from_numpy(x)), sizes


@pytest.mark.parametrize("arguments", [("1", (2, 2)), (1, 4), (1, (2, 2.0)), (1, "22")])
def test_unflatten_takes_integers(arguments):
    with pytest.raises(TypeError, match="Unflatten expects"):
        nn.Unflatten(*arguments)


def test_repr():
    for build in (lambda nn: nn.Flatten(), lambda nn: nn.Unflatten(1, (2, -1))):
        assert repr(build(nn)) == repr(build(torch.nn))
