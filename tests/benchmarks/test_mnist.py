"""The MNIST benchmark, as a user types it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from benchmarks import commands, figures
from benchmarks.sides import Recipe, gap


@pytest.fixture
def bench(tmp_path, capsys):
    """Run the benchmark on one thread; return its record."""

    def record(*arguments):
        arguments = [*arguments, "--threads", "1", "--json", "--output", str(tmp_path)]
        assert commands.main(["mnist", *arguments]) == 0
        return json.loads(capsys.readouterr().out)

    return record


@pytest.mark.parametrize(("dtype", "allowed"), [("float64", 1e-12), ("float32", 1e-5)])
def test_both_sides_take_the_same_path(dtype, allowed, bench, tmp_path):
    record = bench("--dtype", dtype)
    assert record["largest_loss_difference"] <= allowed
    assert record["predictions_that_differ"] == 0
    assert record["test_images"] == 1000
    assert record["recipe"]["threads"] == 1
    for side in record["sides"].values():
        assert len(side["losses"]) == 3 * 63
        assert side["test_accuracy"] > 0.85
        assert side["seconds_per_step"] * 63 < side["seconds_per_epoch"] * 2
    assert json.loads(next(tmp_path.glob("*.json")).read_text()) == record
    assert next(tmp_path.glob("*.png")).stat().st_size > 10_000


@pytest.mark.skipif(
    "SCRATCHNET_DATA" not in os.environ,
    reason="SCRATCHNET_DATA names no folder with the full MNIST",
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_full_mnist(dtype, bench):
    record = bench("--dataset", "mnist", "--epochs", "5", "--dtype", dtype)
    assert record["test_images"] == 10_000
    ours, theirs = record["sides"].values()
    assert ours["test_accuracy"] >= 0.973
    assert theirs["test_accuracy"] >= 0.973
    if dtype == "float64":
        assert record["largest_loss_difference"] <= 1e-12
        assert record["predictions_that_differ"] == 0
    else:
        # Later on rounding alone parts two runs, torch's own on one thread and on two.
        assert gap(ours["losses"][:200], theirs["losses"][:200]) <= 1e-5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--optimizer", "Adma"], "scratchnet.optim has no Adma"),
        (["--epochs", "0"], "expected a positive number"),
        (["--lr", "nan"], "expected a learning rate"),
        (["--output", __file__], "cannot be written to"),
        (["--output", "x" * 300], "cannot be written to"),
        (["--threads", "100000"], "expected no more threads than the"),
        (["--seed", "-1"], "expected a seed from 0 to 2**63 - 1, got -1"),
        (["--dataset", "mnist", "--data-dir", "nowhere"], "nowhere"),
    ],
)
def test_misuse_is_said_and_exits_2(arguments, said, capsys):
    with pytest.raises(SystemExit) as stop:
        commands.main(["mnist", *arguments])
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_usage(capsys):
    assert commands.main([]) == 2
    assert commands.main(["--help"]) == 0
    assert "mnist" in capsys.readouterr().out


def test_gap_is_the_largest_difference():
    assert gap([1.0, 2.0, 3.0], [1.0, 2.5, 2.75]) == 0.5


def test_the_figure_is_drawn_from_the_record(tmp_path):
    losses = {"losses": [2.0, 1.0, 0.5]}
    record = {
        "sides": {"scratchnet": losses, "torch": losses},
        "recipe": vars(Recipe()),
    }
    file = Path(tmp_path / "figure.png")
    figures.losses(record, file)
    assert file.read_bytes().startswith(b"\x89PNG")
