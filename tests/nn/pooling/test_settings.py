"""Settings of every pooling layer: refused and shown as torch does."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch

from scratchnet import nn

SLIDING = [
    *(f"{kind}Pool{dims}d" for kind in ("Max", "Avg") for dims in (1, 2, 3)),
]
POWER = [f"LPPool{dims}d" for dims in (1, 2, 3)]
ADAPTIVE = [
    f"Adaptive{kind}Pool{dims}d" for kind in ("Avg", "Max") for dims in (1, 2, 3)
]
UNPOOL = [f"MaxUnpool{dims}d" for dims in (1, 2, 3)]

INTS = {"kernel_size": 2, "stride": 2}


def dims(name):
    return int(name[-2])


def planes(name, *lead, size=6):
    return np.zeros((*lead, *[size] * dims(name)), np.float32)


def refused_by_both(name, error, match, *args, x=None, **kwargs):
    """Assert that torch refuses the call, and that scratchnet does, saying why."""
    x = planes(name, 2, 3) if x is None else x
    with pytest.raises((RuntimeError, TypeError, ValueError, IndexError)):
        getattr(torch.nn, name)(*args, **kwargs)(torch.from_numpy(x))
    layer = getattr(nn, name)(*args, **kwargs)
    with pytest.raises(error, match=match):
        layer(x)
    with pytest.raises(RuntimeError, match="needs a forward pass first"):
        layer.backward(x)


@pytest.mark.parametrize("name", [*SLIDING, *POWER, *ADAPTIVE, *UNPOOL])
def test_arguments_are_torchs(name):
    ours = inspect.signature(getattr(nn, name)).parameters
    theirs = inspect.signature(getattr(torch.nn, name)).parameters
    assert list(ours) == list(theirs)
    assert [p.default for p in ours.values()] == [p.default for p in theirs.values()]


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        *((name, (3, 2, 1), {"ceil_mode": True}) for name in SLIDING),
        *((name, ([2] * dims(name),), {}) for name in SLIDING),
        *((name, (2.0, 3), {}) for name in POWER),
        *((name, (1, 3, (2,) * dims(name), True), {}) for name in POWER),
        *((name, ((None,) * dims(name),), {}) for name in ADAPTIVE),
        *((name, (5,), {}) for name in ADAPTIVE),
        *((name, (3,), {"padding": 1}) for name in UNPOOL),
        *((name, ([3] * dims(name), 2), {}) for name in UNPOOL),
    ],
)
def test_repr_is_torchs(name, args, kwargs):
    ours = getattr(nn, name)(*args, **kwargs)
    assert repr(ours) == repr(getattr(torch.nn, name)(*args, **kwargs))


@pytest.mark.parametrize("name", SLIDING)
@pytest.mark.parametrize(
    ("settings", "error", "match"),
    [
        ({"kernel_size": 0}, ValueError, "kernel_size expects at least 1, got"),
        ({**INTS, "stride": 0}, ValueError, "stride expects at least 1, got"),
        ({**INTS, "stride": -1}, ValueError, "stride expects at least 1, got"),
        ({**INTS, "padding": -1}, ValueError, "padding expects at least 0, got"),
        ({"kernel_size": 3, "padding": 2}, ValueError, "padding of at most half"),
        ({"kernel_size": 3, "padding": 5}, ValueError, "padding of at most half"),
        ({"kernel_size": 7}, ValueError, r"expects room for one window, got \(2, 3, 6"),
        ({"kernel_size": (2,) * 4}, ValueError, r"expects .* integers, got \(2, 2, 2"),
        ({**INTS, "stride": (2,) * 4}, ValueError, "stride expects .* integers"),
        ({"kernel_size": 2.0}, TypeError, "kernel_size expects integers, got"),
        ({"kernel_size": "2"}, TypeError, "kernel_size expects integers, got"),
        ({"kernel_size": True}, TypeError, "kernel_size expects integers, got"),
    ],
)
def test_impossible_windows_are_refused(name, settings, error, match):
    refused_by_both(name, error, match, **settings)


@pytest.mark.parametrize("name", [f"MaxPool{n}d" for n in (1, 2, 3)])
def test_dilation_is_positive_and_takes_no_padding_with_it(name):
    refused_by_both(name, ValueError, "dilation expects at least 1", 2, dilation=0)
    refused_by_both(name, ValueError, "at most half", 3, 2, padding=2, dilation=2)


@pytest.mark.parametrize("name", ["AvgPool2d", "AvgPool3d"])
@pytest.mark.parametrize(
    ("divisor", "error", "match"),
    [
        (0, ValueError, "a divisor that is not 0"),
        (1.5, TypeError, "an integer divisor, got 1.5"),
        (True, TypeError, "an integer divisor, got True"),
    ],
)
def test_bad_divisors_are_refused(name, divisor, error, match):
    refused_by_both(name, error, match, 2, divisor_override=divisor)


@pytest.mark.parametrize("name", POWER)
def test_the_zeroth_power_is_refused(name):
    x = planes(name, 2, 3)
    with pytest.raises(ZeroDivisionError):
        getattr(torch.nn, name)(0, 2)(torch.from_numpy(x))
    with pytest.raises(ValueError, match="expects a norm_type that is not 0"):
        getattr(nn, name)(0, 2)(x)


@pytest.mark.parametrize("name", ADAPTIVE)
def test_impossible_output_sizes_are_refused(name):
    n = dims(name)
    refused_by_both(name, ValueError, "output_size expects at least 0", -1)
    refused_by_both(
        name, ValueError, f"output_size expects {n} integers", (3,) * (n + 1)
    )
    refused_by_both(name, TypeError, "output_size expects integers, got 3.0", 3.0)
    refused_by_both(name, TypeError, "output_size expects integers, got None", None)


def test_one_dimension_has_no_size_to_keep():
    refused_by_both("AdaptiveAvgPool1d", TypeError, "expects integers", (None,))
    refused_by_both("AdaptiveMaxPool1d", TypeError, "expects integers", (None,))


@pytest.mark.parametrize("name", [*SLIDING, *POWER, *ADAPTIVE])
def test_inputs_are_batches_of_channels(name):
    args = (2, 2) if name in POWER else (2,)
    for lead in ((), (1, 2, 3)):
        x = planes(name, *lead)
        refused_by_both(name, ValueError, r"expects \(N, C, .* or \(C", *args, x=x)
    nothing = planes(name, 2, 3, size=0)
    refused_by_both(name, ValueError, "planes that are not empty", *args, x=nothing)
    integers = planes(name, 2, 3).astype(np.int64)
    with pytest.raises(TypeError, match="expects a floating-point array, got int64"):
        getattr(nn, name)(*args)(integers)


@pytest.mark.parametrize(
    "name", [*SLIDING, *POWER, *(n for n in ADAPTIVE if "Max" in n)]
)
def test_channels_are_needed(name):
    args = (2, 2) if name in POWER else (2,)
    x = planes(name, 2, 0)
    refused_by_both(name, ValueError, "planes that are not empty", *args, x=x)


@pytest.mark.parametrize("name", [*SLIDING, *POWER, *ADAPTIVE, *UNPOOL])
def test_a_gradient_of_another_shape_is_refused(name):
    x = planes(name, 2, 3)
    args = (2, 2) if name in POWER else (2,)
    inputs = (x, np.zeros(x.shape, int)) if name in UNPOOL else (x,)
    layer = getattr(nn, name)(*args)
    layer(*inputs)
    with pytest.raises(
        ValueError, match=rf"{name}.backward expects a gradient of shape"
    ):
        layer.backward(planes(name, 2, 3, size=5))
