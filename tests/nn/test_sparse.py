"""Embeddings: what parity does not show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scratchnet import get_rng_state, manual_seed, nn

INDEX = np.array([0, 1, 2, 2])
START = np.array([0])


@pytest.mark.parametrize("name", ["Embedding", "EmbeddingBag"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_starts_from_torchs_numbers_with_a_zero_for_padding(name, dtype):
    manual_seed(3)
    torch.manual_seed(3)
    ours = getattr(nn, name)(20, 7, padding_idx=-2, dtype=dtype)
    theirs = getattr(torch.nn, name)(20, 7, padding_idx=-2, dtype=getattr(torch, dtype))
    expected = theirs.weight.detach().numpy()
    np.testing.assert_allclose(ours.weight.data, expected, rtol=0, atol=3e-6)
    assert ours.weight.dtype == dtype
    assert not ours.weight.data[18].any()


@given(
    shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    integer=st.sampled_from([np.int64, np.int32, np.uint8]),
    dtype=st.sampled_from([np.float32, np.float64]),
    padding=st.sampled_from([None, 0, 4]),
    seed=st.integers(0, 2**16),
)
def test_rows_out_and_gradients_in(shape, integer, dtype, padding, seed):
    rng = np.random.default_rng(seed)
    layer = nn.Embedding(5, 3, padding_idx=padding, dtype=dtype)
    index = np.asarray(rng.integers(0, 5, shape), integer)
    g = rng.standard_normal((*shape, 3)).astype(dtype)
    y = layer(index)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, layer.weight.data[index])
    assert layer.backward(g) is None
    for row in range(5):
        expected = g[index == row].astype(float).sum(axis=0) * (row != padding)
        atol = 40 * np.finfo(dtype).eps
        np.testing.assert_allclose(layer.weight.grad[row], expected, atol=atol)
    assert layer.weight.grad.dtype == dtype


@pytest.mark.parametrize("norm_type", [2.0, 1.0, np.inf, 0.0, -1.0, 3.0])
@pytest.mark.parametrize("name", ["Embedding", "EmbeddingBag"])
def test_long_rows_are_shortened_in_the_table_as_in_torch(name, norm_type):
    table = np.array([[3.0, 4.0], [0.1, 0.1], [-5.0, 1.0]])
    index = np.array([[0, 0, 1]])
    options = {"max_norm": 1.0, "norm_type": norm_type}
    theirs = getattr(torch.nn, name).from_pretrained(torch.tensor(table), **options)
    theirs(torch.from_numpy(index))
    ours = getattr(nn, name).from_pretrained(table, **options)
    ours(index)
    np.testing.assert_allclose(ours.weight.data, theirs.weight.numpy(), rtol=1e-14)
    # Rows that nobody looked up stay, and so does the caller's array.
    np.testing.assert_array_equal(ours.weight.data[2], [-5.0, 1.0])
    np.testing.assert_array_equal(table[0], [3.0, 4.0])


@pytest.mark.parametrize("name", ["Embedding", "EmbeddingBag"])
@pytest.mark.parametrize("index", [[[0, 4]], [[0, -1]], [[2, 10**12]]])
def test_an_index_that_is_no_row_is_refused_and_nothing_is_shortened(name, index):
    layer = getattr(nn, name)(4, 3, max_norm=0.1)
    before = layer.weight.data.copy()
    with pytest.raises(IndexError, match=rf"{name} expects indices in \[0, 4\), got"):
        layer(np.array(index))
    np.testing.assert_array_equal(layer.weight.data, before)
    with pytest.raises((IndexError, RuntimeError)):
        getattr(torch.nn, name)(4, 3)(torch.tensor(index))


@pytest.mark.parametrize("name", ["Embedding", "EmbeddingBag"])
@pytest.mark.parametrize(
    "index", [np.array([[0.0, 1.0]]), np.array([[True]]), [[0, 1]], None]
)
def test_indices_are_integers(name, index):
    with pytest.raises(TypeError, match=f"{name} expects integers, got"):
        getattr(nn, name)(4, 3)(index)


@pytest.mark.parametrize("name", ["Embedding", "EmbeddingBag"])
def test_padding_may_count_back_to_the_first_row(name):
    assert getattr(nn, name)(4, 3, padding_idx=-4).padding_idx == 0


@pytest.mark.parametrize("name", ["Embedding", "EmbeddingBag"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_embeddings": -1}, "expects sizes that are not negative"),
        ({"embedding_dim": -1}, "expects sizes that are not negative"),
        ({"padding_idx": 4}, "expects padding_idx within 4 rows, got 4"),
        ({"padding_idx": -5}, "expects padding_idx within 4 rows, got -5"),
        ({"_weight": np.zeros((3, 4))}, r"weight of shape \(4, 3\), got \(3, 4\)"),
    ],
)
def test_settings_that_torch_refuses(name, arguments, message):
    before = get_rng_state()
    settings = {"num_embeddings": 4, "embedding_dim": 3} | arguments
    with pytest.raises(ValueError, match=message):
        getattr(nn, name)(**settings)
    np.testing.assert_array_equal(get_rng_state(), before)
    theirs = {
        k: torch.from_numpy(v) if isinstance(v, np.ndarray) else v
        for k, v in settings.items()
    }
    with pytest.raises((AssertionError, RuntimeError)):
        getattr(torch.nn, name)(**theirs)


@pytest.mark.parametrize("name", ["Embedding", "EmbeddingBag"])
def test_from_pretrained(name):
    table = np.arange(6.0).reshape(3, 2)
    frozen = getattr(nn, name).from_pretrained(table, padding_idx=1)
    np.testing.assert_array_equal(frozen.weight.data, table)
    frozen(np.array([[0, 2]]))
    frozen.backward(np.ones(frozen(np.array([[0, 2]])).shape))
    assert frozen.weight.grad is None
    assert getattr(nn, name).from_pretrained(table, freeze=False).weight.requires_grad
    with pytest.raises(ValueError, match=r"from_pretrained expects \(V, D\), got"):
        getattr(nn, name).from_pretrained(np.zeros(3))


@pytest.mark.parametrize(
    ("options", "inputs", "message"),
    [
        ({}, (INDEX,), "expects offsets with"),
        ({}, (INDEX.reshape(2, 2), START), "expects no offsets with"),
        ({}, (INDEX.reshape(2, 2, 1),), r"expects \(B, n\) or \(N,\), got"),
        ({}, (np.array(1),), r"expects \(B, n\) or \(N,\), got"),
        ({}, (INDEX, np.array([1, 2])), r"offsets rising from 0 .*, got \[1, 2\]"),
        ({}, (INDEX, np.array([0, 5])), r"offsets rising from 0 to at most 4, got"),
        ({}, (INDEX, np.array([[0, 2]])), r"offsets expects \(B,\), got \(1, 2\)"),
        ({"include_last_offset": True}, (INDEX, START[:0]), "offsets rising from 0"),
        ({"mode": "prod"}, (INDEX, START), "expects mode 'sum', 'mean' or 'max'"),
        (
            {"mode": "max", "scale_grad_by_freq": True},
            (INDEX, START),
            "expects neither scale_grad_by_freq nor sparse with mode 'max'",
        ),
        ({"mode": "max", "sparse": True}, (INDEX, START), "expects neither"),
        (
            {},
            (INDEX, START, np.ones(4, "f")),
            "per_sample_weights with mode 'sum' alone, got mode 'mean'",
        ),
        (
            {"mode": "sum"},
            (INDEX, START, np.ones(3, "f")),
            r"per_sample_weights expects \(4,\), got \(3,\)",
        ),
    ],
)
def test_bags_that_torch_refuses(options, inputs, message):
    layer = nn.EmbeddingBag(5, 3, max_norm=0.1, **options)
    before = layer.weight.data.copy()
    with pytest.raises(ValueError, match=message):
        layer(*inputs)
    np.testing.assert_array_equal(layer.weight.data, before)
    with pytest.raises((ValueError, RuntimeError, NotImplementedError)):
        torch.nn.EmbeddingBag(5, 3, **options)(*map(torch.from_numpy, inputs))


def test_offsets_that_fall_are_refused():
    # Torch may read past the end of its indices here.
    with pytest.raises(ValueError, match=r"offsets rising from 0 .*, got \[0, 3, 2\]"):
        nn.EmbeddingBag(5, 3)(INDEX, np.array([0, 3, 2]))


def test_offsets_and_weights_have_their_dtypes():
    layer = nn.EmbeddingBag(5, 3, mode="sum")
    with pytest.raises(TypeError, match="EmbeddingBag offsets expects integers"):
        layer(INDEX, np.array([0.0]))
    with pytest.raises(TypeError, match="per_sample_weights expects float32, got"):
        layer(INDEX, START, np.ones(4))


def test_the_first_of_equal_rows_gets_the_gradient_of_the_maximum():
    table = np.array([[1.0, 5.0], [1.0, 2.0]])
    layer = nn.EmbeddingBag.from_pretrained(table, freeze=False, mode="max")
    layer(np.array([1, 0, 1]), START)
    layer.backward(np.ones((1, 2)))
    np.testing.assert_array_equal(layer.weight.grad, [[0, 1], [1, 0]])


@pytest.mark.parametrize("mode", ["sum", "mean"])
def test_gradients_are_divided_by_each_rows_own_frequency(mode, rng):
    index, g = np.array([[0, 0, 0, 2], [2, 1, 4, 0]]), rng.standard_normal((2, 3))
    table = rng.standard_normal((5, 3))
    grads = []
    for scale in (False, True):
        layer = nn.EmbeddingBag.from_pretrained(
            table, freeze=False, mode=mode, scale_grad_by_freq=scale
        )
        layer(index)
        layer.backward(g)
        grads.append(layer.weight.grad)
    times = np.array([[4], [1], [2], [1], [1]])
    np.testing.assert_allclose(grads[1], grads[0] / times, rtol=1e-14)


def test_what_lies_behind_the_last_offset_is_in_no_bag():
    layer = nn.EmbeddingBag.from_pretrained(
        np.arange(15.0).reshape(5, 3), freeze=False, include_last_offset=True
    )
    y = layer(INDEX, np.array([0, 2, 3]))
    np.testing.assert_array_equal(y, [[1.5, 2.5, 3.5], [6, 7, 8]])
    layer.backward(np.ones((2, 3)))
    np.testing.assert_array_equal(layer.weight.grad[:, 0], [0.5, 0.5, 1, 0, 0])


def test_no_offsets_are_no_bags():
    y = nn.EmbeddingBag(5, 3)(INDEX, START[:0])
    assert y.shape == (0, 3)


def test_the_weights_gradient_can_be_left_out():
    layer = nn.EmbeddingBag(5, 3, mode="sum")
    g = np.ones((1, 3), "f")
    layer(INDEX, START, np.ones(4, "f"))
    first, second, grad = layer.backward(g)
    assert first is second is None
    assert grad.shape == (4,)
    once = layer.weight.grad
    assert layer.backward(g, input_grad=False) == (None, None, None)
    np.testing.assert_array_equal(layer.weight.grad, 2 * once)


@pytest.mark.parametrize("integer", ["int8", "uint8", "int16", "uint16", "uint64"])
@pytest.mark.parametrize("name", ["Embedding", "EmbeddingBag"])
def test_narrow_integers_find_the_rows_that_wide_ones_find(name, integer):
    index = np.array([[1, 50, 99]])
    grads = []
    for dtype in (np.int64, integer):
        layer = getattr(nn, name)(100, 300, scale_grad_by_freq=True)
        y = layer(index.astype(dtype))
        layer.backward(np.ones_like(y))
        grads.append(layer.weight.grad)
    np.testing.assert_array_equal(grads[1], grads[0])
    np.testing.assert_array_equal(np.flatnonzero(grads[1].any(axis=1)), index[0])
