"""Transformers: what parity does not show."""

from __future__ import annotations

import copy
import inspect

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import manual_seed, nn

# What torch says of its own faster ways is of no concern here.
pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")

NAMES = [
    "TransformerEncoderLayer",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerDecoder",
    "Transformer",
]


def same(ours, theirs):
    """Give both the same random parameters, in float64."""
    rng = np.random.default_rng(0)
    for parameter in ours.double().parameters():
        parameter.data[...] = rng.standard_normal(parameter.shape) / 2
    state = {name: torch.from_numpy(a) for name, a in ours.state_dict().items()}
    theirs.double().load_state_dict(state)
    return ours, theirs


def layers(kind, *args, **kwargs):
    """Return a layer from both libraries, with the same parameters."""
    return same(
        getattr(nn, kind)(*args, **kwargs), getattr(torch.nn, kind)(*args, **kwargs)
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", ["__init__", "forward"])
def test_signature_is_torchs(name, method):
    """But for device, and for activations, which here are named."""
    ours = inspect.signature(getattr(getattr(nn, name), method)).parameters
    theirs = inspect.signature(getattr(getattr(torch.nn, name), method)).parameters
    expected = {n: p.default for n, p in theirs.items() if n != "device"}
    if "activation" in expected:
        assert expected["activation"] is torch.nn.functional.relu
        expected["activation"] = "relu"
    if "dtype" in expected:
        expected["dtype"] = np.float32
    assert list(ours) == list(expected)
    assert {n: p.default for n, p in ours.items()} == expected


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "build",
    [
        lambda nn: nn.TransformerEncoderLayer(8, 2, 16),
        lambda nn: nn.TransformerDecoderLayer(8, 2, 16, bias=False),
        lambda nn: nn.Transformer(8, 2, 2, 2, 16),
        lambda nn: nn.Transformer(8, 2, 1, 1, 16, custom_encoder=nn.Identity()),
    ],
)
def test_starts_from_torchs_bits(build, seed):
    manual_seed(seed)
    ours = build(nn)
    torch.manual_seed(seed)
    theirs = build(torch.nn)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for name, tensor in theirs.state_dict().items():
        np.testing.assert_array_equal(ours.state_dict()[name], tensor, err_msg=name)


def test_layers_of_a_stack_are_copies():
    layer = nn.TransformerEncoderLayer(4, 2, 8)
    stack = nn.TransformerEncoder(layer, 3)
    weights = [each.linear1.weight for each in (layer, *stack.layers)]
    for weight in weights[1:]:
        np.testing.assert_array_equal(weight.data, weights[0].data)
    assert len({id(weight) for weight in weights}) == 4
    assert len({id(each.activation) for each in stack.layers}) == 3


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_fast_path_of_torch_gives_the_same(rng, norm_first, activation):
    ours, theirs = layers(
        "TransformerEncoderLayer",
        *(8, 2, 16),
        activation=activation,
        norm_first=norm_first,
        batch_first=True,
    )
    src = rng.standard_normal((3, 5, 8))
    padding = np.arange(5) >= np.array([[5], [4], [2]])
    with torch.no_grad():
        expected = theirs.eval()(
            torch.from_numpy(src), src_key_padding_mask=torch.from_numpy(padding)
        )
    found = ours.eval()(src, src_key_padding_mask=padding)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_nested_tensors_of_torch_give_the_same_where_nothing_is_padded(rng):
    def build(nn):
        return nn.TransformerEncoder(
            nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2
        )

    ours, theirs = same(build(nn), build(torch.nn))
    src = rng.standard_normal((3, 5, 8))
    padding = np.arange(5) >= np.array([[5], [4], [2]])
    with torch.no_grad():
        expected = theirs.eval()(
            torch.from_numpy(src), src_key_padding_mask=torch.from_numpy(padding)
        )
    found = ours.eval()(src, src_key_padding_mask=padding)
    np.testing.assert_allclose(
        found[~padding], expected.numpy()[~padding], rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("sz", [0, 1, 5])
def test_causal_mask(sz):
    found = nn.Transformer.generate_square_subsequent_mask(sz)
    expected = torch.nn.Transformer.generate_square_subsequent_mask(sz)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.float32
    mask = nn.Transformer.generate_square_subsequent_mask(sz, dtype=np.float64)
    assert mask.dtype == np.float64


@given(
    N=st.integers(0, 3),
    T=st.integers(1, 4),
    S=st.integers(1, 4),
    first=st.booleans(),
    norm_first=st.booleans(),
    seed=st.integers(0, 2**16),
)
def test_any_shape_and_upstream_gradient(N, T, S, first, norm_first, seed):
    rng = np.random.default_rng(seed)
    ours, theirs = layers(
        "Transformer",
        *(6, 2, 1, 2, 5, 0.0),
        batch_first=first,
        norm_first=norm_first,
    )
    shapes = [(N, n, 6) if first else (n, N, 6) for n in (S, T)]
    src, tgt = (rng.standard_normal(shape) for shape in shapes)
    g = rng.standard_normal(shapes[1])
    for array in (src, tgt, g):
        array.flags.writeable = False
    tensors = [torch.tensor(x, requires_grad=True) for x in (src, tgt)]
    y = theirs(*tensors)
    y.backward(torch.tensor(g))
    found = [
        (ours(src, tgt), y.detach()),
        *zip(ours.backward(g), (x.grad for x in tensors), strict=True),
        *(
            (a.grad, b.grad)
            for a, b in zip(ours.parameters(), theirs.parameters(), strict=True)
        ),
    ]
    for a, b in found:
        scale = max([1.0, *np.abs(b.numpy()).ravel()])
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-9 * scale)


