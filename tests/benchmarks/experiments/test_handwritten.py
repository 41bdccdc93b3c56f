"""Wide weights saturate sigmoids at many pixels; cross-entropy learns, MAE hardly."""

from __future__ import annotations

from benchmarks.experiments import handwritten

CONFIG = handwritten.Config(
    dataset="mnist5k", hidden=16, epochs=5, mnist_epochs=3, train=640, test=300
)


def test_weights_and_losses_matter(run_sides):
    found = run_sides(handwritten, CONFIG)
    ours, theirs = found["scratchnet"], found["torch"]
    for group in ("weights", "losses"):
        for name, history in ours[group].items():
            apart = history["accuracy"][-1] - theirs[group][name]["accuracy"][-1]
            assert abs(apart) < 0.01, name
            assert abs(history["slope"] - theirs[group][name]["slope"]) < 1e-6
    weights = {
        name: history["accuracy"][-1] for name, history in ours["weights"].items()
    }
    assert weights["8×8, uniform(-1, 1)"] > 0.3
    assert weights["28×28, default"] > weights["28×28, uniform(-1, 1)"] > 0.15
    losses = ours["losses"]
    assert losses["CE"]["loss"][-1] < 0.98 * losses["CE"]["loss"][0]
    assert losses["MAE"]["loss"][-1] > 0.99 * losses["MAE"]["loss"][0]
    slope = {name: history["slope"] for name, history in ours["weights"].items()}
    assert slope["28×28, uniform(-1, 1)"] < slope["8×8, uniform(-1, 1)"] < 0.25
    assert 0.24 < slope["28×28, default"] < 0.25


def test_verdicts_follow_the_results():
    def verdicts(small, large, default, losses, slope):
        weights = {
            "8×8, uniform(-1, 1)": {"accuracy": [small], "slope": 0.1},
            "28×28, uniform(-1, 1)": {"accuracy": [large], "slope": slope},
            "28×28, default": {"accuracy": [default], "slope": 0.2},
        }
        named = zip(handwritten.LOSSES, losses, strict=True)
        found = {
            "weights": weights,
            "losses": {name: {"accuracy": [score]} for name, score in named},
        }
        sides = {"scratchnet": found, "torch": found}
        return [finding.verdict for finding in handwritten.conclude(CONFIG, sides)]

    good = ["confirmed", "explained", "confirmed"]
    assert verdicts(0.9, 0.85, 0.9, (0.1, 0.2, 0.3, 0.9), 0.05) == good
    assert verdicts(0.5, 0.85, 0.9, (0.1, 0.2, 0.3, 0.9), 0.05)[0] == "refuted"
    assert verdicts(0.9, 0.95, 0.9, (0.1, 0.2, 0.3, 0.9), 0.05)[1] == "refuted"
    assert verdicts(0.9, 0.85, 0.9, (0.1, 0.2, 0.3, 0.9), 0.15)[1] == "refuted"
    assert verdicts(0.9, 0.85, 0.9, (0.1, 0.95, 0.3, 0.9), 0.05)[2] == "refuted"


def test_the_digits_are_shuffled_and_scaled():
    split = handwritten.eight_by_eight(handwritten.FULL)
    assert split.x.shape == (1437, 1, 8, 8)
    assert split.test_x.shape == (360, 1, 8, 8)
    assert (split.x.min(), split.x.max()) == (0, 1)
    assert len(set(split.test_labels[:30])) == 10
    assert not (split.test_labels[:10] == range(10)).all()


def test_pictures_are_tiled_row_by_row():
    tiles = handwritten.tiled([[[1]], [[2]], [[3]], [[4]]], 2)
    assert tiles.shape == (6, 6)
    assert tiles[1::3, 1::3].tolist() == [[1, 2], [3, 4]]
