"""Input and gradients that convolutions refuse, as torch does."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from scratchnet import nn

PLAIN = ["Conv1d", "Conv2d", "Conv3d"]
TRANSPOSED = ["ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]
TORCH_REFUSES = (RuntimeError, TypeError, ValueError, IndexError)


def dims(name):
    return int(name[-2])


def images(name, *lead, size=6, dtype=np.float32):
    return np.zeros((*lead, *[size] * dims(name)), dtype)


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
