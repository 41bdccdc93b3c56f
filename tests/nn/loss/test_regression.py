"""L1Loss, MSELoss, SmoothL1Loss and HuberLoss beside torch's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from scratchnet.nn import loss as losses
from scratchnet.nn.loss import HuberLoss, SmoothL1Loss

REDUCTIONS = ["mean", "sum", "none"]
CASES = [
    ("L1Loss", {}),
    ("MSELoss", {}),
    ("SmoothL1Loss", {}),
    ("SmoothL1Loss", {"beta": 0.0}),
    ("SmoothL1Loss", {"beta": 2.5}),
    ("HuberLoss", {}),
    ("HuberLoss", {"delta": 0.25}),
    ("HuberLoss", {"delta": 2}),
]
EACH = pytest.mark.parametrize(("name", "chosen"), CASES)


def draw(shape, seed):
    return 3 * np.random.default_rng(seed).normal(size=shape)


@EACH
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(), (4,), (2, 3, 4, 5), (0,), (3, 0)], ids=str)
def test_is_torchs(agree, name, chosen, reduction, shape):
    x, y = np.asarray(draw(shape, 0)), np.asarray(draw(shape, 1))
    agree(name, {**chosen, "reduction": reduction}, x, y)


@EACH
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_any_array(agree, name, chosen, data):
    shape = data.draw(array_shapes(min_dims=0, max_dims=4, max_side=4), "shape")
    # Quarters: exact in float32, with ties and exact zeros among the differences.
    quarters = arrays(
        np.float64, shape, elements=st.integers(-12, 12).map(lambda i: i / 4)
    )
    x, y = data.draw(quarters, "x"), data.draw(quarters, "y")
    reduction = data.draw(st.sampled_from(REDUCTIONS), "reduction")
    agree(name, {**chosen, "reduction": reduction}, x, y)


@EACH
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_edges(agree, name, chosen, reduction):
    x = np.array([0.0, 1.0, -1.0, 1e-30, 1e15, -1e15, 0.5])
    y = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.5])
    agree(name, {**chosen, "reduction": reduction}, x, y)


@EACH
def test_infinite_differences(agree, name, chosen):
    x, y = np.array([np.inf, -np.inf, 1.0]), np.array([0.0, 1.0, np.inf])
    agree(name, {**chosen, "reduction": "none"}, x, y)


@EACH
@pytest.mark.filterwarnings("ignore:Using a target size|.*give them one shape")
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(
    ("input_shape", "target_shape"),
    [((3, 1), (4,)), ((4,), (3, 1)), ((), (2, 3)), ((2, 3), ()), ((1, 3), (2, 1, 3))],
)
def test_broadcasts_as_torch_does(
    agree, name, chosen, reduction, input_shape, target_shape
):
    x, y = np.asarray(draw(input_shape, 0)), np.asarray(draw(target_shape, 1))
    agree(name, {**chosen, "reduction": reduction}, x, y)


@EACH
def test_broadcasting_warns_where_the_loss_is_called(name, chosen):
    with pytest.warns(UserWarning, match=r"\(3, 1\) with a target of \(4,\)") as caught:
        getattr(losses, name)(**chosen)(np.zeros((3, 1)), np.zeros(4))
    assert caught[0].filename == __file__


@pytest.mark.parametrize("delta", [0, 0.0, -1.0, float("nan")])
def test_delta_that_is_not_positive(delta):
    criterion = HuberLoss(delta=delta)
    with pytest.raises(ValueError, match=f"a positive delta, got {delta}"):
        criterion(np.zeros(2), np.zeros(2))


def test_delta_that_is_no_number():
    with pytest.raises(TypeError, match="a number for delta, got str"):
        HuberLoss(delta="1")


def test_negative_beta():
    criterion = SmoothL1Loss(beta=-0.5)
    with pytest.raises(ValueError, match="beta of 0 or more, got -0.5"):
        criterion(np.zeros(2), np.zeros(2))


def test_smooth_l1_is_huber_over_beta():
    x, y = draw((40,), 0), draw((40,), 1)
    smooth, huber = SmoothL1Loss(beta=2.5), HuberLoss(delta=2.5)
    np.testing.assert_allclose(smooth(x, y), huber(x, y) / 2.5, rtol=1e-14)
    np.testing.assert_allclose(smooth.backward(), huber.backward() / 2.5, rtol=1e-14)
