"""Single digits cost more than batches, and both sides learn the same from them."""

from __future__ import annotations

import copy

import numpy as np

from benchmarks.experiments import one_sample
from benchmarks.experiments.one_sample import ALONE, BATCHED, CHANGED

CONFIG = one_sample.Config(
    dataset="mnist5k",
    train=400,
    alone=1,
    batched=3,
    adam=3,
    looks=2,
)


def test_both_sides_learn_alike_and_adam_needs_its_rate(run_sides):
    found = run_sides(one_sample, CONFIG)
    ours, theirs = found["scratchnet"], found["torch"]
    for name in (ALONE, BATCHED, "Adam 0.01", CHANGED):
        np.testing.assert_allclose(ours[name]["loss"], theirs[name]["loss"], rtol=1e-3)
        gap = np.subtract(ours[name]["argmax"], theirs[name]["argmax"])
        assert np.abs(gap).max() <= 0.003
    for side in found.values():
        assert side["Adam 0.1"]["loss"][-1] > 0.5 > 5 * side["Adam 0.01"]["loss"][-1]
        assert side["Adam 0.01"]["argmax"][-1] > side["Adam 0.1"]["argmax"][-1] + 0.3
        assert side[ALONE]["argmax"][-1] >= side[ALONE]["rounded"][-1] > 0
        assert 32 * side[ALONE]["step"] > 4 * side[BATCHED]["step"]
        for name, recipe in CONFIG.recipes().items():
            assert len(side[name]["loss"]) == recipe.epochs
            assert len(side[name]["seconds"]) == recipe.epochs * CONFIG.looks
            assert np.all(np.diff(side[name]["seconds"]) > 0)


def published():
    """Results that bear out every claim."""
    way = {
        "loss": [0.0223, 0.0043],
        "step": 3e-4,
        "seconds": [20.0, 400.0],
        "argmax": [0.93, 0.968],
        "rounded": [0.90, 0.9519],
    }
    batched = {**way, "seconds": [2.0, 30.0]}
    ways = {
        ALONE: way,
        BATCHED: batched,
        "Adam 0.1": {**batched, "argmax": [0.1, 0.1], "loss": [1.1, 1.02]},
        "Adam 0.01": {**batched, "argmax": [0.95, 0.96]},
        CHANGED: {**batched, "argmax": [0.95, 0.977]},
    }
    return {side: copy.deepcopy(ways) for side in ("scratchnet", "torch")}


def verdicts(sides):
    return [found.verdict for found in one_sample.conclude(CONFIG, sides)]


def test_the_published_figures_confirm():
    assert verdicts(published()) == ["confirmed"] * 5 + ["explained"] * 3


def test_each_finding_can_be_refuted():
    for i, (name, key, value) in enumerate(
        [
            (ALONE, "loss", [0.0223, 0.02]),
            (ALONE, "rounded", [0.9, 0.93]),
            (BATCHED, "seconds", [2.0, 51.0]),
            ("Adam 0.1", "argmax", [0.1, 0.96]),
            ("Adam 0.01", "argmax", [0.1, 0.1]),
            (BATCHED, "argmax", [0.93, 0.99]),
            (BATCHED, "step", 32 * 3e-4),
            (CHANGED, "argmax", [0.93, 0.96]),
        ]
    ):
        sides = published()
        sides["scratchnet"][name][key] = value
        assert [j for j, said in enumerate(verdicts(sides)) if said == "refuted"] == [i]


def test_what_is_never_reached_is_said():
    sides = published()
    sides["scratchnet"][BATCHED]["rounded"] = [0.90, 0.95]
    finding = one_sample.conclude(CONFIG, sides)[2]
    assert finding.verdict == "refuted"
    assert "never (30.0 s)" in finding.ours
