"""CTCLoss beside torch's, and beside the sum over every alignment."""

from itertools import groupby, product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnet.gradcheck import gradcheck
from scratchnet.nn import LogSoftmax, Module
from scratchnet.nn.loss import CTCLoss

REDUCTIONS = ["mean", "sum", "none"]
each_reduction = pytest.mark.parametrize("reduction", REDUCTIONS)


def log_probs(*shape, seed=0):
    x = np.random.default_rng(seed).normal(size=shape)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def labels(shape, low=1, high=5, seed=1):
    return np.random.default_rng(seed).integers(low, high, shape)


@each_reduction
@pytest.mark.parametrize("blank", [0, 3, 14])
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_is_torchs(agree, reduction, blank, dtype):
    targets = labels((16, 30), high=15).astype(dtype)
    targets[targets == blank] = 0
    lengths = np.full(16, 50), np.linspace(10, 30, 16).astype(int)
    chosen = {"blank": blank, "reduction": reduction}
    agree("CTCLoss", chosen, log_probs(50, 16, 15), targets, *lengths)


@each_reduction
@pytest.mark.parametrize("zero_infinity", [False, True])
@pytest.mark.parametrize(
    ("times", "lengths"),
    [
        ([7, 7, 7, 7], [0, 0, 0, 0]),
        ([1, 7, 4, 6], [1, 0, 4, 2]),
        ([2, 7, 3, 6], [2, 3, 2, 3]),
        ([0, 0, 1, 6], [0, 1, 2, 3]),
    ],
)
def test_lengths(agree, reduction, zero_infinity, times, lengths):
    chosen = {"reduction": reduction, "zero_infinity": zero_infinity}
    targets = np.array([[2, 2, 1, 3], [1, 1, 1, 0], [4, 3, 4, 3], [1, 2, 3, 99]])
    inputs = log_probs(7, 4, 5), targets, np.array(times), np.array(lengths)
    agree("CTCLoss", chosen, *inputs)


@each_reduction
def test_targets_one_after_the_other(agree, reduction):
    lengths = np.array([2, 0, 3])
    padded = np.full((3, 4), -1)
    flat = labels(5)
    padded[0, :2], padded[2, :3] = flat[:2], flat[2:]
    inputs, times = log_probs(9, 3, 5), np.array([9, 8, 7])
    agree("CTCLoss", {"reduction": reduction}, inputs, flat, times, lengths)
    one, other = CTCLoss(reduction=reduction), CTCLoss(reduction=reduction)
    np.testing.assert_array_equal(
        one(inputs, flat, times, lengths), other(inputs, padded, times, lengths)
    )


@each_reduction
@pytest.mark.parametrize("shape", [(3,), (1, 3), (1, 5)], ids=str)
def test_one_sequence(agree, reduction, shape):
    lengths = np.array([6]), np.array([3])
    agree("CTCLoss", {"reduction": reduction}, log_probs(6, 5), labels(shape), *lengths)


@pytest.mark.parametrize("make", [list, tuple, np.array])
def test_lengths_of_any_kind(make):
    expected = CTCLoss()(log_probs(6, 2, 5), labels((2, 3)), np.array([6, 5]), [3, 2])
    given = make([6, 5]), make([3, 2])
    assert CTCLoss()(log_probs(6, 2, 5), labels((2, 3)), *given) == expected
    assert CTCLoss()(log_probs(6, 5), labels(3), 6, 3) > 0


@pytest.mark.parametrize("dtype", list("bBhHiIqQ"))
def test_integers_of_any_type(dtype):
    given = labels((2, 127)), np.array([127, 3]), np.array([80, 2])
    plain, other = CTCLoss(), CTCLoss()
    expected = plain(log_probs(127, 2, 5), *given)
    assert other(log_probs(127, 2, 5), *(a.astype(dtype) for a in given)) == expected
    np.testing.assert_array_equal(plain.backward(), other.backward())


@pytest.mark.parametrize("blank", [0, 1])
@pytest.mark.parametrize("target", [(), (2,), (2, 2), (2, 0), (0, 2, 0)])
def test_is_the_sum_over_all_alignments(target, blank):
    """Spell every sequence of classes, and keep those that read as the target."""
    target = [label + (label >= blank) for label in target]
    log_p = log_probs(4, 4)
    likelihood = 0.0
    for path in product(range(4), repeat=4):
        if [c for c, _ in groupby(path) if c != blank] == target:
            likelihood += np.exp(sum(log_p[t, c] for t, c in enumerate(path)))
    criterion = CTCLoss(blank=blank, reduction="sum")
    loss = criterion(log_p, np.array(target, int), 4, len(target))
    np.testing.assert_allclose(loss, -np.log(likelihood), rtol=1e-13)


class Behind(Module):
    """A log-softmax, then CTC."""

    predictions = (0,)

    def __init__(self, criterion):
        super().__init__()
        self.softmax, self.criterion = LogSoftmax(dim=-1), criterion

    def forward(self, x, *rest):
        return self.criterion(self.softmax(x), *rest)

    def backward(self, grad_output):
        return self.softmax.backward(self.criterion.backward(grad_output))


@each_reduction
def test_behind_a_softmax_the_gradient_is_that_of_the_value(reduction):
    module = Behind(CTCLoss(reduction=reduction))
    x = np.random.default_rng(0).normal(size=(6, 3, 4))
    targets = np.array([[1, 1, 2], [3, 0, 0], [2, 3, 2]])
    assert gradcheck(module, [x, targets, [6, 5, 3], [3, 1, 3]], rtol=1e-6, atol=1e-8)


