"""Seeds move the accuracy, each of them; the library does not."""

from __future__ import annotations

import numpy as np

from benchmarks.experiments import luck

CONFIG = luck.Config(hidden=16, epochs=1, seeds=3, train=640, test=500)


def test_seeds_matter_and_the_library_does_not(run_sides):
    found = run_sides(luck, CONFIG)
    ours, theirs = found["scratchnet"], found["torch"]
    for source in luck.SOURCES:
        assert len(set(ours[source])) > 1, source
        assert np.abs(np.subtract(ours[source], theirs[source])).max() < 0.003
    assert len({ours[source][0] for source in luck.SOURCES}) == 1
    assert len({ours[source][1] for source in luck.SOURCES}) == 3


def test_verdicts_follow_the_results():
    def verdicts(ours, theirs):
        sides = {
            "scratchnet": dict.fromkeys(luck.SOURCES, ours),
            "torch": dict.fromkeys(luck.SOURCES, theirs),
        }
        return [finding.verdict for finding in luck.conclude(CONFIG, sides)]

    varied = [0.9, 0.92, 0.91]
    assert verdicts(varied, varied) == ["confirmed", "explained"]
    assert verdicts(varied, [0.92, 0.9, 0.91])[1] == "refuted"
    barely = [0.9, 0.9005, 0.9]
    assert verdicts(barely, barely)[0] == "refuted"


def test_the_run_that_all_share_counts_once():
    scores = {source: [0.9, 0.92, 0.91] for source in luck.SOURCES}
    sides = {"scratchnet": scores, "torch": scores}
    *_, libraries = luck.conclude(CONFIG, sides)
    assert "in 7 pairs of runs" in libraries.ours


def test_every_two_runs_are_set_against_each_other():
    assert np.allclose(luck.between_runs(np.array([[1.0, 2.0, 4.0]])), [[1, 3, 2]])
