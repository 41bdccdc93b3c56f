"""The log has a row for each architecture; the inferences are those of the best."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from benchmarks.experiments import architectures


def test_scan(run_sides):
    config = architectures.Config(
        dataset="mnist5k", train=600, hidden=((16,), (16, 16)), batch_size=32, epochs=2
    )
    found = run_sides(architectures, config)
    for side in found.values():
        log = side["log"]
        assert [row["parameters"] for row in log] == [12730, 12762, 13002, 13066]
        assert [row["batch_norm"] for row in log] == [False, True] * 2
        assert min(architectures.gains(side)) > 0
        assert log[side["best"]]["accuracy"] == max(row["accuracy"] for row in log)
        assert len(side["inferences"]) == config.shown
    for ours, theirs in zip(*(side["log"] for side in found.values()), strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-3)

    def verdicts(sides):
        return [f.verdict for f in architectures.conclude(config, sides)]

    assert verdicts(found)[1] == "confirmed"
    poor = copy.deepcopy(found)
    for side in poor.values():
        side["log"] = [{**row, "accuracy": 0.75} for row in side["log"]]
    assert verdicts(poor) == ["confirmed", "refuted"]
    rich = copy.deepcopy(found)
    for side in rich.values():
        side["log"] = [{**row, "accuracy": 0.97} for row in side["log"]]
    assert verdicts(rich) == ["refuted", "refuted"]


def test_inferences_end_with_the_surest_mistakes():
    outputs = np.zeros((30, 10), np.float32)
    outputs[:, 3] = np.arange(1, 31)
    labels = np.full(30, 3)
    labels[[12, 25]] = 5
    found = architectures.inferences(outputs, labels, 10)
    assert [row["digit"] for row in found] == [*range(8), 25, 12]
    assert found[-1]["predicted"] == 3
    assert found[-1]["label"] == 5
    assert found[0]["probability"] == round(np.e / (np.e + 9), 4)
