"""The normal distribution, against the functions of Python's own library."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scratchnet.nn.activation.gaussian import normal

X = np.concatenate([np.linspace(-40, 40, 4001), [0.0, -0.0, 1e-300, -1e-8, 9, -9]])


@pytest.mark.parametrize(("dtype", "error"), [(np.float64, 5e-16), (np.float32, 1e-7)])
def test_distribution(dtype, error):
    x = X.astype(dtype)
    expected = [math.erfc(-u / math.sqrt(2)) / 2 for u in x.tolist()]
    _, distribution = normal(x)
    assert distribution.dtype == dtype
    np.testing.assert_allclose(distribution, expected, rtol=0, atol=error)


def test_the_lower_tail_keeps_its_digits():
    x = np.linspace(-8, 0, 801)
    expected = [math.erfc(-u / math.sqrt(2)) / 2 for u in x.tolist()]
    np.testing.assert_allclose(normal(x)[1], expected, rtol=2e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_density(dtype):
    x = X[np.abs(X) < 5].astype(dtype)
    expected = [math.exp(-u * u / 2) / math.sqrt(2 * math.pi) for u in x.tolist()]
    density, _ = normal(x)
    assert density.dtype == dtype
    np.testing.assert_allclose(density, expected, rtol=30 * np.finfo(dtype).eps)


def test_ends_and_nan():
    density, distribution = normal(np.array([-np.inf, np.inf, np.nan]))
    np.testing.assert_array_equal(density, [0, 0, np.nan])
    np.testing.assert_array_equal(distribution, [0, 1, np.nan])


def test_a_single_number_is_as_good_as_an_array():
    for x in (np.array(0.5), np.float64(0.5)):
        assert normal(x)[1] == normal(np.array([0.5]))[1][0]
