"""Recurrent layers and cells: what parity does not show."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import get_rng_state, manual_seed, nn

LAYERS = ["RNN", "LSTM", "GRU"]
CELLS = ["RNNCell", "LSTMCell", "GRUCell"]

# torch says once that it projects without oneDNN.
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections")


def flat(tree):
    """Return the arrays of nested tuples in a row."""
    return (
        [leaf for part in tree for leaf in flat(part)]
        if type(tree) is tuple
        else [tree]
    )


def settings_of(name):
    """Yield settings for a layer: all that change its parameters."""
    extra = {"LSTM": [{}, {"proj_size": 2}], "RNN": [{}, {"nonlinearity": "relu"}]}
    for n, bias, two, more in product(
        (1, 3), (True, False), (False, True), extra.get(name, [{}])
    ):
        yield {"num_layers": n, "bias": bias, "bidirectional": two, **more}


def both(name, *args, dtype=np.float32, **kwargs):
    """Build the layer on both sides with the same parameters; torch's in float64."""
    ours = getattr(nn, name)(*args, **kwargs, dtype=dtype)
    theirs = getattr(torch.nn, name)(*args, **kwargs, dtype=torch.float64)
    state = {k: torch.from_numpy(v.astype(float)) for k, v in ours.state_dict().items()}
    theirs.load_state_dict(state)
    return ours, theirs


# Construction ---------------------------------------------------------------------


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


# Numbers --------------------------------------------------------------------------


@given(
    name=st.sampled_from(LAYERS),
    steps=st.integers(1, 4),
    batch=st.none() | st.integers(0, 3),
    sizes=st.tuples(st.integers(1, 4), st.integers(2, 4)),
    layers=st.integers(1, 3),
    bias=st.booleans(),
    batch_first=st.booleans(),
    bidirectional=st.booleans(),
    with_state=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**16),
)
def test_any_layer(
    name,
    steps,
    batch,
    sizes,
    layers,
    bias,
    batch_first,
    bidirectional,
    with_state,
    dtype,
    seed,
):
    rng = np.random.default_rng(seed)
    manual_seed(seed)
    projected = {"proj_size": sizes[1] - 1} if name == "LSTM" and seed % 2 else {}
    ours, theirs = both(
        name,
        *sizes,
        num_layers=layers,
        bias=bias,
        batch_first=batch_first,
        bidirectional=bidirectional,
        **projected,
        dtype=dtype,
    )

    def draw(*shape):
        return rng.standard_normal(shape).astype(dtype)

    runs, middle = layers * (1 + bidirectional), () if batch is None else (batch,)
    order = (batch, steps) if batch_first and middle else (steps, *middle)
    x = draw(*order, sizes[0])
    h_0 = draw(runs, *middle, projected.get("proj_size", sizes[1]))
    given_state = (h_0, draw(runs, *middle, sizes[1])) if name == "LSTM" else h_0
    inputs = (x, given_state) if with_state else (x,)
    tensors = [torch.from_numpy(a.astype(float)).requires_grad_() for a in flat(inputs)]
    torch_state = tuple(tensors[1:]) if name == "LSTM" else tensors[-1]
    expected = theirs(tensors[0], torch_state) if with_state else theirs(tensors[0])
    outputs = ours(*inputs)
    grads = [draw(*y.shape) for y in flat(outputs)]
    upstream = (grads[0], tuple(grads[1:])) if name == "LSTM" else grads
    torch.autograd.backward(
        flat(expected), [torch.from_numpy(g.astype(float)) for g in grads]
    )

    compared = list(zip(flat(outputs), flat(expected), strict=True))
    got = flat(ours.backward(*upstream))
    compared += [(a, t.grad) for a, t in zip(got, tensors, strict=False)]
    compared += [
        (p.grad, q.grad)
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True)
    ]
    assert len(got) == 1 + len(flat((given_state,)))
    for a, tensor in compared:
        b = tensor.detach().numpy()
        assert a.dtype == dtype
        assert a.shape == b.shape
        scale = max(np.max(np.abs(b), initial=0.0), 1e-3)
        assert np.max(np.abs(a - b), initial=0.0) <= 200 * np.finfo(dtype).eps * scale


