"""KLDivLoss, PoissonNLLLoss and GaussianNLLLoss beside torch's."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnet.nn.loss import GaussianNLLLoss, KLDivLoss, PoissonNLLLoss

REDUCTIONS = ["mean", "sum", "none"]
SHAPES = [(), (5,), (10, 10), (2, 3, 4, 5), (0, 3)]
each_reduction = pytest.mark.parametrize("reduction", REDUCTIONS)
each_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)
torch_warns_of_the_mean = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
# Both sides repeat what differs in shape; only ours says so.
broadcasting = pytest.mark.filterwarnings("ignore:.*give them one shape")


def normal(shape, seed=0):
    return np.asarray(2 * np.random.default_rng(seed).normal(size=shape))


def counts(shape, seed=1):
    return np.asarray(np.random.default_rng(seed).poisson(2, shape), float)


# KLDivLoss ----------------------------------------------------------------------


@torch_warns_of_the_mean
@pytest.mark.parametrize("reduction", [*REDUCTIONS, "batchmean"])
@pytest.mark.parametrize("log_target", [False, True])
@pytest.mark.parametrize("shape", [*SHAPES[:4]], ids=str)
def test_kl_is_torchs(agree, reduction, log_target, shape):
    y = normal(shape, 1) if log_target else np.abs(normal(shape, 1))
    agree(
        "KLDivLoss",
        {"reduction": reduction, "log_target": log_target},
        normal(shape),
        y,
    )


def test_kl_edges(agree):
    chosen = {"reduction": "none"}
    x = np.array([0.0, -np.inf, -np.inf, np.nan, 0.0, 1.0, -1.0])
    y = np.array([0.0, 0.0, 0.5, 0.0, -1.0, np.nan, 1e-300])
    agree("KLDivLoss", chosen, x, y)
    y = np.array([-np.inf, -np.inf, 0.5, 0.0, -1000.0, 50.0, np.nan])
    agree("KLDivLoss", {**chosen, "log_target": True}, x, y)


@broadcasting
@pytest.mark.parametrize(
    ("shape", "target"), [((3, 1), (3, 4)), ((1, 3), (4, 3)), ((3,), (4, 3))]
)
def test_kl_broadcasts(agree, shape, target):
    chosen = {"reduction": "batchmean"}
    agree("KLDivLoss", chosen, normal(shape), np.abs(normal(target)))


def test_kl_of_a_distribution_from_itself_is_zero():
    y = np.exp(normal((3, 4)))
    np.testing.assert_array_equal(KLDivLoss(reduction="none")(np.log(y), y), 0)


def test_kl_target_of_integers():
    with pytest.raises(TypeError, match="KLDivLoss target expects a floating-point"):
        KLDivLoss()(normal((3,)), np.ones(3, int))
    with pytest.raises(RuntimeError, match="Integral"):
        torch.nn.KLDivLoss(reduction="sum")(torch.rand(3), torch.ones(3, dtype=int))


# PoissonNLLLoss -------------------------------------------------------------------


@each_reduction
@each_shape
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("log_input", [False, True])
def test_poisson_is_torchs(agree, reduction, shape, full, log_input):
    x = normal(shape) if log_input else np.abs(normal(shape)) + 1e-3
    chosen = {"log_input": log_input, "full": full, "reduction": reduction}
    agree("PoissonNLLLoss", chosen, x, counts(shape))


def test_poisson_eps(agree):
    x, y = np.array([0.0, 1e-9, 0.3, 0.0]), np.array([1.0, 2.0, 3.0, 0.0])
    for eps in (1e-8, 0.5):
        chosen = {"log_input": False, "eps": eps, "reduction": "none"}
        agree("PoissonNLLLoss", chosen, x, y)


def test_poisson_edges(agree):
    x = np.array([0.0, -np.inf, -1000.0, 30.0, np.nan, 1.0, 1.0, 1.0])
    y = np.array([0.0, 2.0, 0.0, 1.0, 1.0, 1.0, 1.5, np.nan])
    agree("PoissonNLLLoss", {"full": True, "reduction": "none"}, x, y)


@broadcasting
def test_poisson_broadcasts_and_counts_integers(agree):
    # Without `full`: torch takes the logarithm of an integer in float32.
    agree("PoissonNLLLoss", {}, normal((3, 1)), counts((4,)).astype(int))


def test_poisson_overflows_in_silence():
    criterion = PoissonNLLLoss()
    assert criterion(np.array([1e4]), np.array([1.0])) == np.inf
    assert criterion.backward() == np.inf


# GaussianNLLLoss ------------------------------------------------------------------

VARIANCES = [
    ((4, 3), (4, 3)),
    ((4, 3), (4, 1)),
    ((4, 3), (1, 3)),
    ((4, 3), (4,)),
    ((2, 3, 4), (2, 1, 4)),
    ((2, 3, 4), (2, 3)),
    ((1, 3), (1,)),
    ((3,), ()),
    ((), ()),
]


@each_reduction
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("shape", "var_shape"), VARIANCES)
def test_gaussian_is_torchs(agree, reduction, full, shape, var_shape):
    var = np.abs(normal(var_shape, 2)) + 0.1
    agree(
        "GaussianNLLLoss",
        {"full": full, "reduction": reduction},
        *(normal(shape), normal(shape, 1), np.asarray(var)),
        predictions=(0, 2),
    )


@pytest.mark.parametrize("eps", [1e-6, 0.5])
def test_gaussian_holds_the_variance_above_eps(agree, eps):
    var = np.array([0.0, 1e-9, 0.4999, 0.5, 2.0, 1e8])
    chosen = {"eps": eps, "reduction": "none"}
    agree("GaussianNLLLoss", chosen, normal(6), normal(6, 1), var, predictions=(0, 2))


@broadcasting
@pytest.mark.parametrize("target", [(4, 1), (3,), (2, 4, 3)])
def test_gaussian_broadcasts_the_target(agree, target):
    var = np.abs(normal((4, 1), 2)) + 0.1
    inputs = normal((4, 3)), normal(target, 1), var
    agree("GaussianNLLLoss", {}, *inputs, predictions=(0, 2))


def test_gaussian_variance_may_be_a_number():
    x, y = normal((4, 3)), normal((4, 3), 1)
    number, array = GaussianNLLLoss(), GaussianNLLLoss()
    assert number(x, y, 0.7) == array(x, y, np.full((4, 3), 0.7))
    grad_x, grad_var = number.backward()
    assert grad_var is None
    np.testing.assert_array_equal(grad_x, array.backward()[0])


@pytest.mark.parametrize(
    ("shape", "var_shape"),
    [((2, 3), s) for s in [(1, 1), (3,), (1,), (), (2, 2), (2, 3, 1)]]
    + [((), (1,)), ((1,), (1, 1)), ((1, 3), (2, 3)), ((2, 3, 4), (2, 1, 1))],
)
def test_gaussian_variance_of_another_shape(shape, var_shape):
    with pytest.raises(ValueError, match="var expects the input's shape"):
        GaussianNLLLoss()(normal(shape), normal(shape), np.ones(var_shape))
    with pytest.raises(ValueError, match="incorrect size"):
        torch.nn.GaussianNLLLoss()(
            torch.ones(shape), torch.ones(shape), torch.ones(var_shape)
        )


@pytest.mark.parametrize("var", [np.array([1.0, -0.5]), -0.5])
def test_gaussian_negative_variance(var):
    with pytest.raises(ValueError, match="no negative number, got -0.5"):
        GaussianNLLLoss()(normal(2), normal(2), var)


@pytest.mark.parametrize("var", [1, [1.0, 1.0], np.ones(2, int)])
def test_gaussian_variance_that_is_no_array(var):
    with pytest.raises(TypeError, match="var expects a floating-point array"):
        GaussianNLLLoss()(normal(2), normal(2), var)


# All -----------------------------------------------------------------------------


@torch_warns_of_the_mean
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_any_shape(agree, data):
    shape = tuple(data.draw(st.lists(st.integers(1, 4), max_size=4), "shape"))
    seed = data.draw(st.integers(0, 99), "seed")
    chosen = {"reduction": data.draw(st.sampled_from(REDUCTIONS), "reduction")}
    x, y = normal(shape, seed), normal(shape, seed + 1)
    var = np.asarray(np.abs(normal(shape, seed + 2)) + 0.01)
    agree("KLDivLoss", chosen, x, np.asarray(np.abs(y)), float32=False)
    agree("PoissonNLLLoss", chosen, x, counts(shape, seed), float32=False)
    agree("GaussianNLLLoss", chosen, x, y, var, predictions=(0, 2), float32=False)


@pytest.mark.parametrize("log_target", [False, True])
@pytest.mark.parametrize("reduction", ["sum", "mean", "none"])
@pytest.mark.parametrize("shapes", [((2, 3), (3,)), ((2, 3), ()), ((1, 3), (2, 1))])
@pytest.mark.filterwarnings("ignore")  # Both warn of the broadcast.
def test_kl_div_of_a_target_that_is_broadcast(shapes, reduction, log_target, rng):
    x, y = (rng.uniform(0.1, 1, shape) for shape in shapes)
    criterion = KLDivLoss(reduction=reduction, log_target=log_target)
    theirs = torch.nn.KLDivLoss(reduction=reduction, log_target=log_target)
    tensor = torch.tensor(x, requires_grad=True)
    loss, expected = criterion(x, y), theirs(tensor, torch.tensor(y))
    upstream = rng.standard_normal(np.shape(loss))
    expected.backward(torch.tensor(upstream))
    np.testing.assert_allclose(loss, expected.detach(), rtol=1e-12)
    np.testing.assert_allclose(criterion.backward(upstream), tensor.grad, rtol=1e-12)
