"""Layer, RMS, group and local response normalisation: what parity does not show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scratchnet import nn
from scratchnet.nn._layout import spread

DTYPES = st.sampled_from([np.float32, np.float64])


@pytest.mark.parametrize(
    "values", [(1, 3, 1, 1), (3, 1, 1), (5, 1, 1, 1), (5, 3, 1, 1)]
)
@pytest.mark.parametrize("lying", [(0, 1, 2, 3), (2, 1, 3, 0), (3, 2, 1, 0)])
@pytest.mark.parametrize("across", [4, 256])
def test_spread_values_combine_as_they_are(values, lying, across, rng):
    shape = (5, 3, 48, across)
    x = rng.standard_normal([shape[axis] for axis in lying]).transpose(
        np.argsort(lying)
    )
    values = rng.standard_normal(values).astype("f")
    repeated = spread(values, x)
    assert repeated.dtype == x.dtype
    assert repeated.size <= x.size // min(shape)
    np.testing.assert_array_equal(x * repeated, x * values)


@pytest.mark.parametrize(("across", "size"), [(64, 3 * 64), (8192, 3)])
def test_values_are_spread_over_what_numpys_buffer_holds(across, size, rng):
    x, values = rng.standard_normal((5, 3, across)), rng.standard_normal((3, 1))
    assert spread(values, x).size == size


def check_against_torch(ours, theirs, x, g, room=100):
    """Compare two passes of `ours` with those of `theirs` in double precision."""
    for p, q in zip(ours.parameters(), theirs.double().parameters(), strict=True):
        p.data[...] = np.linspace(-1.5, 2, p.size).reshape(p.shape)
        q.data = torch.from_numpy(p.data.astype(float))
    torch_x = torch.from_numpy(x.astype(float)).requires_grad_()
    torch_y = theirs(torch_x)
    pairs = []
    for _ in range(2):
        torch_x.grad = None
        torch_y.backward(torch.from_numpy(g.astype(float)), retain_graph=True)
        pairs += [(ours(x), torch_y.detach()), (ours.backward(g), torch_x.grad)]
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        pairs.append((p.grad, q.grad))
    for mine, expected in pairs:
        assert mine.dtype == x.dtype
        scale = max(float(expected.abs().max()), 1.0) if expected.numel() else 1.0
        tolerance = room * np.finfo(x.dtype).eps * scale
        np.testing.assert_allclose(mine, expected.numpy(), rtol=0, atol=tolerance)


@given(
    leading=hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=4),
    normalized=hnp.array_shapes(min_dims=1, max_dims=3, min_side=2, max_side=4),
    affine=st.booleans(),
    bias=st.booleans(),
    dtype=DTYPES,
    seed=st.integers(0, 2**16),
)
def test_layer_norm_of_any_shape(leading, normalized, affine, bias, dtype, seed):
    rng = np.random.default_rng(seed)
    x, g = (
        rng.standard_normal((*leading, *normalized)).astype(dtype) for _ in range(2)
    )
    args = normalized, 1e-2, affine, bias
    check_against_torch(
        nn.LayerNorm(*args, dtype=dtype), torch.nn.LayerNorm(*args), x, g
    )


@given(
    leading=hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=4),
    normalized=hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4),
    eps=st.sampled_from([1e-2, 1e-5, 0.0]),
    affine=st.booleans(),
    dtype=DTYPES,
    seed=st.integers(0, 2**16),
)
def test_rms_norm_of_any_shape(leading, normalized, eps, affine, dtype, seed):
    rng = np.random.default_rng(seed)
    x, g = (
        rng.standard_normal((*leading, *normalized)).astype(dtype) for _ in range(2)
    )
    x += np.sign(x)
    args = normalized, eps, affine
    check_against_torch(nn.RMSNorm(*args, dtype=dtype), torch.nn.RMSNorm(*args), x, g)


@given(
    n=st.integers(0, 3),
    groups=st.integers(1, 3),
    each=st.integers(2, 3),
    spatial=hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=3),
    affine=st.booleans(),
    bias=st.booleans(),
    dtype=DTYPES,
    seed=st.integers(0, 2**16),
)
def test_group_norm_of_any_shape(n, groups, each, spatial, affine, bias, dtype, seed):
    rng = np.random.default_rng(seed)
    shape = (n, groups * each, *spatial)
    x, g = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
    args = groups, groups * each, 1e-2, affine
    ours = nn.GroupNorm(*args, dtype, bias=bias)
    check_against_torch(ours, torch.nn.GroupNorm(*args, bias=bias), x, g)


@given(
    shape=hnp.array_shapes(min_dims=3, max_dims=5, min_side=1, max_side=4),
    size=st.integers(1, 6),
    alpha=st.sampled_from([1e-4, 0.5, 2.0]),
    beta=st.sampled_from([0.5, 0.75, 1.0, 2.0]),
    k=st.sampled_from([0.5, 1.0, 2.0]),
    dtype=DTYPES,
    seed=st.integers(0, 2**16),
)
def test_local_response_norm_of_any_shape(shape, size, alpha, beta, k, dtype, seed):
    rng = np.random.default_rng(seed)
    x, g = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
    args = size, alpha, beta, k
    ours, theirs = nn.LocalResponseNorm(*args), torch.nn.LocalResponseNorm(*args)
    check_against_torch(ours, theirs, x, g)


@pytest.mark.parametrize(
    ("name", "args", "shape"),
    [("LayerNorm", (256,), (64, 256)), ("GroupNorm", (2, 8), (16, 8, 9, 9))],
)
def test_far_from_zero_as_accurate_as_torch(rng, name, args, shape):
    x, g = rng.normal(1e4, 1, shape).astype("f"), rng.standard_normal(shape).astype("f")
    results = []
    for dtype in ("f", "d"):
        theirs = getattr(torch.nn, name)(*args).to(
            torch.from_numpy(np.zeros(1, dtype)).dtype
        )
        torch_x = torch.from_numpy(x.astype(dtype)).requires_grad_()
        torch_y = theirs(torch_x)
        torch_y.backward(torch.from_numpy(g.astype(dtype)))
        results.append((torch_y.detach().numpy(), torch_x.grad.numpy()))
    ours = getattr(nn, name)(*args)
    for mine, torchs, true in zip((ours(x), ours.backward(g)), *results, strict=True):
        assert np.abs(mine - true).max() <= 4 * np.abs(torchs - true).max()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rms_norm_without_eps_takes_that_of_the_input(dtype):
    x = np.array([1e-9, -2e-9, 5e-10], dtype)
    expected = torch.nn.RMSNorm(3, dtype=torch.from_numpy(x).dtype)(torch.from_numpy(x))
    np.testing.assert_allclose(
        nn.RMSNorm(3, dtype=dtype)(x), expected.detach().numpy(), rtol=1e-6
    )


def test_a_constant_row_without_eps_is_nan_as_in_torch():
    x = np.ones((2, 3), "f")
    expected = torch.nn.LayerNorm(3, eps=0.0)(torch.from_numpy(x)).detach().numpy()
    assert np.isnan(expected).all()
    np.testing.assert_array_equal(nn.LayerNorm(3, eps=0.0)(x), expected)


def test_local_response_norm_of_extremes_is_torchs():
    x = np.array([[[0.0], [1e30], [2.0], [np.inf], [1.0]]], "f")
    for k in (0.0, 1.0):
        ours, theirs = nn.LocalResponseNorm(2, k=k), torch.nn.LocalResponseNorm(2, k=k)
        expected = theirs(torch.from_numpy(x)).numpy()
        np.testing.assert_allclose(ours(x), expected, rtol=1e-5)
        ours.backward(np.ones_like(x))


LAYERS = [
    (nn.LayerNorm, ([2, 5],), (4, 3, 2, 5)),
    (nn.RMSNorm, (5,), (4, 3, 2, 5)),
    (nn.GroupNorm, (2, 4), (3, 4, 2, 5)),
    (nn.LocalResponseNorm, (3,), (3, 4, 2, 5)),
]


@pytest.mark.parametrize(("layer", "args", "shape"), LAYERS)
def test_strided_and_read_only_arrays_are_as_good_as_any(rng, layer, args, shape):
    layer = layer(*args)
    x = rng.standard_normal(shape).astype("f").T.copy().T
    g = rng.standard_normal(shape).astype("f")[::-1]
    x.flags.writeable = g.flags.writeable = False
    y, grad = layer(x), layer.backward(g)
    np.testing.assert_allclose(y, layer(x.copy("C")), rtol=1e-6)
    np.testing.assert_allclose(grad, layer.backward(g.copy("C")), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("layer", "args", "shape"), LAYERS)
def test_infinity_spoils_its_sample_in_silence_as_in_torch(rng, layer, args, shape):
    x = rng.standard_normal(shape)
    x[0, 1, 0, 2] = np.inf
    ours, theirs = layer(*args).double(), getattr(torch.nn, layer.__name__)(*args)
    tensor = torch.from_numpy(x).requires_grad_()
    expected = theirs.double()(tensor)
    expected.backward(torch.ones(shape, dtype=torch.float64))
    np.testing.assert_allclose(ours(x), expected.detach().numpy(), rtol=1e-9)
    grad = ours.backward(np.ones(shape))
    np.testing.assert_allclose(grad[1:], tensor.grad.numpy()[1:], rtol=0, atol=1e-12)


@pytest.mark.parametrize(("layer", "args", "shape"), LAYERS)
def test_each_sample_is_normalised_by_itself(rng, layer, args, shape):
    layer = layer(*args)
    x = rng.standard_normal(shape).astype("f")
    np.testing.assert_array_equal(layer(x)[1:2], layer(x[1:2]))


@pytest.mark.parametrize(("layer", "args", "shape"), LAYERS)
def test_the_input_gradient_may_be_skipped(rng, layer, args, shape):
    layer = layer(*args)
    x, g = (rng.standard_normal(shape).astype("f") for _ in range(2))
    layer(x)
    layer.backward(g)
    expected = [parameter.grad for parameter in layer.parameters()]
    layer.zero_grad()
    assert layer.backward(g, input_grad=False) is None
    for parameter, grad in zip(layer.parameters(), expected, strict=True):
        np.testing.assert_array_equal(parameter.grad, grad)


BAD = [
    ("LayerNorm", (3,), (2, 4), r"LayerNorm expects \(\.\.\., 3\), got \(2, 4\)"),
    ("LayerNorm", ((2, 3),), (3,), r"LayerNorm expects \(\.\.\., 2, 3\), got \(3,\)"),
    ("LayerNorm", ((),), (3,), "no dimension to normalise"),
    ("RMSNorm", (3,), (2, 4), r"RMSNorm expects \(\.\.\., 3\), got \(2, 4\)"),
    ("RMSNorm", ((),), (3,), "no dimension to normalise"),
    ("GroupNorm", (2, 4), (4,), r"expects \(N, C, \.\.\.\)"),
    ("GroupNorm", (2, 4), (2, 6), r"GroupNorm expects \(N, 4, \.\.\.\), got \(2, 6\)"),
    ("GroupNorm", (2, 4, 1e-5, False), (2, 5), "groups that divide C"),
    ("GroupNorm", (2, 2), (1, 2), "more than 1 value for each group"),
    ("LocalResponseNorm", (2,), (2, 3), r"expects \(N, C, \.\.\.\), got \(2, 3\)"),
    ("LocalResponseNorm", (0,), (2, 3, 4), "positive size"),
]


@pytest.mark.parametrize(("name", "args", "shape", "message"), BAD)
def test_bad_input_is_refused(name, args, shape, message):
    with pytest.raises((ValueError, RuntimeError)):
        getattr(torch.nn, name)(*args)(torch.zeros(shape))
    with pytest.raises(ValueError, match=message):
        getattr(nn, name)(*args)(np.zeros(shape, "f"))


@pytest.mark.parametrize(("groups", "channels"), [(3, 10), (5, 13)])
def test_groups_must_divide_the_channels(groups, channels):
    message = (
        rf"num_channels \({channels}\) must be divisible by num_groups \({groups}\)"
    )
    with pytest.raises(ValueError, match=message):
        nn.GroupNorm(groups, channels)


@pytest.mark.parametrize("groups", [0, -2])
def test_groups_must_be_positive(groups):
    with pytest.raises(ValueError, match=f"num_groups must be positive, got {groups}"):
        nn.GroupNorm(groups, 10)


@pytest.mark.parametrize(("layer", "args", "shape"), LAYERS[:3])
def test_wrong_dtypes_are_refused(layer, args, shape):
    with pytest.raises(TypeError, match="expects float32, got float64"):
        layer(*args)(np.zeros(shape))


def test_integers_are_refused():
    with pytest.raises(TypeError, match="floating-point array, got int64"):
        nn.LocalResponseNorm(2)(np.zeros((2, 3, 4), int))


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("LayerNorm", (3,), {}),
        ("LayerNorm", ([2, 3], 1e-3), {"bias": False}),
        ("LayerNorm", ((2,), 1e-3, False), {}),
        ("RMSNorm", (3,), {}),
        ("RMSNorm", ((2, 3), 1e-3, False), {}),
        ("GroupNorm", (2, 4), {}),
        ("GroupNorm", (2, 4), {"bias": False}),
        ("GroupNorm", (2, 4, 1e-3, False), {}),
        ("LocalResponseNorm", (2,), {}),
        ("LocalResponseNorm", (5, 1e-3, 0.5, 2), {}),
    ],
)
def test_repr_and_state_are_torchs(name, args, kwargs):
    ours, theirs = (
        getattr(nn, name)(*args, **kwargs),
        getattr(torch.nn, name)(*args, **kwargs),
    )
    assert repr(ours) == repr(theirs)
    expected = {k: v.numpy() for k, v in theirs.state_dict().items()}
    assert ours.state_dict().keys() == expected.keys()
    for key, value in ours.state_dict().items():
        np.testing.assert_array_equal(value, expected[key])


def test_reset_sets_ones_and_zeros():
    layer = nn.LayerNorm(3)
    layer.weight.data[...] = layer.bias.data[...] = 7
    layer.reset_parameters()
    np.testing.assert_array_equal(layer.weight, [1, 1, 1])
    np.testing.assert_array_equal(layer.bias, [0, 0, 0])


@pytest.mark.parametrize("name", ["LayerNorm", "RMSNorm"])
def test_parameters_of_many_rows_learn_to_the_last_digits(name, rng):
    x, g = rng.standard_normal((2, 64, 50, 64)).astype(np.float32)
    layer, exact = getattr(nn, name)(64), getattr(nn, name)(64, dtype=np.float64)
    layer(x), exact(x.astype(np.float64))
    layer.backward(g), exact.backward(g.astype(np.float64))
    for p, truth in zip(layer.parameters(), exact.parameters(), strict=True):
        error = np.abs(p.grad - truth.grad).max() / np.abs(truth.grad).max()
        assert error < 2e-7
