"""Convolutions: what parity does not show."""

from __future__ import annotations

import inspect
import re
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import get_rng_state, manual_seed, nn
from scratchnet.nn.conv import windows

PLAIN = ["Conv1d", "Conv2d", "Conv3d"]
TRANSPOSED = ["ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]
TORCH_REFUSES = (RuntimeError, TypeError, ValueError, IndexError)


def dims(name):
    return int(name[-2])


def images(name, *lead, size=6, dtype=np.float32):
    return np.zeros((*lead, *[size] * dims(name)), dtype)


def beside_torch(name, args, kwargs, x, rng):
    """Return ours and torch's: outputs, input gradients, parameter gradients."""
    dtype = x.dtype
    ours = getattr(nn, name)(*args, **kwargs, dtype=dtype)
    theirs = getattr(torch.nn, name)(*args, **kwargs, dtype=torch.float64)
    theirs.load_state_dict(
        {k: torch.from_numpy(v.astype(float)) for k, v in ours.state_dict().items()}
    )
    tensor = torch.from_numpy(x.astype(float)).requires_grad_()
    expected = theirs(tensor)
    y = ours(x)
    upstream = rng.standard_normal(y.shape).astype(dtype)
    expected.backward(torch.from_numpy(upstream.astype(float)))
    grad = ours.backward(upstream)
    yield y, expected.detach()
    yield grad, tensor.grad
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        yield a.grad, b.grad


@st.composite
def layers(draw, transposed):
    """Return a name, arguments, and a shape that leaves room for the kernel."""
    n = draw(st.integers(1, 3))
    each = st.integers(1, 3)
    kernel, stride, dilation = ([draw(each) for _ in range(n)] for _ in range(3))
    groups = draw(st.integers(1, 3))
    channels = [groups * draw(st.integers(1, 3)) for _ in range(2)]
    reach = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    options = {"stride": stride, "dilation": dilation, "groups": groups}
    options["bias"] = draw(st.booleans())
    if transposed:
        options["padding"] = [draw(st.integers(0, r // 2)) for r in reach]
        bounds = [max(s, d) - 1 for s, d in zip(stride, dilation, strict=True)]
        options["output_padding"] = [draw(st.integers(0, b)) for b in bounds]
        size = [draw(each) for _ in range(n)]
    else:
        mode = draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"]))
        size = [r + draw(each) for r in reach]
        options["padding"] = [draw(st.integers(0, min(s - 1, 3))) for s in size]
        options["padding_mode"] = mode
    lead = draw(st.sampled_from([(2,), (1,), (), (0,), (17,)]))
    name = f"Conv{'Transpose' * transposed}{n}d"
    return name, (*channels, kernel), options, (*lead, channels[0], *size)


DTYPES = st.sampled_from([np.float32, np.float64])


@given(st.booleans().flatmap(layers), DTYPES, st.integers(0, 2**16))
def test_any_kernel_on_any_shape(layer, dtype, seed):
    name, args, options, shape = layer
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape).astype(dtype)
    for ours, theirs in beside_torch(name, args, options, x, rng):
        assert ours.dtype == dtype
        scale = float(theirs.abs().max()) if theirs.numel() else 1.0
        np.testing.assert_allclose(
            ours, theirs.numpy(), rtol=0, atol=100 * np.finfo(dtype).eps * max(scale, 1)
        )


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_cases_of_torchs_own_tests(n, transposed, rng):
    name = f"Conv{'Transpose' * transposed}{n}d"
    shape = (2, 4, *range(3, 3 + n))
    for options in ({},) if transposed else ({}, {"padding": "same"}):
        for lead in (0, 1):
            x = rng.standard_normal(shape[lead:])
            for ours, theirs in beside_torch(name, (4, 5, 3), options, x, rng):
                np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=1e-12)


@given(st.booleans().flatmap(layers), st.integers(0, 200), st.integers(0, 50))
def test_what_has_no_room_is_cut(layer, room, cache):
    """However few numbers are unrolled, or rolled up, at a time."""
    name, args, options, shape = layer

    def results():
        manual_seed(0)
        rng = np.random.default_rng(0)
        x = rng.standard_normal(shape)
        return [ours for ours, _ in beside_torch(name, args, options, x, rng)]

    whole = results()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "ROOM", room)
        patch.setattr(windows, "CACHE", cache)
        cut = results()
    for a, b in zip(whole, cut, strict=True):
        np.testing.assert_allclose(b, a, rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", [*PLAIN, *TRANSPOSED])
def test_float32_starts_from_torchs_bits(name):
    for seed in range(5):
        for args, options in (
            ((1, 6, 5), {}),
            ((4, 6, (3, 1, 2)[: dims(name)]), {"groups": 2}),
            ((8, 4, 2), {"bias": False}),
        ):
            manual_seed(seed)
            torch.manual_seed(seed)
            ours = getattr(nn, name)(*args, **options)
            theirs = getattr(torch.nn, name)(*args, **options).state_dict()
            assert list(ours.state_dict()) == list(theirs)
            for key, value in ours.state_dict().items():
                np.testing.assert_array_equal(value, theirs[key].numpy(), err_msg=key)


@pytest.mark.parametrize("name", [*PLAIN, *TRANSPOSED])
def test_float64_starts_within_one_unit_of_torch(name):
    manual_seed(3)
    torch.manual_seed(3)
    ours = getattr(nn, name)(8, 16, 4, dtype=np.float64)
    theirs = getattr(torch.nn, name)(8, 16, 4, dtype=torch.float64)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        expected = b.detach().numpy()
        assert np.all(np.abs(a.data - expected) <= np.spacing(np.abs(expected)))


@pytest.mark.parametrize("name", [*PLAIN, *TRANSPOSED])
def test_arguments_are_torchs(name):
    ours = inspect.signature(getattr(nn, name)).parameters
    theirs = dict(inspect.signature(getattr(torch.nn, name)).parameters)
    del theirs["device"]
    assert list(ours) == list(theirs)
    defaults = {key: p.default for key, p in theirs.items()} | {"dtype": np.float32}
    assert {key: p.default for key, p in ours.items()} == defaults


@pytest.mark.parametrize("name", PLAIN)
def test_repr_of_convolutions(name):
    for options in (
        {},
        {"stride": 2, "padding": 1, "dilation": 3, "groups": 2, "bias": False},
        {"padding": "same", "padding_mode": "circular"},
        {"padding": "valid", "stride": [2] * dims(name)},
        {"padding": [0] * dims(name), "padding_mode": "reflect"},
    ):
        layer = getattr(nn, name)(4, 6, 3, **options)
        assert repr(layer) == repr(getattr(torch.nn, name)(4, 6, 3, **options))


@pytest.mark.parametrize("name", TRANSPOSED)
def test_repr_of_transposed_convolutions(name):
    for options in (
        {},
        {"stride": 3, "padding": 1, "output_padding": 2, "groups": 2, "dilation": 2},
        {"bias": False},
    ):
        layer = getattr(nn, name)(4, 6, 3, **options)
        assert repr(layer) == repr(getattr(torch.nn, name)(4, 6, 3, **options))


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2, "groups": 2},
        {"stride": 3, "padding": 1, "dilation": 2},
    ],
)
def test_a_transposed_convolution_is_the_adjoint(name, options, rng):
    """<conv x, y> = <x, transposed conv y>, and each runs the other's code."""
    conv = getattr(nn, name)(4, 6, 3, bias=False, dtype=np.float64, **options)
    turned = name.replace("Conv", "ConvTranspose")
    adjoint = getattr(nn, turned)(6, 4, 3, bias=False, dtype=np.float64, **options)
    adjoint.weight.data[...] = conv.weight.data
    x = rng.standard_normal((2, 4, *[9] * dims(name)))
    y = conv(x)
    upstream = rng.standard_normal(y.shape)
    z = adjoint(upstream, output_size=x.shape)
    np.testing.assert_array_equal(conv.backward(upstream), z)
    np.testing.assert_allclose(np.sum(y * upstream), np.sum(x * z), rtol=1e-12)
    np.testing.assert_allclose(adjoint.backward(x), y, rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        adjoint.weight.grad, conv.weight.grad, rtol=0, atol=1e-12
    )


