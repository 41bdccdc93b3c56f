"""Rectifiers with slopes learned or drawn: what parity does not show."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scratchnet import get_rng_state, manual_seed, nn


@pytest.mark.parametrize(
    ("slopes", "shape"), [(3, ()), (3, (3,)), (3, (2, 4)), (3, (3, 1, 3)), (0, (2, 3))]
)
def test_prelu_needs_a_slope_for_each_channel(slopes, shape):
    with pytest.raises(
        ValueError, match=rf"PReLU expects \(N, {slopes}, \.\.\.\), got"
    ):
        nn.PReLU(slopes)(np.zeros(shape, "f"))
    with pytest.raises(RuntimeError):
        torch.nn.PReLU(slopes)(torch.zeros(shape))


def test_prelu_takes_its_own_dtype_alone():
    with pytest.raises(TypeError, match="PReLU expects float32, got float64"):
        nn.PReLU()(np.zeros(3))
    assert nn.PReLU(dtype=np.float64)(np.zeros(3)).dtype == np.float64


def test_prelu_starts_from_init_and_is_one_for_all_by_default():
    np.testing.assert_array_equal(nn.PReLU().weight.data, np.array([0.25], "f"))
    np.testing.assert_array_equal(nn.PReLU(2, 0.5).weight.data, np.full(2, 0.5, "f"))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_seed_draws_the_same_slopes(dtype, rng):
    x = rng.standard_normal((30, 7)).astype(dtype)
    x[0, :3] = 0, np.nan, -np.inf
    ours, theirs = nn.RReLU(0.1, 0.9), torch.nn.RReLU(0.1, 0.9)
    manual_seed(5)
    torch.manual_seed(5)
    # Twice: the second pass shows that as much of the stream was taken.
    for _ in range(2):
        expected = theirs(torch.from_numpy(x)).numpy()
        np.testing.assert_allclose(ours(x), expected, rtol=2 * np.finfo(dtype).eps)


def test_evaluation_takes_no_random_numbers():
    before = get_rng_state()
    nn.RReLU().eval()(-np.ones(3))
    np.testing.assert_array_equal(get_rng_state(), before)


@pytest.mark.parametrize(
    "bounds",
    [(0.5, 0.1), (np.inf, 1.0), (0.0, np.inf), (np.nan, 1.0), (0.0, np.nan)],
)
@pytest.mark.parametrize("training", [True, False])
def test_rrelu_needs_finite_bounds_in_order(bounds, training):
    before = get_rng_state()
    with pytest.raises(ValueError, match="RReLU expects finite lower <= upper, got"):
        nn.RReLU(*bounds).train(training)(-np.ones(3))
    np.testing.assert_array_equal(get_rng_state(), before)
    with pytest.raises(RuntimeError):
        torch.nn.RReLU(*bounds).train(training)(-torch.ones(3))


def test_refused_input_takes_no_random_numbers():
    before = get_rng_state()
    with pytest.raises(TypeError, match="RReLU expects a floating-point array"):
        nn.RReLU()(np.ones(3, int))
    np.testing.assert_array_equal(get_rng_state(), before)
