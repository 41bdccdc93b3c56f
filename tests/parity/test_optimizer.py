"""How optimisers are compared: what one script does to every side."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

import scratchnet as sn
from parity import engine, measure, registry
from parity.script import (
    ALL_SIZES,
    CARRIED,
    CLASSIFICATION,
    NEW_LR,
    ORDINARY,
    REGRESSION,
    ROSENBROCK,
    STEPS,
    TINY,
    WITHOUT,
    case,
    two_groups,
)
from parity.sides import optimizer, problem

(ADAM,) = registry.choose(["Adam"])
SCRIPTS = [
    ORDINARY,
    ALL_SIZES,
    TINY,
    WITHOUT,
    NEW_LR,
    CARRIED,
    ROSENBROCK,
    REGRESSION,
    CLASSIFICATION,
    two_groups(lr=0.1),
]


def traces(pair, options, script, dtype=np.float64):
    """Return what each side leaves behind."""
    given = case(options, script)
    numbers = optimizer.draw(pair, given, np.random.default_rng(0))
    runs = (optimizer.run_numpy, optimizer.run_stock, optimizer.run_twin)
    return [run(pair, given, numbers, dtype) for run in runs]


def said(result):
    return "\n".join(map(str, result.failures))


@pytest.mark.parametrize("script", SCRIPTS, ids=str)
def test_all_sides_show_parameters_and_state_after_every_step(script):
    ours, stock, twin = traces(ADAM, {}, script)
    assert set(ours) == set(stock) == set(twin)
    for step in range(1, STEPS + 1):
        for name in ("parameter", "step", "exp_avg", "exp_avg_sq"):
            assert f"step {step} {name} 0" in ours
    assert STEPS >= 12


def test_parameters_have_several_shapes_and_one_lies_transposed():
    drawn = problem.draw(ORDINARY, np.random.default_rng(0))
    task = problem.Drawn(ORDINARY, drawn, np.float32)
    assert [p.shape for p in task.parameters] == [(3, 4), (5,), ()]
    assert task.parameters[0].data.flags.f_contiguous
    assert not any(g.flags.writeable for step in task.gradients for g in step)


def test_gradients_of_all_sizes_hold_zeros_tiny_and_huge_ones_and_turn():
    drawn = problem.draw(ALL_SIZES, np.random.default_rng(0))
    g = np.array([step[0] for step in drawn.given]).reshape(STEPS, -1)
    assert not g[:, 0].any()
    assert (np.abs(g[:, 1]) < 1e-7).all()
    assert (np.abs(g[:, 2]) > 1e3).all()
    assert (np.diff(np.sign(g[:, 2])) != 0).all()


def test_a_parameter_without_gradient_stays_and_does_not_count():
    ours, *_ = traces(ADAM, {"lr": 0.1}, WITHOUT)
    np.testing.assert_array_equal(
        ours["step 1 parameter 1"], ours["step 2 parameter 1"]
    )
    assert "step 2 step 1" not in ours
    assert ours["step 12 step 1"] == STEPS - len(WITHOUT.without)
    assert ours["step 12 step 0"] == STEPS


def test_a_second_group_has_options_of_its_own():
    (sgd,) = registry.choose(["SGD"])
    ours, *_ = traces(sgd, {"lr": 0.1}, two_groups(lr=0.0))
    for number, moved in ((0, True), (1, False), (2, False)):
        first, last = (ours[f"step {step} parameter {number}"] for step in (1, 12))
        assert np.array_equal(first, last) != moved


def test_the_learning_rate_is_halved_on_the_way():
    (sgd,) = registry.choose(["SGD"])
    constant, _, _ = traces(sgd, {"lr": 0.1}, ORDINARY)
    halved, _, _ = traces(sgd, {"lr": 0.1}, NEW_LR)
    for step in range(2, STEPS + 1):
        steps = [
            t[f"step {step} parameter 0"] - t[f"step {step - 1} parameter 0"]
            for t in (constant, halved)
        ]
        part = 1 if step <= 6 else 2
        np.testing.assert_allclose(steps[0], part * steps[1], rtol=1e-9)


def test_state_goes_through_torch_and_back(monkeypatch):
    loaded = []
    for owner in (sn.optim.Optimizer, torch.optim.Optimizer):
        right = owner.load_state_dict

        def load(self, state_dict, owner=owner, right=right):
            loaded.append(owner)
            right(self, state_dict)

        monkeypatch.setattr(owner, "load_state_dict", load)
    given = case({}, CARRIED)
    numbers = optimizer.draw(ADAM, given, np.random.default_rng(0))
    optimizer.run_numpy(ADAM, given, numbers, np.float64)
    assert loaded == [torch.optim.Optimizer, sn.optim.Optimizer]


def test_losses_fall_where_there_are_losses():
    for script in (ROSENBROCK, REGRESSION, CLASSIFICATION):
        ours, *_ = traces(ADAM, {"lr": 0.05}, script)
        assert ours["step 12 loss"] < 0.8 * ours["step 1 loss"]


@pytest.mark.parametrize("error", [1e-11, 1e-13])
def test_the_gate_of_optimisers_is_narrower(monkeypatch, error):
    class SGD(sn.optim.SGD):
        def update(self, p, g, state, group):
            super().update(p, g, state, group)
            p *= 1 + error

    monkeypatch.setattr(sn.optim, "SGD", SGD)
    (sgd,) = registry.choose(["SGD"])
    result = engine.check(sgd, case({"lr": 0.1}, ORDINARY))
    assert measure.float64_gate("optim") == 1e-12 < measure.float64_gate("nn")
    found = "step 1 parameter 0, against stock torch" in said(result)
    assert found == (error > measure.float64_gate("optim"))


def test_state_in_another_dtype_is_seen(monkeypatch):
    class Adagrad(sn.optim.Adagrad):
        def init_state(self, p, group):
            return {**super().init_state(p, group), "step": np.zeros(())}

    monkeypatch.setattr(sn.optim, "Adagrad", Adagrad)
    (adagrad,) = registry.choose(["Adagrad"])
    result = engine.check(adagrad, case({}, ORDINARY))
    assert "step 1 step 0, against stock torch: expected float32, got float64" in said(
        result
    )


def test_writing_to_a_gradient_is_refused(monkeypatch):
    class SGD(sn.optim.SGD):
        def update(self, p, g, state, group):
            g *= group["lr"]
            p -= g

    monkeypatch.setattr(sn.optim, "SGD", SGD)
    (sgd,) = registry.choose(["SGD"])
    assert "read-only" in said(engine.check(sgd, case({}, ORDINARY)))


def test_float32_is_judged_over_the_run_and_where_rounding_is_not_amplified():
    assert optimizer.pool("step 11 exp_avg 0") == "exp_avg 0"
    assert case({}, ORDINARY).float32
    assert not case({}, REGRESSION).float32
    assert engine.check(ADAM, case({}, ORDINARY)).tensors
    assert not engine.check(ADAM, case({}, REGRESSION)).tensors


def test_a_twin_of_all_parameters_at_once_is_given_one_vector():
    sizes = set()

    def steepest_descent(x, evaluate, state, group):
        _, g = evaluate(x)
        sizes.add((x.shape, g.shape))
        return x - group["lr"] * g

    (lbfgs,) = registry.choose(["LBFGS"])
    pair = type(lbfgs)("LBFGS", steepest_descent, lbfgs.cases, namespace="optim")
    _, _, twin = traces(pair, {"lr": 0.1}, WITHOUT)
    assert sizes == {((18,), (18,))}
    assert twin["step 2 parameter 1"].shape == (5,)


@pytest.mark.parametrize("i", [0, 1])
def test_the_gradient_of_the_valley_is_that_of_its_height(i):
    def at(shift):
        point = np.array([-1.2, 0.7])
        point[i] += shift
        valley = problem.Rosenbrock(
            None, SimpleNamespace(parameters=[point]), np.float64
        )
        return valley.evaluate(1), valley.parameters[0].grad[i]

    slope = (at(1e-5)[0] - at(-1e-5)[0]) / 2e-5
    assert at(0)[1] == pytest.approx(slope, rel=1e-7)


def test_the_truth_of_float32_has_its_epsilon():
    (adafactor,) = registry.choose(["Adafactor"])
    judged = [engine.check(adafactor, case) for case in adafactor.cases]
    errors = [result.torch32 for result in judged if result.torch32 is not None]
    assert len(errors) == 19
    assert max(errors) < 1e-5