LAYOUTS = [
    ("Conv2d", (4, 6, 3), {"padding": 1}),
    ("Conv2d", (4, 6, 3), {}),
    ("ConvTranspose2d", (4, 6, 3), {"stride": 2}),
]


@pytest.mark.parametrize(("name", "args", "options"), LAYOUTS)
def test_how_the_input_lies_in_memory_makes_no_difference(name, args, options, rng):
    layer = getattr(nn, name)(*args, **options)
    x = rng.standard_normal((3, 4, 5, 6)).astype("f")
    x.flags.writeable = False
    y = layer(x)
    upstream = rng.standard_normal(y.shape).astype("f")
    upstream.flags.writeable = False
    grad, weight_grad = layer.backward(upstream), layer.weight.grad
    for order in ((1, 2, 3, 0), (2, 1, 3, 0), (3, 2, 1, 0), (0, 2, 3, 1)):
        back = np.argsort(order)
        layer.zero_grad()
        again = np.ascontiguousarray(x.transpose(order)).transpose(back)
        np.testing.assert_array_equal(layer(again), y)
        lying = np.ascontiguousarray(upstream.transpose(order)).transpose(back)
        np.testing.assert_array_equal(layer.backward(lying), grad)
        np.testing.assert_array_equal(layer.weight.grad, weight_grad)
    every_other = np.repeat(x, 2, axis=2)[:, :, ::2]
    np.testing.assert_array_equal(layer(every_other), y)


