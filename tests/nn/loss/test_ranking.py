"""HingeEmbeddingLoss, MarginRankingLoss and CosineEmbeddingLoss beside torch's."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnet.nn.loss import (
    CosineEmbeddingLoss,
    HingeEmbeddingLoss,
    MarginRankingLoss,
)

REDUCTIONS = ["mean", "sum", "none"]
each_reduction = pytest.mark.parametrize("reduction", REDUCTIONS)


def normal(shape, seed=0):
    return np.asarray(np.random.default_rng(seed).normal(size=shape))


def signs(shape, seed=9):
    return np.asarray(np.random.default_rng(seed).integers(-1, 2, shape))


@each_reduction
@pytest.mark.parametrize("margin", [1.0, 0.5, 0.0, -0.5])
@pytest.mark.parametrize("shape", [(), (10,), (2, 3, 4), (0,)], ids=str)
def test_hinge_is_torchs(agree, reduction, margin, shape):
    chosen = {"margin": margin, "reduction": reduction}
    agree("HingeEmbeddingLoss", chosen, normal(shape), signs(shape))


def test_hinge_at_the_margin(agree):
    x, y = np.array([0.5, 0.5, 0.25, 0.75]), np.array([-1.0, 1.0, -1.0, -1.0])
    agree("HingeEmbeddingLoss", {"margin": 0.5, "reduction": "none"}, x, y)


def test_hinge_costs_both_where_the_target_is_neither():
    criterion = HingeEmbeddingLoss(reduction="none")
    assert criterion(np.array([0.25]), np.array([0.5])) == 0.25 + 0.75
    assert criterion.backward(np.ones(1)) == 0


@each_reduction
@pytest.mark.parametrize("margin", [0.0, 0.5, -0.5])
@pytest.mark.parametrize("shape", [(), (50,), (2, 3, 4), (0,)], ids=str)
def test_ranking_is_torchs(agree, reduction, margin, shape):
    chosen = {"margin": margin, "reduction": reduction}
    inputs = normal(shape), normal(shape, 1), signs(shape)
    agree("MarginRankingLoss", chosen, *inputs, predictions=(0, 1))


@each_reduction
@pytest.mark.parametrize(
    "shapes",
    [((3, 1), (1, 4), (3, 4)), ((1, 1), (3, 4), (3, 1)), ((3,), (3,), (1,))],
    ids=str,
)
def test_ranking_broadcasts(agree, reduction, shapes):
    one, other, target = shapes
    inputs = normal(one), normal(other, 1), signs(target) | 1
    chosen = {"reduction": reduction, "margin": 0.5}
    agree("MarginRankingLoss", chosen, *inputs, predictions=(0, 1))


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (
            ((3,), (3, 1), (3,)),
            r"input2 expects 1 dimensions as input1 has, .*\(3, 1\)",
        ),
        (((3,), (3,), ()), r"target expects 1 dimensions, got \(\)"),
        (((3,), (4,), (3,)), r"of one shape, got \(3,\), \(4,\), \(3,\)"),
        (((3,), (3,), (4,)), r"of one shape, got \(3,\), \(3,\), \(4,\)"),
    ],
)
def test_ranking_of_shapes_that_do_not_fit(shapes, message):
    arrays = [np.ones(shape) for shape in shapes]
    with pytest.raises(ValueError, match=f"MarginRankingLoss .*{message}"):
        MarginRankingLoss()(*arrays)
    with pytest.raises(RuntimeError):
        torch.nn.MarginRankingLoss()(*map(torch.from_numpy, arrays))


@each_reduction
@pytest.mark.parametrize("margin", [0.0, 0.7, -0.3])
@pytest.mark.parametrize("shape", [(10,), (15, 10), (0, 3), (4, 2)], ids=str)
def test_cosine_is_torchs(agree, reduction, margin, shape):
    chosen = {"margin": margin, "reduction": reduction}
    inputs = normal(shape), normal(shape, 1), signs(shape[:-1])
    agree("CosineEmbeddingLoss", chosen, *inputs, predictions=(0, 1))


@each_reduction
@pytest.mark.parametrize(
    "shapes", [((6, 3), (1, 3), (6,)), ((1, 3), (6, 3), (1,)), ((6, 3), (6, 3), (1,))]
)
def test_cosine_broadcasts_the_batch(agree, reduction, shapes):
    one, other, target = shapes
    inputs = normal(one), normal(other, 1), signs(target) | 1
    agree("CosineEmbeddingLoss", {"reduction": reduction}, *inputs, predictions=(0, 1))


def test_cosine_of_vectors_of_one_and_of_two_numbers_is_refused():
    """Torch repeats the one number, and finds cosines beyond 1."""
    inputs = np.ones((3, 1)), np.ones((3, 2)), np.ones(3)
    assert torch.nn.CosineEmbeddingLoss()(*map(torch.tensor, inputs)) < 0
    with pytest.raises(ValueError, match=r"got \(3, 1\), \(3, 2\) and \(3,\)"):
        CosineEmbeddingLoss()(*inputs)


def test_cosine_of_vectors_without_a_direction(agree):
    u, v = np.zeros((4, 2)), normal((4, 2))
    v[2:] = 0
    inputs = u, v, np.array([1, -1, 1, -1])
    agree("CosineEmbeddingLoss", {"reduction": "none"}, *inputs, predictions=(0, 1))


def test_cosine_target_that_is_neither_costs_nothing():
    criterion = CosineEmbeddingLoss(reduction="none")
    assert not criterion(normal((3, 2)), normal((3, 2), 1), np.zeros(3)).any()
    assert not any(grad.any() for grad in criterion.backward(np.ones(3)))


@pytest.mark.parametrize(
    "shapes",
    [
        ((2,), (2,), (1,)),
        ((3, 2), (3, 2), ()),
        ((3, 2), (2,), (3,)),
        ((3, 2), (3, 4), (3,)),
        ((3, 2), (3, 2), (2,)),
        ((3, 2), (3, 2), (3, 1)),
        ((2, 3, 2), (2, 3, 2), (2, 3)),
        ((), (), ()),
    ],
    ids=str,
)
def test_cosine_of_shapes_that_do_not_fit(shapes):
    arrays = [np.ones(shape) for shape in shapes]
    with pytest.raises(ValueError, match="CosineEmbeddingLoss .*expects"):
        CosineEmbeddingLoss()(*arrays)
    with pytest.raises(RuntimeError):
        torch.nn.CosineEmbeddingLoss()(*(torch.tensor(a) for a in arrays))


@pytest.mark.parametrize("loss", [MarginRankingLoss, CosineEmbeddingLoss])
@pytest.mark.parametrize("bad", [np.ones((3, 2), np.float32), np.ones((3, 2), int)])
def test_inputs_of_two_dtypes(loss, bad):
    target = np.ones(3) if loss is CosineEmbeddingLoss else np.ones((3, 2))
    with pytest.raises(TypeError, match=f"{loss.__name__} input2 expects"):
        loss()(np.ones((3, 2)), bad, target)


@pytest.mark.parametrize("loss", [HingeEmbeddingLoss, MarginRankingLoss])
def test_target_that_is_not_numbers(loss):
    inputs = [np.ones(2)] * (2 if loss is MarginRankingLoss else 1)
    for bad in ([1, -1], None, np.array([1j, 1])):
        with pytest.raises(TypeError, match="target expects real numbers, got"):
            loss()(*inputs, bad)


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_any_shape(agree, data):
    shape = tuple(data.draw(st.lists(st.integers(1, 4), max_size=3), "shape"))
    # Of one feature, the gradient of a cosine is what cancellation leaves.
    rows = (*shape[:1], data.draw(st.integers(2, 4), "D"))
    seed = data.draw(st.integers(0, 99), "seed")
    chosen = {
        "margin": data.draw(st.sampled_from([0.0, 0.25, 1.0])),
        "reduction": data.draw(st.sampled_from(REDUCTIONS), "reduction"),
    }
    # Quarters, so that margins are hit exactly.
    x, y = (np.asarray(np.round(4 * normal(shape, seed + i)) / 4) for i in (0, 1))
    agree("HingeEmbeddingLoss", chosen, x, signs(shape, seed), float32=False)
    inputs = x, y, signs(shape, seed)
    agree("MarginRankingLoss", chosen, *inputs, predictions=(0, 1), float32=False)
    inputs = normal(rows, seed), normal(rows, seed + 1), signs(rows[:-1], seed)
    agree("CosineEmbeddingLoss", chosen, *inputs, predictions=(0, 1), float32=False)
