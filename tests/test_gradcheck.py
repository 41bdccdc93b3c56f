"""The judge that knows nothing of torch: what it lets pass, and what it names."""

from __future__ import annotations

import re

import numpy as np
import pytest

import scratchnet as sn
from scratchnet import nn
from scratchnet.gradcheck import gradcheck

MODES = pytest.mark.parametrize("fast_mode", [False, True])


def draws(*shapes):
    rng = np.random.default_rng(1)
    return [rng.normal(size=shape) for shape in shapes]


RIGHT = {
    "layer": (nn.Linear(5, 3).double(), draws((4, 5))),
    "two inputs": (nn.Bilinear(5, 3, 2).double(), draws((4, 5), (4, 3))),
    "dropout": (nn.Dropout(0.5), draws((4, 5))),
    "buffers": (nn.BatchNorm1d(5).double(), draws((4, 5))),
    "integers": (nn.Embedding(7, 3).double(), [np.array([[1, 6], [1, 0]])]),
    "states": (
        nn.LSTM(5, 3).double(),
        [*draws((2, 4, 5)), tuple(draws((1, 4, 3), (1, 4, 3)))],
    ),
    "states left out": (nn.LSTM(5, 3).double(), draws((2, 4, 5))),
    "a mask": (
        nn.MultiheadAttention(4, 2).double(),
        [*draws(*[(3, 2, 4)] * 3), None, False, np.eye(3)],
    ),
    "class targets": (nn.CrossEntropyLoss(), [*draws((4, 5)), np.array([0, 4, 2, 2])]),
    "targets": (nn.MSELoss(), draws((4, 5), (4, 5))),
    "losses": (nn.MSELoss(reduction="none"), draws((4, 5), (4, 5))),
    "a frozen parameter": (nn.Linear(5, 3).double().requires_grad_(False), draws((5,))),
}


@MODES
@pytest.mark.parametrize("case", RIGHT)
def test_right_layers_pass(case, fast_mode):
    module, inputs = RIGHT[case]
    assert gradcheck(module, inputs, fast_mode=fast_mode)


class NoReturn(nn.ReLU):
    def backward(self, grad_output):
        super().backward(grad_output)


class FirstHalf(nn.ReLU):
    def backward(self, grad_output):
        return super().backward(grad_output)[:2]


class Single(nn.ReLU):
    def backward(self, grad_output):
        return super().backward(grad_output).astype(np.float32)


class NaN(nn.ReLU):
    def backward(self, grad_output):
        return np.nan * super().backward(grad_output)


class OneOfTwo(nn.Bilinear):
    def backward(self, grad_output):
        return super().backward(grad_output)[0], None


class NoStates(nn.LSTM):
    def backward(self, grad_output, grad_state):
        return super().backward(grad_output, grad_state)[0], None


class DoubledBias(nn.Linear):
    def backward(self, grad_output):
        grad = super().backward(grad_output)
        self.bias.accumulate_grad(grad_output.sum(axis=0))
        return grad


class NoWeights(nn.Linear):
    def backward(self, grad_output):
        return grad_output @ self.weight.data


class TooMany(nn.Linear):
    def backward(self, grad_output):
        return super().backward(grad_output), self.weight.grad, self.bias.grad


class Twice(nn.MSELoss):
    def backward(self, grad_output):
        return (super().backward(grad_output),) * 2


class AList(nn.Bilinear):
    def backward(self, grad_output):
        grad, other = super().backward(grad_output)
        return [grad, 2 * other]


class Overwrites(nn.Linear):
    def backward(self, grad_output):
        self.weight.grad = None
        return super().backward(grad_output)


class WritesToItsInput(nn.ReLU):
    def forward(self, x):
        x *= 2
        return super().forward(x)


WRONG = {
    "no return": (NoReturn(), draws((4, 5)), "input.*: backward gives 0, "),
    "another shape": (
        FirstHalf(),
        draws((4, 5)),
        r"input expects \(4, 5\) in float64, got \(2, 5\) in float64",
    ),
    "another dtype": (
        Single(),
        draws((4, 5)),
        r"input expects \(4, 5\) in float64, got \(4, 5\) in float32",
    ),
    "NaN": (NaN(), draws((4, 5)), "input.*: backward gives nan"),
    "one of two": (OneOfTwo(5, 3, 2).double(), draws((4, 5), (4, 3)), "input 1"),
    "no states": (
        NoStates(5, 3).double(),
        [*draws((2, 4, 5)), tuple(draws((1, 4, 3), (1, 4, 3)))],
        r"input 1.* \(and (1|23) more\)",  # both states, whole or by element
    ),
    "a bias": (DoubledBias(5, 3).double(), draws((4, 5)), "bias"),
    "no weights": (NoWeights(5, 3).double(), draws((4, 5)), "weight.* gives 0, "),
}


@MODES
@pytest.mark.parametrize("case", WRONG)
def test_wrong_layers_are_named(case, fast_mode):
    module, inputs, words = WRONG[case]
    with pytest.raises(
        ValueError, match=f"{type(module).__name__} gradient of .*{words}"
    ):
        gradcheck(module, inputs, fast_mode=fast_mode)
    assert not gradcheck(module, inputs, fast_mode=fast_mode, raise_exception=False)


