"""Linear, Bilinear and Identity: what parity does not show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scratchnet import manual_seed, nn

SEEDS = range(20)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("n_in", "n_out", "bias"), [(784, 128, True), (7, 3, False)])
def test_float32_starts_from_torchs_bits(seed, n_in, n_out, bias):
    manual_seed(seed)
    torch.manual_seed(seed)
    ours, theirs = nn.Linear(n_in, n_out, bias), torch.nn.Linear(n_in, n_out, bias)
    for (name, a), (_, b) in zip(
        ours.named_parameters(), theirs.named_parameters(), strict=True
    ):
        np.testing.assert_array_equal(a.data, b.detach().numpy(), err_msg=name)


def test_float64_starts_within_one_unit_of_torch():
    same = total = 0
    for seed in SEEDS:
        manual_seed(seed)
        torch.manual_seed(seed)
        ours = nn.Linear(784, 128, dtype=np.float64)
        theirs = torch.nn.Linear(784, 128, dtype=torch.float64)
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            expected = b.detach().numpy()
            assert np.all(np.abs(a.data - expected) <= np.spacing(np.abs(expected)))
            same += np.sum(a.data == expected)
            total += a.size
    assert same / total >= 0.998


@given(
    batch=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    n_in=st.integers(1, 6),
    n_out=st.integers(1, 6),
    bias=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**16),
)
def test_any_shape_and_upstream_gradient(batch, n_in, n_out, bias, dtype, seed):
    rng = np.random.default_rng(seed)
    ours = nn.Linear(n_in, n_out, bias, dtype)
    theirs = torch.nn.Linear(n_in, n_out, bias, dtype=torch.float64)
    theirs.load_state_dict(
        {k: torch.from_numpy(v.astype(float)) for k, v in ours.state_dict().items()}
    )
    x = rng.standard_normal((*batch, n_in)).astype(dtype)
    g = rng.standard_normal((*batch, n_out)).astype(dtype)
    torch_x = torch.from_numpy(x.astype(float)).requires_grad_()
    torch_y = theirs(torch_x)
    torch_y.backward(torch.from_numpy(g.astype(float)))

    y = ours(x)
    grad = ours.backward(g)
    eps = 40 * np.finfo(dtype).eps
    for a, b in [
        (y, torch_y.detach()),
        (grad, torch_x.grad),
        *(
            (p.grad, q.grad)
            for p, q in zip(ours.parameters(), theirs.parameters(), strict=True)
        ),
    ]:
        assert a.dtype == dtype
        scale = float(b.abs().max()) if b.numel() else 1.0
        np.testing.assert_allclose(
            a, b.numpy(), rtol=0, atol=eps * max(scale, 1e-30) * 4
        )


def test_strided_input_is_as_good_as_any(rng):
    layer = nn.Linear(5, 3, dtype=np.float64)
    x = rng.standard_normal((8, 10))[::2, ::2]
    g = rng.standard_normal((3, 4)).T
    y, grad = layer(x), layer.backward(g)
    weight_grad = layer.weight.grad
    layer.zero_grad()
    # Up to rounding: NumPy may sum it in another order.
    np.testing.assert_allclose(y, layer(x.copy()), rtol=1e-12)
    np.testing.assert_allclose(grad, layer.backward(g.copy()), rtol=1e-12)
    np.testing.assert_allclose(weight_grad, layer.weight.grad, rtol=1e-12)


def test_without_the_input_gradient_the_parameters_learn_the_same(rng):
    layer = nn.Linear(5, 3)
    g = rng.standard_normal((4, 3)).astype("f")
    layer(rng.standard_normal((4, 5)).astype("f"))
    layer.backward(g)
    expected = layer.weight.grad
    layer.zero_grad()
    assert layer.backward(g, input_grad=False) is None
    np.testing.assert_array_equal(layer.weight.grad, expected)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (
            np.zeros((64, 28, 28), "f"),
            ValueError,
            r"Linear expects \(\.\.\., 784\), got \(64, 28, 28\)",
        ),
        (np.zeros((), "f"), ValueError, r"Linear expects \(\.\.\., 784\), got \(\)"),
        (np.zeros((2, 784)), TypeError, "Linear expects float32, got float64"),
        (np.zeros((2, 784), int), TypeError, "Linear expects float32, got int64"),
        ([0.0] * 784, TypeError, "Linear expects float32, got list"),
    ],
)
def test_bad_input_is_refused_and_the_last_pass_kept(x, error, message):
    layer = nn.Linear(784, 10)
    layer(np.ones((3, 784), "f"))
    with pytest.raises(error, match=message):
        layer(x)
    assert layer.backward(np.ones((3, 10), "f")).shape == (3, 784)


@pytest.mark.parametrize("bias", [True, False])
def test_repr(bias):
    assert repr(nn.Linear(3, 2, bias)) == repr(torch.nn.Linear(3, 2, bias))
    assert repr(nn.Identity()) == repr(torch.nn.Identity())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bias", [True, False])
def test_bilinear_starts_from_torchs_bits(seed, bias):
    manual_seed(seed)
    torch.manual_seed(seed)
    ours, theirs = nn.Bilinear(7, 5, 3, bias), torch.nn.Bilinear(7, 5, 3, bias)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_array_equal(a.data, b.detach().numpy())


@pytest.mark.parametrize(
    ("shape1", "shape2", "message"),
    [
        ((5, 3), (5, 3), r"Bilinear input1 expects \(\.\.\., 2\), got \(5, 3\)"),
        ((5, 2), (5, 2), r"Bilinear input2 expects \(5, 3\), got \(5, 2\)"),
        ((5, 2), (6, 3), r"Bilinear input2 expects \(5, 3\), got \(6, 3\)"),
        ((1, 2), (5, 3), r"Bilinear input2 expects \(1, 3\), got \(5, 3\)"),
        ((5, 1, 2), (5, 3), r"Bilinear input2 expects \(5, 1, 3\), got \(5, 3\)"),
        ((), (), r"Bilinear input1 expects \(\.\.\., 2\), got \(\)"),
    ],
)
def test_bilinear_inputs_that_do_not_fit(shape1, shape2, message):
    with pytest.raises(ValueError, match=message):
        nn.Bilinear(2, 3, 4)(np.zeros(shape1, "f"), np.zeros(shape2, "f"))
    with pytest.raises((RuntimeError, IndexError)):
        torch.nn.Bilinear(2, 3, 4)(torch.zeros(shape1), torch.zeros(shape2))


def test_bilinear_takes_its_own_dtype_alone():
    layer = nn.Bilinear(2, 3, 4)
    x, z = np.zeros((5, 2), "f"), np.zeros((5, 3), "f")
    with pytest.raises(TypeError, match="input1 expects float32, got float64"):
        layer(x.astype(float), z)
    with pytest.raises(TypeError, match="input2 expects float32, got list"):
        layer(x, z.tolist())


@pytest.mark.parametrize("size", [0, -1])
def test_bilinear_needs_a_first_feature(size):
    with pytest.raises(ValueError, match=f"expects in1_features > 0, got {size}"):
        nn.Bilinear(size, 3, 4)


def test_bilinear_is_linear_in_each_input(rng):
    layer = nn.Bilinear(3, 4, 2, bias=False, dtype=np.float64)
    x, z = rng.standard_normal((5, 3)), rng.standard_normal((5, 4))
    np.testing.assert_allclose(layer(2 * x, -3 * z), -6 * layer(x, z), rtol=1e-13)
