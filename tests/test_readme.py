"""Every block of the README is run."""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import commands
from benchmarks.commands.readme import replaced

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
LINES = [
    line.partition("#")[0].strip()
    for language, block in BLOCKS
    if language == "sh"
    for line in block.splitlines()
]
HOMEWORK = """\
from scratchnet import nn


class Tanh(nn.Tanh):
    def f(self, x):
        return super().f(x)
"""


def test_there_are_only_blocks_that_can_be_run():
    assert {language for language, _ in BLOCKS} == {"python", "sh"}


@pytest.mark.parametrize("code", [code for kind, code in BLOCKS if kind == "python"])
def test_python_runs_and_learns(code):
    names: dict[str, object] = {}
    exec(code, names)
    assert names["loss"] < np.log(10) / 2


@pytest.mark.parametrize("command", [c for line in LINES for c in line.split(" && ")])
def test_commands_run(command, tmp_path, monkeypatch):
    words = shlex.split(command)
    if words[0] == "make":
        if words[1] == "parity":  # Every case has a test of its own.
            words.append("PARITY_ARGS=Linear SGD")
        if words[1] == "test":  # This very run: enough that it finds these tests.
            words.append("PYTEST_ARGS=--collect-only -q tests/test_readme.py")
        if words[1] == "bench":
            words.append("BENCH_ARGS=--epochs 1 --output " + str(tmp_path))
        if words[1] == "experiments":  # Minutes: enough that it finds the command.
            words.append("EXPERIMENTS_ARGS=--help")
        if words[1] == "study":
            words.append("STUDY_ARGS=Linear --output " + str(tmp_path))
    elif words[0] == "pip":  # Into an environment that has it all.
        words = [sys.executable, "-m", "pip", "install", "--dry-run", *words[2:]]
    else:
        assert words[:2] == ["python", "-m"]
        if words[2] == "pytest":
            words += ["--collect-only", "tests/test_readme.py"]
        if words[2:] == ["parity"]:
            words.append("Linear")
        if words[2] == "benchmarks":
            if words[3] in ("optimizers", "run", "speed"):
                words += ["--output", str(tmp_path)]
            if words[3] == "speed":  # One step instead of ten.
                words += ["--only", "step/MLP 784-128-64-10 SGD"]
        if "homework.py" in words:
            (tmp_path / "homework.py").write_text(HOMEWORK)
            words[words.index("homework.py")] = str(tmp_path / "homework.py")
    if words[0] == "make" and shutil.which("make") is None:
        pytest.skip("make is not installed")
    if words[0] == "python" and words[2] != "pytest":  # Here torch is imported already.
        monkeypatch.chdir(ROOT)
        monkeypatch.setattr(sys, "argv", words[2:])
        with pytest.raises(SystemExit) as end:
            runpy.run_module(words[2], run_name="__main__")
        assert end.value.code == 0
        return
    words = [sys.executable if word == "python" else word for word in words]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_pictures_and_folders_are_there():
    named = re.compile(r"\]\(([^)#]+)\)|^\| `(\w+/)` \|", flags=re.MULTILINE)
    for path in named.findall(README):
        assert (ROOT / "".join(path)).exists(), path


def test_tables_are_written_from_records(tmp_path):
    assert (
        commands.main(["mnist", "--epochs", "1", "--output", str(tmp_path), "--json"])
        == 0
    )
    file = tmp_path / "README.md"
    file.write_text("a\n<!-- begin mnist -->\nold\n<!-- end mnist -->\nb\n")
    arguments = ["readme", "--records", str(tmp_path), "--file", str(file)]
    assert commands.main(arguments) == 0
    written = file.read_text()
    assert "| mnist5k, 1 epochs | float32 |" in written
    assert "old" not in written
    assert written.startswith("a\n<!-- begin")
    assert written.endswith("-->\nb\n")
    assert commands.main(arguments) == 0
    assert file.read_text() == written


def test_a_table_without_its_marks_is_refused():
    with pytest.raises(ValueError, match="expected the marks of mnist once, found 0"):
        replaced("nothing here", "mnist", "")


def test_a_folder_without_records_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        commands.main(["readme", "--records", str(tmp_path / "none")])
    assert stop.value.code == 2
    assert "there are no records in" in capsys.readouterr().err
