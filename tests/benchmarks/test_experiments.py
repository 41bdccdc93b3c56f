"""What every experiment has, and the commands that list and run them."""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest

from benchmarks import commands, experiment, experiments, output
from benchmarks.commands import run
from benchmarks.commands.readme import experiment as table

FOLDER = Path(experiments.__file__).parent
TESTS = Path(__file__).parent / "experiments"
DOCUMENTS = (
    experiment.LAB_REPORT,
    experiment.PROBLEM_SET,
    experiment.DIY_DNN,
    experiment.NN_FROM_SCRATCH,
    experiment.NOTEBOOK,
    experiment.OUR_OWN,
)


def test_every_file_is_listed_and_tested():
    stems = {file.stem for file in FOLDER.glob("*.py")} - {"__init__"}
    assert stems == set(experiments.NAMES)
    assert {file.stem for file in TESTS.glob("test_*.py")} == {
        f"test_{stem}" for stem in stems
    }


def test_they_stand_in_the_order_of_the_documents():
    order = [DOCUMENTS.index(experiments.load(n).DOCUMENT) for n in experiments.NAMES]
    assert order == sorted(order)
    assert set(order) == set(range(len(DOCUMENTS)))


@pytest.mark.parametrize("name", experiments.NAMES)
def test_an_experiment_says_what_it_asks_and_what_decides_it(name):
    module = experiments.load(name)
    assert experiment.question(module).endswith((".", "?", ":"))
    assert is_dataclass(module.FULL)
    assert type(module.FULL) is type(module.QUICK)
    assert module.FULL != module.QUICK or not fields(module.FULL)
    assert all(callable(getattr(module, f)) for f in ("run", "conclude", "draw"))
    assert module.Config.__hash__ is not None  # frozen
    lines = (FOLDER / f"{name}.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 260, "too long to be read as an example"


def test_run_writes_a_record_and_a_figure(tmp_path, capsys):
    arguments = ["activations", "--quick", "--json", "--output", str(tmp_path)]
    assert commands.main(["run", *arguments]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    written = (tmp_path / "experiment-activations.json").read_text(encoding="utf-8")
    assert json.loads(written) == record
    assert set(record["sides"]) == {"scratchnet", "torch"}
    assert record["environment"]["torch"]
    assert record["findings"]
    for finding in record["findings"]:
        assert finding["verdict"] in ("confirmed", "refuted", "explained")
    figure = tmp_path / "experiment-activations.png"
    assert figure.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "expected the names of experiments, or --all"),
        (["lenett"], "no experiment is called lenett; there are"),
        (["lenett", "--all"], "no experiment is called lenett; there are"),
        (["lenet", "--data-dir", "nowhere"], "lenet: "),
    ],
)
def test_misuse_is_said_and_exits_2(arguments, said, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("SCRATCHNET_DATA", str(tmp_path))
    with pytest.raises(SystemExit) as stop:
        commands.main(["run", *arguments, "--output", str(tmp_path / "made")])
    assert stop.value.code == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


def test_a_folder_that_cannot_be_made_is_refused_before_the_work(capsys):
    with pytest.raises(SystemExit) as stop:
        commands.main(["run", "sine", "--output", "x" * 300])
    assert stop.value.code == 2
    assert "cannot be written to" in capsys.readouterr().err


@pytest.mark.parametrize("quick", [True, False])
def test_a_quick_run_says_that_its_verdicts_are_not_final(
    quick, tmp_path, capsys, monkeypatch
):
    # Here, where torch is imported already.
    monkeypatch.setattr(run, "laboratory", lambda: ThreadPoolExecutor(1))
    module = experiments.load("activations")
    if not quick:  # The full run is as short.
        monkeypatch.setattr(module, "FULL", module.QUICK)
    arguments = ["activations", *["--quick"] * quick, "--output", str(tmp_path)]
    assert commands.main(["run", *arguments]) == 0
    said = capsys.readouterr().out
    assert ("verdicts on published figures need the full run" in said) is quick
    written = (tmp_path / "experiment-activations.json").read_text("utf-8")
    assert json.loads(written)["quick"] is quick


def test_the_list(capsys):
    assert commands.main(["experiments", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == list(experiments.NAMES)
    assert commands.main(["experiments"]) == 0
    assert all(name in capsys.readouterr().out for name in experiments.NAMES[:1])


def test_records_hold_nothing_that_strict_json_cannot():
    given = {1: (np.float32(0.5), np.array([np.inf, 2])), "nan": float("nan")}
    assert experiment.plain(given) == {"1": [0.5, [None, 2.0]], "nan": None}


def test_the_readme_has_a_row_for_each_finding_in_the_order_of_the_list():
    def record(name, *claims):
        return {
            "experiment": name,
            "document": "a document",
            "findings": [
                {"claim": c, "published": "1 | 2", "ours": "3", "verdict": "refuted"}
                for c in claims
            ],
        }

    first, second = experiments.NAMES[:2]
    rows = table([record(second, "c"), record(first, "a", "b")]).splitlines()
    assert [row.split(" | ")[2] for row in rows[2:]] == ["a", "b", "c"]
    assert rows[2] == rf"| a document | `{first}` | a | 1 \| 2 | 3 | refuted |"


def test_a_folder_that_takes_no_files_is_refused(capsys):
    with pytest.raises(SystemExit) as stop:
        output.made(argparse.ArgumentParser(), Path("/proc/self"))
    assert stop.value.code == 2
    assert "/proc/self cannot be written to" in capsys.readouterr().err
