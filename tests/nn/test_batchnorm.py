"""Batch normalisation: what parity does not show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import nn

SHAPES = {1: (4, 3, 5), 2: (4, 3, 2, 5), 3: (4, 3, 2, 2, 2)}


def pair(dims=1, *args, dtype=np.float32, **kwargs):
    """Return the layer and torch's."""
    ours = getattr(nn, f"BatchNorm{dims}d")(*args, dtype=dtype, **kwargs)
    theirs = getattr(torch.nn, f"BatchNorm{dims}d")(
        *args, dtype=torch.from_numpy(np.zeros(0, dtype)).dtype, **kwargs
    )
    return ours, theirs


@given(
    n=st.integers(2, 9),
    c=st.integers(1, 5),
    spatial=st.lists(st.integers(1, 4), max_size=3),
    momentum=st.sampled_from([None, 0.0, 0.1, 0.7, 1.0]),
    affine=st.booleans(),
    bias=st.booleans(),
    track=st.booleans(),
    training=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**16),
)
def test_three_passes_of_any_shape(
    n, c, spatial, momentum, affine, bias, track, training, dtype, seed
):
    rng = np.random.default_rng(seed)
    ours, _ = pair(max(len(spatial), 1), c, 1e-3, momentum, affine, track, bias=bias)
    _, theirs = pair(
        max(len(spatial), 1), c, 1e-3, momentum, affine, track, bias=bias, dtype=float
    )
    ours._astype(dtype)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        p.data[...] = rng.standard_normal(c)
        q.data = torch.from_numpy(p.data.astype(float))
    ours.train(training)
    theirs.train(training)
    for _ in range(3):
        x = rng.standard_normal((n, c, *spatial)).astype(dtype)
        g = rng.standard_normal(x.shape).astype(dtype)
        torch_x = torch.from_numpy(x.astype(float)).requires_grad_()
        torch_y = theirs(torch_x)
        torch_y.backward(torch.from_numpy(g.astype(float)))
        close(ours(x), torch_y.detach(), dtype)
        close(ours.backward(g), torch_x.grad, dtype, room=100 / min(n - 1, 3))
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        close(p.grad, q.grad, dtype)
    theirs_buffers = dict(theirs.named_buffers())
    assert dict(ours.named_buffers()).keys() == theirs_buffers.keys()
    for name, buffer in ours.named_buffers():
        if name == "num_batches_tracked":
            assert buffer.dtype == np.int64 and buffer == theirs_buffers[name]
        else:
            close(buffer, theirs_buffers[name], dtype)


def close(ours, theirs, dtype, room=20):
    """Assert equality up to `room` times the dtype's precision."""
    assert ours.dtype == dtype
    scale = max(float(theirs.abs().max()), 1.0) if theirs.numel() else 1.0
    tolerance = room * np.finfo(dtype).eps * scale
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=tolerance)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("mode", ["training", "evaluation"])
def test_far_from_zero_as_accurate_as_torch(rng, dims, mode):
    shape = (32, 4, *(9,) * dims)
    x = rng.normal(1e4, 1, shape).astype("f")
    g = rng.standard_normal(shape).astype("f")
    ours, theirs = pair(dims, 4)
    _, truth = pair(dims, 4, dtype=float)
    for layer in (ours, theirs, truth):
        layer.train(mode == "training")
        layer.running_mean[...] = 1e4
    results = {}
    for name, layer, dtype in (("theirs", theirs, "f"), ("truth", truth, "d")):
        torch_x = torch.from_numpy(x.astype(dtype)).requires_grad_()
        torch_y = layer(torch_x)
        torch_y.backward(torch.from_numpy(g.astype(dtype)))
        results[name] = [torch_y.detach().numpy(), torch_x.grad.numpy()]
        results[name] += [b.numpy() for b in (layer.running_mean, layer.running_var)]
    y = ours(x)
    results["ours"] = [y, ours.backward(g), ours.running_mean, ours.running_var]
    sides = (results[name] for name in ("ours", "theirs", "truth"))
    for mine, theirs, true in zip(*sides, strict=True):
        scale = np.abs(true).max()
        allowed = max(4 * np.abs(theirs - true).max(), np.finfo("f").eps * scale)
        assert np.abs(mine - true).max() <= allowed


def test_evaluation_leaves_the_statistics_alone(rng):
    layer = nn.BatchNorm1d(3)
    layer(rng.standard_normal((4, 3)).astype("f"))
    before = {k: v.copy() for k, v in layer.state_dict().items()}
    layer.eval()(rng.standard_normal((4, 3)).astype("f"))
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)