def test_strided_inputs_are_as_good_as_any(rng):
    ours, _ = layers("TransformerDecoderLayer", 6, 2, 5, 0.0)
    wide = rng.standard_normal((3, 8, 3, 6))
    tgt, memory, g = wide[0, ::2], wide[1], wide[2, 1::2]
    y = ours(tgt, memory)
    grads = ours.backward(g)
    np.testing.assert_allclose(ours(tgt.copy(), memory.copy()), y, rtol=0, atol=1e-12)
    for a, b in zip(ours.backward(g.copy()), grads, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(rng, dtype):
    model = nn.Transformer(6, 2, 1, 1, 5, dtype=dtype)
    src, tgt = (rng.standard_normal((n, 2, 6)).astype(dtype) for n in (4, 3))
    y = model(src, tgt)
    arrays = y, *model.backward(y), *(p.grad for p in model.parameters())
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}


@pytest.mark.parametrize("kind", NAMES[:2])
def test_module_as_activation_is_a_member(kind):
    ours = getattr(nn, kind)(4, 2, 8, activation=nn.ELU(0.5))
    theirs = getattr(torch.nn, kind)(4, 2, 8, activation=torch.nn.ELU(0.5))
    assert repr(ours) == repr(theirs)
    assert "activation" not in repr(getattr(nn, kind)(4, 2, 8))


def test_copies_of_a_decoder_layer_keep_their_activation(rng):
    """Those of torch 2.13 forget one that is a module, and use ReLU instead."""
    tgt, memory = rng.standard_normal((2, 3, 2, 4))
    ours = nn.TransformerDecoderLayer(4, 2, 8, 0.0, nn.Tanh())
    theirs = torch.nn.TransformerDecoderLayer(4, 2, 8, 0.0, torch.nn.Tanh())
    ours, theirs = same(ours, theirs)
    stack = nn.TransformerDecoder(ours, 1)
    expected = theirs(torch.from_numpy(tgt), torch.from_numpy(memory)).detach()
    np.testing.assert_allclose(stack(tgt, memory), expected, rtol=0, atol=1e-12)
    assert copy.deepcopy(theirs).activation is torch.nn.functional.relu


def test_custom_stacks_are_run_as_they_are(rng):
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8), 1)
    model = nn.Transformer(4, 2, custom_encoder=encoder, num_decoder_layers=1)
    assert model.encoder is encoder
    x = rng.standard_normal((3, 2, 4)).astype("f")
    model(x, x)
    model.backward(x)
    assert encoder.layers[0].linear1.weight.grad is not None


@pytest.mark.parametrize("kind", NAMES[:2])
@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"activation": "tanh"}, ValueError, 'expects activation "relu", "gelu" or'),
        ({"activation": np.tanh}, TypeError, "or a module, got ufunc"),
        ({"nhead": 3}, ValueError, "num_heads to divide embed_dim"),
        ({"dropout": 1.5}, ValueError, "probability p in"),
    ],
)
def test_bad_settings_are_refused(kind, kwargs, error, message):
    settings = {"d_model": 4, "nhead": 2, "dim_feedforward": 8, **kwargs}
    if error is ValueError:
        with pytest.raises((ValueError, RuntimeError, AssertionError)):
            getattr(torch.nn, kind)(**settings)
    with pytest.raises(error, match=message):
        getattr(nn, kind)(**settings)


