"""Instance normalisation: what parity does not show."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import nn


@given(
    n=st.one_of(st.none(), st.integers(1, 4)),
    c=st.integers(1, 4),
    spatial=st.lists(st.integers(2, 4), min_size=1, max_size=3),
    momentum=st.sampled_from([None, 0.1, 0.7]),
    affine=st.booleans(),
    bias=st.booleans(),
    track=st.booleans(),
    training=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**16),
)
def test_two_passes_of_any_shape(
    n, c, spatial, momentum, affine, bias, track, training, dtype, seed
):
    rng = np.random.default_rng(seed)
    name = f"InstanceNorm{len(spatial)}d"
    args = c, 1e-2, momentum, affine, track
    ours = getattr(nn, name)(*args, dtype, bias=bias).train(training)
    theirs = getattr(torch.nn, name)(*args, dtype=torch.float64, bias=bias)
    theirs.train(training)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        p.data[...] = rng.standard_normal(c)
        q.data = torch.from_numpy(p.data.astype(float))
    shape = (c, *spatial) if n is None else (n, c, *spatial)
    pairs = []
    for _ in range(2):
        x, g = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
        torch_x = torch.from_numpy(x.astype(float)).requires_grad_()
        torch_y = theirs(torch_x)
        torch_y.backward(torch.from_numpy(g.astype(float)))
        pairs += [(ours(x), torch_y.detach()), (ours.backward(g), torch_x.grad)]
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        pairs.append((p.grad, q.grad))
    pairs += zip(ours.buffers(), theirs.buffers(), strict=True)
    for mine, expected in pairs:
        assert mine.dtype == (dtype if mine.ndim else np.int64)
        scale = max(float(expected.abs().max()), 1.0)
        np.testing.assert_allclose(
            mine, expected.numpy(), rtol=0, atol=100 * np.finfo(dtype).eps * scale
        )


def test_each_sample_is_normalised_by_itself(rng):
    layer = nn.InstanceNorm2d(3, affine=True)
    x = rng.standard_normal((4, 3, 2, 5)).astype("f")
    np.testing.assert_array_equal(layer(x)[2], layer(x[2]))


def test_without_affine_other_channels_are_taken_with_a_warning(rng):
    x = rng.standard_normal((2, 4, 5)).astype("f")
    with pytest.warns(UserWarning, match="num_features is not used"):
        y = nn.InstanceNorm1d(3)(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = torch.nn.InstanceNorm1d(3)(torch.from_numpy(x))
    np.testing.assert_allclose(y, expected.numpy(), atol=1e-6)


BAD = [
    (
        1,
        {"affine": True},
        (3, 4, 5),
        r"expects \(2, L\) or \(N, 2, L\), got \(3, 4, 5\)",
    ),
    (1, {"track_running_stats": True}, (3, 4, 5), r"got \(3, 4, 5\)"),
    (1, {}, (4,), r"expects \(C, L\) or \(N, C, L\), got \(4,\)"),
    (1, {}, (4, 2, 3, 3), r"got \(4, 2, 3, 3\)"),
    (2, {}, (2, 3), r"expects \(C, H, W\) or \(N, C, H, W\)"),
    (3, {}, (2, 3, 4), r"expects \(C, D, H, W\) or \(N, C, D, H, W\)"),
    (1, {}, (3, 2, 1), "more than 1 spatial element when training"),
    (2, {}, (2, 1, 1), "more than 1 spatial element when training"),
]


@pytest.mark.filterwarnings("ignore:input's size")
@pytest.mark.parametrize(("dims", "kwargs", "shape", "message"), BAD)
def test_bad_input_is_refused(dims, kwargs, shape, message):
    name = f"InstanceNorm{dims}d"
    with pytest.raises((ValueError, RuntimeError)):
        getattr(torch.nn, name)(2, **kwargs)(torch.zeros(shape))
    with pytest.raises(ValueError, match=message):
        getattr(nn, name)(2, **kwargs)(np.zeros(shape, "f"))


def test_one_element_is_refused_in_evaluation_unless_there_are_statistics():
    x = np.zeros((3, 2, 1), "f")
    with pytest.raises(ValueError, match="more than 1 spatial element"):
        nn.InstanceNorm1d(2).eval()(x)
    assert nn.InstanceNorm1d(2, track_running_stats=True).eval()(x).shape == x.shape


def test_wrong_dtype_is_refused():
    with pytest.raises(TypeError, match="InstanceNorm1d expects float32, got float64"):
        nn.InstanceNorm1d(2, affine=True)(np.zeros((3, 2, 4)))


def test_gradients_add_up_and_the_input_gradient_may_be_skipped(rng):
    layer = nn.InstanceNorm1d(3, affine=True)
    g = rng.standard_normal((4, 3, 5)).astype("f")
    layer(rng.standard_normal((4, 3, 5)).astype("f"))
    layer.backward(g)
    once = [parameter.grad for parameter in layer.parameters()]
    assert layer.backward(g, input_grad=False) is None
    for parameter, grad in zip(layer.parameters(), once, strict=True):
        np.testing.assert_allclose(parameter.grad, 2 * grad, rtol=1e-6)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize(
    "kwargs", [{}, {"affine": True, "bias": False}, {"momentum": None}]
)
def test_repr_is_torchs(dims, kwargs):
    name = f"InstanceNorm{dims}d"
    for track in (False, True):
        ours = getattr(nn, name)(3, track_running_stats=track, **kwargs)
        theirs = getattr(torch.nn, name)(3, track_running_stats=track, **kwargs)
        assert repr(ours) == repr(theirs)
        assert ours.state_dict().keys() == theirs.state_dict().keys()