def test_evaluation_takes_each_sample_by_itself(rng):
    layer = nn.BatchNorm2d(3).eval()
    x = rng.standard_normal((4, 3, 2, 2)).astype("f")
    np.testing.assert_array_equal(layer(x)[2:3], layer(x[2:3]))


def test_a_switched_off_record_is_kept_but_not_written(rng):
    ours, theirs = pair(1, 3)
    ours.track_running_stats = theirs.track_running_stats = False
    x = rng.standard_normal((4, 3)).astype("f")
    theirs(torch.from_numpy(x))
    ours(x)
    assert ours.num_batches_tracked == theirs.num_batches_tracked == 0
    np.testing.assert_array_equal(ours.running_mean, np.zeros(3))


def test_an_empty_batch_is_counted_and_changes_nothing():
    layer = nn.BatchNorm1d(3)
    assert layer(np.zeros((0, 3), "f")).shape == (0, 3)
    assert layer.backward(np.zeros((0, 3), "f")).shape == (0, 3)
    assert layer.num_batches_tracked == 1
    np.testing.assert_array_equal(layer.running_var, np.ones(3))
    np.testing.assert_array_equal(layer.weight.grad, np.zeros(3))


def test_reset_forgets_everything(rng):
    layer = nn.BatchNorm1d(3)
    layer.weight.data[...] = 7
    layer(rng.standard_normal((4, 3)).astype("f"))
    layer.reset_parameters()
    fresh = nn.BatchNorm1d(3).state_dict()
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, fresh[name], err_msg=name)


