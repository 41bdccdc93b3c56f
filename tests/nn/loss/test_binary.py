"""BCELoss, BCEWithLogitsLoss and SoftMarginLoss beside torch's."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnet.nn import loss as losses
from scratchnet.nn.loss import BCELoss, BCEWithLogitsLoss, SoftMarginLoss

REDUCTIONS = ["mean", "sum", "none"]
NAMES = ["BCELoss", "BCEWithLogitsLoss"]
RNG = np.random.default_rng(3)
# Either sign: torch takes negative weights too.
WEIGHTS = {
    "(10,)": RNG.normal(size=10),
    "()": np.array(-1.3),
    "(15, 1)": RNG.normal(size=(15, 1)),
}


def draw(name, shape, seed=0):
    """Return an input and a target, hard and soft ones mixed."""
    rng = np.random.default_rng(seed)
    logits, y = 3 * rng.normal(size=shape), rng.random(shape)
    y = np.asarray(np.where(y < 0.4, 0.0, np.where(y > 0.7, 1.0, y)))
    return np.asarray(1 / (1 + np.exp(-logits)) if name == "BCELoss" else logits), y


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(), (5,), (15, 10), (2, 3, 4), (0, 3)], ids=str)
def test_is_torchs(agree, name, reduction, shape):
    agree(name, {"reduction": reduction}, *draw(name, shape))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weight", WEIGHTS)
def test_weight_is_torchs(agree, name, reduction, weight):
    chosen = {"weight": WEIGHTS[weight], "reduction": reduction}
    agree(name, chosen, *draw(name, (15, 10)))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weight", [None, *WEIGHTS])
@pytest.mark.parametrize("pos_weight", WEIGHTS)
def test_pos_weight_is_torchs(agree, reduction, weight, pos_weight):
    chosen = {
        "weight": WEIGHTS.get(weight),
        "reduction": reduction,
        "pos_weight": np.abs(WEIGHTS[pos_weight]),
    }
    agree("BCEWithLogitsLoss", chosen, *draw("BCEWithLogitsLoss", (15, 10)))


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_any_shape(agree, data):
    shape = tuple(data.draw(st.lists(st.integers(1, 4), max_size=4), "shape"))
    seed = data.draw(st.integers(0, 99), "seed")
    reduction = data.draw(st.sampled_from(REDUCTIONS), "reduction")
    for name in NAMES:
        agree(name, {"reduction": reduction}, *draw(name, shape, seed), float32=False)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(), (5, 5), (2, 3, 4), (0,)], ids=str)
def test_soft_margin_is_torchs(agree, reduction, shape):
    x, y = draw("SoftMarginLoss", shape)
    # Not only 1 and -1: torch takes any number.
    for target in (np.asarray(np.sign(y - 0.5)), y):
        agree("SoftMarginLoss", {"reduction": reduction}, x, target)


@pytest.mark.parametrize("target", [(3,), (1, 3), (2, 1), ()])
def test_soft_margin_repeats_a_smaller_target(agree, target):
    x, _ = draw("SoftMarginLoss", (2, 3))
    y = np.where(draw("SoftMarginLoss", target, 1)[0] > 0, 1.0, -1.0)
    agree("SoftMarginLoss", {}, x, np.asarray(y))


# Edges ------------------------------------------------------------------------

EDGES = np.array([0.0, 1.0, 0.0, 1.0, 1e-30, 1e-13, 1e-40, 0.5, 0.5, 0.0, 1.0])
TARGETS = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.3, 0.0, 0.5, 0.2, 0.5, 0.5])


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_probabilities_of_zero_and_one(agree, reduction):
    agree("BCELoss", {"reduction": reduction}, EDGES, TARGETS)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_certainty_stays_finite(dtype):
    criterion = BCELoss(reduction="none")
    losses = criterion(np.array([0, 1, 0, 1], dtype), np.array([0, 1, 1, 0], dtype))
    np.testing.assert_array_equal(losses, [0, 0, 100, 100])
    grads = criterion.backward(np.ones(4))
    np.testing.assert_allclose(grads, [0, 0, -1e12, 1e12], rtol=1e-7)


@pytest.mark.parametrize("pos_weight", [None, np.array(3.0)])
def test_extreme_logits(agree, pos_weight):
    big = [0.0, 1e-3, 40.0, 200.0, 1e4, 1e30, np.inf]
    x, y = (
        np.ravel(a) for a in np.meshgrid(np.array([-1, 1])[:, None] * big, [0, 0.5, 1])
    )
    chosen = {"reduction": "none", "pos_weight": pos_weight}
    agree("BCEWithLogitsLoss", chosen, x, y)
    agree("BCEWithLogitsLoss", chosen, np.array([np.nan, 1.0]), np.array([1.0, 0.0]))


def test_small_losses_keep_their_digits():
    criterion = BCEWithLogitsLoss(reduction="none")
    loss = criterion(np.array([40.0]), np.array([1.0]))
    np.testing.assert_allclose(loss, np.exp(-40), rtol=1e-14)
    criterion(np.array([-40.0]), np.array([0.0]))
    np.testing.assert_allclose(criterion.backward(np.ones(1)), np.exp(-40), rtol=1e-14)


def test_soft_margin_far_on_either_side(agree):
    x = np.array([0.0, 1e4, -1e4, np.inf, np.nan, 80.0, -80.0, 1e4])
    y = np.array([1.0, 1.0, -1.0, 1.0, 1.0, -1.0, 1.0, 0.0])
    agree("SoftMarginLoss", {"reduction": "none"}, x, y)
    # Here torch has overflowed.
    criterion = SoftMarginLoss(reduction="none")
    wrong = criterion(np.array([1e4, -1e4, -np.inf]), np.array([-1.0, 1.0, 1.0]))
    np.testing.assert_array_equal(wrong, [1e4, 1e4, np.inf])
    np.testing.assert_array_equal(criterion.backward(np.ones(3)), [1, -1, -1])


# Refusals -----------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_target_of_another_shape(name):
    ours, theirs = getattr(losses, name)(), getattr(torch.nn, name)()
    with pytest.raises(ValueError, match=r"target expects \(3,\), got \(3, 1\)"):
        ours(np.full(3, 0.5), np.zeros((3, 1)))
    with pytest.raises(ValueError):
        theirs(torch.rand(3), torch.rand(3, 1))


@pytest.mark.parametrize("name", NAMES)
def test_target_of_integers(name):
    with pytest.raises(TypeError, match="target expects"):
        getattr(losses, name)()(np.full(3, 0.5), np.zeros(3, int))


def test_bce_target_of_another_dtype():
    with pytest.raises(TypeError, match="target expects float32, got float64"):
        BCELoss()(np.full(3, 0.5, np.float32), np.zeros(3))


def test_logits_convert_the_target():
    x = np.array([0.5, -1.0], np.float32)
    assert BCEWithLogitsLoss()(x, np.array([0.5, 1.0])).dtype == np.float32


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("BCELoss", ["weight"]),
        ("BCEWithLogitsLoss", ["weight"]),
        ("BCEWithLogitsLoss", ["pos_weight"]),
    ],
)
@pytest.mark.parametrize("shape", [(2,), (2, 3), (1, 3)])
def test_weight_that_does_not_fit(name, settings, shape):
    criterion = getattr(losses, name)(**{key: np.ones(shape) for key in settings})
    with pytest.raises(ValueError, match=f"{settings[0]} expects a shape that"):
        criterion(np.full(3, 0.5), np.zeros(3))


@pytest.mark.parametrize("bad", [-0.1, 1.5, np.nan])
def test_what_is_no_probability(bad):
    fine, wrong = np.array([0.5, 0.5]), np.array([0.5, bad])
    with pytest.raises(ValueError, match=f"input expects .* 0 and 1, got {bad}"):
        BCELoss()(wrong, fine)
    with pytest.raises(ValueError, match=f"target expects .* 0 and 1, got {bad}"):
        BCELoss()(fine, wrong)
    for pair in [(wrong, fine), (fine, wrong)]:
        with pytest.raises(RuntimeError, match="between 0 and 1"):
            torch.nn.BCELoss()(*map(torch.tensor, pair))


@pytest.mark.parametrize("shape", [(2, 3), (2,), (1, 3)])
def test_soft_margin_target_larger_than_the_input(shape):
    with pytest.raises(ValueError, match="target expects a shape that broadcasts"):
        SoftMarginLoss()(np.zeros(3), np.ones(shape))
    with pytest.raises(RuntimeError):
        torch.nn.SoftMarginLoss()(torch.zeros(3), torch.ones(shape))


def test_a_weight_without_dimensions_can_be_loaded():
    criterion = BCELoss(weight=np.float64(2.0))
    criterion.load_state_dict({"weight": np.array(3.0)})
    assert criterion(np.full(4, 0.5), np.ones(4)) == 3 * np.log(2)