@pytest.mark.parametrize(("name", "args", "options"), LAYOUTS)
def test_a_sample_counts_the_same_wherever_it_stands(name, args, options, rng):
    """Up to rounding: the columns of a product are summed in orders of their own.

    In which, depends on the processor: where some sum all alike if the batch fills
    their registers, others do not.
    """
    layer = getattr(nn, name)(*args, **options)
    for batch in (16, 5):
        x = rng.standard_normal((batch, 4, 6, 6)).astype("f")
        y = layer(x)
        order = rng.permutation(batch)
        atol = 4 * np.finfo("f").eps
        np.testing.assert_allclose(layer(x[order]), y[order], rtol=0, atol=atol)


@pytest.mark.parametrize("name", [*PLAIN, *TRANSPOSED])
def test_without_the_input_gradient_the_parameters_learn_the_same(name, rng):
    layer = getattr(nn, name)(2, 3, 3, padding=1)
    y = layer(rng.standard_normal((2, 2, *[5] * dims(name))).astype("f"))
    upstream = rng.standard_normal(y.shape).astype("f")
    layer.backward(upstream)
    expected = [p.grad for p in layer.parameters()]
    layer.zero_grad()
    assert layer.backward(upstream, input_grad=False) is None
    for parameter, grad in zip(layer.parameters(), expected, strict=True):
        np.testing.assert_array_equal(parameter.grad, grad)


@pytest.mark.parametrize("name", [*PLAIN, *TRANSPOSED])
def test_two_backward_passes_add_up(name, rng):
    layer = getattr(nn, name)(2, 3, 3, dtype=np.float64)
    y = layer(rng.standard_normal((2, 2, *[5] * dims(name))))
    first, second = rng.standard_normal((2, *y.shape))
    layer.backward(first)
    once = [p.grad.copy() for p in layer.parameters()]
    layer.backward(second)
    both = [p.grad.copy() for p in layer.parameters()]
    layer.zero_grad()
    layer.backward(second)
    for parameter, a, b in zip(layer.parameters(), once, both, strict=True):
        np.testing.assert_allclose(b, a + parameter.grad, rtol=1e-12)


@pytest.mark.parametrize("name", [*PLAIN, *TRANSPOSED])
def test_infinities_meet_without_a_warning(name):
    layer = getattr(nn, name)(1, 1, 2, bias=False)
    layer.weight.data[...] = 1
    x = images(name, 1, 1, size=3)
    x.flat[:2] = np.inf, -np.inf
    y = layer(x)
    grad = layer.backward(np.full_like(y, 3e38))
    assert np.isnan(y).any()
    assert np.isinf(grad).any()