def test_an_infinite_input_spoils_its_channel_only(rng):
    x = rng.standard_normal((4, 3)).astype("f")
    expected = nn.BatchNorm1d(3)(x)
    x[1, 0] = np.inf
    layer, theirs = pair(1, 3)
    y, torch_y = layer(x), theirs(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_array_equal(np.isnan(y), np.isnan(torch_y))
    np.testing.assert_array_equal(y[:, 1:], expected[:, 1:])
    assert np.isnan(layer.backward(np.ones_like(x))[:, 0]).all()


def test_infinity_passes_in_silence(rng):
    layer, theirs = pair(1, 3)
    layer.eval().weight.data[...] = theirs.eval().weight.data[...] = 0
    x = np.array([[np.inf, 1.0, np.nan]], "f")
    np.testing.assert_array_equal(
        layer(x), theirs(torch.from_numpy(x)).detach().numpy()
    )
    assert layer.backward(x).shape == x.shape


def test_huge_numbers_overflow_without_a_warning(rng):
    x = (1e25 * rng.standard_normal((4, 3))).astype("f")
    layer, theirs = pair(1, 3)
    assert np.isfinite(layer(x)).all()
    theirs(torch.from_numpy(x))
    np.testing.assert_array_equal(layer.running_var, theirs.running_var.numpy())


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_strided_and_read_only_arrays_are_as_good_as_any(rng, dims):
    layer = getattr(nn, f"BatchNorm{dims}d")(3)
    x = rng.standard_normal(SHAPES[dims]).astype("f").T.copy().T
    g = rng.standard_normal(SHAPES[dims]).astype("f")[::-1]
    x.flags.writeable = g.flags.writeable = False
    y, grad = layer(x), layer.backward(g)
    np.testing.assert_array_equal(y, layer(x.copy("C")))
    np.testing.assert_array_equal(grad, layer.backward(g.copy("C")))


def test_gradients_add_up_and_the_input_gradient_may_be_skipped(rng):
    layer = nn.BatchNorm1d(3)
    g = rng.standard_normal((4, 3)).astype("f")
    layer(rng.standard_normal((4, 3)).astype("f"))
    layer.backward(g)
    once = [parameter.grad for parameter in layer.parameters()]
    assert layer.backward(g, input_grad=False) is None
    for parameter, grad in zip(layer.parameters(), once, strict=True):
        np.testing.assert_allclose(parameter.grad, 2 * grad, rtol=1e-6)


@pytest.mark.parametrize("eps", [0.0, -1.0])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_torchs_own_error_inputs(dims, eps):
    layer = getattr(nn, f"BatchNorm{dims}d")(10, eps=eps)
    with pytest.raises(ValueError, match="eps must be positive"):
        layer(np.zeros((2, 10, *(4,) * dims), "f"))


BAD = [
    (1, {}, (4,), r"expects \(N, 2\) or \(N, 2, L\), got \(4,\)"),
    (1, {}, (4, 2, 3, 3), r"expects \(N, 2\) or \(N, 2, L\)"),
    (1, {}, (4, 3), r"expects \(N, 2\) or \(N, 2, L\), got \(4, 3\)"),
    (1, {"affine": False}, (4, 3), r"expects \(N, 2\) or \(N, 2, L\)"),
    (1, {}, (1, 2), "more than 1 value per channel when training"),
    (1, {}, (1, 2, 1), "more than 1 value per channel when training"),
    (2, {}, (4, 2, 3), r"expects \(N, 2, H, W\), got \(4, 2, 3\)"),
    (3, {}, (4, 2, 3, 3), r"expects \(N, 2, D, H, W\), got \(4, 2, 3, 3\)"),
]


@pytest.mark.parametrize(("dims", "kwargs", "shape", "message"), BAD)
def test_bad_input_is_refused_before_anything_moves(dims, kwargs, shape, message):
    ours, theirs = pair(dims, 2, **kwargs)
    with pytest.raises((ValueError, RuntimeError)):
        theirs(torch.zeros(shape))
    with pytest.raises(ValueError, match=message):
        ours(np.zeros(shape, "f"))
    assert ours.num_batches_tracked == 0
    np.testing.assert_array_equal(ours.running_mean, np.zeros(2))


def test_without_weight_and_statistics_the_number_of_channels_is_free(rng):
    x = rng.standard_normal((4, 5, 3))
    options = {"affine": False, "track_running_stats": False}
    expected = torch.nn.BatchNorm1d(2, **options)(torch.from_numpy(x))
    y = nn.BatchNorm1d(2, **options)(x)
    np.testing.assert_allclose(y, expected.numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "options", [{}, {"affine": False}, {"track_running_stats": False}]
)
def test_weight_or_statistics_say_what_is_expected(options):
    layer = nn.BatchNorm1d(2, **options)
    with pytest.raises(ValueError, match=r"expects \(N, 2\) or .*, got \(4, 3\)"):
        layer(np.zeros((4, 3), "f"))
    with pytest.raises(TypeError, match="expects float32, got float64"):
        layer(np.zeros((4, 2)))


def test_integers_are_refused():
    with pytest.raises(TypeError, match="floating-point array, got int64"):
        nn.BatchNorm1d(2, affine=False, track_running_stats=False)(
            np.zeros((4, 2), int)
        )


def test_without_statistics_one_value_is_refused_in_evaluation_too():
    with pytest.raises(ValueError, match="more than 1 value"):
        nn.BatchNorm1d(2, track_running_stats=False).eval()(np.zeros((1, 2), "f"))
    assert nn.BatchNorm1d(2).eval()(np.zeros((1, 2), "f")).shape == (1, 2)


def test_eps_may_be_zero_in_evaluation_but_not_negative():
    x = np.ones((4, 2), "f")
    np.testing.assert_array_equal(nn.BatchNorm1d(2, eps=0.0).eval()(x), x)
    with pytest.raises(ValueError, match="eps must be non-negative, got -1"):
        nn.BatchNorm1d(2, eps=-1).eval()(x)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((3,), {}),
        ((3, 1e-3, None), {}),
        ((3,), {"bias": False}),
        ((3, 1e-4, 0.2, False, False), {}),
    ],
)
def test_repr_and_state_are_torchs(dims, args, kwargs):
    ours, theirs = pair(dims, *args, **kwargs)
    assert repr(ours) == repr(theirs)
    expected = {k: (tuple(v.shape), v.numpy()) for k, v in theirs.state_dict().items()}
    assert ours.state_dict().keys() == expected.keys()
    for name, value in ours.state_dict().items():
        assert value.shape == expected[name][0]
        np.testing.assert_array_equal(value, expected[name][1])


def test_a_subclass_may_have_buffers_of_its_own():
    class Counting(nn.BatchNorm1d):
        def __init__(self, num_features):
            super().__init__(num_features)
            self.register_buffer("seen", np.array(7))

    layer = Counting(2)
    layer(np.array([[1.0, 2.0], [3.0, 5.0]], np.float32))
    layer.reset_running_stats()
    assert (layer.running_mean == 0).all()
    assert (layer.running_var == 1).all()
    assert (layer.num_batches_tracked, layer.seen) == (0, 7)
