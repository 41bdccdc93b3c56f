"""What convolutions give, forward and backward, beside torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import manual_seed, nn
from scratchnet.nn.conv import windows

PLAIN = ["Conv1d", "Conv2d", "Conv3d"]
TRANSPOSED = ["ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]


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


@pytest.mark.parametrize("name", PLAIN)
def test_without_input_channels_only_the_bias_is_left(name):
    with pytest.warns(UserWarning, match="Initializing zero-element"):
        layer = getattr(nn, name)(0, 4, 3)
    np.testing.assert_array_equal(layer.bias.data, np.zeros(4))
    layer.bias.data[...] = [1, 2, 3, 4]
    y = layer(images(name, 2, 0))
    assert (y.reshape(2, 4, -1) == np.array([[1], [2], [3], [4]])).all()
