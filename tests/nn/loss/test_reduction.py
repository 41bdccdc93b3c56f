"""What all losses share: reductions, legacy arguments, state, refusals."""

import inspect

import numpy as np
import pytest
import torch

from scratchnet.nn import loss as losses
from scratchnet.nn.loss import BCEWithLogitsLoss, CrossEntropyLoss, L1Loss, MSELoss

ALL = pytest.mark.parametrize("name", losses.__all__)
WITH_LEGACY = [
    name
    for name in losses.__all__
    if "size_average" in inspect.signature(getattr(losses, name)).parameters
]
X = np.array([[0.2, 0.3], [0.4, 0.9], [0.6, 0.1]])
CLASSES = np.array([1, 0, 1])
SIGNS = np.array([[1, -1], [-1, -1], [1, 1]])
#: What each loss compares X with, as its further arguments; else X from its end.
TARGETS = {
    "CTCLoss": (np.array([1]), 3, 1),
    "CosineEmbeddingLoss": (X[::-1], SIGNS[:, 0]),
    "CrossEntropyLoss": (CLASSES,),
    "GaussianNLLLoss": (X[::-1], X + 1),
    "HingeEmbeddingLoss": (SIGNS,),
    "MarginRankingLoss": (X[::-1], SIGNS),
    "MultiLabelMarginLoss": (np.array([[1, -1], [0, 1], [0, -1]]),),
    "MultiMarginLoss": (CLASSES,),
    "NLLLoss": (CLASSES,),
    "TripletMarginLoss": (X[::-1], X + 1),
    "TripletMarginWithDistanceLoss": (X[::-1], X + 1),
}


def targets_for(name):
    return TARGETS.get(name, (X[::-1],))


def first(grads):
    return grads[0] if isinstance(grads, tuple) else grads


@ALL
def test_arguments_are_torchs(name):
    ours = inspect.signature(getattr(losses, name).__init__).parameters.values()
    theirs = inspect.signature(getattr(torch.nn, name).__init__).parameters.values()
    assert [(p.name, p.default, p.kind) for p in ours] == [
        (p.name, p.default, p.kind) for p in theirs
    ]


@ALL
def test_forward_arguments_are_torchs(name):
    ours = inspect.signature(getattr(losses, name).forward)
    theirs = inspect.signature(getattr(torch.nn, name).forward)
    assert list(ours.parameters) == list(theirs.parameters)


@ALL
def test_arguments_go_by_name(name):
    names = list(inspect.signature(getattr(losses, name).forward).parameters)[1:]
    arrays = (X, *targets_for(name))
    criterion = getattr(losses, name)()
    assert criterion(**dict(zip(names, arrays, strict=True))) == criterion(*arrays)


@ALL
def test_repr_is_torchs(name):
    assert repr(getattr(losses, name)()) == repr(getattr(torch.nn, name)())


@pytest.mark.parametrize("name", WITH_LEGACY)
@pytest.mark.parametrize("average", [None, False, True])
@pytest.mark.parametrize("reduce", [None, False, True])
def test_legacy_arguments_mean_what_they_do_in_torch(name, average, reduce):
    if average is None and reduce is None:
        assert getattr(losses, name)(reduction="sum").reduction == "sum"
        return
    legacy = {"size_average": average, "reduce": reduce, "reduction": "sum"}
    with pytest.warns(UserWarning, match="size_average and reduce"):
        theirs = getattr(torch.nn, name)(**legacy).reduction
    with pytest.warns(UserWarning, match=f"say reduction='{theirs}'"):
        assert getattr(losses, name)(**legacy).reduction == theirs


@ALL
def test_reduction_that_does_not_exist(name):
    criterion = getattr(losses, name)(reduction="total")
    with pytest.raises(ValueError, match=r"expects a reduction among 'mean'.*'total'"):
        criterion(X, *targets_for(name))
    with pytest.raises(RuntimeError, match="needs a forward pass first"):
        criterion.backward()


@ALL
def test_gradient_is_scaled_by_what_comes_from_above(name):
    criterion = getattr(losses, name)()
    criterion(X, *targets_for(name))
    one = first(criterion.backward())
    np.testing.assert_array_equal(first(criterion.backward(1.0)), one)
    scaled = first(criterion.backward(-0.7))
    np.testing.assert_allclose(scaled, -0.7 * one, rtol=1e-14)


