"""A larger learning rate reaches a lower loss, on both sides alike."""

from __future__ import annotations

from benchmarks.experiments import learning_rate


def test_ten_times_the_rate_reaches_a_lower_loss(run_sides):
    config = learning_rate.Config(dataset="mnist5k", sizes=(784, 16, 10), epochs=3)
    found = run_sides(learning_rate, config)
    for side in found.values():
        assert side["loss"]["0.01"][-1] < 0.7 * side["loss"]["0.001"][-1]
        assert side["accuracy"]["0.01"][-1] > side["accuracy"]["0.001"][-1]
    ours, theirs = found["scratchnet"]["loss"], found["torch"]["loss"]
    assert abs(ours["0.01"][-1] - theirs["0.01"][-1]) < 1e-4


def test_only_about_ten_confirms():
    def ratio(of):
        return {"torch": {"loss": {"0.001": [of], "0.01": [1.0]}}}

    verdicts = [
        learning_rate.conclude(learning_rate.FULL, ratio(of))[0].verdict
        for of in (3, 11, 40)
    ]
    assert verdicts == ["refuted", "confirmed", "refuted"]
