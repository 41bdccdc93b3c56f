"""The engine: what it lets pass, and what it does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import scratchnet as sn
from parity import engine, registry
from parity.case import Case, Pair, call, fixed, normal
from parity.sides import mask


def twin(layer, x):
    return torch.tanh(x)


CASE = Case(call(), call(normal(4, 5)))
TANH = Pair("Tanh", twin, [CASE])


def with_tanh(monkeypatch, forward=None, backward=None):
    """Put a Tanh of one's own in the place of scratchnet's; judge it."""

    class Tanh(sn.nn.Tanh):
        pass

    if forward:
        Tanh.forward = forward
    if backward:
        Tanh.backward = backward
    monkeypatch.setattr(sn.nn, "Tanh", Tanh)
    return engine.check(TANH, CASE)


def said(result):
    return "\n".join(map(str, result.failures))


def test_what_is_right_passes():
    result = engine.check(TANH, CASE)
    assert result.passed
    assert result.used <= 1
    assert (result.tensors, result.differences is None) == (2, False)


def test_the_numbers_depend_on_seed_and_case_alone():
    again, other = engine.check(TANH, CASE), engine.check(TANH, CASE, seed=1)
    assert engine.check(TANH, CASE).float32 == again.float32
    assert other.float32 != again.float32


def test_a_wrong_twin_is_not_taken_on_trust():
    result = engine.check(
        Pair("Tanh", lambda layer, x: 1.001 * torch.tanh(x), [CASE]), CASE
    )
    assert "the twin's output, against stock torch" in said(result)


def test_an_error_in_the_forward_is_seen(monkeypatch):
    def forward(self, x):
        y = np.tanh(x) * (1 + 1e-10)
        self.save_for_backward(x, y)
        return y

    result = with_tanh(monkeypatch, forward)
    assert "output, against stock torch" in said(result)


def test_float32_inside_is_seen_in_float64(monkeypatch):
    def forward(self, x):
        y = np.tanh(x.astype(np.float32)).astype(x.dtype)
        self.save_for_backward(x, y)
        return y

    assert "output, against stock torch" in said(with_tanh(monkeypatch, forward))


def test_a_poor_formula_is_seen_in_float32(monkeypatch):
    def forward(self, x):
        y = 1 - 2 / (np.exp(2 * x + 8) / x.dtype.type(np.exp(8)) + 1)
        self.save_for_backward(x, y)
        return y.astype(x.dtype)

    result = with_tanh(monkeypatch, forward)
    assert "against the float64 truth in float32" in said(result)
    assert "against stock torch" not in said(result)


@pytest.mark.parametrize(
    ("wrong", "draws"),
    [("nothing", engine.DRAWS), ("output", 1), ("grad input 0", engine.DRAWS)],
)
def test_what_fails_in_float32_alone_is_drawn_again(monkeypatch, wrong, draws):
    ran = []

    def forward(self, x):
        ran.append(x.dtype)
        y = np.tanh(x)
        self.save_for_backward(y)
        poor = 1e-3 if wrong == "output" or x.dtype == np.float32 else 0
        return y + x.dtype.type(poor)

    def backward(self, grad_output):
        (y,) = self.saved_for(grad_output)
        factor = 1 + 1e-3 if wrong == "grad input 0" else 1
        return factor * grad_output * (1 - y * y)

    result = with_tanh(monkeypatch, forward, backward)
    assert "output, against the float64 truth in float32" in said(result)
    assert ran.count(np.dtype(np.float32)) == draws


def test_a_silent_upcast_is_seen(monkeypatch):
    def forward(self, x):
        y = np.tanh(x.astype(np.float64))
        self.save_for_backward(x, y)
        return y

    assert "expected float32, got float64" in said(with_tanh(monkeypatch, forward))


def test_writing_to_the_input_is_refused(monkeypatch):
    def forward(self, x):
        x *= 1
        return sn.nn.Module.forward(self, x)

    assert "read-only" in said(with_tanh(monkeypatch, forward))


def test_a_warning_that_escapes_fails(monkeypatch):
    def forward(self, x):
        y = np.tanh(x) + 0 * np.log(np.zeros(1))
        self.save_for_backward(x, y)
        return y

    assert "RuntimeWarning" in said(with_tanh(monkeypatch, forward))


def test_a_missing_gradient_is_named(monkeypatch):
    result = with_tanh(monkeypatch, backward=lambda self, grad_output: None)
    assert "grad input 0, against stock torch: expected an array" in said(result)
    assert result.used == np.inf


def test_central_differences_see_a_backward_that_torch_does_not(monkeypatch):
    layer = engine.SIDES["nn"]
    monkeypatch.setattr(layer, "run_stock", layer.run_numpy)
    monkeypatch.setattr(layer, "run_twin", layer.run_numpy)
    result = with_tanh(monkeypatch, backward=lambda self, g: g * (1 - self._saved[1]))
    assert [f.against for f in result.failures] == ["central differences"]


def test_an_exception_is_a_failure_with_its_place(monkeypatch):
    def forward(self, x):
        raise ZeroDivisionError("on purpose")

    result = with_tanh(monkeypatch, forward)
    assert "ZeroDivisionError: on purpose (forward, line" in said(result)


def raised(file):
    """Return what a function in such a file raises."""
    names = {}
    exec(compile("def f():\n    raise ValueError", str(file), "exec"), names)
    with pytest.raises(ValueError) as caught:
        names["f"]()
    # As if it were all that there is: pytest's own frames lie elsewhere too.
    return caught.value.with_traceback(caught.tb.tb_next)


def test_the_place_of_an_error_is_in_what_is_judged_or_named():
    root = Path(engine.__file__).parents[1]
    for judged in ("parity_homework/h.py", "scratchnet_homework.py", "h.py"):
        assert engine.place(raised(root / judged)) == " (f, line 2)"
    for file, said in (
        ("scratchnet/nn/module.py", " (f, line 2 of module.py)"),
        ("parity/engine.py", ""),
    ):
        assert engine.place(raised(root / file)) == said


def test_gradients_are_added_not_replaced_into_the_trace():
    (linear,) = registry.choose(["Linear"])
    names = set(
        engine.SIDES["nn"].run_numpy(
            linear,
            linear.cases[0],
            engine.SIDES["nn"].draw(linear, linear.cases[0], np.random.default_rng(0)),
            np.float64,
        )
    )
    assert names == {"output", "grad input 0", "grad weight", "grad bias"}


def test_edges_are_planted_but_not_for_central_differences():
    draw = normal(4, 5, edges=(0.0, np.inf), ties=True)
    planted = draw(np.random.default_rng(0))
    assert (planted == 0).any()
    assert np.isinf(planted).sum() == 1
    assert np.array_equal(planted, np.round(planted))
    smooth = draw(np.random.default_rng(0), edges=False)
    assert np.isfinite(smooth).all()
    assert not (smooth == 0).any()
    assert len(np.unique(smooth)) == smooth.size


def test_arrays_can_be_written_out():
    values = fixed([1.0, 2.0])
    assert str(values) == "fixed[1.0, 2.0](2)"
    np.testing.assert_array_equal(values(np.random.default_rng(0)), [1.0, 2.0])


@pytest.mark.parametrize("ours", [True, False])
def test_both_sides_get_one_mask_on_any_processor(monkeypatch, ours):
    if ours and not mask.torch_masks_are_ours():
        pytest.skip("torch's masks come from MKL here")
    monkeypatch.setattr(mask, "torch_masks_are_ours", lambda: ours)
    (dropout,) = registry.choose(["Dropout"])
    for case in dropout.cases:
        assert engine.check(dropout, case).passed, case


def test_what_torch_has_not_is_seen(monkeypatch):
    class SGD(sn.optim.SGD):
        def init_state(self, p, group):
            return {**super().init_state(p, group), "velocity": np.ones_like(p)}

    monkeypatch.setattr(sn.optim, "SGD", SGD)
    (sgd,) = registry.choose(["SGD"])
    result = engine.check(sgd, sgd.cases[0])
    assert "step 1 velocity 0, against stock torch: expected none" in said(result)


@pytest.mark.parametrize(("name", "note"), [("GELU", "bounds"), ("RMSNorm", "tiny")])
def test_where_float32_leads_torch_astray_not_anything_passes(monkeypatch, name, note):
    class Wrong(getattr(sn.nn, name)):
        def forward(self, x):
            y = super().forward(x)
            return 7 * y if x.dtype == np.float32 else y

    monkeypatch.setattr(sn.nn, name, Wrong)
    (pair,) = registry.choose([name])
    for case in pair.cases:
        if note in case.note:
            assert not engine.check(pair, case).passed, case


@pytest.mark.parametrize(
    "judged", [{"tolerance": 1e-9}, {"differences": False}, {"float32": False}]
)
def test_what_is_judged_otherwise_says_why(judged):
    with pytest.raises(ValueError, match="say why it is judged otherwise"):
        Case(**judged)
    assert Case(**judged, because="of this")
