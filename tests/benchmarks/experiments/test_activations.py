"""Every activation is found; derivatives by hand are autograd's; sigmoid's vanishes."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
from matplotlib import pyplot as plt

from benchmarks.experiment import one_side
from benchmarks.experiments import activations
from benchmarks.libraries import LIBRARIES

CONFIG = activations.Config(points=161)


@pytest.fixture(scope="module")
def found():
    return {side: one_side(activations.__name__, side, CONFIG) for side in LIBRARIES}


def test_a_tile_for_each_activation(found):
    figure = activations.draw(CONFIG, found)
    titles = {panel.get_title(loc="center") for panel in figure.axes}
    assert found["torch"]["slope"].keys() <= titles
    plt.close(figure)


def test_every_activation_is_found_on_both_sides(found):
    ours, theirs = found["scratchnet"], found["torch"]
    assert ours["slope"].keys() == theirs["slope"].keys()
    assert len(ours["slope"]) == 23
    assert ours["slope"].keys().isdisjoint({"Identity", "Dropout", "Softmax", "GLU"})
    for name, slope in ours["slope"].items():
        assert np.allclose(slope, theirs["slope"][name], rtol=0, atol=1e-13)
        assert np.allclose(ours["value"][name], theirs["value"][name], atol=1e-13)


def test_derivatives_vanish_where_they_should(found):
    kinds = {
        name: activations.vanishes(slope, CONFIG)
        for name, slope in found["scratchnet"]["slope"].items()
    }
    assert kinds["Sigmoid"] == kinds["Softsign"] == "at both ends"
    assert kinds["ReLU"] == kinds["GELU"] == kinds["LogSigmoid"] == "at one end"
    assert kinds["Tanhshrink"] == "around zero"
    assert kinds["LeakyReLU"] == kinds["PReLU"] == "nowhere"


def test_verdicts_follow_the_results(found):
    def verdicts(sides):
        return [finding.verdict for finding in activations.conclude(CONFIG, sides)]

    assert verdicts(found) == ["confirmed", "explained", "explained"]
    wrong = deepcopy(found)
    wrong["scratchnet"]["slope"]["Mish"][80] += 1e-6
    assert verdicts(wrong)[0] == "refuted"
    lacking = deepcopy(found)
    del lacking["scratchnet"]["slope"]["Mish"]
    assert verdicts(lacking)[0] == "refuted"
    steep = deepcopy(found)
    steep["scratchnet"]["slope"]["Sigmoid"] = [1.0] * CONFIG.points
    assert verdicts(steep)[1:] == ["refuted", "refuted"]