@ALL
def test_unreduced_losses_need_a_gradient_each(name):
    if name == "CTCLoss":
        x, rest = X[:, None], (np.array([[1]]), [3], [1])
    else:
        x, rest = X, targets_for(name)
    criterion = getattr(losses, name)(reduction="none")
    output = criterion(x, *rest)
    with pytest.raises(
        ValueError, match=f"{name}.backward expects a gradient of shape"
    ):
        criterion.backward()
    assert first(criterion.backward(np.ones_like(output))).shape == x.shape


@ALL
def test_backward_needs_forward(name):
    with pytest.raises(RuntimeError, match=f"{name}.backward needs a forward pass"):
        getattr(losses, name)().backward()


@ALL
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_float32_stays_float32_whatever_comes_from_above(name, reduction):
    criterion = getattr(losses, name)(reduction=reduction)
    targets = [
        t.astype("f") if np.asarray(t).dtype == X.dtype else t
        for t in targets_for(name)
    ]
    output = criterion(X.astype(np.float32), *targets)
    assert output.dtype == np.float32
    assert first(criterion.backward(np.ones(output.shape))).dtype == np.float32


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("BCELoss", ["weight"]),
        ("BCEWithLogitsLoss", ["weight", "pos_weight"]),
    ],
)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_weights_are_converted_to_the_inputs_dtype(name, weights, reduction):
    y = X[::-1].astype(np.float32)
    double = {key: np.array([0.3, 1.7]) for key in weights}
    single = {key: weight.astype(np.float32) for key, weight in double.items()}
    results = []
    for given in (double, single):
        criterion = getattr(losses, name)(**given, reduction=reduction)
        output = criterion(X.astype(np.float32), y)
        results.append((output, criterion.backward(np.ones(output.shape))))
    for converted, plain in zip(*results, strict=True):
        assert converted.dtype == np.float32
        np.testing.assert_array_equal(converted, plain)


@ALL
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_changing_the_reduction_leaves_the_last_backward_alone(name, reduction):
    criterion = getattr(losses, name)(reduction=reduction)
    upstream = np.ones_like(criterion(X, *targets_for(name)))
    expected = first(criterion.backward(upstream))
    criterion.reduction = "mean" if reduction != "mean" else "none"
    np.testing.assert_array_equal(first(criterion.backward(upstream)), expected)


@ALL
@pytest.mark.parametrize("bad", [[[0.2, 0.3]], 0.2, None, X.astype(complex), X > 0])
def test_input_that_is_not_a_floating_array(name, bad):
    match = f"{name}( input1| anchor)? expects a floating-point array, got"
    with pytest.raises(TypeError, match=match):
        getattr(losses, name)()(bad, *targets_for(name))


@pytest.mark.parametrize("loss", [MSELoss, L1Loss])
def test_target_is_converted_to_the_inputs_dtype(loss):
    x, y = np.array([1.0, 2.5], np.float32), np.array([1, 0])
    criterion = loss(reduction="sum")
    expected = criterion(x, y.astype(np.float32))
    assert expected > 2
    for target in (y, y.astype(np.float64), y > 0):
        output = criterion(x, target)
        assert output == expected
        assert output.dtype == criterion.backward().dtype == np.float32


@pytest.mark.parametrize("bad", [[1.0], 1.0, None, np.array(["a"]), np.array([1j])])
def test_target_that_is_not_numbers(bad):
    with pytest.raises(TypeError, match="MSELoss target expects real numbers, got"):
        MSELoss()(np.zeros(1), bad)


def test_shapes_that_cannot_be_broadcast():
    with pytest.raises(ValueError, match=r"the input's shape \(3,\), got \(4,\)"):
        MSELoss()(np.zeros(3), np.zeros(4))


def test_scalars_of_numpy_are_arrays():
    criterion = MSELoss()
    assert criterion(np.float32(3), np.float32(1)) == 4
    assert criterion.backward() == 4


def test_weights_are_buffers():
    weight, pos_weight = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    criterion = BCEWithLogitsLoss(weight, pos_weight=pos_weight)
    assert list(criterion.state_dict()) == ["weight", "pos_weight"]
    np.testing.assert_array_equal(criterion.state_dict()["weight"], weight)
    criterion.load_state_dict({"weight": weight + 1, "pos_weight": pos_weight})
    np.testing.assert_array_equal(weight, [1, 2], err_msg="the caller's own array")
    assert criterion.float().pos_weight.dtype == np.float32
    assert list(CrossEntropyLoss(weight).state_dict()) == ["weight"]
    assert CrossEntropyLoss().state_dict() == {}
    assert CrossEntropyLoss().weight is None