MISDEEDS = {
    "too many": (
        TooMany(5, 3).double(),
        draws((4, 5)),
        "TooMany backward gives 3 gradients, for 1 inputs",
    ),
    "of a loss": (
        Twice(),
        draws((4, 5), (4, 5)),
        "Twice backward gives 2 gradients, for 1 inputs",
    ),
    "overwrites": (
        Overwrites(5, 3).double(),
        draws((4, 5)),
        "Overwrites backward writes over an earlier gradient of weight: add to it",
    ),
    "writes": (
        WritesToItsInput(),
        draws((4, 5)),
        "WritesToItsInput forward or backward writes to an input",
    ),
}


@pytest.mark.parametrize("case", MISDEEDS)
def test_what_no_number_shows_is_told(case):
    module, inputs, words = MISDEEDS[case]
    kept = [p.grad for p in module.parameters()]
    with pytest.raises(ValueError, match=words):
        gradcheck(module, inputs)
    assert not gradcheck(module, inputs, raise_exception=False)
    assert [p.grad for p in module.parameters()] == kept


def test_gradients_in_a_list_are_looked_at():
    with pytest.raises(ValueError, match=r"AList gradient of input 1\[0, 0\]"):
        gradcheck(AList(5, 3, 2).double(), draws((4, 5), (4, 3)))


@pytest.mark.parametrize("eps", [0, -1e-6, np.nan])
def test_a_step_of_nothing_is_refused(eps):
    with pytest.raises(ValueError, match="gradcheck expects eps above 0, got"):
        gradcheck(nn.ReLU(), draws((4, 5)), eps=eps)


def test_the_place_and_both_values_are_told():
    layer, (x,) = DoubledBias(5, 3).double(), draws((4, 5))
    with pytest.raises(ValueError) as error:
        gradcheck(layer, x, seed=3)
    said = re.fullmatch(
        r"DoubledBias gradient of bias\[0\]: backward gives (\S+), "
        r"central differences (\S+) \(and 2 more\)",
        str(error.value),
    )
    true = np.random.default_rng(3).standard_normal((4, 3)).sum(axis=0)[0]
    assert float(said[1]) == pytest.approx(2 * true, rel=1e-8)
    assert float(said[2]) == pytest.approx(true, rel=1e-6)


def test_a_single_fault_has_no_more():
    with pytest.raises(ValueError, match=r"gives \S+, central differences \S+$"):
        gradcheck(DoubledBias(5, 3).double(), draws((4, 5)), fast_mode=True)


@pytest.mark.parametrize("off", [0.99, 1.01])
def test_tolerances_are_those_given(off):
    class Nearly(nn.Identity):
        def backward(self, grad_output):
            return (1 + 0.1 * off) * grad_output

    (x,) = draws((4, 5))
    verdict = gradcheck(Nearly(), x, atol=0, rtol=0.1, raise_exception=False)
    assert verdict == (off < 1)


def test_nothing_is_left_behind():
    layer, (x,) = (
        nn.Sequential(nn.BatchNorm1d(5), nn.Dropout(0.5)).double(),
        draws((4, 5)),
    )
    before = {name: value.copy() for name, value in layer.state_dict().items()}
    for p in layer.parameters():
        p.grad = np.full(p.shape, 9.0)
    kept, state = x.copy(), sn.get_rng_state()
    gradcheck(layer, x)
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(sn.get_rng_state(), state)
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
    assert all((p.grad == 9).all() for p in layer.parameters())


@pytest.mark.parametrize("fails", ["forward", "backward", "nudged"])
def test_nothing_is_left_behind_by_an_error(fails):
    class Fails(nn.Linear):
        def forward(self, input):
            sn.rand(3)
            if fails == "forward" or (
                fails == "nudged" and self.weight.data[0, 0] != 1
            ):
                raise ZeroDivisionError
            return super().forward(input)

        def backward(self, grad_output, input_grad=True):
            if fails == "backward":
                raise ZeroDivisionError
            return super().backward(grad_output, input_grad)

    layer = Fails(5, 3).double()
    layer.weight.data[...] = 1
    layer.weight.grad = np.full((3, 5), 9.0)
    state = sn.get_rng_state()
    with pytest.raises(ZeroDivisionError):
        gradcheck(layer, np.ones((4, 5)))
    np.testing.assert_array_equal(sn.get_rng_state(), state)
    assert (layer.weight.data == 1).all()
    assert (layer.weight.grad == 9).all()


@pytest.mark.parametrize(
    ("module", "dtype", "words"),
    [
        (nn.Linear(5, 3), np.float64, "gradcheck expects float64, got weight float32"),
        (nn.ReLU(), np.float32, "gradcheck expects float64 inputs, got float32"),
    ],
)
def test_single_precision_is_refused(module, dtype, words):
    with pytest.raises(TypeError, match=words):
        gradcheck(module, np.ones((4, 5), dtype))


def test_a_forward_pass_that_writes_to_its_input_is_named():
    class ReLU(nn.Module):
        def forward(self, x):
            x[x < 0] = 0
            self.save_for_backward(x > 0)
            return x.copy()

        def backward(self, grad_output):
            (positive,) = self.saved_for(grad_output)
            return grad_output * positive

    x = np.array([-1.0, 2.0, -3.0])
    with pytest.raises(ValueError, match="writes to an input: make a new array"):
        gradcheck(ReLU(), (x,))
    np.testing.assert_array_equal(x, [-1, 2, -3])
