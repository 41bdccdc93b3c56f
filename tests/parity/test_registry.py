"""Every pair: all its cases, and what holds for every layer alike."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch

import scratchnet as sn
from parity import engine, registry
from parity.case import Fault
from parity.fault import caught_by, injected
from parity.sides.tree import drawn, is_floating, leaves, to_numpy, to_torch

# Ours may not warn; what torch warns of is torch's affair.
pytestmark = pytest.mark.filterwarnings("ignore:::torch")

LAYERS = [pair for pair in registry.PAIRS if pair.namespace == "nn"]
# Bases, and modules that hold others without running them: nothing to compare.
NOTHING_TO_RUN = {
    "Module",
    "ModuleDict",
    "ModuleList",
    "ParameterDict",
    "ParameterList",
    "RNNBase",
    "RNNCellBase",
}


def named(pairs):
    return pytest.mark.parametrize(
        "pair", pairs, ids=lambda p: f"{p.namespace}.{p.name}"
    )


@named(registry.PAIRS)
def test_scratchnet_equals_torch(pair):
    for case in pair.cases:
        result = engine.check(pair, case)
        assert result.passed, f"{pair.name} {case}\n" + "\n".join(
            map(str, result.failures)
        )


@named(registry.PAIRS)
def test_no_two_cases_are_the_same(pair):
    names = [str(case) for case in pair.cases]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "fault", registry.FAULTS, ids=lambda f: f"{f.pair}-{f.what.replace(' ', '_')}"
)
def test_every_injected_fault_is_caught(fault):
    assert caught_by(fault) is not None


def test_a_fault_that_float64_does_not_show_is_caught():
    fault = Fault(
        "Tanh",
        "computes in half precision",
        "return np.tanh(x)\n",
        "return np.tanh(x.astype('f2' if x.itemsize < 8 else 'f8')).astype(x.dtype)\n",
    )
    result = caught_by(fault)
    assert {failure.against for failure in result.failures} == {
        "the float64 truth in float32"
    }


def test_a_fault_is_gone_afterwards():
    fault = registry.FAULTS[0]
    with injected(fault):
        pass
    (pair,) = registry.choose([fault.pair])
    assert all(engine.check(pair, case).passed for case in pair.cases)


def test_every_public_layer_has_a_pair():
    public = {
        name
        for name in sn.nn.__all__
        if inspect.isclass(getattr(sn.nn, name))
        and issubclass(getattr(sn.nn, name), sn.nn.Module)
    }
    assert public - NOTHING_TO_RUN == {pair.name for pair in LAYERS}


def test_every_public_optimiser_has_a_pair():
    proved = {pair.name for pair in registry.PAIRS if pair.namespace == "optim"}
    public = {n for n in sn.optim.__all__ if inspect.isclass(getattr(sn.optim, n))}
    assert public - {"Optimizer"} == proved


def built(pair, case, nn=sn.nn, dtype=np.float32):
    """Return a case's layer as a library builds it, with modules of its own."""
    init = drawn(case.init, pair.rng(case, 0), edges=True)
    init = to_torch(init, dtype) if nn is torch.nn else to_numpy(init, dtype, nn)
    return getattr(nn, pair.name)(*init.args, **init.kwargs)


@named(LAYERS)
def test_prints_as_torch_does_and_starts_from_its_numbers(pair):
    for case in pair.cases:
        sn.manual_seed(7)
        layer = built(pair, case)
        torch.default_generator.manual_seed(7)
        stock = built(pair, case, torch.nn)
        assert repr(layer) == repr(stock)
        state, expected = layer.state_dict(), stock.state_dict()
        assert list(state) == list(expected)
        for name, tensor in expected.items():
            np.testing.assert_allclose(
                state[name], tensor.numpy(), rtol=0, atol=3e-6, err_msg=f"{case} {name}"
            )
            assert state[name].dtype == tensor.numpy().dtype


def gradients(layer):
    """Return a copy of each parameter's gradient."""
    return {
        name: p.grad.copy()
        for name, p in layer.named_parameters()
        if p.grad is not None
    }


@named(LAYERS)
def test_backward_adds_up_and_leaves_the_inputs_gradient_out(pair):
    for case in pair.cases:
        numbers = engine.SIDES["nn"].draw(pair, case, pair.rng(case, 0))
        layer = built(pair, case).train(case.training).double()
        layer.load_state_dict(numbers.state)
        inputs = to_numpy(numbers.inputs, np.float64, sn.nn)
        sn.manual_seed(0)
        output = layer(*inputs.args, **inputs.kwargs)
        if not any(is_floating(leaf) for _, leaf in leaves(output, "")):
            continue
        upstream = to_numpy(numbers.upstream, np.float64, sn.nn)
        upstream = upstream if isinstance(upstream, tuple) else (upstream,)
        layer.backward(*upstream)
        once = gradients(layer)
        layer.backward(*upstream)
        twice = gradients(layer)
        assert list(twice) == list(once)
        for name, grad in twice.items():
            np.testing.assert_allclose(
                grad, 2 * once[name], rtol=1e-12, err_msg=f"{case} {name}"
            )
        if pair.predictions is not None:  # A loss: its gradient is what it is for.
            continue
        layer.zero_grad()
        grad = layer.backward(*upstream, input_grad=False)
        assert (grad[0] if isinstance(grad, tuple) else grad) is None
        alone = gradients(layer)
        assert list(alone) == list(once)
        for name, grad in alone.items():
            np.testing.assert_array_equal(grad, once[name], err_msg=f"{case} {name}")


@named([pair for pair in LAYERS if pair.predictions is not None])
def test_a_loss_says_what_it_gives_gradients_for(pair):
    assert getattr(sn.nn, pair.name).predictions == pair.predictions


@named(LAYERS)
def test_backward_needs_a_forward_pass(pair):
    layer = built(pair, pair.cases[-1])
    with pytest.raises(RuntimeError, match="needs a forward pass first"):
        layer.backward(np.zeros((), np.float32))


def test_a_fault_that_changes_nothing_is_refused():
    right = "sum_of_rows(grad_rows)"
    with (
        pytest.raises(ValueError, match="nothing: no function changes"),
        injected(Fault("Linear", "nothing", right, f"({right})")),
    ):
        pass