CONSTRUCTIONS = [
    ("groups", ValueError, (4, 6, 3), {"groups": 0}),
    ("groups", ValueError, (4, 6, 3), {"groups": -1}),
    ("groups", ValueError, (3, 6, 3), {"groups": 2}),
    ("groups", ValueError, (4, 5, 3), {"groups": 2}),
    ("kernel_size", ValueError, (4, 6, 0), {}),
    ("kernel_size", ValueError, (4, 6, (3, 3, 3, 3)), {}),
    ("kernel_size", TypeError, (4, 6, 3.0), {}),
    ("stride", ValueError, (4, 6, 3), {"stride": 0}),
    ("stride", ValueError, (4, 6, 3), {"stride": -1}),
    ("stride", ValueError, (4, 6, 3), {"stride": (1, 1, 1, 1)}),
    ("stride", TypeError, (4, 6, 3), {"stride": 1.5}),
    ("padding", ValueError, (4, 6, 3), {"padding": -1}),
    ("padding", TypeError, (4, 6, 3), {"padding": 1.0}),
    ("dilation", ValueError, (4, 6, 3), {"dilation": 0}),
    ("dilation", ValueError, (4, 6, 3), {"dilation": -2}),
]


def refused_by_both(name, error, match, args, kwargs, x):
    """Assert that torch refuses, and that scratchnet does, and draws no number."""
    with warnings.catch_warnings(), pytest.raises(TORCH_REFUSES):
        warnings.simplefilter("ignore")
        getattr(torch.nn, name)(*args, **kwargs)(torch.from_numpy(x))
    state = get_rng_state()
    with pytest.raises(error, match=match):
        getattr(nn, name)(*args, **kwargs)
    np.testing.assert_array_equal(get_rng_state(), state)


@pytest.mark.parametrize("name", [*PLAIN, *TRANSPOSED])
@pytest.mark.parametrize(("match", "error", "args", "kwargs"), CONSTRUCTIONS)
def test_bad_settings_are_refused(name, match, error, args, kwargs):
    refused_by_both(name, error, match, args, kwargs, images(name, 2, args[0]))


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize(
    ("match", "kwargs"),
    [
        ("padding same, valid or in numbers, got 'full'", {"padding": "full"}),
        ("stride 1 to pad to same, got 2", {"padding": "same", "stride": 2}),
        ("padding_mode zeros, reflect, .* got 'mirror'", {"padding_mode": "mirror"}),
    ],
)
def test_bad_padding_is_refused(name, match, kwargs):
    refused_by_both(name, ValueError, match, (4, 6, 3), kwargs, images(name, 2, 4))


@pytest.mark.parametrize("name", TRANSPOSED)
@pytest.mark.parametrize(
    ("error", "match", "kwargs"),
    [
        (
            ValueError,
            "padding_mode zeros, got 'circular'",
            {"padding_mode": "circular"},
        ),
        (TypeError, "padding expects integers, got 'same'", {"padding": "same"}),
        (ValueError, "below stride or dilation", {"stride": 2, "output_padding": 2}),
        (ValueError, "output_padding", {"output_padding": -1}),
        (
            ValueError,
            "below stride or dilation",
            {"stride": 2, "dilation": 3, "output_padding": 3},
        ),
    ],
)
def test_bad_settings_of_transposed_convolutions(name, error, match, kwargs):
    refused_by_both(name, error, match, (4, 6, 3), kwargs, images(name, 2, 4))


def input_refused_by_both(name, error, match, kwargs, x, *more):
    """Assert that both refuse the call, and that ours keeps its last pass."""
    theirs = getattr(torch.nn, name)(4, 6, 3, **kwargs)
    with pytest.raises(TORCH_REFUSES):
        theirs(torch.from_numpy(x), *more)
    layer = getattr(nn, name)(4, 6, 3, **kwargs)
    fine = images(name, 2, 4, size=7)
    y = layer(fine)
    with pytest.raises(error, match=match):
        layer(x, *more)
    assert layer.backward(y).shape == fine.shape


