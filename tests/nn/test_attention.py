"""Multi-head attention: what parity does not show."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import manual_seed, nn
from scratchnet.nn.attention import ScaledDotProduct
from scratchnet.nn.attention.multihead import pieces

SETTINGS = [
    {},
    {"bias": False},
    {"add_bias_kv": True, "add_zero_attn": True},
    {"kdim": 5, "vdim": 3},
    {"kdim": 5, "add_bias_kv": True, "bias": False},
]


def sides(*args, dtype=np.float64, **kwargs):
    """Return the layer from both libraries, with the same parameters."""
    ours = nn.MultiheadAttention(*args, **kwargs, dtype=dtype)
    theirs = torch.nn.MultiheadAttention(*args, **kwargs, dtype=torch.float64)
    for _, parameter in ours.named_parameters():
        parameter.data[...] = np.random.default_rng(0).standard_normal(parameter.shape)
    state = {k: torch.from_numpy(v.astype(float)) for k, v in ours.state_dict().items()}
    theirs.load_state_dict(state)
    return ours, theirs


def attended(scores, monkeypatch, need_weights):
    """Return outputs and gradients, of so many scores at a time; 4 heads have 140."""
    monkeypatch.setattr("scratchnet.nn.attention.multihead.SCORES", scores)
    rng = np.random.default_rng(0)
    manual_seed(0)
    layer = nn.MultiheadAttention(8, 4, 0.3, add_bias_kv=True, dtype=np.float64)
    q, k = rng.standard_normal((5, 3, 8)), rng.standard_normal((6, 3, 8))
    y, weights = layer(
        *(q, k, k), need_weights=need_weights, attn_mask=rng.standard_normal((12, 5, 6))
    )
    grads = [rng.standard_normal(y.shape)]
    if need_weights:
        grads.append(rng.standard_normal(weights.shape))
    found = [y, weights, *layer.backward(*grads)]
    found += [parameter.grad for parameter in layer.parameters()]
    return [array for array in found if array is not None]


def test_a_piece_keeps_its_dtype():
    # The layer writes pieces into arrays of its own, which would hide another dtype.
    rng = np.random.default_rng(0)
    q, k, v, grad_o = rng.standard_normal((4, 2, 3, 5, 4), np.float32)
    grad_b = rng.standard_normal((2, 3, 5, 5), np.float32)
    attention = ScaledDotProduct(nn.Dropout(0.3), zero_if_masked=True)
    found = attention.forward(q, k, v, grad_b) + attention.backward(grad_o, grad_b)
    assert [array.dtype for array in found] == [np.float32] * 5


@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("scores", [1, 35, 70, 105, 140, 280])
def test_pieces_make_no_difference(scores, need_weights, monkeypatch):
    whole = attended(2**18, monkeypatch, need_weights)
    for part, all_at_once in zip(
        attended(scores, monkeypatch, need_weights), whole, strict=True
    ):
        np.testing.assert_allclose(part, all_at_once, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("scores", "expected"), [(1, 12), (35, 12), (70, 6), (105, 6), (140, 3), (280, 2)]
)
def test_pieces_are_as_large_as_they_may(scores, expected, monkeypatch):
    monkeypatch.setattr("scratchnet.nn.attention.multihead.SCORES", scores)
    assert len(pieces((3, 4, 5, 7))) == expected


@pytest.mark.parametrize("kwargs", SETTINGS)
@pytest.mark.parametrize("seed", range(5))
def test_starts_from_torchs_numbers(kwargs, seed):
    manual_seed(seed)
    torch.manual_seed(seed)
    ours = nn.MultiheadAttention(8, 2, **kwargs)
    theirs = torch.nn.MultiheadAttention(8, 2, **kwargs)
    expected = {k: v.numpy() for k, v in theirs.state_dict().items()}
    assert list(ours.state_dict()) == list(expected)
    for name, array in ours.state_dict().items():
        if name in ("bias_k", "bias_v"):
            np.testing.assert_allclose(array, expected[name], rtol=3e-7, atol=3e-7)
        else:
            np.testing.assert_array_equal(array, expected[name], err_msg=name)


@pytest.mark.parametrize("kwargs", SETTINGS)
def test_absent_parameters_are_none_as_in_torch(kwargs):
    ours, theirs = sides(8, 2, **kwargs)
    for name in ("in_proj_weight", "in_proj_bias", "bias_k", "bias_v"):
        assert (getattr(ours, name) is None) == (getattr(theirs, name) is None)
    for name in ("q_proj_weight", "k_proj_weight", "v_proj_weight"):
        assert (getattr(ours, name) is None) == (getattr(theirs, name) is None)
    for name in ("embed_dim", "kdim", "vdim", "num_heads", "head_dim", "dropout"):
        assert getattr(ours, name) == getattr(theirs, name)


def test_signature_is_torchs_without_device():
    for method in ("__init__", "forward"):
        ours = inspect.signature(getattr(nn.MultiheadAttention, method)).parameters
        theirs = inspect.signature(
            getattr(torch.nn.MultiheadAttention, method)
        ).parameters
        expected = {n: p.default for n, p in theirs.items() if n != "device"}
        if method == "__init__":
            expected["dtype"] = np.float32
        assert {n: p.default for n, p in ours.items()} == expected
        assert list(ours) == list(expected)


@given(
    N=st.integers(0, 3),
    L=st.integers(0, 4),
    S=st.integers(1, 4),
    h=st.integers(1, 3),
    d=st.integers(1, 3),
    batch_first=st.booleans(),
    weights=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**16),
)
def test_any_shape_and_upstream_gradient(
    N, L, S, h, d, batch_first, weights, dtype, seed
):
    rng = np.random.default_rng(seed)
    ours, theirs = sides(h * d, h, batch_first=batch_first, dtype=dtype)
    shapes = [(N, n, h * d) if batch_first else (n, N, h * d) for n in (L, S, S)]
    arrays = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    tensors = [torch.from_numpy(x.astype(float)).requires_grad_() for x in arrays]
    mask = rng.standard_normal((L, S)).astype(dtype)
    outputs = theirs(
        *tensors, attn_mask=torch.from_numpy(mask.astype(float)), need_weights=weights
    )
    upstream = [None if y is None else rng.standard_normal(y.shape) for y in outputs]
    kept = [(y, g) for y, g in zip(outputs, upstream, strict=True) if y is not None]
    torch.autograd.backward(
        [y for y, _ in kept], [torch.from_numpy(g) for _, g in kept]
    )

    mine = ours(*arrays, attn_mask=mask, need_weights=weights)
    grads = ours.backward(*(None if g is None else g.astype(dtype) for g in upstream))
    found = [
        *zip(mine[: 1 + weights], (y.detach() for y, _ in kept), strict=True),
        *zip(grads, (x.grad for x in tensors), strict=True),
    ]
    for (_, a), (_, b) in zip(
        ours.named_parameters(), theirs.named_parameters(), strict=True
    ):
        found.append((a.grad, b.grad))
    for a, b in found:
        assert a.dtype == dtype
        scale = max([1.0, *np.abs(b.numpy()).ravel()])
        atol = 2000 * np.finfo(dtype).eps * scale
        np.testing.assert_allclose(a, b.numpy(), rtol=0, atol=atol)


@pytest.mark.parametrize("weights", [True, False])
def test_self_attention_gradients_are_summed_by_the_caller(rng, weights):
    ours, theirs = sides(6, 2, batch_first=True)
    x, g = rng.standard_normal((2, 2, 5, 6))
    tensor = torch.from_numpy(x).requires_grad_()
    y, _ = theirs(tensor, tensor, tensor, need_weights=weights)
    y.backward(torch.from_numpy(g))
    np.testing.assert_allclose(
        ours(x, x, x, need_weights=weights)[0], y.detach(), rtol=0, atol=1e-12
    )
    np.testing.assert_allclose(sum(ours.backward(g)), tensor.grad, rtol=0, atol=1e-11)


def test_fast_path_of_torch_gives_the_same(rng):
    ours, theirs = sides(6, 2, batch_first=True)
    x = rng.standard_normal((3, 5, 6))
    padding = np.arange(5) >= np.array([[5], [3], [1]])
    tensor = torch.from_numpy(x)
    with torch.no_grad():
        expected = theirs.eval()(
            tensor, tensor, tensor, key_padding_mask=torch.from_numpy(padding)
        )
    for a, b in zip(ours.eval()(x, x, x, padding), expected, strict=True):
        np.testing.assert_allclose(a, b.numpy(), rtol=0, atol=1e-12)


def test_a_gradient_of_none_is_zero(rng):
    layer, _ = sides(6, 2)
    x, g = rng.standard_normal((2, 4, 3, 6))
    weights = layer(x, x, x)[1]
    grad_weights = rng.standard_normal(weights.shape)
    both = layer.backward(g, grad_weights)
    first = layer.backward(g)
    second = layer.backward(None, grad_weights)
    for whole, a, b in zip(both, first, second, strict=True):
        np.testing.assert_allclose(whole, a + b, rtol=0, atol=1e-12)
    assert np.any(second[0] != 0)


def test_strided_and_read_only_inputs_are_as_good_as_any(rng):
    layer, _ = sides(6, 2, add_bias_kv=True)
    x, g = (
        rng.standard_normal((4, 6, 12))[:, ::2, ::2],
        rng.standard_normal((6, 3, 4)).T,
    )
    mask = rng.standard_normal((8, 4)).T[:, ::2]
    for array in (x, g, mask):
        array.flags.writeable = False
    y, weights = layer(x, x, x, attn_mask=mask)
    grads = layer.backward(g)
    again, same = layer(x.copy(), x.copy(), x.copy(), attn_mask=mask.copy())
    np.testing.assert_allclose(y, again, rtol=0, atol=1e-13)
    np.testing.assert_allclose(weights, same, rtol=0, atol=1e-13)
    for a, b in zip(grads, layer.backward(g.copy()), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)


def test_masks_may_be_narrower_than_the_inputs(rng):
    layer, _ = sides(6, 2)
    x = rng.standard_normal((4, 3, 6))
    mask = np.triu(np.full((4, 4), -np.inf, np.float32), 1)
    expected = layer(x, x, x, attn_mask=mask.astype(float))
    for a, b in zip(layer(x, x, x, attn_mask=mask), expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_boolean_and_a_numeric_mask_add_up(rng):
    ours, theirs = sides(6, 2)
    x, mask = rng.standard_normal((4, 3, 6)), rng.standard_normal((4, 4))
    padding = np.arange(4) >= np.array([[4], [3], [1]])
    tensor = torch.from_numpy(x)
    with pytest.warns(UserWarning, match="mismatched"):
        expected = theirs(
            *(tensor, tensor, tensor),
            key_padding_mask=torch.from_numpy(padding),
            attn_mask=torch.from_numpy(mask),
        )
    found = ours(x, x, x, key_padding_mask=padding, attn_mask=mask)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b.detach(), rtol=0, atol=1e-12)


def test_the_weights_of_each_query_sum_to_one_unless_dropped(rng):
    x = rng.standard_normal((7, 3, 6)).astype("f")
    layer = nn.MultiheadAttention(6, 2, dropout=0.5)
    assert not np.allclose(layer(x, x, x)[1].sum(axis=2), 1)
    np.testing.assert_allclose(layer.eval()(x, x, x)[1].sum(axis=2), 1, rtol=1e-6)


def test_nothing_is_drawn_where_nothing_is_dropped(rng):
    x = rng.standard_normal((4, 3, 6)).astype("f")
    for layer in (nn.MultiheadAttention(6, 2), nn.MultiheadAttention(6, 2, 0.5).eval()):
        manual_seed(3)
        layer(x, x, x)
        first = nn.Linear(2, 2).weight.data
        manual_seed(3)
        np.testing.assert_array_equal(first, nn.Linear(2, 2).weight.data)


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((5, 2), {}), ((0, 1), {}), ((4, 0), {}), ((-4, 2), {}), ((4, -2), {})],
)
def test_bad_settings_are_refused(args, kwargs):
    with pytest.raises((ValueError, AssertionError)):
        torch.nn.MultiheadAttention(*args, **kwargs)
    with pytest.raises(ValueError, match="num_heads to divide embed_dim"):
        nn.MultiheadAttention(*args, **kwargs)


BAD = [
    (((5, 2, 4), (6, 2, 3), (6, 2, 7)), {}, r"query expects \(L, N, 6\) or \(L, 6\)"),
    (((5, 2, 6), (6, 2, 4), (6, 2, 7)), {}, r"key expects \(S, 2, 3\), got"),
    (((5, 2, 6), (6, 2, 3), (6, 2, 6)), {}, r"value expects \(6, 2, 7\), got"),
    (((5, 2, 6), (6, 2, 3), (5, 2, 7)), {}, r"value expects \(6, 2, 7\), got"),
    (((5, 2, 6), (6, 1, 3), (6, 1, 7)), {}, r"key expects \(S, 2, 3\), got"),
    (((5, 2, 6), (6, 3), (6, 7)), {}, r"key expects \(S, 2, 3\), got \(6, 3\)"),
    (((5, 6), (6, 1, 3), (6, 1, 7)), {}, r"key expects \(S, 3\), got \(6, 1, 3\)"),
    (((6,), (6, 3), (6, 7)), {}, r"query expects \(L, N, 6\) or \(L, 6\), got \(6,\)"),
    (((1, 5, 2, 6), (6, 2, 3), (6, 2, 7)), {}, r"query expects"),
]
GOOD = (5, 2, 6), (6, 2, 3), (6, 2, 7)
BAD += [
    (GOOD, {"attn_mask": np.zeros(shape, bool)}, r"attn_mask expects \(5, 6\) or")
    for shape in [(6, 5), (1, 5, 6), (2, 5, 6), (4, 6, 5), (6,), (2, 2, 5, 6)]
]
BAD += [
    (GOOD, {"key_padding_mask": np.zeros(shape, bool)}, r"expects \(2, 6\), got")
    for shape in [(6,), (1, 6), (6, 2), (2, 5), (2, 1, 6)]
]
BAD += [
    (((5, 6), (6, 3), (6, 7)), {"key_padding_mask": np.zeros((1, 6), bool)}, "expects"),
    (((5, 6), (6, 3), (6, 7)), {"attn_mask": np.zeros((1, 5, 6), bool)}, "expects"),
    (GOOD, {"is_causal": True}, "expects attn_mask with is_causal"),
]


@pytest.mark.parametrize(("shapes", "masks", "message"), BAD)
def test_shapes_that_torch_refuses_are_refused(shapes, masks, message):
    layer = nn.MultiheadAttention(6, 2, kdim=3, vdim=7)
    stock = torch.nn.MultiheadAttention(6, 2, kdim=3, vdim=7)
    good = [np.ones(shape, "f") for shape in GOOD]
    y, _ = layer(*good)
    tensors = {
        name: torch.from_numpy(mask) if isinstance(mask, np.ndarray) else mask
        for name, mask in masks.items()
    }
    with pytest.raises((AssertionError, RuntimeError, ValueError, IndexError)):
        stock(*(torch.zeros(shape) for shape in shapes), **tensors)
    with pytest.raises(ValueError, match=f"MultiheadAttention .*{message}"):
        layer(*(np.zeros(shape, "f") for shape in shapes), **masks)
    assert layer.backward(np.ones_like(y))[1].shape == (6, 2, 3)


@pytest.mark.parametrize(
    ("dtypes", "masks", "message"),
    [
        (("d", "f", "f"), {}, "query expects float32, got float64"),
        (("f", "d", "f"), {}, "key expects float32, got float64"),
        (("f", "f", "i"), {}, "value expects float32, got int32"),
        ("fff", {"attn_mask": np.zeros((4, 4))}, "attn_mask expects booleans or"),
        ("fff", {"attn_mask": np.zeros((4, 4), int)}, "float32, got int64"),
        ("fff", {"key_padding_mask": np.zeros((2, 4))}, "float32, got float64"),
        ("fff", {"key_padding_mask": np.zeros((2, 4), "i")}, "float32, got int32"),
    ],
)
def test_types_that_torch_refuses_are_refused(dtypes, masks, message):
    layer, stock = nn.MultiheadAttention(6, 2), torch.nn.MultiheadAttention(6, 2)
    arrays = [np.zeros((4, 2, 6), dtype) for dtype in dtypes]
    with pytest.raises((AssertionError, RuntimeError)):
        stock(
            *map(torch.from_numpy, arrays),
            **{name: torch.from_numpy(mask) for name, mask in masks.items()},
        )
    with pytest.raises(TypeError, match=f"MultiheadAttention .*{message}"):
        layer(*arrays, **masks)


def test_lists_are_refused():
    x = np.zeros((4, 2, 6), "f")
    with pytest.raises(TypeError, match="attn_mask expects booleans .* got list"):
        nn.MultiheadAttention(6, 2)(x, x, x, attn_mask=[[0.0] * 4] * 4)
    with pytest.raises(TypeError, match="key expects float32, got list"):
        nn.MultiheadAttention(6, 2)(x, x.tolist(), x)


def test_dropout_that_is_no_probability_is_refused_when_used(rng):
    x = rng.standard_normal((4, 2, 6)).astype("f")
    layer = nn.MultiheadAttention(6, 2, dropout=1.5)
    with pytest.raises(ValueError, match="dropout probability"):
        torch.nn.functional.dropout(torch.zeros(1), 1.5)
    with pytest.raises(ValueError, match="probability"):
        layer(x, x, x)
    assert layer.eval()(x, x, x)[0].shape == x.shape


def test_gradients_that_do_not_fit_are_refused():
    x = np.zeros((4, 2, 6), "f")
    layer = nn.MultiheadAttention(6, 2)
    with pytest.raises(RuntimeError, match="needs a forward pass first"):
        layer.backward(x)
    layer(x, x, x)
    with pytest.raises(ValueError, match="expects a gradient of shape"):
        layer.backward(x[:3])
    with pytest.raises(ValueError, match="expects a gradient of shape"):
        layer.backward(x, np.zeros((2, 4, 5), "f"))
    layer(x, x, x, need_weights=False)
    with pytest.raises(ValueError, match="expects a gradient of shape"):
        layer.backward(x, np.zeros((2, 4, 4), "f"))
