"""Occlusion finds the pixels that a network reads, on both sides alike."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import libraries
from benchmarks.experiments import saliency

CONFIG = saliency.Config(
    dataset="mnist5k", train=640, channels=(4,), early=64, epochs=2, pictures=1
)


def test_the_fall_is_on_the_ink(run_sides):
    found = run_sides(saliency, CONFIG)
    for side in found.values():
        assert side["accuracy"]["dense"][0] < side["accuracy"]["dense"][-1]
        assert min(scores[-1] for scores in side["accuracy"].values()) > 0.3
        small, large = (np.array(side["maps"][size]) for size in "23")
        assert large.sum() > small.sum() > 0
        ink = np.array(side["means"]) > 0.1
        assert large[ink].mean() > 3 * large[~ink].mean()
    ours, theirs = found["scratchnet"], found["torch"]
    assert ours["accuracy"] == theirs["accuracy"]
    np.testing.assert_allclose(ours["maps"]["3"], theirs["maps"]["3"], atol=1e-5)


@pytest.mark.parametrize("side", libraries.LIBRARIES)
def test_a_network_that_reads_one_pixel_is_found_out(side):
    library = libraries.load(side)
    nn = library.nn
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 2, bias=False), nn.Softmax(1))
    weight = library.weights(model[1].weight)
    weight[...] = 0
    weight[1, 20] = 3
    picture = np.zeros((1, 28, 28), np.float32)
    picture[0, :6, 18:24] = 1
    falls = saliency.occlude(library, model, picture, label=1, size=2)
    most = 1 / (1 + np.exp(-3)) - 0.5
    expected = np.zeros((28, 28))
    expected[:2, 19:22] = most * np.outer([1, 0.5], [0.5, 1, 0.5])
    np.testing.assert_allclose(falls, expected, atol=1e-6)


def test_each_verdict_turns():
    means = np.zeros((10, 28, 28))
    means[:, 10:20, 10:20] = 1

    def side(dense, convolutional, small, large):
        return {
            "accuracy": {"dense": dense, "convolutional": convolutional},
            "maps": {"2": small, "3": large},
            "means": means,
        }

    def verdicts(ours, theirs):
        sides = {"scratchnet": ours, "torch": theirs}
        return [finding.verdict for finding in saliency.conclude(CONFIG, sides)]

    off = 1 - means + 0.1
    ours = side([0.8, 0.9], [0.7, 0.95], means, 2 * means)
    assert verdicts(ours, ours) == ["refuted"] + ["explained"] * 4
    theirs = side([0.7, 0.9], [0.8, 0.895], 2 * off, off)
    assert verdicts(theirs, theirs)[:4] == ["confirmed"] + ["refuted"] * 3
    assert verdicts(ours, theirs)[4] == "refuted"
