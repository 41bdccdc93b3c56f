"""AdaptiveLogSoftmaxWithLoss beside torch's."""

import inspect

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import scratchnet as sn
from scratchnet.gradcheck import gradcheck
from scratchnet.nn import AdaptiveLogSoftmaxWithLoss

I, CLASSES = 8, 12
SETTINGS = [
    {"cutoffs": [3, 7], "div_value": 2.0},
    {"cutoffs": (1,), "head_bias": True},
    {"cutoffs": [11], "div_value": 1.5},
    {"cutoffs": [2, 4, 8], "div_value": 1.9, "head_bias": True},
]
each_setting = pytest.mark.parametrize("chosen", SETTINGS, ids=str)


def samples(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def both(**chosen):
    """Return ours in float64, and torch's with the same parameters."""
    sn.manual_seed(0)
    ours = AdaptiveLogSoftmaxWithLoss(I, CLASSES, **chosen, dtype=np.float64)
    theirs = torch.nn.AdaptiveLogSoftmaxWithLoss(I, CLASSES, **chosen).double()
    theirs.load_state_dict({k: torch.tensor(v) for k, v in ours.state_dict().items()})
    return ours, theirs


@each_setting
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_seed_gives_the_same_parameters(chosen, dtype):
    sn.manual_seed(5)
    ours = AdaptiveLogSoftmaxWithLoss(I, CLASSES, **chosen, dtype=dtype)
    torch.manual_seed(5)
    theirs = torch.nn.AdaptiveLogSoftmaxWithLoss(
        I, CLASSES, **chosen, dtype=getattr(torch, np.dtype(dtype).name)
    )
    for _ in range(2):
        state = {k: v.numpy() for k, v in theirs.state_dict().items()}
        assert list(ours.state_dict()) == list(state)
        for name, array in ours.state_dict().items():
            assert array.dtype == dtype
            np.testing.assert_allclose(array, state[name], rtol=1e-15, err_msg=name)
        ours.reset_parameters()
        theirs.reset_parameters()


@each_setting
def test_repr_and_attributes_are_torchs(chosen):
    ours, theirs = both(**chosen)
    assert repr(ours) == repr(theirs)
    for name in ("in_features", "n_classes", "cutoffs", "div_value", "head_bias",
                 "shortlist_size", "n_clusters", "head_size"):  # fmt: skip
        assert getattr(ours, name) == getattr(theirs, name), name


def test_arguments_are_torchs():
    for method in ("forward", "log_prob", "predict"):
        ours, theirs = (
            inspect.signature(getattr(c, method))
            for c in (AdaptiveLogSoftmaxWithLoss, torch.nn.AdaptiveLogSoftmaxWithLoss)
        )
        assert list(ours.parameters) == list(theirs.parameters)


@each_setting
@pytest.mark.parametrize("scale", [5.0, 200.0])
def test_log_prob_and_predict_are_torchs(chosen, scale):
    ours, theirs = both(**chosen)
    x = scale * samples(40, I)
    log_p = ours.log_prob(x)
    expected = theirs.log_prob(torch.tensor(x)).detach()
    np.testing.assert_allclose(log_p, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1, rtol=1e-13)
    predicted = ours.predict(x)
    np.testing.assert_array_equal(predicted, theirs.predict(torch.tensor(x)))
    np.testing.assert_array_equal(predicted, log_p.argmax(axis=1))
    assert set(predicted < ours.shortlist_size) == {False, True}


@each_setting
def test_output_is_the_log_prob_of_the_target(chosen):
    ours, _ = both(**chosen)
    x, t = samples(CLASSES, I), np.arange(CLASSES)[::-1]
    output, loss = ours(x, t)
    np.testing.assert_allclose(output, ours.log_prob(x)[np.arange(CLASSES), t], 1e-13)
    np.testing.assert_allclose(loss, -output.mean(), rtol=1e-14)
    named = ours(x, t)
    assert named.loss == loss
    np.testing.assert_array_equal(named.output, output)


def test_looking_on_leaves_the_backward_pass_alone():
    ours, _ = both(**SETTINGS[0])
    x, t = samples(6, I), np.array([0, 11, 3, 7, 2, 5])
    ours(x, t)
    expected = ours.backward(grad_loss=1.0)
    ours(x, t)
    ours.log_prob(samples(9, I, seed=3))
    ours.predict(samples(4, I, seed=4))
    np.testing.assert_array_equal(ours.backward(grad_loss=1.0), expected)


@each_setting
def test_gradients_are_those_of_the_value(chosen):
    ours, _ = both(**chosen)
    x, t = samples(CLASSES, I), np.arange(CLASSES)
    assert gradcheck(ours, [x, t], rtol=1e-6, atol=1e-8)


def test_gradients_of_either_output_add_up():
    ours, _ = both(**SETTINGS[0])
    x, t, g = samples(5, I), np.array([0, 11, 3, 7, 2]), samples(5, seed=2)
    ours(x, t)
    of_output, of_loss = ours.backward(g), ours.backward(None, 0.3)
    weight = ours.head.weight.grad
    ours.zero_grad()
    np.testing.assert_allclose(ours.backward(g, 0.3), of_output + of_loss, rtol=1e-13)
    np.testing.assert_allclose(ours.head.weight.grad, weight, rtol=1e-12)
    np.testing.assert_allclose(of_loss, ours.backward(np.full(5, -0.3 / 5)), 1e-13)
    assert not ours.backward().any()


def test_input_grad_may_be_left_out():
    ours, _ = both(**SETTINGS[3])
    x, t = samples(6, I), np.array([0, 11, 3, 7, 2, 5])
    ours(x, t)
    ours.backward(None, 1.0)
    expected = [p.grad for p in ours.parameters()]
    ours.zero_grad()
    assert ours.backward(None, 1.0, input_grad=False) is None
    for p, grad in zip(ours.parameters(), expected, strict=True):
        np.testing.assert_array_equal(p.grad, grad)


def test_clusters_without_a_target_get_no_gradient():
    ours, theirs = both(**SETTINGS[0])
    x, t = samples(3, I), np.array([0, 8, 11])
    ours(x, t)
    ours.backward(None, 1.0)
    theirs(torch.tensor(x), torch.tensor(t)).loss.backward()
    for (name, mine), its in zip(
        ours.named_parameters(), theirs.parameters(), strict=True
    ):
        assert (mine.grad is None) == (its.grad is None) == name.startswith("tail.0")


def test_of_no_samples():
    ours, _ = both(**SETTINGS[0])
    output, loss = ours(np.zeros((0, I)), np.zeros(0, int))
    assert output.shape == (0,)
    assert np.isnan(loss)
    assert ours.backward(None, 1.0).shape == (0, I)
    assert ours.log_prob(np.zeros((0, I))).shape == (0, CLASSES)
    assert ours.predict(np.zeros((0, I))).shape == (0,)


@pytest.mark.parametrize(
    "cutoffs", [[], [5, 3], [0, 3], [12], [13], [3, 3], [2.5], [-1, 4]], ids=str
)
def test_cutoffs_that_torch_refuses(cutoffs):
    with pytest.raises(ValueError, match="different integers from 1 to 11, sorted"):
        AdaptiveLogSoftmaxWithLoss(I, CLASSES, cutoffs)
    with pytest.raises(ValueError, match="cutoffs should be"):
        torch.nn.AdaptiveLogSoftmaxWithLoss(I, CLASSES, cutoffs)


@pytest.mark.parametrize(
    ("shape", "target"),
    [((3, I), (2,)), ((I,), (1,)), ((1, I), ()), ((3, I), (3, 1)), ((3, 7), (3,)),
     ((), ()), ((2, 3, I), (2, 3))],
)  # fmt: skip
def test_shapes_that_do_not_fit(shape, target):
    ours, theirs = both(**SETTINGS[0])
    x, t = np.ones(shape), np.zeros(target, int)
    with pytest.raises(ValueError, match="AdaptiveLogSoftmaxWithLoss .*expects"):
        ours(x, t)
    with pytest.raises(RuntimeError):
        theirs(torch.tensor(x), torch.tensor(t))


@pytest.mark.parametrize("wrong", [-1, CLASSES])
def test_target_that_is_no_class(wrong):
    ours, _ = both(**SETTINGS[0])
    with pytest.raises(IndexError, match=f"classes from 0 to 11, got {wrong}"):
        ours(samples(3, I), np.array([0, wrong, 3]))


def test_other_dtypes():
    ours, _ = both(**SETTINGS[0])
    with pytest.raises(TypeError, match="expects float64, got float32"):
        ours(samples(3, I).astype("f"), np.zeros(3, int))
    with pytest.raises(TypeError, match="target expects integers, got float64"):
        ours(samples(3, I), np.zeros(3))
    for method in (ours.log_prob, ours.predict):
        with pytest.raises(TypeError, match="expects float64, got float32"):
            method(samples(3, I).astype("f"))
        with pytest.raises(ValueError, match=r"expects \(N, 8\), got \(8,\)"):
            method(samples(I))


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_any_cutoffs_and_targets(data):
    cutoffs = data.draw(
        st.lists(st.integers(1, CLASSES - 1), min_size=1, max_size=4, unique=True)
    )
    ours, theirs = both(cutoffs=sorted(cutoffs), div_value=1.5)
    N, seed = data.draw(st.integers(1, 6), "N"), data.draw(st.integers(0, 99), "seed")
    rng = np.random.default_rng(seed)
    t, g = rng.integers(0, CLASSES, N), rng.normal(size=N)
    x = samples(2 * N, I, seed=seed)[::2]
    output, loss = ours(x, t)
    tensor = torch.tensor(x, requires_grad=True)
    expected = theirs(tensor, torch.tensor(t))
    np.testing.assert_allclose(output, expected.output.detach(), rtol=1e-12)
    np.testing.assert_allclose(loss, expected.loss.item(), rtol=1e-12)
    (expected.output @ torch.tensor(g) + 0.7 * expected.loss).backward()
    grad = ours.backward(g, 0.7)
    np.testing.assert_allclose(grad, tensor.grad, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("integer", ["int8", "uint8", "uint64"])
def test_targets_are_of_any_integer(integer):
    layer = AdaptiveLogSoftmaxWithLoss(16, 6, [2, 4], dtype=np.float64)
    x, target = np.linspace(-1, 1, 48).reshape(3, 16), np.array([0, 3, 5])
    expected = layer(x, target)
    came = layer(x, target.astype(integer))
    np.testing.assert_array_equal(came.output, expected.output)
