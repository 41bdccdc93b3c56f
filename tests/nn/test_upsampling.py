"""Upsampling: what parity does not show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from scratchnet import nn

MODES = {
    1: ["nearest", "nearest-exact", "area", "linear"],
    2: ["nearest", "nearest-exact", "area", "bilinear", "bicubic"],
    3: ["nearest", "nearest-exact", "area", "trilinear"],
}


@given(
    dims=st.integers(1, 3),
    data=st.data(),
    recompute=st.sampled_from([None, True]),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**16),
)
def test_any_size_and_upstream_gradient(dims, data, recompute, dtype, seed):
    rng = np.random.default_rng(seed)
    mode = data.draw(st.sampled_from(MODES[dims]))
    interpolates = mode not in ("nearest", "nearest-exact", "area")
    kwargs = {"mode": mode}
    if interpolates:
        kwargs["align_corners"] = data.draw(st.sampled_from([None, False, True]))
    inputs = data.draw(st.tuples(*[st.integers(1, 6)] * dims))
    if data.draw(st.booleans()):
        kwargs["size"] = data.draw(st.tuples(*[st.integers(1, 9)] * dims))
    else:
        scales = st.tuples(*[st.sampled_from([0.5, 0.75, 1.5, 2.0, 2.25, 3.0])] * dims)
        kwargs["scale_factor"] = data.draw(scales)
        kwargs["recompute_scale_factor"] = recompute
        outputs = [
            int(n * s) for n, s in zip(inputs, kwargs["scale_factor"], strict=True)
        ]
        # torch's own backward takes another way than its forward where n stays n.
        assume(all(m >= 1 and m != n for n, m in zip(inputs, outputs, strict=True)))
    x = rng.standard_normal((2, 3, *inputs)).astype(dtype)
    ours, theirs = nn.Upsample(**kwargs), torch.nn.Upsample(**kwargs)
    torch_x = torch.from_numpy(x.astype(float)).requires_grad_()
    torch_y = theirs(torch_x)
    g = rng.standard_normal(torch_y.shape).astype(dtype)
    torch_y.backward(torch.from_numpy(g.astype(float)))
    y, grad = ours(x), ours.backward(g)
    for mine, expected in ((y, torch_y.detach()), (grad, torch_x.grad)):
        assert mine.dtype == dtype
        tolerance = 50 * np.finfo(dtype).eps * max(float(expected.abs().max()), 1.0)
        np.testing.assert_allclose(mine, expected.numpy(), rtol=0, atol=tolerance)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ties_fall_on_torchs_side(mode, dtype):
    for n in range(1, 33, 3):
        x = np.arange(n, dtype=dtype)[None, None]
        for m in range(1, 41):
            expected = torch.nn.Upsample(m, mode=mode)(torch.from_numpy(x)).numpy()
            np.testing.assert_array_equal(nn.Upsample(m, mode=mode)(x), expected)


@pytest.mark.parametrize("mode", MODES[2])
def test_backward_is_the_transpose_of_forward(rng, mode):
    for kwargs in (
        {"size": (7, 2)},
        {"scale_factor": 1.2},
        {"scale_factor": (2.6, 0.4)},
    ):
        layer = nn.Upsample(mode=mode, **kwargs)
        x = rng.standard_normal((2, 3, 4, 5))
        y = layer(x)
        g = rng.standard_normal(y.shape)
        np.testing.assert_allclose(np.vdot(g, y), np.vdot(layer.backward(g), x))


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic"])
def test_infinity_reaches_no_further_than_in_torch(mode):
    x = np.zeros((1, 1, 6, 6), "f")
    x[0, 0, 2, 3] = np.inf
    expected = torch.nn.Upsample(scale_factor=2.5, mode=mode)(torch.from_numpy(x))
    y = nn.Upsample(scale_factor=2.5, mode=mode)(x)
    np.testing.assert_array_equal(np.isfinite(y), np.isfinite(expected.numpy()))


@pytest.mark.parametrize("mode", MODES[2])
def test_strided_and_read_only_arrays_are_as_good_as_any(rng, mode):
    layer = nn.Upsample(scale_factor=2, mode=mode)
    x = rng.standard_normal((5, 4, 3, 2)).astype("f").T
    g = rng.standard_normal((10, 8, 3, 2)).astype("f").T
    x.flags.writeable = g.flags.writeable = False
    y, grad = layer(x), layer.backward(g)
    np.testing.assert_array_equal(y, layer(x.copy("C")))
    np.testing.assert_allclose(grad, layer.backward(g.copy("C")), rtol=1e-5, atol=1e-6)
    assert layer.backward(g, input_grad=False) is None


X1, X2, X3 = (2, 2, 4), (2, 2, 4, 4), (2, 2, 3, 3, 3)
BAD = [
    ({}, X1, ValueError, "either size or scale_factor"),
    ({"scale_factor": 0}, X1, ValueError, "either size or scale_factor"),
    ({"size": 3, "scale_factor": 2}, X1, ValueError, "either size or scale_factor"),
    ({"size": 3, "recompute_scale_factor": True}, X1, ValueError, "to recompute"),
    ({"scale_factor": 0.1}, X1, ValueError, "leaves nothing"),
    ({"scale_factor": -1.0}, X1, ValueError, "leaves nothing"),
    ({"size": 0}, X1, ValueError, "leaves nothing"),
    ({"size": (3, 3)}, X1, ValueError, "expects 1 sizes or factors"),
    ({"scale_factor": (2, 2)}, X1, ValueError, "expects 1 sizes or factors"),
    ({"size": (3.0,)}, X1, TypeError, "expects integer sizes"),
    ({"size": 3.5}, X1, TypeError, "expects integer sizes"),
    ({"size": 3, "align_corners": False}, X1, ValueError, "no corners"),
    ({"size": 3, "mode": "area", "align_corners": True}, X1, ValueError, "no corners"),
    ({"size": 3, "mode": "cubic"}, X1, ValueError, "expects mode nearest, .*'cubic'"),
    ({"size": 3, "mode": "lanczos"}, X2, ValueError, "expects mode nearest"),
    ({"size": 3, "mode": "linear"}, X2, ValueError, "3 dimensions"),
    ({"size": 3, "mode": "bilinear"}, X1, ValueError, "4 dimensions"),
    ({"size": 3, "mode": "bicubic"}, X3, ValueError, "4 dimensions"),
    ({"size": 3, "mode": "trilinear"}, X2, ValueError, "5 dimensions"),
    ({"size": 3}, (2, 3), ValueError, "3 or 4 or 5 dimensions"),
    ({"size": 3}, (1, 2, 3, 3, 3, 3), ValueError, "3 or 4 or 5 dimensions"),
    ({"size": 3}, (1, 2, 0), ValueError, "not empty"),
    ({"size": 3}, (1, 0, 4), ValueError, "not empty"),
]


@pytest.mark.parametrize(("kwargs", "shape", "error", "message"), BAD)
def test_bad_settings_and_input_are_refused(kwargs, shape, error, message):
    torchs = (ValueError, TypeError, RuntimeError)  # NotImplementedError is the last's
    with pytest.raises(torchs):
        torch.nn.Upsample(**kwargs)(torch.zeros(shape))
    with pytest.raises(error, match=message):
        nn.Upsample(**kwargs)(np.zeros(shape, "f"))


def test_integers_are_refused():
    with pytest.raises(TypeError, match="floating-point array, got int64"):
        nn.Upsample(3)(np.zeros(X1, int))


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("Upsample", {"scale_factor": 2}),
        ("Upsample", {"scale_factor": (2, 3.5), "mode": "bilinear"}),
        ("Upsample", {"size": (2, 3), "mode": "bicubic", "align_corners": True}),
        ("UpsamplingNearest2d", {"size": 3}),
        ("UpsamplingNearest2d", {"scale_factor": 2}),
        ("UpsamplingBilinear2d", {"size": (3, 4)}),
        ("UpsamplingBilinear2d", {"scale_factor": 1.5}),
    ],
)
def test_repr_is_torchs(name, kwargs):
    assert repr(getattr(nn, name)(**kwargs)) == repr(getattr(torch.nn, name)(**kwargs))