def test_class_of_probability_zero():
    log_p = log_probs(5, 3)
    log_p[1, 2] = log_p[3, 1] = -np.inf
    criterion = CTCLoss(reduction="sum")
    assert np.isfinite(criterion(log_p, np.array([1, 2]), 5, 2))
    grad = criterion.backward()
    assert np.isfinite(grad).all()
    assert grad[1, 2] == grad[3, 1] == 0


def test_sequences_do_not_touch_each_other():
    log_p, targets = log_probs(9, 3, 5), labels((3, 4))
    lengths = np.array([9, 2, 6]), np.array([3, 4, 0])
    batch = CTCLoss(reduction="none")
    losses = batch(log_p, targets, *lengths)
    grad = batch.backward(np.ones(3))
    for n in range(3):
        single = CTCLoss(reduction="none")
        T, L = (length[n] for length in lengths)
        assert single(log_p[:, n], targets[n : n + 1], T, L) == losses[n]
        # The matrix products are of other sizes, and may be rounded otherwise.
        np.testing.assert_allclose(single.backward(np.ones(())), grad[:, n], rtol=1e-14)


GOOD = {
    "log_probs": log_probs(5, 2, 4),
    "targets": np.array([[1, 1, 2, 3], [2, 3, 1, 1]]),
    "input_lengths": np.array([5, 5]),
    "target_lengths": np.array([1, 2]),
}


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ({"log_probs": log_probs(5)}, ValueError, r"expects \(T, N, C\) or \(T, C\)"),
        ({"log_probs": log_probs(5, 2, 4)[None]}, ValueError, r"got \(1, 5, 2, 4\)"),
        ({"log_probs": np.zeros((0, 2, 4))}, ValueError, r"an input, got \(0, 2, 4\)"),
        ({"log_probs": np.zeros((5, 2, 4), int)}, TypeError, "floating-point array"),
        ({"targets": np.array([1, 2, 3, 1])}, ValueError, r"or \(3,\), got \(4,\)"),
        ({"targets": np.array([1, 2])}, ValueError, r"or \(3,\), got \(2,\)"),
        ({"targets": np.ones((1, 2), int)}, ValueError, r"got \(1, 2\)"),
        ({"targets": np.ones((2, 1), int)}, ValueError, r"expects \(2, 2 or more\)"),
        ({"targets": np.ones((1, 2, 2), int)}, ValueError, r"got \(1, 2, 2\)"),
        ({"input_lengths": np.array([5.0, 5.0])}, TypeError, "input_lengths expects"),
        ({"target_lengths": np.array([1.0, 1.0])}, TypeError, "target_lengths expects"),
        ({"input_lengths": np.array([6, 5])}, ValueError, "input_lengths .* 5, got 6"),
        ({"input_lengths": np.array([-1, 5])}, ValueError, "input_lengths .*got -1"),
        ({"target_lengths": np.array([-1, 2])}, ValueError, "target_lengths .*got -1"),
        ({"input_lengths": np.array([5])}, ValueError, r"input_lengths expects \(2,\)"),
        ({"target_lengths": np.array([1])}, ValueError, r"target_lengths expects"),
    ],
)
def test_refuses_what_torch_refuses(bad, error, message):
    inputs = {**GOOD, **bad}
    with pytest.raises(error, match=f"CTCLoss .*{message}"):
        CTCLoss()(**inputs)
    with pytest.raises(RuntimeError):
        torch.nn.CTCLoss()(**{k: torch.tensor(v) for k, v in inputs.items()})


@pytest.mark.parametrize("blank", [-1, 4])
def test_blank_that_is_no_class(blank):
    with pytest.raises(ValueError, match=f"a blank from 0 to 3, got {blank}"):
        CTCLoss(blank)(**GOOD)


@pytest.mark.parametrize("wrong", [-1, 4])
def test_target_that_is_no_class(wrong):
    targets = np.array([[1, wrong, wrong], [2, 1, wrong]])
    CTCLoss()(**{**GOOD, "targets": targets})
    with pytest.raises(IndexError, match=f"classes from 0 to 3, got {wrong}"):
        CTCLoss()(**{**GOOD, "targets": targets, "target_lengths": [1, 3]})


def test_targets_that_are_not_integers():
    with pytest.raises(TypeError, match="targets expects integers, got float64"):
        CTCLoss()(**{**GOOD, "targets": np.ones((2, 4))})


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_any_shape(agree, data):
    T, N, C = (data.draw(st.integers(low, 6), "T, N, C") for low in (1, 1, 2))
    seed = data.draw(st.integers(0, 99), "seed")
    blank = data.draw(st.sampled_from([0, C - 1]), "blank")
    targets = labels((N, 4), 0 if blank else 1, C - 1 if blank else C, seed)
    times, lengths = labels(N, 0, T + 1, seed), labels(N, 0, 5, seed + 1)
    chosen = {
        "blank": blank,
        "reduction": data.draw(st.sampled_from(REDUCTIONS), "reduction"),
        "zero_infinity": data.draw(st.booleans(), "zero_infinity"),
    }
    inputs = log_probs(T, N, C, seed=seed), targets, times, lengths
    agree("CTCLoss", chosen, *inputs, float32=False)
