"""A summed Jacobian passes nothing back, a diagonal too little: parity sees both."""

from __future__ import annotations

from copy import deepcopy

import numpy as np

from benchmarks.experiments import wrong_softmax
from scratchnet import nn

CONFIG = wrong_softmax.Config(
    dataset="mnist5k", hidden=16, epochs=2, train=640, test=200
)


def test_what_is_wrong_learns_less_and_is_found_out(run_sides):
    before = nn.Softmax
    found = run_sides(wrong_softmax, CONFIG)
    assert nn.Softmax is before
    for side in found.values():
        last = {name: result["accuracy"][-1] for name, result in side.items()}
        assert last["summed"] < 0.3 < 0.6 < last["right"]
        assert side["summed"]["gradient"] < 1e-15
        assert side["right"]["gradient"] > side["diagonal"]["gradient"] > 0.05
        assert np.mean(side["diagonal"]["loss"]) < 0.9 * side["summed"]["loss"][-1]
    for name, ours in found["scratchnet"].items():
        assert np.allclose(ours["loss"], found["torch"][name]["loss"], atol=1e-4)
    failed = {
        name: result["judged"]["failed"] for name, result in found["scratchnet"].items()
    }
    assert failed["right"] == 0
    assert failed["summed"] >= 8
    assert failed["diagonal"] >= 8
    assert "grad input 0" in found["scratchnet"]["summed"]["judged"]["first"]
    config = wrong_softmax.Config()
    assert verdicts(config, found)[:2] == ["explained", "explained"]
    changed = deepcopy(found)
    changed["scratchnet"]["right"]["judged"]["failed"] = 1
    changed["torch"]["summed"]["gradient"] = 0.01
    changed["torch"]["summed"]["accuracy"] = [0.5]
    changed["torch"]["diagonal"]["accuracy"] = [0.2]
    assert verdicts(config, changed) == ["refuted"] * 4


def verdicts(config, sides):
    return [finding.verdict for finding in wrong_softmax.conclude(config, sides)]


def test_rules_against_differences():
    rng = np.random.default_rng(0)
    x, grad = rng.standard_normal((2, 3, 5))
    y = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    full = np.einsum("njk,nj->nk", wrong_softmax.jacobian(y), grad)
    assert np.allclose(wrong_softmax.right(y, grad), full, rtol=1e-12)
    assert np.abs(wrong_softmax.summed(y, grad)).max() < 1e-15
    kept = np.einsum("njj,nj->nj", wrong_softmax.jacobian(y), grad)
    assert np.allclose(wrong_softmax.diagonal(y, grad), kept, rtol=1e-12)


def test_smoothing_is_the_mean_of_the_last():
    values = np.array([4.0, 2.0, 0.0, 1.0])
    assert wrong_softmax.smooth(values, 2).tolist() == [4, 3, 1, 0.5]
