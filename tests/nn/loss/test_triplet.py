"""TripletMarginLoss and TripletMarginWithDistanceLoss beside torch's."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnet.gradcheck import gradcheck
from scratchnet.nn import Linear, Module
from scratchnet.nn.loss import TripletMarginLoss, TripletMarginWithDistanceLoss

REDUCTIONS = ["mean", "sum", "none"]
each_reduction = pytest.mark.parametrize("reduction", REDUCTIONS)
both_losses = pytest.mark.parametrize(
    "loss", [TripletMarginLoss, TripletMarginWithDistanceLoss]
)
ALL = (0, 1, 2)


def triplet(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    shapes = shapes if len(shapes) == 3 else shapes * 3
    return [np.asarray(rng.normal(size=shape)) for shape in shapes]


class Warped(Module):
    """The absolute difference of two vectors behind one linear map, summed up."""

    def __init__(self):
        super().__init__()
        self.map = Linear(3, 2, bias=False, dtype=np.float64)

    def forward(self, x1, x2):
        d = self.map(x1 - x2)
        self.save_for_backward(d)
        return np.abs(d).sum(axis=-1)

    def backward(self, grad_output):
        (d,) = self.saved_for(grad_output)
        grad = self.map.backward(grad_output[..., None] * np.sign(d))
        return grad, -grad


@each_reduction
@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("p", [1, 1.5, 2.0, 3.0, np.inf])
@pytest.mark.parametrize("shape", [(5, 10), (10,), (2, 3, 4), (0, 3)], ids=str)
def test_is_torchs(agree, reduction, swap, p, shape):
    chosen = {"p": p, "swap": swap, "margin": 0.7, "eps": 1e-4, "reduction": reduction}
    agree("TripletMarginLoss", chosen, *triplet(shape), predictions=ALL)


@each_reduction
@pytest.mark.parametrize("swap", [False, True])
def test_of_a_distance_is_torchs(agree, reduction, swap):
    chosen = {"swap": swap, "margin": 1.4, "reduction": reduction}
    inputs = triplet((6, 3))
    agree("TripletMarginWithDistanceLoss", chosen, *inputs, predictions=ALL)


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("name", ["", "WithDistance"])
@pytest.mark.parametrize(
    "shapes", [((6, 3), (1, 3), (6, 3)), ((1, 3), (6, 3), (1, 3))], ids=str
)
def test_broadcasts(agree, name, swap, shapes):
    name = f"TripletMargin{name}Loss"
    agree(name, {"swap": swap}, *triplet(*shapes), predictions=ALL)


@pytest.mark.parametrize("p", [1.0, 2.0])
@pytest.mark.parametrize("swap", [False, True])
def test_margins_and_equal_distances(agree, p, swap):
    a = np.zeros((3, 2))
    pos = np.array([[3.0, 4.0], [0.0, 0.0], [2.0, 0.0]])
    neg = np.array([[0.0, 6.0], [0.0, 0.0], [1.0, 1.0]])
    chosen = {"p": p, "swap": swap, "eps": 0.0, "reduction": "none"}
    agree("TripletMarginLoss", chosen, a, pos, neg, predictions=ALL)


@pytest.mark.parametrize("swap", [False, True])
def test_distance_that_learns(swap):
    criterion = TripletMarginWithDistanceLoss(
        distance_function=Warped(), swap=swap, margin=2.0
    )
    assert list(dict(criterion.named_parameters())) == ["distance_function.map.weight"]
    assert gradcheck(criterion, triplet((5, 3)), rtol=1e-6, atol=1e-8)


def test_distance_that_is_no_module():
    class Gap:
        def __call__(self, x1, x2):
            return (x1 - x2).sum(axis=-1)

        def backward(self, grad_output):
            grad = np.repeat(grad_output[:, None], 3, axis=1)
            return grad, -grad

    criterion = TripletMarginWithDistanceLoss(distance_function=Gap(), margin=9.0)
    a, p, n = triplet((4, 3))
    np.testing.assert_allclose(criterion(a, p, n), 9 + (n - p).sum() / 4, rtol=1e-14)
    grad_a, grad_p, grad_n = criterion.backward()
    assert not grad_a.any()
    assert (grad_p == -0.25).all()
    assert (grad_n == 0.25).all()


def test_distance_without_a_backward():
    with pytest.raises(TypeError, match="a distance_function with a backward, got"):
        TripletMarginWithDistanceLoss(distance_function=np.subtract)


@both_losses
@pytest.mark.parametrize("margin", [0, -1.0, float("nan")])
def test_margin_that_is_not_positive(loss, margin):
    with pytest.raises(ValueError, match=f"{loss.__name__} expects a positive margin"):
        loss(margin=margin)


@both_losses
@pytest.mark.parametrize(
    "shapes", [((3, 2), (2,), (3, 2)), ((3, 2), (3, 2), (2,)), ((3, 2), (4, 2), (3, 2))]
)
def test_shapes_that_do_not_fit(loss, shapes):
    inputs = triplet(*shapes)
    with pytest.raises(ValueError, match=f"{loss.__name__} .*expects"):
        loss()(*inputs)
    with pytest.raises(RuntimeError):
        getattr(torch.nn, loss.__name__)()(*map(torch.tensor, inputs))


@both_losses
@pytest.mark.parametrize("bad", [np.ones((3, 2), "f"), np.ones((3, 2), int), [[1.0]]])
def test_inputs_of_two_dtypes(loss, bad):
    with pytest.raises(TypeError, match=f"{loss.__name__} negative expects"):
        loss()(np.ones((3, 2)), np.ones((3, 2)), bad)


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_any_shape(agree, data):
    shape = tuple(data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    inputs = triplet(shape, seed=data.draw(st.integers(0, 99), "seed"))
    chosen = {
        "swap": data.draw(st.booleans(), "swap"),
        "margin": data.draw(st.sampled_from([0.1, 1.0, 3.0]), "margin"),
        "reduction": data.draw(st.sampled_from(REDUCTIONS), "reduction"),
    }
    name = "TripletMarginWithDistanceLoss"
    agree(name, chosen, *inputs, predictions=ALL, float32=False)
    chosen["p"] = data.draw(st.sampled_from([1.0, 1.5, 2.0, 4.0, np.inf]), "p")
    agree("TripletMarginLoss", chosen, *inputs, predictions=ALL, float32=False)
