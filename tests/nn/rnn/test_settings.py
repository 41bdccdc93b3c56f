"""Settings of recurrent layers and cells: refused, shown and drawn from as torch's."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from scratchnet import get_rng_state, manual_seed, nn

LAYERS = ["RNN", "LSTM", "GRU"]
CELLS = ["RNNCell", "LSTMCell", "GRUCell"]


def settings_of(name):
    """Yield settings for a layer: all that change its parameters."""
    extra = {"LSTM": [{}, {"proj_size": 2}], "RNN": [{}, {"nonlinearity": "relu"}]}
    for n, bias, two, more in product(
        (1, 3), (True, False), (False, True), extra.get(name, [{}])
    ):
        yield {"num_layers": n, "bias": bias, "bidirectional": two, **more}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("seed", range(5))
def test_layers_start_from_torchs_numbers(name, seed):
    for settings in settings_of(name):
        for dtype, torch_dtype in ((np.float32, torch.float32), (float, torch.float64)):
            manual_seed(seed)
            torch.manual_seed(seed)
            ours = getattr(nn, name)(5, 7, **settings, dtype=dtype)
            theirs = getattr(torch.nn, name)(5, 7, **settings, dtype=torch_dtype)
            for (mine, a), (their, b) in zip(
                ours.named_parameters(), theirs.named_parameters(), strict=True
            ):
                assert mine == their
                expected = b.detach().numpy()
                ulps = 0 if dtype is np.float32 else 1
                off = np.abs(a.data - expected) / np.spacing(np.abs(expected))
                assert a.shape == expected.shape
                assert a.dtype == expected.dtype
                assert np.max(off) <= ulps


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("bias", [True, False])
def test_cells_start_from_torchs_bits(name, bias):
    for seed in range(10):
        manual_seed(seed)
        torch.manual_seed(seed)
        ours, theirs = (
            getattr(nn, name)(5, 7, bias),
            getattr(torch.nn, name)(5, 7, bias),
        )
        for (mine, a), (their, b) in zip(
            ours.named_parameters(), theirs.named_parameters(), strict=True
        ):
            assert mine == their
            np.testing.assert_array_equal(a.data, b.detach().numpy())


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("RNN", (3, 4)),
        ("RNN", (3, 4, 2, "relu", False, True, 0.5, True)),
        ("LSTM", (3, 4)),
        ("LSTM", (3, 4, 2, False, True, 0.5, True, 2)),
        ("LSTM", (3, 4, 2, True, False, 1)),
        ("GRU", (3, 4)),
        ("GRU", (3, 4, 2, False, True, 0.25, True)),
        ("RNNCell", (3, 4)),
        ("RNNCell", (3, 4, False, "relu")),
        ("LSTMCell", (3, 4, False)),
        ("GRUCell", (3, 4, True)),
    ],
)
def test_arguments_stand_in_torchs_order(name, args):
    ours, theirs = getattr(nn, name)(*args), getattr(torch.nn, name)(*args)
    assert repr(ours) == repr(theirs)
    shapes = {k: tuple(v.shape) for k, v in theirs.state_dict().items()}
    assert {k: v.shape for k, v in ours.state_dict().items()} == shapes
    assert list(ours.state_dict()) == list(shapes)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"dropout": 1.5}, ValueError, r"a probability dropout in \[0, 1\], got 1.5"),
        ({"dropout": -0.1}, ValueError, "got -0.1"),
        ({"dropout": True}, ValueError, "got True"),
        ({"dropout": "half"}, ValueError, "got 'half'"),
        ({"bias": 1}, TypeError, "expects bool bias, got int"),
        ({"batch_first": 0}, TypeError, "expects bool batch_first, got int"),
        ({"input_size": 3.0}, TypeError, "expects int input_size, got float"),
        ({"hidden_size": 4.0}, TypeError, "expects int hidden_size, got float"),
        ({"num_layers": 1.5}, TypeError, "expects int num_layers, got float"),
        ({"input_size": 0}, ValueError, "input_size above 0, got 0"),
        ({"hidden_size": -4}, ValueError, "hidden_size above 0, got -4"),
        ({"num_layers": 0}, ValueError, "num_layers above 0, got 0"),
    ],
)
def test_settings_that_torch_refuses_are_refused(name, settings, error, message):
    arguments = {"input_size": 3, "hidden_size": 4, **settings}
    with pytest.raises(error):
        getattr(torch.nn, name)(**arguments)
    state = get_rng_state()
    with pytest.raises(error, match=message):
        getattr(nn, name)(**arguments)
    np.testing.assert_array_equal(get_rng_state(), state)


@pytest.mark.parametrize("proj_size", [-1, 4, 5])
def test_projection_is_smaller_than_what_it_projects(proj_size):
    with pytest.raises(ValueError):
        torch.nn.LSTM(3, 4, proj_size=proj_size)
    with pytest.raises(ValueError, match=f"hidden_size 4, got {proj_size}"):
        nn.LSTM(3, 4, proj_size=proj_size)


@pytest.mark.parametrize("name", CELLS)
def test_cells_may_remember_nothing(name):
    ours, theirs = (getattr(module, name)(3, 0) for module in (nn, torch.nn))
    state, expected = ours(np.zeros((2, 3), "f")), theirs(torch.zeros(2, 3))
    assert np.shape(state) == np.shape([*map(torch.detach, expected)])


def test_unknown_nonlinearity():
    with pytest.raises(ValueError, match="RNN expects nonlinearity 'tanh' or 'relu'"):
        nn.RNN(3, 4, nonlinearity="gelu")
    # torch's cell finds out when it is called.
    cell = nn.RNNCell(3, 4, nonlinearity="gelu")
    with pytest.raises(ValueError, match="RNNCell expects nonlinearity"):
        cell(np.zeros((2, 3), "f"))


@pytest.mark.parametrize("name", LAYERS)
def test_dropout_in_a_single_layer_is_warned_about(name):
    with pytest.warns(UserWarning, match="dropout=0.5 does nothing") as caught:
        getattr(nn, name)(3, 4, dropout=0.5)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("name", LAYERS)
def test_all_weights_are_grouped_as_torchs(name):
    for settings in settings_of(name):
        ours = getattr(nn, name)(3, 4, **settings)
        theirs = getattr(torch.nn, name)(3, 4, **settings)
        shapes = [[tuple(w.shape) for w in group] for group in theirs.all_weights]
        assert [[w.shape for w in group] for group in ours.all_weights] == shapes
        assert ours.all_weights[-1][0] is list(ours.parameters())[-len(shapes[-1])]
        assert ours.flatten_parameters() is theirs.flatten_parameters() is None
