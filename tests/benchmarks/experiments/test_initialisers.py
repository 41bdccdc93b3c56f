"""What learns, and what stops the rest, on both sides alike."""

from __future__ import annotations

import numpy as np

from benchmarks.experiments import initialisers
from benchmarks.training import digits

CONFIG = initialisers.Config(dataset="mnist5k", iterations=500)


def test_what_learns_and_what_stops_the_rest(run_sides):
    found = run_sides(initialisers, CONFIG)
    for side in found.values():
        for name in ("Xavier", "He", "He, momentum", "He, Adam, lr 0.001"):
            assert side[name]["accuracy"] > 0.45, name
        for name in ("very large", "zero", "He, RMSprop", "He, Adam"):
            assert side[name]["accuracy"] < 0.2, name
        assert side["normal"]["accuracy"] < side["He"]["accuracy"] - 0.2
        assert not np.any(side["zero"]["units"])
        assert side["very large"]["before"] == side["very large"]["after"]
    ours, theirs = found["scratchnet"]["He"], found["torch"]["He"]
    assert abs(ours["loss"] - theirs["loss"]) < 1e-6
    np.testing.assert_allclose(ours["units"], theirs["units"], atol=1e-5)

    expected = ["confirmed"] * 3 + ["explained"] * 2 + ["confirmed"] + ["explained"] * 2
    assert verdicts(found) == expected
    for run in found["torch"].values():
        run["accuracy"] = 0.9 if run["accuracy"] < 0.4 else 0.1
        run["before"]["sure"] = run["after"]["sure"] = 0.5
        run["distinct"], run["largest"] = 16, 0.5
    assert verdicts(found) == ["refuted"] * 8


def verdicts(found):
    return [finding.verdict for finding in initialisers.conclude(CONFIG, found)]


def test_samples_are_drawn_with_their_targets():
    split = digits("mnist5k", 50, 1)
    split = split._replace(target=np.arange(50))
    samples = initialisers.drawn(split, 200, seed=0)
    assert len(samples.x) == 200
    assert 40 < len(set(samples.target)) <= 50
    np.testing.assert_array_equal(samples.x, split.x[samples.target])