@pytest.mark.parametrize(("name", "cell_name"), list(zip(LAYERS, CELLS, strict=True)))
def test_a_layer_is_its_cell_over_and_over(name, cell_name, rng):
    layer = getattr(nn, name)(3, 4, dtype=np.float64)
    cells = [getattr(nn, cell_name)(3, 4, dtype=np.float64) for _ in range(5)]
    for cell in cells:
        cell.load_state_dict({k[:-3]: v for k, v in layer.state_dict().items()})
    x, g = rng.standard_normal((5, 2, 3)), rng.standard_normal((5, 2, 4))
    output, _ = layer(x)
    grad_x, grad_0 = layer.backward(g)

    state = None
    for t, cell in enumerate(cells):
        state = cell(x[t], state)
        np.testing.assert_allclose(flat(state)[0], output[t], rtol=0, atol=1e-15)
    grad_state = [0.0, 0.0][: len(flat(state))]
    for t in reversed(range(5)):
        grad_state[0] = grad_state[0] + g[t]
        if len(grad_state) == 2 and t == 4:
            grad_state[1] = None
        grad, before = cells[t].backward(*grad_state)
        grad_state = flat(before)
        np.testing.assert_allclose(grad, grad_x[t], rtol=0, atol=1e-14)
    for a, b in zip(grad_state, flat(grad_0), strict=True):
        np.testing.assert_allclose(a, b[0], rtol=0, atol=1e-14)
    for name_, parameter in layer.named_parameters():
        total = sum(dict(cell.named_parameters())[name_[:-3]].grad for cell in cells)
        np.testing.assert_allclose(parameter.grad, total, rtol=0, atol=1e-13)


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
    expected = flat(layer.backward(g))
    for y in outputs:
        y[...] = np.nan
    for a, b in zip(flat(layer.backward(g)), expected, strict=True):
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


@pytest.mark.parametrize("name", LAYERS)
def test_a_sequence_does_not_depend_on_its_neighbours(name, rng):
    layer = getattr(nn, name)(3, 4, 2, bidirectional=True, dtype=np.float64)
    x = rng.standard_normal((5, 3, 3))
    together, _ = layer(x)
    for n in range(3):
        alone, _ = layer(x[:, n])
        np.testing.assert_allclose(alone, together[:, n], rtol=0, atol=1e-15)


def test_relu_that_explodes_reaches_infinity_in_silence():
    ours, theirs = both("RNN", 2, 3, nonlinearity="relu")
    theirs = theirs.float()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        p.data[...] = 1e4
        q.data[...] = 1e4
    x = np.ones((20, 2, 2), "f")
    output, _ = ours(x)
    expected = theirs(torch.from_numpy(x))[0].detach().numpy()
    assert np.isinf(output).any()
    np.testing.assert_allclose(output, expected, rtol=1e-5)
    ours.backward(np.ones_like(output))


# Dropout --------------------------------------------------------------------------


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize(
    ("settings", "training", "draws"),
    [
        ({"num_layers": 2, "dropout": 0.5}, True, True),
        ({"num_layers": 2, "dropout": 0.5}, False, False),
        ({"num_layers": 2, "dropout": 0.0}, True, False),
    ],
)
def test_masks_are_drawn_only_where_they_are_used(name, settings, training, draws):
    layer = getattr(nn, name)(3, 4, **settings).train(training)
    before = get_rng_state()
    layer(np.ones((5, 2, 3), "f"))
    assert np.array_equal(get_rng_state(), before) is not draws


# Bad input ------------------------------------------------------------------------


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


# torch's conveniences -------------------------------------------------------------


@pytest.mark.parametrize("name", LAYERS)
def test_all_weights_are_grouped_as_torchs(name):
    for settings in settings_of(name):
        ours = getattr(nn, name)(3, 4, **settings)
        theirs = getattr(torch.nn, name)(3, 4, **settings)
        shapes = [[tuple(w.shape) for w in group] for group in theirs.all_weights]
        assert [[w.shape for w in group] for group in ours.all_weights] == shapes
        assert ours.all_weights[-1][0] is list(ours.parameters())[-len(shapes[-1])]
        assert ours.flatten_parameters() is theirs.flatten_parameters() is None
