"""Float32 drifts from float64 on both sides alike; float64 keeps libraries close."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest

from benchmarks.experiment import one_side
from benchmarks.experiments import drift
from benchmarks.libraries import LIBRARIES

CONFIG = drift.Config(hidden=16, epochs=2, looks=12, train=1600, test=10)
OURS, THEIRS, SINGLE, DOUBLE = drift.PAIRS


@pytest.fixture(scope="module")
def found():
    return {side: one_side(drift.__name__, side, CONFIG) for side in LIBRARIES}


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_drift_is_of_the_size_of_rounding(found, optimizer):
    for pair in (OURS, THEIRS):
        losses, distance = drift.apart(found, optimizer, pair)
        assert len(losses) == 100
        assert 1e-8 < losses.max() < 1e-5
        assert 3 * distance[0] < distance[-1] < 1e-5
        assert distance[0] > 1e-9
    losses, distance = drift.apart(found, optimizer, DOUBLE)
    assert losses.max() < 1e-13
    assert distance[-1] < 1e-13
    assert drift.apart(found, optimizer, SINGLE)[1][-1] > 1e-9


def test_weights_are_seen_early_and_late(found):
    run = found["scratchnet"]["SGD float32"]
    assert run["steps"][0] == 1
    assert run["steps"][-1] == 100
    assert len(run["weights"]) == len(run["steps"])
    assert not np.array_equal(run["weights"][0], run["weights"][-1])


def test_verdicts_follow_the_results(found):
    def verdicts(sides):
        return [finding.verdict for finding in drift.conclude(CONFIG, sides)]

    assert verdicts(found) == ["confirmed", "confirmed", "explained"]
    wild = deepcopy(found)
    wild["scratchnet"]["SGD float32"]["weights"][-1][0] += 1e-3
    assert verdicts(wild)[0] == "refuted"
    wild = deepcopy(found)
    wild["scratchnet"]["Adam float64"]["weights"][-1][0] += 1e-9
    assert verdicts(wild)[1] == "refuted"
    still = deepcopy(found)
    for side in still.values():
        for run in side.values():
            run["weights"] = [run["weights"][0]] * len(run["weights"])
    assert verdicts(still)[2] == "refuted"


def test_the_figure(found):
    drift.draw(CONFIG, found).canvas.draw()
