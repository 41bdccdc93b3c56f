"""Momentum at the same rate loses to gradient descent; with equal steps it does not."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.experiments import momentum_luck

PLAIN, SAME_RATE, SAME_STEP = momentum_luck.RULES


def test_the_rate_decides(run_sides):
    config = momentum_luck.Config(dataset="mnist5k", hidden=16, iterations=200, seeds=2)
    found = run_sides(momentum_luck, config)
    for side in found.values():
        crossed = {n: np.mean(a) for n, a in side["CrossEntropyLoss"].items()}
        assert crossed[SAME_RATE] < 0.2 < crossed[PLAIN]
        assert crossed[SAME_STEP] > crossed[SAME_RATE]
        squared = side["MSELoss"]
        np.testing.assert_allclose(squared[SAME_STEP], squared[PLAIN], atol=0.15)
        assert squared[PLAIN][0] != squared[PLAIN][1]
    ours, theirs = found["scratchnet"]["MSELoss"], found["torch"]["MSELoss"]
    np.testing.assert_allclose(ours[PLAIN], theirs[PLAIN], atol=2e-3)


@pytest.mark.parametrize(
    ("same_rate", "same_step", "verdicts"),
    [
        (-0.10, 0.00, ["refuted", "explained"]),
        (-0.10, -0.09, ["refuted", "refuted"]),
        (0.00, 0.00, ["confirmed", "refuted"]),
        (0.10, 0.00, ["refuted", "refuted"]),
    ],
)
def test_luck_is_what_seeds_cannot_tell_apart(same_rate, same_step, verdicts):
    config = momentum_luck.Config(losses=("MSELoss",))
    noise = 0.01 * np.random.default_rng(0).standard_normal((2, 10))
    plain = np.full(10, 0.8)
    accuracies = {
        PLAIN: plain,
        SAME_RATE: plain + same_rate + noise[0] - noise[0].mean() - 1e-4,
        SAME_STEP: plain + same_step + noise[1] - noise[1].mean() - 1e-4,
    }
    findings = momentum_luck.conclude(config, {"torch": {"MSELoss": accuracies}})
    assert [finding.verdict for finding in findings] == verdicts