@pytest.mark.parametrize("name", [*PLAIN, *TRANSPOSED])
def test_bad_input_is_refused_and_the_last_pass_kept(name):
    shape = ", ".join("L" if dims(name) == 1 else "DHW"[-dims(name) :])
    for x in (images(name, 2, 5), images(name, 5), images(name), images(name, 1, 2, 4)):
        came = ", ".join(map(str, x.shape))
        match = rf"{name} expects \(N, 4, {shape}\) or \(4, {shape}\), got \({came},?\)"
        input_refused_by_both(name, ValueError, match, {}, x)
    doubles = images(name, 2, 4, dtype=np.float64)
    input_refused_by_both(name, TypeError, "expects float32, got float64", {}, doubles)
    integers = images(name, 2, 4, dtype=np.int64)
    input_refused_by_both(name, TypeError, "expects float32, got int64", {}, integers)
    empty = images(name, 2, 4, size=0)
    input_refused_by_both(name, ValueError, "places to slide over", {}, empty)


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize(
    ("match", "kwargs", "size"),
    [
        (r"at least \(3,.* with its padding, got \(2,", {}, 2),
        (r"at least \(5,", {"dilation": 2, "padding": 1}, 2),
        (r"at least \(4,.* to pad", {"padding": 3, "padding_mode": "reflect"}, 3),
        (r"at least \(4,.* to pad", {"padding": 4, "padding_mode": "circular"}, 3),
    ],
)
def test_too_small_an_input_is_refused(name, match, kwargs, size):
    x = images(name, 2, 4, size=size)
    input_refused_by_both(name, ValueError, match, kwargs, x)


def test_an_input_too_small_in_one_dimension_is_refused():
    x = np.zeros((1, 1, 4, 6), "f")
    with pytest.raises(RuntimeError):
        torch.nn.Conv2d(1, 1, (5, 1))(torch.from_numpy(x))
    with pytest.raises(ValueError, match=r"at least \(5, 1\) with its padding"):
        nn.Conv2d(1, 1, (5, 1))(x)


def test_the_wider_side_of_a_border_decides_how_much_is_needed():
    args, kwargs = (1, 1, 4), {"padding": "same", "padding_mode": "reflect"}
    for layer in (nn.Conv1d(*args, **kwargs), torch.nn.Conv1d(*args, **kwargs)):
        made = np.zeros if isinstance(layer, nn.Module) else torch.zeros
        dtype = np.float32 if isinstance(layer, nn.Module) else torch.float32
        assert layer(made((1, 1, 3), dtype=dtype)).shape == (1, 1, 3)
        with pytest.raises((ValueError, RuntimeError)):
            layer(made((1, 1, 2), dtype=dtype))


@pytest.mark.parametrize("sizes", [(3, 0), (0, 3)])
def test_each_of_several_sizes_is_looked_at(sizes):
    for name in ("kernel_size", "stride", "dilation"):
        with pytest.raises(ValueError, match=f"{name} expects an integer or 2"):
            nn.Conv2d(1, 1, **{"kernel_size": 3, name: sizes})


@pytest.mark.parametrize("name", PLAIN)
def test_without_input_channels_only_the_bias_is_left(name):
    with pytest.warns(UserWarning, match="Initializing zero-element"):
        layer = getattr(nn, name)(0, 4, 3)
    np.testing.assert_array_equal(layer.bias.data, np.zeros(4))
    layer.bias.data[...] = [1, 2, 3, 4]
    y = layer(images(name, 2, 0))
    assert (y.reshape(2, 4, -1) == np.array([[1], [2], [3], [4]])).all()


@pytest.mark.parametrize("name", TRANSPOSED)
def test_an_output_size_out_of_reach_is_refused(name):
    x, n = images(name, 2, 4, size=3), dims(name)
    for wanted in ([6] * n, [9] * n, [2, 6, *[9] * n], [7] * (n + 1), [7] * (n + 3)):
        input_refused_by_both(name, ValueError, "output_size", {"stride": 2}, x, wanted)
    input_refused_by_both(name, TypeError, "int", {"stride": 2}, x, 7)
    least, most = tuple([7] * n), tuple([8] * n)
    match = re.escape(f"an output_size from {least} to {most} for {x.shape}")
    input_refused_by_both(name, ValueError, match, {"stride": 2}, x, [9] * n)
    thin = images(name, 2, 4, size=1)
    input_refused_by_both(name, ValueError, "leaves an output", {"padding": 2}, thin)
    # Of an output of size 0 torch says nothing, or refuses it for a batch of one.
    with pytest.raises(ValueError, match="leaves an output"):
        getattr(nn, name)(4, 6, 3, padding=2)(images(name, 2, 4, size=2))


def test_a_gradient_of_the_wrong_shape_is_refused():
    layer = nn.Conv2d(1, 2, 3)
    layer(images("Conv2d", 2, 1))
    with pytest.raises(ValueError, match=r"shape \(2, 2, 4, 4\), got \(2, 2, 6, 6\)"):
        layer.backward(images("Conv2d", 2, 2))
    assert layer.weight.grad is None
