"""NLLLoss and CrossEntropyLoss beside torch's."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnet.nn.loss import CrossEntropyLoss, NLLLoss

C = 4
LAYOUTS = [(C,), (6, C), (3, C, 5), (2, C, 3, 2), (2, C, 3, 1, 2, 2)]
REDUCTIONS = ["mean", "sum", "none"]
WEIGHT = np.array([0.3, 2.0, 1.1, 0.7])
BOTH = pytest.mark.parametrize("loss", [NLLLoss, CrossEntropyLoss])
SETTINGS = {
    "plain": {},
    "weight": {"weight": WEIGHT},
    "ignore": {"ignore_index": 2},
    "weight, ignore": {"weight": WEIGHT, "ignore_index": 2},
    "weight, ignore -1": {"weight": WEIGHT, "ignore_index": -1},
}
SMOOTHED = {
    f"{name}, smoothing": {**chosen, "label_smoothing": 0.15}
    for name, chosen in SETTINGS.items()
}


ALL_SETTINGS = {**SETTINGS, **SMOOTHED}


def named(table):
    """Return the entries of `table` as cases of a test, under their names."""
    return [pytest.param(value, id=name) for name, value in table.items()]


def scores(shape, seed=0):
    return 3 * np.random.default_rng(seed).normal(size=shape)


def classes(shape, ignored=None, seed=0):
    """Targets for scores of `shape`; with `ignored`, a third of them are that."""
    rng = np.random.default_rng(seed + 1)
    shape = shape[:1] + shape[2:] if len(shape) > 1 else ()
    target = rng.integers(0, C, shape)
    if ignored is not None and shape:
        target = np.where(rng.random(shape) < 0.3, ignored, target)
    return np.asarray(target)


def softmax(x):
    axis = min(x.ndim - 1, 1)
    return np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", LAYOUTS, ids=str)
@pytest.mark.parametrize("chosen", named(SETTINGS))
def test_nll_is_torchs(agree, chosen, shape, reduction):
    x, t = scores(shape), classes(shape, chosen.get("ignore_index", -100))
    agree("NLLLoss", {**chosen, "reduction": reduction}, x, t)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", LAYOUTS, ids=str)
@pytest.mark.parametrize("chosen", named(ALL_SETTINGS))
def test_cross_entropy_of_classes_is_torchs(agree, chosen, shape, reduction):
    x, t = scores(shape), classes(shape, chosen.get("ignore_index", -100))
    agree("CrossEntropyLoss", {**chosen, "reduction": reduction}, x, t)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", LAYOUTS, ids=str)
@pytest.mark.parametrize("name", ["plain", "weight", "weight, ignore -1"])
@pytest.mark.parametrize("smoothing", [0.0, 0.15, 1.0])
def test_cross_entropy_of_probabilities_is_torchs(
    agree, name, smoothing, shape, reduction
):
    chosen = {**SETTINGS[name], "label_smoothing": smoothing, "reduction": reduction}
    agree("CrossEntropyLoss", chosen, scores(shape), softmax(scores(shape, 5)))


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_probabilities_need_not_sum_to_one(agree, reduction):
    y = np.abs(scores((5, C, 2), 6))
    y[0], y[1, :, 1] = 0, 0.1
    chosen = {"weight": WEIGHT, "reduction": reduction}
    agree("CrossEntropyLoss", chosen, scores((5, C, 2)), y)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_shape_and_setting(agree, data):
    n_classes = data.draw(st.integers(1, 6), "C")
    rest = data.draw(st.lists(st.integers(1, 3), max_size=3), "d")
    shape = (data.draw(st.integers(1, 5), "N"), n_classes, *rest)
    rng = np.random.default_rng(data.draw(st.integers(0, 99), "seed"))
    ignored = data.draw(st.integers(-2, n_classes), "ignore_index")
    target = np.array(rng.integers(0, n_classes, (shape[0], *rest)))
    target.flat[rng.integers(0, target.size)] = ignored if ignored < n_classes else 0
    chosen = {
        "ignore_index": ignored,
        "reduction": data.draw(st.sampled_from(REDUCTIONS), "reduction"),
        "weight": data.draw(st.sampled_from([None, rng.random(n_classes) + 0.1])),
    }
    x = rng.normal(size=shape) * data.draw(st.sampled_from([0.01, 1.0, 30.0]), "scale")
    agree("NLLLoss", chosen, x, target, float32=False)
    chosen["label_smoothing"] = data.draw(st.sampled_from([0.0, 0.2, 1.0]), "smoothing")
    agree("CrossEntropyLoss", chosen, x, target, float32=False)


@BOTH
@pytest.mark.parametrize("dtype", list("bBhHiIqQ"))
def test_targets_of_any_integer_type(loss, dtype):
    x, t = scores((6, C)), classes((6, C))
    expected, criterion = loss()(x, t), loss()
    assert criterion(x, t.astype(dtype)) == expected
    assert criterion.backward().shape == x.shape


@BOTH
def test_unsigned_targets_may_be_ignored(loss):
    t = np.array([255, 1], np.uint8)
    x = scores((2, C))
    assert loss(ignore_index=255)(x, t) == loss()(x[1:], t[1:])


# Edges ------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_all_ignored(agree, loss, smoothing, weight, reduction):
    chosen = {"weight": weight, "reduction": reduction}
    if loss is CrossEntropyLoss:
        chosen["label_smoothing"] = smoothing
    x = scores((3, C))
    agree(loss.__name__, chosen, x, np.full(3, -100))
    criterion = loss(**chosen)
    output = criterion(x, np.full(3, -100))
    assert np.isnan(output) if reduction == "mean" else not np.any(output)
    assert not criterion.backward(np.ones_like(output)).any()


@BOTH
def test_an_unbatched_target_may_be_ignored(agree, loss):
    agree(loss.__name__, {"reduction": "none"}, scores((C,)), np.array(-100))
    agree(loss.__name__, {}, scores((C,)), np.array(-100))


@BOTH
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(0, C), (0, C, 2, 2), (2, C, 0)])
def test_empty_batch(agree, loss, reduction, shape):
    agree(loss.__name__, {"reduction": reduction}, np.zeros(shape), classes(shape))


@BOTH
def test_weights_that_sum_to_zero(agree, loss):
    chosen = {"weight": np.array([0.0, 0.0, 1.0, 1.0])}
    agree(loss.__name__, chosen, scores((3, C)), np.array([0, 1, -100]))


@BOTH
@pytest.mark.parametrize("chosen", named(SETTINGS))
def test_masked_logits(agree, loss, chosen):
    x = scores((3, C))
    x[:, 1] = -np.inf
    agree(loss.__name__, {**chosen, "reduction": "none"}, x, np.array([0, 3, 1]))
    agree(loss.__name__, chosen, x, np.array([0, 3, 3]))


@BOTH
def test_ignored_position_may_hold_anything(agree, loss):
    x = np.array([[-np.inf, -np.inf, -np.inf], [np.nan, np.inf, 0.0], [0.0, 1.0, 2.0]])
    agree(loss.__name__, {}, x, np.array([-100, -100, 0]))


@pytest.mark.parametrize("value", [1e4, 1e30, np.inf, np.nan])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_extreme_logits(agree, value, smoothing):
    x = np.array([[value, 0.0, -value], [-value, value, value], [0.0, -value, 1.0]])
    chosen = {"label_smoothing": smoothing, "reduction": "none"}
    agree("CrossEntropyLoss", chosen, x, np.array([0, 0, 2]))


def test_zero_weight_beside_a_masked_logit(agree):
    x = np.array([[-np.inf, 0.0, 0.0], [0.0, 1.0, 2.0]])
    chosen = {"weight": np.array([0.0, 1.0, 1.0])}
    for name in ("NLLLoss", "CrossEntropyLoss"):
        agree(name, chosen, x, np.array([0, 1]))
    chosen["label_smoothing"] = 0.1
    agree("CrossEntropyLoss", chosen, x, np.array([1, 1]))


def test_probability_zero_of_a_masked_logit(agree):
    agree(
        "CrossEntropyLoss",
        {},
        np.array([[0.0, -np.inf, 1.0]]),
        np.array([[0.5, 0, 0.5]]),
    )


@BOTH
def test_scores_that_are_not_contiguous(loss):
    x = scores((3, 5, 2, C)).transpose(0, 3, 2, 1)
    t = np.ascontiguousarray(classes((3, C, 5, 2))).transpose(0, 2, 1)
    ours, plain = loss(), loss()
    assert ours(x, t) == plain(x.copy(), t.copy())
    np.testing.assert_array_equal(ours.backward(), plain.backward())


# What the formula says, without torch --------------------------------------------


def test_smoothing_all_of_the_target_forgets_it():
    x = scores((5, C))
    criterion = CrossEntropyLoss(label_smoothing=1.0, reduction="none")
    a, b = criterion(x, np.zeros(5, int)), criterion(x, np.full(5, 3))
    np.testing.assert_array_equal(a, b)


def test_one_hot_probabilities_are_classes():
    x, t = scores((5, C)), classes((5, C))
    hard, soft = CrossEntropyLoss(), CrossEntropyLoss()
    np.testing.assert_allclose(hard(x, t), soft(x, np.eye(C)[t]), rtol=1e-15)
    np.testing.assert_allclose(hard.backward(), soft.backward(), rtol=1e-12, atol=1e-17)


def test_gradient_of_each_position_sums_to_zero():
    criterion = CrossEntropyLoss(weight=WEIGHT, label_smoothing=0.2)
    criterion(scores((5, C, 3)), classes((5, C, 3)))
    np.testing.assert_allclose(criterion.backward().sum(axis=1), 0, atol=1e-16)


# Refusals -----------------------------------------------------------------------

floats = np.zeros


def ints(*shape):
    return np.zeros(shape, int)


@BOTH
@pytest.mark.parametrize(
    ("x", "t", "message"),
    [
        (floats(()), ints(), r"expects \(C,\) or \(N, C, ...\), got \(\)"),
        (floats((3,)), ints(1), r"target expects \(\), got \(1,\)"),
        (floats((1, 3)), ints(), r"target expects \(1,\), got \(\)"),
        (floats((2, 3)), ints(2, 1), r"target expects \(2,\), got \(2, 1\)"),
        (floats((2, 3)), ints(3), r"target expects \(2,\), got \(3,\)"),
        (floats((2, 3, 5)), ints(2, 4), r"target expects \(2, 5\), got \(2, 4\)"),
        (floats((2, 3, 5)), ints(2), r"target expects \(2, 5\), got \(2,\)"),
        (
            floats((2, 3, 5, 5)),
            ints(2, 4, 5),
            r"target expects \(2, 5, 5\), got \(2, 4, 5\)",
        ),
    ],
)
def test_shapes_that_do_not_fit(loss, x, t, message):
    with pytest.raises(ValueError, match=f"{loss.__name__} {message}"):
        loss()(x, t)
    x = torch.tensor(x, requires_grad=True)
    with pytest.raises((ValueError, RuntimeError)):
        getattr(torch.nn, loss.__name__)()(x, torch.tensor(t)).backward()


@BOTH
@pytest.mark.parametrize("shape", [(), (2,), (1, 3)])
def test_weight_that_does_not_fit(loss, shape):
    with pytest.raises(ValueError, match=r"weight expects \(3,\), got"):
        loss(weight=np.ones(shape))(floats((2, 3)), ints(2))


@BOTH
def test_weight_of_another_dtype(loss):
    x = floats((2, 3)).astype(np.float32)
    with pytest.raises(TypeError, match="weight expects float32, got float64"):
        loss(weight=np.ones(3))(x, ints(2))
    theirs = getattr(torch.nn, loss.__name__)(weight=torch.ones(3).double())
    with pytest.raises(RuntimeError, match="expected scalar type"):
        theirs(torch.tensor(x), torch.tensor(ints(2)))
    assert np.isfinite(loss(weight=np.ones(3)).float()(x, ints(2)))


@BOTH
@pytest.mark.parametrize("bad", [-1, 3, 100])
def test_target_that_is_no_class(loss, bad):
    with pytest.raises(IndexError, match=f"classes from 0 to 2, got {bad}"):
        loss()(floats((3, 3)), np.array([0, bad, -100]))


@BOTH
@pytest.mark.parametrize(
    "t", [np.zeros(2), np.zeros(2, bool), [0, 1], np.zeros(2, "c8")]
)
def test_target_that_is_not_integers(loss, t):
    with pytest.raises(TypeError, match="target expects integers"):
        loss()(floats((2, 3)), t)


@BOTH
def test_input_that_is_not_floating(loss):
    with pytest.raises(TypeError, match="expects a floating-point array, got int64"):
        loss()(ints(2, 3), ints(2))


@pytest.mark.parametrize("weight", [[1.0, 1.0, 1.0], np.array([1, 1, 1])])
@BOTH
def test_weight_that_is_not_a_floating_array(loss, weight):
    with pytest.raises(TypeError, match="weight expects a floating-point array"):
        loss(weight=weight)


def test_integers_where_probabilities_belong():
    with pytest.raises(TypeError, match="target of the input's shape expects a float"):
        CrossEntropyLoss()(floats((2, 3)), ints(2, 3))


@pytest.mark.parametrize("index", [0, 1])
def test_probabilities_with_a_class_to_ignore(index):
    criterion = CrossEntropyLoss(ignore_index=index)
    with pytest.raises(ValueError, match=f"ignore_index={index} expects a target of"):
        criterion(floats((2, 3)), floats((2, 3)))


@pytest.mark.parametrize("smoothing", [-0.1, 1.5])
def test_label_smoothing_outside_its_range(smoothing):
    criterion = CrossEntropyLoss(label_smoothing=smoothing)
    with pytest.raises(ValueError, match=f"between 0 and 1, got {smoothing}"):
        criterion(floats((2, 3)), ints(2))
    with pytest.raises(RuntimeError, match="needs a forward pass first"):
        criterion.backward()
