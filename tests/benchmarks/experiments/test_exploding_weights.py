"""Uniform [0, 1) weights multiply a signal, Geohot's lose it, He's keep it."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.experiments import exploding_weights as experiment

TINY = experiment.Config(
    dataset="mnist5k",
    train=640,
    test=500,
    width=32,
    depths=(1, 6),
    drawn=6,
    rate=0.1,
    steps=60,
)


def test_signals_grow_as_expected_and_only_he_learns_deep(run_sides):
    found = run_sides(experiment, TINY)
    ours, theirs = found["scratchnet"], found["torch"]
    expected = experiment.expected_growth(32)
    assert expected["uniform [0, 1)"] == 16
    for scheme, growth in expected.items():
        assert experiment.growth(ours[scheme], TINY) == pytest.approx(growth, rel=0.25)
        for depth in ("1", "6"):
            for what in ("signals", "gradients"):
                np.testing.assert_allclose(
                    ours[scheme][depth][what], theirs[scheme][depth][what], rtol=1e-3
                )
    for side in found.values():
        assert side["uniform [0, 1)"]["6"]["plain_nan"]
        assert not side["He"]["6"]["plain_nan"]
        assert side["He"]["6"]["accuracy"] > 0.5
        assert side["Geohot"]["6"]["accuracy"] < 0.2
        assert side["uniform [0, 1)"]["6"]["accuracy"] < 0.2
    assert ours["He"]["1"]["loss"] == pytest.approx(theirs["He"]["1"]["loss"], rel=1e-3)


def made_up(growth, accuracy, plain_nan):
    """Results with one growth, and accuracies by scheme and depth."""
    return {
        scheme: {
            str(depth): {
                "signals": [growth[scheme] ** i for i in range(depth)],
                "loss": [2.3],
                "accuracy": accuracy[scheme][i],
                "plain_nan": plain_nan and scheme == experiment.UNIFORM,
            }
            for i, depth in enumerate(TINY.depths)
        }
        for scheme in growth
    }


def test_findings_follow_the_results():
    growth = experiment.expected_growth(32)
    low, high = (0.1, 0.1), (0.9, 0.9)
    names = ("uniform [0, 1)", "Geohot", "Xavier", "He")
    as_claimed = dict(zip(names, (low, (0.9, 0.1), high, high), strict=True))
    turned = dict(zip(names, (high, low, low, low), strict=True))

    def verdicts(*results):
        side = made_up(*results)
        sides = {"scratchnet": side, "torch": side}
        return [found.verdict for found in experiment.conclude(TINY, sides)]

    assert "refuted" not in verdicts(growth, as_claimed, True)
    side = made_up(growth, as_claimed, True)
    finding = experiment.conclude(TINY, {"scratchnet": side, "torch": side})[0]
    assert "at 2 of 2 depths on both sides" in finding.ours
    wrong = {scheme: 2 * expected for scheme, expected in growth.items()}
    assert set(verdicts(wrong, turned, False)) == {"refuted"}
