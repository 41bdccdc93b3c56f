"""Settings of convolutions: what they start from, how they show, what is refused."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest
import torch

from scratchnet import get_rng_state, manual_seed, nn

PLAIN = ["Conv1d", "Conv2d", "Conv3d"]
TRANSPOSED = ["ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]
TORCH_REFUSES = (RuntimeError, TypeError, ValueError, IndexError)


def dims(name):
    return int(name[-2])


def images(name, *lead, size=6, dtype=np.float32):
    return np.zeros((*lead, *[size] * dims(name)), dtype)


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


@pytest.mark.parametrize("sizes", [(3, 0), (0, 3)])
def test_each_of_several_sizes_is_looked_at(sizes):
    for name in ("kernel_size", "stride", "dilation"):
        with pytest.raises(ValueError, match=f"{name} expects an integer or 2"):
            nn.Conv2d(1, 1, **{"kernel_size": 3, name: sizes})
