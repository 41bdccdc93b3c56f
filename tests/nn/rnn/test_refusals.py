"""Input, states and gradients that are refused, as torch refuses them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scratchnet import nn

LAYERS = ["RNN", "LSTM", "GRU"]
CELLS = ["RNNCell", "LSTMCell", "GRUCell"]


def flat(tree):
    """Return the arrays of nested tuples in a row."""
    return (
        [leaf for part in tree for leaf in flat(part)]
        if type(tree) is tuple
        else [tree]
    )


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize(
    ("x", "state", "error", "message"),
    [
        (
            (5, 2, 4),
            None,
            ValueError,
            r"expects \(T, N, 3\) or \(T, 3\), got \(5, 2, 4\)",
        ),
        ((5, 2), None, ValueError, r"expects \(T, N, 3\) or \(T, 3\), got \(5, 2\)"),
        ((3,), None, ValueError, r"got \(3,\)"),
        ((5, 2, 1, 3), None, ValueError, r"got \(5, 2, 1, 3\)"),
        ((0, 2, 3), None, ValueError, r"at least one time step, got \(0, 2, 3\)"),
        ((5, 2, 3), (1, 3, 4), ValueError, r"h_0 expects \(1, 2, 4\), got \(1, 3, 4\)"),
        ((5, 2, 3), (2, 2, 4), ValueError, r"h_0 expects \(1, 2, 4\), got \(2, 2, 4\)"),
        ((5, 2, 3), (1, 2, 5), ValueError, r"h_0 expects \(1, 2, 4\), got \(1, 2, 5\)"),
        ((5, 2, 3), (2, 4), ValueError, r"h_0 expects \(1, 2, 4\), got \(2, 4\)"),
        ((5, 3), (1, 1, 4), ValueError, r"h_0 expects \(1, 4\), got \(1, 1, 4\)"),
    ],
)
def test_shapes_that_torch_refuses_are_refused(name, x, state, error, message):
    layer, stock = getattr(nn, name)(3, 4), getattr(torch.nn, name)(3, 4)
    pair = name == "LSTM" and state is not None
    given_state = None if state is None else np.zeros(state, "f")
    tensor = None if state is None else torch.zeros(state)
    output, _ = layer(np.ones((5, 2, 3), "f"))
    with pytest.raises((ValueError, RuntimeError)):
        stock(torch.zeros(x), (tensor, tensor) if pair else tensor)
    with pytest.raises(error, match=message):
        layer(np.zeros(x, "f"), (given_state, given_state) if pair else given_state)
    # The last good pass is kept.
    assert layer.backward(np.ones_like(output))[0].shape == (5, 2, 3)


@pytest.mark.parametrize("name", LAYERS)
def test_batch_first_is_said_in_the_refusal(name):
    with pytest.raises(ValueError, match=r"expects \(N, T, 3\) or \(T, 3\)"):
        getattr(nn, name)(3, 4, batch_first=True)(np.zeros((5, 2, 4), "f"))


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize(
    ("x", "state", "message"),
    [
        ((2, 4), None, r"expects \(N, 3\) or \(3,\), got \(2, 4\)"),
        ((5, 2, 3), None, r"got \(5, 2, 3\)"),
        ((), None, r"got \(\)"),
        ((2, 3), (2, 5), r"h expects \(2, 4\), got \(2, 5\)"),
        ((2, 3), (3, 4), r"h expects \(2, 4\), got \(3, 4\)"),
        ((2, 3), (4,), r"h expects \(2, 4\), got \(4,\)"),
        ((2, 3), (2, 1, 1, 4), r"h expects \(2, 4\), got \(2, 1, 1, 4\)"),
        ((3,), (2, 4), r"h expects \(4,\), got \(2, 4\)"),
    ],
)
def test_cells_refuse_what_torchs_refuse(name, x, state, message):
    cell, stock = getattr(nn, name)(3, 4), getattr(torch.nn, name)(3, 4)
    pair = name == "LSTMCell" and state is not None
    given_state = None if state is None else np.zeros(state, "f")
    tensor = None if state is None else torch.zeros(state)
    with pytest.raises((ValueError, RuntimeError)):
        stock(torch.zeros(x), (tensor, tensor) if pair else tensor)
    with pytest.raises(ValueError, match=message):
        cell(np.zeros(x, "f"), (given_state, given_state) if pair else given_state)


@pytest.mark.parametrize("name", LAYERS + CELLS)
def test_another_dtype_is_refused(name):
    layer = getattr(nn, name)(3, 4)
    is_cell = name.endswith("Cell")
    x, h = (np.zeros((2, 3)), np.zeros((2, 4)))
    if not is_cell:
        x, h = x[None], h[None]
    state = (h, h) if name.startswith("LSTM") else h
    with pytest.raises(TypeError, match=f"{name} expects float32, got float64"):
        layer(x)
    with pytest.raises(TypeError, match="expects float32, got list"):
        layer(x.tolist())
    first = "h" if is_cell else "h_0"
    with pytest.raises(TypeError, match=f"{name} {first} expects float32, got float64"):
        layer(x.astype("f"), state)
    assert flat(layer.double()(x, state))[0].dtype == np.float64


@pytest.mark.parametrize("name", ["LSTM", "LSTMCell"])
@pytest.mark.parametrize("count", [1, 3])
def test_an_lstm_wants_a_pair_of_states(name, count):
    layer = getattr(nn, name)(3, 4)
    x, h = np.zeros((2, 3), "f"), np.zeros((2, 4), "f")
    with pytest.raises(TypeError, match=rf"{name} expects a pair \(h, c\)"):
        layer(x, h)
    with pytest.raises(TypeError, match=rf"{name} expects a pair \(h, c\)"):
        layer(x, (h,) * count)
    with pytest.raises((TypeError, ValueError), match="c_0 expects|c expects"):
        layer(x[:1], (h[:1], h[:1, :3]))


@pytest.mark.parametrize("name", LAYERS)
def test_a_gradient_of_another_shape_is_refused(name):
    layer = getattr(nn, name)(3, 4)
    with pytest.raises(RuntimeError, match="needs a forward pass first"):
        layer.backward(np.zeros((5, 2, 4), "f"))
    output, _ = layer(np.ones((5, 2, 3), "f"))
    wrong = np.zeros((2, 2, 4), "f")
    with pytest.raises(ValueError, match="expects a gradient of shape"):
        layer.backward(output[:3])
    with pytest.raises(ValueError, match="expects a gradient of shape"):
        layer.backward(output, (wrong, wrong) if name == "LSTM" else wrong)
    assert layer.weight_ih_l0.grad is None
