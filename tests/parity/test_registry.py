"""Every pair: all its cases, and what holds for every layer alike."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch

import scratchnet as sn
from parity import engine, registry
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


def built(pair, case, dtype=np.float32, seed=0):
    """Return the layer of a case from both libraries, as the seed makes it."""
    init = drawn(case.init, pair.rng(case, 0), edges=True)
    # Modules among the arguments are drawn too.
    sn.manual_seed(seed)
    ours = to_numpy(init, dtype, sn.nn)
    layer = getattr(sn.nn, pair.name)(*ours.args, **ours.kwargs)
    torch.manual_seed(seed)
    theirs = to_torch(init, dtype)
    stock = getattr(torch.nn, pair.name)(*theirs.args, **theirs.kwargs)
    return layer, stock


@named(LAYERS)
def test_prints_as_torch_does(pair):
    for case in pair.cases:
        layer, stock = built(pair, case)
        assert repr(layer) == repr(stock)


@named(LAYERS)
def test_starts_from_torchs_numbers(pair):
    for case in pair.cases:
        layer, stock = built(pair, case, seed=7)
        state, expected = layer.state_dict(), stock.state_dict()
        assert list(state) == list(expected)
        for name, tensor in expected.items():
            np.testing.assert_allclose(
                state[name], tensor.numpy(), rtol=0, atol=3e-6, err_msg=f"{case} {name}"
            )
            assert state[name].dtype == tensor.numpy().dtype


def ran(pair, case):
    """Return a layer of scratchnet after a forward pass, and its upstream gradient."""
    numbers = engine.SIDES["nn"].draw(pair, case, pair.rng(case, 0))
    layer, _ = built(pair, case)
    layer.train(case.training).double().load_state_dict(numbers.state)
    inputs = to_numpy(numbers.inputs, np.float64, sn.nn)
    sn.manual_seed(0)
    output = layer(*inputs.args, **inputs.kwargs)
    upstream = to_numpy(numbers.upstream, np.float64, sn.nn)
    return layer, output, upstream if isinstance(upstream, tuple) else (upstream,)


@named([pair for pair in LAYERS if pair.predictions is None])
def test_input_gradient_can_be_left_out(pair):
    for case in pair.cases:
        layer, output, upstream = ran(pair, case)
        if not any(is_floating(leaf) for _, leaf in leaves(output, "")):
            continue
        layer.backward(*upstream)
        expected = {name: p.grad for name, p in layer.named_parameters()}
        layer.zero_grad()
        grad = layer.backward(*upstream, input_grad=False)
        assert (grad[0] if isinstance(grad, tuple) else grad) is None
        for name, p in layer.named_parameters():
            np.testing.assert_array_equal(
                p.grad, expected[name], err_msg=f"{case} {name}"
            )


@named(LAYERS)
def test_gradients_add_up_over_backward_passes(pair):
    for case in pair.cases:
        layer, output, upstream = ran(pair, case)
        if not any(is_floating(leaf) for _, leaf in leaves(output, "")):
            continue
        layer.backward(*upstream)
        once = {
            n: p.grad.copy() for n, p in layer.named_parameters() if p.grad is not None
        }
        layer.backward(*upstream)
        for name, grad in once.items():
            total = dict(layer.named_parameters())[name].grad
            np.testing.assert_allclose(
                total, 2 * grad, rtol=1e-12, err_msg=f"{case} {name}"
            )


@named(LAYERS)
def test_backward_needs_a_forward_pass(pair):
    layer, _ = built(pair, pair.cases[-1])
    with pytest.raises(RuntimeError, match="needs a forward pass first"):
        layer.backward(np.zeros((), np.float32))
