"""LeNet-5 learns, both sides alike; the digits kept are those that it gets wrong."""

from __future__ import annotations

import numpy as np

from benchmarks.experiments import lenet
from benchmarks.training import digits

CONFIG = lenet.Config(
    dataset="mnist5k", epochs=2, batch_size=16, train=640, test=200, target=0.7
)


def test_it_learns_and_its_mistakes_are_mistakes(run_sides):
    found = run_sides(lenet, CONFIG)
    labels = digits("mnist5k", test=200).test_labels
    for side in found.values():
        assert side["accuracy"][-1] > 0.7
        assert side["loss"][-1] < 0.6 * side["loss"][0]
        assert len(side["wrong"]) == round(200 * (1 - side["accuracy"][-1]))
        assert (labels[side["wrong"]] != side["guesses"]).all()
    ours, theirs = found["scratchnet"], found["torch"]
    assert np.allclose(ours["loss"], theirs["loss"], rtol=0.01)
    assert abs(ours["accuracy"][-1] - theirs["accuracy"][-1]) < 0.02
    assert lenet.conclude(CONFIG, found)[0].verdict == "confirmed"
    assert lenet.conclude(lenet.FULL, found)[0].verdict == "refuted"


def test_verdicts_follow_the_results():
    def verdicts(accuracy, ours, theirs, seconds):
        side = {"accuracy": [accuracy], "seconds": 10}
        sides = {
            "scratchnet": {**side, "wrong": ours, "seconds": seconds},
            "torch": {**side, "wrong": theirs},
        }
        return [finding.verdict for finding in lenet.conclude(lenet.FULL, sides)]

    assert verdicts(0.991, [1, 2, 3], [2, 3, 4], 15) == ["confirmed"] * 3
    assert verdicts(0.985, [1, 2, 3], [3, 4, 5], 25) == ["refuted"] * 3
