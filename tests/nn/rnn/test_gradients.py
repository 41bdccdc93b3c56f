"""What every backward pass of a recurrent network keeps to."""

from __future__ import annotations

import numpy as np
import pytest

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
def test_none_stands_for_a_gradient_of_zeros(name, rng):
    layer = getattr(nn, name)(3, 4, 2, bidirectional=True)
    output, last = layer(rng.standard_normal((5, 2, 3)).astype("f"))
    g = rng.standard_normal(output.shape).astype("f")
    h = [rng.standard_normal(s.shape).astype("f") for s in flat(last)]
    zeros = [np.zeros_like(s) for s in h]
    if name == "LSTM":
        pairs = [
            ((g,), (g, tuple(zeros))),
            ((None, tuple(h)), (np.zeros_like(g), tuple(h))),
            ((g, (h[0], None)), (g, (h[0], zeros[1]))),
            ((g, (None, h[1])), (g, (zeros[0], h[1]))),
        ]
    else:
        pairs = [((g,), (g, zeros[0])), ((None, h[0]), (np.zeros_like(g), h[0]))]
    for short, full in pairs:
        grads = []
        for upstream in (short, full):
            layer.zero_grad()
            grads.append(flat(layer.backward(*upstream)))
            grads[-1] += [p.grad for p in layer.parameters()]
        assert np.any(grads[0][0] != 0)
        for a, b in zip(*grads, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", LAYERS)
def test_a_state_left_out_is_zeros_and_has_its_gradient(name, rng):
    layer = getattr(nn, name)(3, 4, 2)
    x = rng.standard_normal((5, 2, 3)).astype("f")
    zeros = np.zeros((2, 2, 4), "f")
    g = rng.standard_normal((5, 2, 4)).astype("f")
    implied, _ = layer(x)
    expected = flat(layer.backward(g))
    stated, _ = layer(x, (zeros, zeros) if name == "LSTM" else zeros)
    np.testing.assert_array_equal(implied, stated)
    for a, b in zip(flat(layer.backward(g)), expected, strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.any(a != 0)


@pytest.mark.parametrize("name", LAYERS + CELLS)
def test_without_the_input_gradient_all_else_is_the_same(name, rng):
    is_cell = name.endswith("Cell")
    layer = getattr(nn, name)(3, 4) if is_cell else getattr(nn, name)(3, 4, 2)
    shape = (2, 3) if is_cell else (5, 2, 3)
    output = flat(layer(rng.standard_normal(shape).astype("f")))[0]
    g = rng.standard_normal(output.shape).astype("f")
    grad_x, *grad_state = flat(layer.backward(g))
    grads = [p.grad for p in layer.parameters()]
    layer.zero_grad()
    none, *again = flat(layer.backward(g, input_grad=False))
    assert grad_x.shape == shape
    assert none is None
    for a, b in zip(again, grad_state, strict=True):
        np.testing.assert_array_equal(a, b)
    for p, expected in zip(layer.parameters(), grads, strict=True):
        np.testing.assert_array_equal(p.grad, expected)


@pytest.mark.parametrize("name", LAYERS + CELLS)
def test_gradients_add_up_over_two_passes(name, rng):
    is_cell = name.endswith("Cell")
    layer = getattr(nn, name)(3, 4)
    shape = (2, 3) if is_cell else (5, 2, 3)
    output = flat(layer(rng.standard_normal(shape).astype("f")))[0]
    g = rng.standard_normal(output.shape).astype("f")
    once = flat(layer.backward(g))
    grads = [p.grad.copy() for p in layer.parameters()]
    for a, b in zip(flat(layer.backward(g)), once, strict=True):
        np.testing.assert_array_equal(a, b)
    for p, expected in zip(layer.parameters(), grads, strict=True):
        np.testing.assert_array_equal(p.grad, 2 * expected)


@pytest.mark.parametrize("name", LAYERS)
def test_both_biases_have_a_gradient_of_their_own(name, rng):
    layer = getattr(nn, name)(3, 4)
    output, _ = layer(rng.standard_normal((5, 2, 3)).astype("f"))
    layer.backward(np.ones_like(output))
    before = layer.bias_hh_l0.grad.copy()
    layer.bias_ih_l0.grad *= 0  # as clipping does, in place
    np.testing.assert_array_equal(layer.bias_hh_l0.grad, before)


@pytest.mark.parametrize("name", LAYERS + CELLS)
def test_writing_to_what_came_back_does_not_reach_the_backward_pass(name, rng):
    layer = getattr(nn, name)(3, 4)
    shape = (2, 3) if name.endswith("Cell") else (5, 2, 3)
    outputs = flat(layer(rng.standard_normal(shape).astype("f")))
    g = rng.standard_normal(outputs[0].shape).astype("f")

    def gradients():
        layer.zero_grad()
        return [*flat(layer.backward(g)), *(p.grad for p in layer.parameters())]

    expected = gradients()
    for y in outputs:
        y[...] = np.nan
    for a, b in zip(gradients(), expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", LAYERS)
def test_strided_input_is_as_good_as_any(name, rng):
    layer = getattr(nn, name)(3, 4, 2, bidirectional=True)
    x = rng.standard_normal((2, 10, 6)).astype("f").swapaxes(0, 1)[::2, :, ::2]
    h = rng.standard_normal((2, 4, 4)).astype("f").swapaxes(0, 1)
    g = rng.standard_normal((8, 2, 5)).astype("f").T

    def run(x, h, g):
        layer.zero_grad()
        output, last = layer(x, (h, h) if name == "LSTM" else h)
        grads = flat(layer.backward(g))
        return [output, *flat(last), *grads, *(p.grad for p in layer.parameters())]

    contiguous = (np.ascontiguousarray(a) for a in (x, h, g))
    for a, b in zip(run(x, h, g), run(*contiguous), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
