"""Clipping and flattening beside torch's."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import nn
from scratchnet.nn import Parameter, utils

SHAPES = [(3, 4), (5,), (), (2, 3, 2)]
NORMS = [2.0, 1.0, 3, 0.5, 0.0, -1.0, -2.5, "inf", np.inf, -np.inf]
TOLERANCE = {np.float32: 1e-6, np.float64: 1e-14}


def twins(rng, dtype=np.float64, scale=1.0, without=(1,)):
    """Return parameters of both libraries with equal gradients; some have none."""
    ours, theirs = [], []
    for i, shape in enumerate(SHAPES):
        value, grad = rng.normal(size=(2, *shape)).astype(dtype)
        # Linear's weight and its gradient lie transposed in memory.
        p = Parameter(np.array(value, order="F"))
        q = torch.nn.Parameter(torch.tensor(value))
        if i not in without:
            p.grad = np.array(scale * grad, dtype, order="F")
            q.grad = torch.tensor(np.array(p.grad))
        ours.append(p)
        theirs.append(q)
    return ours, theirs


def grads_close(ours, theirs, tolerance):
    for p, q in zip(ours, theirs, strict=True):
        assert (p.grad is None) == (q.grad is None)
        if p.grad is not None:
            assert p.grad.dtype == q.grad.numpy().dtype
            np.testing.assert_allclose(p.grad, q.grad.numpy(), rtol=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("norm_type", NORMS)
@pytest.mark.parametrize("max_norm", [0.3, 1e9, 0.0])
def test_clip_grad_norm_(rng, norm_type, max_norm, dtype):
    ours, theirs = twins(rng, dtype)
    before = [p.grad for p in ours]
    norm = utils.clip_grad_norm_(ours, max_norm, norm_type)
    expected = torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type)
    assert norm.dtype == expected.numpy().dtype
    np.testing.assert_allclose(norm, expected, rtol=TOLERANCE[dtype])
    grads_close(ours, theirs, TOLERANCE[dtype])
    for p, grad in zip(ours, before, strict=True):
        assert p.grad is grad
    if max_norm == 1e9:
        # Not even by a rounding: gradients that are short enough stay as they are.
        unclipped, _ = twins(np.random.default_rng(20), dtype)
        for p, q in zip(ours, unclipped, strict=True):
            np.testing.assert_array_equal(p.grad, q.grad)


def test_the_small_number_under_the_fraction(rng):
    ours, theirs = twins(rng, scale=1e-6)
    utils.clip_grad_norm_(ours, 1e-6)
    torch.nn.utils.clip_grad_norm_(theirs, 1e-6)
    grads_close(ours, theirs, 1e-14)
    # Some 5e-6 before, and noticeably shorter than 1e-6 now.
    assert float(utils.get_total_norm([p.grad for p in ours if p.size > 5])) < 9e-7


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("norm_type", [2.0, 1.5, np.inf])
def test_norms_that_are_not_finite(rng, bad, norm_type):
    ours, theirs = twins(rng)
    ours[0].grad[1, 2] = theirs[0].grad[1, 2] = bad
    before = ours[0].grad.copy()
    for module, parameters in ((utils, ours), (torch.nn.utils, theirs)):
        with pytest.raises(RuntimeError, match="non-finite"):
            module.clip_grad_norm_(parameters, 1.0, norm_type, error_if_nonfinite=True)
    np.testing.assert_array_equal(ours[0].grad, before)
    norm = utils.clip_grad_norm_(ours, 1.0, norm_type)
    expected = torch.nn.utils.clip_grad_norm_(theirs, 1.0, norm_type)
    np.testing.assert_array_equal(norm, expected)
    grads_close(ours, theirs, 1e-14)


def test_squares_beyond_float32_do_not_overflow():
    p = Parameter(np.zeros(4, np.float32))
    p.grad = np.full(4, 1e30, np.float32)
    assert utils.clip_grad_norm_(p, 1.0) == np.float32(2e30)
    np.testing.assert_allclose(p.grad, 0.5, rtol=1e-6)


def test_one_parameter_an_iterator_or_none(rng):
    ours, theirs = twins(rng)
    expected = torch.nn.utils.clip_grad_norm_(theirs[0], 0.1)
    assert utils.clip_grad_norm_(ours[0], 0.1) == pytest.approx(expected.item(), 1e-14)
    expected = torch.nn.utils.clip_grad_norm_(iter(theirs), 0.1)
    norm = utils.clip_grad_norm_((p for p in ours), 0.1)
    assert norm == pytest.approx(expected.item(), 1e-14)
    grads_close(ours, theirs, 1e-14)
    for nothing in ([], [ours[1]]):
        norm = utils.clip_grad_norm_(nothing, 0.1)
        assert (norm, norm.dtype) == (0, np.float32)
    with pytest.warns(UserWarning, match="empty generator") as seen:
        utils.clip_grad_norm_((p for p in []), 0.1)
    assert seen[0].filename == __file__


def test_mixed_dtypes(rng):
    (a, *_), (b, *_) = twins(rng, np.float32)
    (c, *_), (d, *_) = twins(rng, np.float64)
    norm = utils.clip_grad_norm_([a, c], 0.5)
    expected = torch.nn.utils.clip_grad_norm_([b, d], 0.5)
    assert norm.dtype == np.float64
    assert norm == pytest.approx(expected.item(), 1e-6)
    grads_close([a, c], [b, d], 1e-6)


def test_get_total_norm_takes_one_array_or_several(rng):
    arrays = [rng.normal(size=shape) for shape in SHAPES]
    tensors = [torch.tensor(a) for a in arrays]
    for one, other in ((arrays, tensors), (arrays[0], tensors[0])):
        expected = torch.nn.utils.get_total_norm(other, 3.0)
        assert utils.get_total_norm(one, 3.0) == pytest.approx(expected.item(), 1e-14)
    with pytest.raises(TypeError, match="int64"):
        utils.get_total_norm([np.arange(3)])


@pytest.mark.parametrize("total_norm", [0.2, 7.0, 0.0, np.inf, np.nan])
def test_clip_grads_with_norm_(rng, total_norm):
    ours, theirs = twins(rng)
    utils.clip_grads_with_norm_(ours, 0.5, np.float64(total_norm))
    torch.nn.utils.clip_grads_with_norm_(
        theirs, 0.5, torch.tensor(total_norm, dtype=torch.float64)
    )
    grads_close(ours, theirs, 1e-15)
    again, _ = twins(np.random.default_rng(20))
    utils.clip_grads_with_norm_(again, 0.5, total_norm)
    grads_close(ours, theirs, 1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("clip_value", [0.7, 0, -0.5])
def test_clip_grad_value_(rng, clip_value, dtype):
    ours, theirs = twins(rng, dtype)
    ours[0].grad[0, :3] = np.inf, -np.inf, np.nan
    theirs[0].grad[0, :3] = torch.tensor([np.inf, -np.inf, np.nan])
    before = [p.grad for p in ours]
    utils.clip_grad_value_(iter(ours), clip_value)
    torch.nn.utils.clip_grad_value_(iter(theirs), clip_value)
    grads_close(ours, theirs, 0)
    assert all(p.grad is g for p, g in zip(ours, before, strict=True))
    utils.clip_grad_value_(ours[3], 0.1)
    assert np.abs(ours[3].grad).max() <= dtype(0.1)


def test_parameters_to_vector_and_back(rng):
    ours, theirs = twins(rng)
    vector = utils.parameters_to_vector(iter(ours))
    expected = torch.nn.utils.parameters_to_vector(theirs)
    np.testing.assert_array_equal(vector, expected.detach().numpy())
    vector[:] = rng.normal(size=vector.shape)
    arrays = [p.data for p in ours]
    assert not any(np.shares_memory(vector, array) for array in arrays)
    utils.vector_to_parameters(vector, iter(ours))
    torch.nn.utils.vector_to_parameters(torch.tensor(vector), theirs)
    for p, q, array in zip(ours, theirs, arrays, strict=True):
        assert p.data is array
        np.testing.assert_array_equal(array, q.detach().numpy())
    first = arrays[0].copy()
    vector[:] = 0
    np.testing.assert_array_equal(arrays[0], first)


def test_a_longer_vector_will_do_and_dtypes_stay(rng):
    ours, _ = twins(rng, np.float32)
    utils.vector_to_parameters(np.arange(100.0), ours)
    assert ours[0].dtype == np.float32
    assert ours[3].data[-1, -1, -1] == sum(p.size for p in ours) - 1


@pytest.mark.parametrize(
    ("vector", "error", "words"),
    [
        ([1.0] * 100, TypeError, "list"),
        (np.arange(100), TypeError, "int64"),
        (np.ones(29), ValueError, r"a vector of 30, got \(29,\)"),
        (np.ones((30, 1)), ValueError, r"got \(30, 1\)"),
    ],
)
def test_vectors_that_do_not_fit_change_nothing(rng, vector, error, words):
    ours, _ = twins(rng)
    before = [p.data.copy() for p in ours]
    with pytest.raises(error, match=words):
        utils.vector_to_parameters(vector, ours)
    for p, values in zip(ours, before, strict=True):
        np.testing.assert_array_equal(p.data, values)


def test_no_parameters_make_no_vector():
    for function in (utils, torch.nn.utils):
        with pytest.raises(ValueError):
            function.parameters_to_vector([])


@pytest.mark.parametrize("name", utils.__all__)
def test_signatures_are_torchs(name):
    def plain(function):
        parameters = inspect.signature(function).parameters.values()
        return [(p.name, p.default, p.kind) for p in parameters]

    assert plain(getattr(utils, name)) == plain(getattr(torch.nn.utils, name))


@given(
    values=st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=20),
    max_norm=st.floats(1e-3, 1e3),
)
def test_no_norm_is_larger_afterwards(values, max_norm):
    p = Parameter(np.zeros(len(values)))
    p.grad = np.array(values)
    before = utils.clip_grad_norm_(p, max_norm)
    after = utils.get_total_norm(p.grad)
    assert after <= min(before, max_norm) * (1 + 1e-12)


@pytest.mark.parametrize(
    "call",
    [
        lambda: nn.Softmin()(np.zeros((2, 3))),
        lambda: nn.PoissonNLLLoss()(np.zeros((2, 1)), np.ones((2, 3))),
        lambda: nn.MSELoss()(np.zeros((2, 1)), np.ones((2, 3))),
        lambda: nn.CrossEntropyLoss(reduce=False),
        lambda: nn.Linear(0, 3),
        lambda: nn.Conv1d(0, 2, 3),
        lambda: nn.init.kaiming_uniform_(np.zeros((0, 3))),
        lambda: nn.Dropout2d()(np.zeros((2, 3))),
        lambda: nn.InstanceNorm1d(5)(np.zeros((2, 3, 4))),
        lambda: nn.LSTM(2, 3, dropout=0.5),
        lambda: nn.Sequential(nn.Sequential(nn.Softmax()))(np.zeros((2, 3))),
    ],
)
def test_warnings_are_about_the_callers_line(call):
    with pytest.warns(UserWarning) as seen:
        call()
    assert [warning.filename for warning in seen] == [__file__]
