"""Dropout: what parity does not show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from parity.sides.mask import one_mask
from scratchnet import get_rng_state, manual_seed, nn

EVERY = [
    ("Dropout", (4, 6)),
    ("Dropout1d", (4, 3, 5)),
    ("Dropout1d", (4, 5)),
    ("Dropout2d", (4, 3, 2, 2)),
    ("Dropout3d", (4, 3, 2, 2, 2)),
    ("Dropout3d", (4, 2, 2, 2)),
    ("AlphaDropout", (4, 6)),
    ("FeatureAlphaDropout", (4, 3, 2)),
]
every = pytest.mark.parametrize(("name", "shape"), EVERY)


@given(
    shape=hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=7),
    p=st.sampled_from([0.0, 0.1, 0.5, 0.99, 1.0]),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**31),
)
def test_the_same_seed_silences_the_same_units(shape, p, dtype, seed):
    x = np.random.default_rng(seed).standard_normal(shape).astype(dtype)
    silences_the_same(nn.Dropout(p), torch.nn.Dropout(p), x, seed)


@every
@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_kind_silences_what_torchs_does(name, shape, p, dtype, rng):
    x = rng.standard_normal(shape).astype(dtype)
    silences_the_same(getattr(nn, name)(p), getattr(torch.nn, name)(p), x, 11)


def silences_the_same(ours, theirs, x, seed):
    with one_mask(seed):
        manual_seed(seed)
        torch.manual_seed(seed)
        # Twice: the second mask shows that as much of the stream was taken.
        for _ in range(2):
            y, expected = ours(x), theirs(torch.from_numpy(x)).numpy()
            atol = 4 * np.finfo(x.dtype).eps
            np.testing.assert_allclose(y, expected, rtol=atol, atol=atol)
            assert y.dtype == x.dtype


@every
@pytest.mark.parametrize("p", [0.0, 1.0])
def test_what_is_certain_takes_no_random_numbers(name, shape, p):
    before = get_rng_state()
    getattr(nn, name)(p)(np.ones(shape))
    np.testing.assert_array_equal(get_rng_state(), before)


def test_nothing_takes_no_random_numbers():
    before = get_rng_state()
    # Nothing at all, and channels of nothing.
    assert nn.Dropout()(np.ones((0, 3))).shape == (0, 3)
    assert nn.Dropout1d()(np.ones((2, 3, 0))).shape == (2, 3, 0)
    np.testing.assert_array_equal(get_rng_state(), before)


def test_evaluation_takes_no_random_numbers():
    layer = nn.Dropout(0.5).eval()
    before = get_rng_state()
    x = np.ones((3, 4))
    np.testing.assert_array_equal(layer(x), x)
    np.testing.assert_array_equal(layer.backward(2 * x), 2 * x)
    np.testing.assert_array_equal(get_rng_state(), before)


def test_bad_input_takes_no_random_numbers():
    before = get_rng_state()
    with pytest.raises(TypeError, match="Dropout expects a floating-point array"):
        nn.Dropout()(np.ones(3, int))
    np.testing.assert_array_equal(get_rng_state(), before)


def test_input_gradient_can_be_left_out():
    layer = nn.Dropout()
    layer(np.ones(3))
    assert layer.backward(np.ones(3), input_grad=False) is None


@pytest.mark.parametrize("name", sorted({name for name, _ in EVERY}))
@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_p_is_a_probability(name, p):
    with pytest.raises(
        ValueError, match=rf"{name} expects a probability p in \[0, 1\]"
    ):
        getattr(nn, name)(p)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3, 4, 5), (2, 3, 4, 5, 6)])
@pytest.mark.parametrize("training", [True, False])
def test_dropout1d_takes_a_sequence(shape, training):
    with pytest.raises(ValueError, match=r"expects \(N, C, L\) or \(C, L\), got"):
        nn.Dropout1d().train(training)(np.zeros(shape))
    with pytest.raises(RuntimeError):
        torch.nn.Dropout1d().train(training)(torch.zeros(shape))


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("Dropout2d", (4, 3)),
        ("Dropout2d", (4, 3, 5)),
        ("Dropout2d", (4, 3, 2, 2, 2)),
        ("Dropout3d", (4,)),
        ("Dropout3d", (4, 3)),
        ("Dropout3d", (4, 3, 5)),
        ("Dropout3d", (4, 3, 2, 2, 2, 2)),
    ],
)
def test_other_shapes_are_taken_as_torch_does_with_a_warning(name, shape, rng):
    x = rng.standard_normal(shape)
    with one_mask(4):
        manual_seed(4)
        torch.manual_seed(4)
        with pytest.warns(UserWarning, match="received|Received"):
            expected = getattr(torch.nn, name)()(torch.from_numpy(x)).numpy()
        with pytest.warns(UserWarning, match=rf"{name} expects \(N, C, .*\), got"):
            y = getattr(nn, name)()(x)
    np.testing.assert_array_equal(y, expected)


@pytest.mark.filterwarnings("ignore:Dropout.d expects", "ignore:dropout.d. Received")
@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("Dropout2d", ()),
        ("Dropout2d", (3,)),
        ("Dropout3d", ()),
        ("FeatureAlphaDropout", ()),
        ("FeatureAlphaDropout", (3,)),
    ],
)
def test_channels_need_dimensions_once_a_mask_is_drawn(name, shape):
    before = get_rng_state()
    with pytest.raises(
        ValueError, match=rf"{name} expects at least \d dimensions, got"
    ):
        getattr(nn, name)()(np.zeros(shape))
    np.testing.assert_array_equal(get_rng_state(), before)
    with pytest.raises(RuntimeError):
        getattr(torch.nn, name)()(torch.zeros(shape))
    assert getattr(nn, name)().eval()(np.zeros(shape)).shape == shape


@pytest.mark.parametrize("name", ["AlphaDropout", "FeatureAlphaDropout"])
def test_mean_and_variance_stay(name, rng):
    x = rng.standard_normal((400, 300, 2))
    y = getattr(nn, name)(0.3)(x)
    np.testing.assert_allclose([y.mean(), y.std()], [0, 1], atol=0.02)
