"""A network whose output cannot be negative fails on negative values, and no other."""

from __future__ import annotations

import numpy as np

from benchmarks.experiments import sine

TINY = sine.Config(values=160, epochs=25, rate=0.03, ahead=20, seeds=(0,))


def test_only_an_output_without_negatives_fails_on_them(run_sides):
    found = run_sides(sine, TINY)
    for side in found.values():
        for network in sine.NETWORKS:
            (above,), (below,) = side[network]["above"], side[network]["below"]
            assert above < 0.15
            assert (below > 0.5) == (network in ("dense, ReLU", "dense, sigmoid"))
            assert below > 0.5 or below < 0.15
    for network in sine.NETWORKS:
        ours, theirs = (side[network]["free"] for side in found.values())
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_what_follows_a_window_is_the_next_value():
    x, target = sine.windows(TINY)
    assert x.shape == (150, 10, 1)
    np.testing.assert_array_equal(target[:-1, 0], x[1:, -1, 0])
    known = len(x) // 2
    np.testing.assert_allclose(
        sine.continuation(TINY), target[known : known + 20, 0], atol=1e-6
    )


def test_a_free_run_reads_its_own_values():
    class Sum:
        def forward(self, model, x):
            return x.sum(axis=1)

    start = np.array([[1.0], [2.0]])
    assert sine.free_run(Sum(), None, start, 3).tolist() == [3, 5, 8]


def verdicts(below, free):
    waves = {True: sine.continuation(TINY), False: np.zeros(TINY.ahead)}
    side = {
        network: {"above": [0.01], "below": [error], "free": [waves[follows]]}
        for network, error, follows in zip(sine.NETWORKS, below, free, strict=True)
    }
    return [found.verdict for found in sine.conclude(TINY, {"torch": side})]


def test_verdicts():
    good, bad = ["confirmed", "explained", "explained", "confirmed", "explained"], 0.64
    assert verdicts([bad, bad, 0.01, 0.01], [False, False, True, True]) == good
    none = ["refuted"] * 5
    assert verdicts([0.01, 0.01, bad, bad], [True, True, False, True]) == none
