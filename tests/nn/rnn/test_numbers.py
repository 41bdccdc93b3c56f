"""Recurrent networks against torch for any settings, and against each other."""

from __future__ import annotations

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


def both(name, *args, dtype=np.float32, **kwargs):
    """Build the layer on both sides with the same parameters; torch's in float64."""
    ours = getattr(nn, name)(*args, **kwargs, dtype=dtype)
    theirs = getattr(torch.nn, name)(*args, **kwargs, dtype=torch.float64)
    state = {k: torch.from_numpy(v.astype(float)) for k, v in ours.state_dict().items()}
    theirs.load_state_dict(state)
    return ours, theirs


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
