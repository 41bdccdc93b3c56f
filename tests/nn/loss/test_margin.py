"""MultiMarginLoss, MultiLabelMarginLoss and MultiLabelSoftMarginLoss beside torch's."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnet.nn.loss import (
    MultiLabelMarginLoss,
    MultiLabelSoftMarginLoss,
    MultiMarginLoss,
)

REDUCTIONS = ["mean", "sum", "none"]
each_reduction = pytest.mark.parametrize("reduction", REDUCTIONS)
WEIGHT = np.array([0.3, 2.0, 1.1, 0.7, 0.0])
C = 5


def normal(shape, seed=0):
    return np.asarray(np.random.default_rng(seed).normal(size=shape))


def integers(low, high, shape, seed=9):
    return np.asarray(np.random.default_rng(seed).integers(low, high, shape))


# MultiMarginLoss ------------------------------------------------------------------


@each_reduction
@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("margin", [1.0, 0.5, 0.0, -0.5])
@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize(
    ("shape", "target"), [((6, C), (6,)), ((C,), ()), ((C,), (1,)), ((1, C), ())]
)
def test_multi_margin_is_torchs(agree, reduction, p, margin, weight, shape, target):
    chosen = {"p": p, "margin": margin, "weight": weight, "reduction": reduction}
    agree("MultiMarginLoss", chosen, normal(shape), integers(0, C, target))


@each_reduction
def test_multi_margin_of_a_lone_score(agree, reduction):
    chosen = {"reduction": reduction}
    agree("MultiMarginLoss", chosen, normal(()), np.array(0))
    assert MultiMarginLoss()(np.float64(3), np.array(0)) == 0


@pytest.mark.parametrize("p", [1, 2])
def test_multi_margin_at_the_margin(agree, p):
    x, t = np.array([[1.0, 0.0, 0.25, -3.0], [0.5, 1.5, 0.5, 0.75]]), np.array([0, 1])
    agree("MultiMarginLoss", {"p": p, "reduction": "none"}, x, t)


def test_multi_margin_of_no_samples():
    x, t = np.zeros((0, 3)), np.zeros(0, int)
    assert MultiMarginLoss(reduction="none")(x, t).shape == (0,)
    criterion = MultiMarginLoss(reduction="sum")
    assert criterion(x, t) == 0
    assert criterion.backward().shape == (0, 3)


@pytest.mark.parametrize("p", [0, 3, 1.5])
def test_power_that_does_not_exist(p):
    with pytest.raises(ValueError, match=f"p to be 1 or 2, got {p}"):
        MultiMarginLoss(p=p)


def test_multi_margin_weight_of_another_shape():
    with pytest.raises(ValueError, match=r"weight expects \(C,\), got \(2, 2\)"):
        MultiMarginLoss(weight=np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"weight expects \(5,\), got \(4,\)"):
        MultiMarginLoss(weight=np.ones(4))(normal((2, C)), np.array([0, 1]))
    with pytest.raises(TypeError, match="weight expects float64, got float32"):
        MultiMarginLoss(weight=np.ones(C, "f"))(normal((2, C)), np.array([0, 1]))


@pytest.mark.parametrize(
    ("shape", "target"),
    [((5, 10), (3,)), ((2, 3), (2, 1)), ((2, 3), ()), ((3,), (3,)), ((1, 3), (1, 1))],
)
def test_multi_margin_target_of_another_shape(shape, target):
    x, t = normal(shape), np.zeros(target, int)
    with pytest.raises(ValueError, match="MultiMarginLoss target expects"):
        MultiMarginLoss()(x, t)
    with pytest.raises(RuntimeError):
        torch.nn.MultiMarginLoss()(torch.tensor(x), torch.tensor(t))


@pytest.mark.parametrize("wrong", [-1, C])
def test_multi_margin_target_that_is_no_class(wrong):
    with pytest.raises(IndexError, match=f"classes from 0 to 4, got {wrong}"):
        MultiMarginLoss()(normal((2, C)), np.array([0, wrong]))


# MultiLabelMarginLoss -------------------------------------------------------------

LABELS = np.array(
    [
        [3, 0, -1, 1, 2],
        [-1, 2, 1, 0, 3],
        [4, 3, 2, 1, 0],
        [2, 2, 0, 2, -1],
        [1, -1, 1, -1, 1],
    ]
)


@each_reduction
def test_multilabel_margin_is_torchs(agree, reduction):
    chosen = {"reduction": reduction}
    agree("MultiLabelMarginLoss", chosen, normal((5, C)), LABELS)
    for row in LABELS:
        agree("MultiLabelMarginLoss", chosen, normal(C), row)
    agree("MultiLabelMarginLoss", chosen, normal((5, 10)), integers(0, 10, (5, 10)))


def test_multilabel_margin_at_the_margin(agree):
    x = np.array([[1.0, 0.0, 0.25, -3.0], [0.5, 1.5, 0.5, 0.5]])
    agree(
        "MultiLabelMarginLoss", {"reduction": "none"}, x, np.array([[0, 1, -1, 2]] * 2)
    )


@pytest.mark.parametrize("planted", [np.inf, -np.inf])
def test_multilabel_margin_of_infinities(agree, planted):
    x = normal((5, C))
    x[0, 1] = x[2, 0] = x[3, 2] = planted
    agree("MultiLabelMarginLoss", {"reduction": "sum"}, x, LABELS)


def test_multilabel_margin_of_nothing():
    assert MultiLabelMarginLoss()(np.float64(3), np.array(0)) == 0
    criterion = MultiLabelMarginLoss(reduction="sum")
    assert criterion(np.zeros((0, 3)), np.zeros((0, 3), int)) == 0
    assert criterion.backward().shape == (0, 3)


@pytest.mark.parametrize(
    ("shape", "target"),
    [((3,), (1, 3)), ((1, 3), (3,)), ((2, 3), (2, 2)), ((3,), (2,))],
)
def test_multilabel_margin_target_of_another_shape(shape, target):
    x, t = normal(shape), np.zeros(target, int)
    with pytest.raises(ValueError, match="MultiLabelMarginLoss target expects"):
        MultiLabelMarginLoss()(x, t)
    with pytest.raises(RuntimeError):
        torch.nn.MultiLabelMarginLoss()(torch.tensor(x), torch.tensor(t))


@pytest.mark.parametrize("wrong", [-2, 3])
def test_multilabel_margin_target_that_is_no_class(wrong):
    t = np.array([0, -1, wrong])
    with pytest.raises(IndexError, match=f"classes from -1 to 2, got {wrong}"):
        MultiLabelMarginLoss()(normal(3), t)
    with pytest.raises(RuntimeError, match="out of range"):
        torch.nn.MultiLabelMarginLoss()(torch.rand(3), torch.tensor(t))


@pytest.mark.parametrize("dtype", list("bBhHiIqQ"))
@pytest.mark.parametrize("loss", [MultiMarginLoss, MultiLabelMarginLoss])
def test_targets_of_any_integer_type(loss, dtype):
    x = normal((3, C))
    t = (
        np.array([0, 4, 1])
        if loss is MultiMarginLoss
        else np.array([[0, 4, 1, 1, 2]] * 3)
    )
    plain, other = loss(), loss()
    assert other(x, t.astype(dtype)) == plain(x, t)
    np.testing.assert_array_equal(other.backward(), plain.backward())


@pytest.mark.parametrize("loss", [MultiMarginLoss, MultiLabelMarginLoss])
@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 0), (0,)], ids=str)
def test_input_that_is_not_scores(loss, shape):
    with pytest.raises(ValueError, match=r"expects \(C,\) or \(N, C\), C of 1 or more"):
        loss()(np.zeros(shape), np.zeros(shape, int))
    with pytest.raises(RuntimeError, match="non-empty vector or matrix"):
        getattr(torch.nn, loss.__name__)()(
            torch.zeros(shape), torch.zeros(shape, dtype=torch.int64)
        )


@pytest.mark.parametrize("loss", [MultiMarginLoss, MultiLabelMarginLoss])
def test_target_that_does_not_hold_integers(loss):
    with pytest.raises(TypeError, match="target expects integers, got float64"):
        loss()(normal((3,)), np.zeros(3))


# MultiLabelSoftMarginLoss ---------------------------------------------------------


@each_reduction
@pytest.mark.parametrize("weight", [None, WEIGHT, WEIGHT[:1]])
@pytest.mark.parametrize("shape", [(6, C), (C,), (2, 3, C), (0, C)], ids=str)
def test_multilabel_soft_margin_is_torchs(agree, reduction, weight, shape):
    chosen = {"weight": weight, "reduction": reduction}
    for target in (integers(0, 2, shape), normal(shape, 3)):
        agree("MultiLabelSoftMarginLoss", chosen, 10 * normal(shape), target)


@pytest.mark.parametrize("target", [(C,), (1, C), (3, 1), ()], ids=str)
def test_multilabel_soft_margin_broadcasts_the_target(agree, target):
    agree("MultiLabelSoftMarginLoss", {}, normal((3, C)), integers(0, 2, target))


def test_multilabel_soft_margin_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"target expects a shape that broadcasts"):
        MultiLabelSoftMarginLoss()(normal((2, C)), np.zeros((3, C)))
    with pytest.raises(ValueError, match=r"weight expects a shape that broadcasts"):
        MultiLabelSoftMarginLoss(np.ones(4))(normal((2, C)), np.zeros((2, C)))
    with pytest.raises(ValueError, match=r"expects \(\.\.\., C\), got \(\)"):
        MultiLabelSoftMarginLoss()(np.float64(1), np.float64(1))


def test_multilabel_soft_margin_weight_is_converted():
    x, y = normal((3, C)).astype("f"), integers(0, 2, (3, C))
    criterion = MultiLabelSoftMarginLoss(WEIGHT, reduction="none")
    assert criterion(x, y).dtype == np.float32
    assert criterion.backward(np.ones(3)).dtype == np.float32


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_any_shape(agree, data):
    N, classes = data.draw(st.integers(1, 5), "N"), data.draw(st.integers(1, 6), "C")
    seed = data.draw(st.integers(0, 99), "seed")
    # Quarters, so that margins are hit exactly.
    x = np.round(4 * normal((N, classes), seed)) / 4
    chosen = {"reduction": data.draw(st.sampled_from(REDUCTIONS), "reduction")}
    labels = integers(-1, classes, (N, classes), seed)
    agree("MultiLabelMarginLoss", chosen, x, labels, float32=False)
    y = integers(0, 2, (N, classes), seed)
    agree("MultiLabelSoftMarginLoss", chosen, x, y, float32=False)
    chosen["p"] = data.draw(st.sampled_from([1, 2]), "p")
    chosen["margin"] = data.draw(st.sampled_from([0.25, 1.0]), "margin")
    t = integers(0, classes, N, seed)
    agree("MultiMarginLoss", chosen, x, t, float32=False)