X = (3, 2, 4)
REFUSED = [
    (NAMES[0], [(3, 2, 5)], {}),
    (NAMES[0], [(1, 3, 2, 4)], {}),
    (NAMES[0], [(4,)], {}),
    (NAMES[0], [X], {"src_mask": (2, 3)}),
    (NAMES[0], [X], {"src_key_padding_mask": (3, 2)}),
    (NAMES[0], [X], {"is_causal": True}),
    (NAMES[1], [X, (3, 2, 5)], {}),
    (NAMES[1], [X, (3, 1, 4)], {}),
    (NAMES[1], [X, (3, 4)], {}),
    (NAMES[1], [X, (5, 2, 4)], {"memory_mask": (3, 3)}),
    (NAMES[1], [X, (5, 2, 4)], {"memory_key_padding_mask": (2, 3)}),
    (NAMES[1], [X, X], {"memory_is_causal": True}),
]


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize(("kind", "shapes", "masks"), REFUSED)
def test_what_torch_refuses_leaves_the_last_pass_as_it_was(
    rng, kind, shapes, masks, norm_first
):
    ours, theirs = layers(kind, 4, 2, 8, 0.0, norm_first=norm_first)
    good = [rng.standard_normal(X) for _ in shapes]
    g = rng.standard_normal(X)
    ours(*good)
    expected = ours.backward(g)

    def given(zeros):
        return {k: v if v is True else zeros(v) for k, v in masks.items()}

    with pytest.raises((RuntimeError, AssertionError, IndexError)):
        theirs(
            *(torch.zeros(shape, dtype=torch.float64) for shape in shapes),
            **given(lambda shape: torch.zeros(shape, dtype=torch.bool)),
        )
    with pytest.raises(ValueError, match="expects"):
        ours(
            *(np.zeros(shape) for shape in shapes),
            **given(lambda shape: np.zeros(shape, bool)),
        )
    for a, b in zip(ours.backward(g), expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("src", "tgt", "message"),
    [
        ((3, 2, 5), (3, 2, 4), r"src expects \(S, N, 4\) or \(S, 4\), got \(3, 2, 5\)"),
        ((3, 2, 4), (3, 2, 5), r"tgt expects \(T, 2, 4\), got \(3, 2, 5\)"),
        ((3, 2, 4), (3, 1, 4), r"tgt expects \(T, 2, 4\), got \(3, 1, 4\)"),
        ((3, 4), (3, 1, 4), r"tgt expects \(T, 4\), got \(3, 1, 4\)"),
    ],
)
def test_sequences_that_torch_refuses_are_refused(src, tgt, message):
    ours, theirs = layers("Transformer", 4, 2, 1, 1, 8)
    with pytest.raises((RuntimeError, AssertionError)):
        theirs(torch.zeros(src).double(), torch.zeros(tgt).double())
    with pytest.raises(ValueError, match=f"Transformer {message}"):
        ours(np.zeros(src), np.zeros(tgt))


def test_another_dtype_is_refused():
    with pytest.raises(TypeError, match="expects float32, got float64"):
        nn.TransformerEncoderLayer(4, 2, 8)(np.zeros((3, 2, 4)))
    with pytest.raises(TypeError, match="tgt expects a floating-point array, got int"):
        nn.Transformer(4, 2, 1, 1, 8)(
            np.zeros((3, 2, 4), "f"), np.zeros((3, 2, 4), int)
        )


@pytest.mark.parametrize("kind", NAMES[:2])
def test_gradients_that_do_not_fit_are_refused(kind):
    layer = getattr(nn, kind)(4, 2, 8)
    x = np.zeros((3, 2, 4), "f")
    with pytest.raises(RuntimeError, match="needs a forward pass first"):
        layer.backward(x)
    layer(*(x, x)[: 1 + (kind == NAMES[1])])
    with pytest.raises(ValueError, match="expects a gradient of shape"):
        layer.backward(x[:2])
