"""The initialisers' side: what it sees of a wrong one."""

from __future__ import annotations

import numpy as np

import scratchnet as sn
from parity import engine, registry

(NORMAL,) = registry.choose(["normal_"])
CASE = next(case for case in NORMAL.cases if "(5.0, 0.1)" in str(case))
right = sn.nn.init.normal_


def with_normal(monkeypatch, function):
    monkeypatch.setattr(sn.nn.init, "normal_", function)
    return engine.check(NORMAL, CASE)


def said(result):
    return "\n".join(map(str, result.failures))


def test_what_is_right_passes(monkeypatch):
    result = with_normal(monkeypatch, right)
    assert result.passed
    # Torch's own error where numbers near 5 are rounded to float32.
    assert 1e-8 < result.torch32 < 1e-7


def test_float32_is_judged_by_the_numbers_drawn_in_float32(monkeypatch):
    def coarse(tensor, mean, std):
        right(tensor, mean, std)
        if tensor.dtype == np.float32:
            tensor.data *= np.float32(1 + 1e-6)

    result = with_normal(monkeypatch, coarse)
    assert {failure.against for failure in result.failures} == {
        "the float64 truth in float32"
    }


def test_a_number_too_many_is_seen(monkeypatch):
    def greedy(tensor, mean, std):
        right(tensor, mean, std)
        sn.rand(1)

    result = with_normal(monkeypatch, greedy)
    assert {failure.tensor for failure in result.failures} == {"next number"}


def test_memory_read_in_the_wrong_order_is_seen(monkeypatch):
    def as_it_lies(tensor, mean, std):
        right(tensor.data.T, mean, std)

    assert "tensor, against stock torch" in said(with_normal(monkeypatch, as_it_lies))
