"""Networks of every size under one budget: who wins is computed, not typed in."""

from __future__ import annotations

import pytest

from benchmarks import wars
from benchmarks.experiments import network_wars

CONFIG = network_wars.Config(
    dataset="mnist5k",
    contenders=(
        wars.Contender("small", sizes=(784, 10), lr=0.01),
        wars.Contender("large", sizes=(784, 1024, 10), batch_size=512, lr=1e-6),
    ),
    budget=0.3,
)


def test_more_steps_of_a_small_network_beat_a_few_of_a_large_one(run_sides):
    found = run_sides(network_wars, CONFIG)
    for ranking in found.values():
        small, large = ranking
        assert (small["name"], large["name"]) == ("small", "large")
        assert small["accuracy"] > 0.6
        assert small["steps"] > large["steps"]
        assert small["parameters"] == 7850
    verdicts = [f.verdict for f in network_wars.conclude(CONFIG, found)]
    assert verdicts[1] == "refuted"


def result(name, parameters, accuracy, epochs):
    return {
        "name": name,
        "parameters": parameters,
        "accuracy": accuracy,
        "epochs": epochs,
    }


@pytest.mark.parametrize(
    ("ranking", "verdicts"),
    [
        (
            [result("large", 9000, 0.98, 2.0), result("small", 90, 0.92, 20.0)],
            ["confirmed", "confirmed", "explained"],
        ),
        (
            [result("small", 90, 0.94, 20.0), result("large", 9000, 0.92, 19.0)],
            ["refuted", "refuted", "refuted"],
        ),
    ],
)
def test_the_verdicts_follow_the_results(ranking, verdicts):
    findings = network_wars.conclude(CONFIG, {"scratchnet": ranking, "torch": ranking})
    assert [found.verdict for found in findings] == verdicts
    assert ranking[0]["name"] in findings[0].ours
    sign = "+1.00" if ranking[0]["name"] == "large" else "-1.00"
    assert sign in findings[1].ours


@pytest.mark.parametrize("order", [1, -1])
def test_networks_that_tie_share_a_rank(order):
    scores = zip("abcd", (1, 2, 3, 4), (0.8, 0.9, 0.9, 0.9), strict=True)
    ranking = [result(name, size, score, 1.0) for name, size, score in scores]
    assert network_wars.rank_correlation(ranking[::order]) == "+0.77"
    for one in ranking:
        one["accuracy"] = 0.9
    assert network_wars.rank_correlation(ranking[::order]) == "none"
