"""The README's tables: no row is lost, and no note says what is not so."""

from __future__ import annotations

import copy
import json

import pytest

from benchmarks import commands
from benchmarks.commands import readme

MNIST = {
    "recipe": {
        "dataset": "mnist5k",
        "dtype": "float32",
        "sizes": [784, 10],
        "epochs": 3,
        "optimizer": "Adam",
        "batch_size": 64,
        "threads": 2,
    },
    "environment": {"numpy": "2", "torch": "3", "machine": "x86_64"},
    "sides": {
        side: {"test_accuracy": 0.9, "seconds_per_epoch": 1, "seconds_per_step": 1e-3}
        for side in ("scratchnet", "torch")
    },
    "largest_loss_difference": 1e-7,
    "predictions_that_differ": 0,
    "test_images": 1000,
}


def experiment(name, **more):
    """What `python -m benchmarks run` writes, as far as the table reads it."""
    found = {"claim": "c", "published": "none", "ours": "1", "verdict": "confirmed"}
    return {"experiment": name, "document": "a", "findings": [found], **more}


def timed(threads, *steps):
    """What `python -m benchmarks speed` writes, as far as the table reads it."""
    work = {
        "kind": "step",
        "ratio": {"value": 1, "low": 1, "high": 1},
        "ratio_to_best": {"value": 1},
        "best": "torch",
        "met": True,
        "limit": None,
        "sides": {"scratchnet": {"fraction_of_peak": 0.5}},
    }
    return {
        "threads": threads,
        "environment": {"processor": "one"},
        "machine": {"gflops": 100},
        "sides": {
            "scratchnet": {"numpy": "2", "blas": "openblas 0.3", "kernels": "Zen"},
            "torch": {"torch": "3"},
        },
        "workloads": [work | {"name": f"step/{step}"} for step in steps],
    }


@pytest.fixture
def write(tmp_path, capsys):
    """Write records by their names, then the README; return what the command said."""
    file = tmp_path / "README.md"
    marks = (f"<!-- begin {n} -->\n<!-- end {n} -->\n" for n in readme.TABLES)
    file.write_text("".join(marks))

    def run(**records):
        for name, record in records.items():
            text = record if isinstance(record, str) else json.dumps(record)
            (tmp_path / f"{name.replace('_', '-')}.json").write_text(text)
        before = file.read_text()
        try:
            commands.main(["readme", "--records", str(tmp_path), "--file", str(file)])
        except SystemExit as stop:
            assert stop.code == 2
            assert file.read_text() == before
        return capsys.readouterr().err

    run.file = file
    return run


@pytest.mark.parametrize("name", readme.TABLES)
@pytest.mark.parametrize("text", ["{", "[]", "{}", "null", "[" * 200_000])
def test_a_record_that_is_none_is_named(name, text, write):
    assert f"{name}-x.json cannot be used" in write(**{f"{name}_x": text})


def test_a_finding_without_a_claim_is_refused(write):
    assert "cannot be used" in write(experiment_sine=experiment("sine", findings=[{}]))


def test_a_finding_stays_in_its_row(write):
    finding = {
        "claim": "one\n<!-- end experiment -->",
        "published": "a | b",
        "ours": "c",
        "verdict": "confirmed",
    }
    assert not write(experiment_sine=experiment("sine", findings=[finding]))
    row = "one &lt;!-- end experiment --> | a \\| b | c | confirmed |"
    assert row in write.file.read_text()


def test_a_number_too_large_is_refused(write):
    sides = MNIST["sides"] | {"torch": MNIST["sides"]["torch"]}
    sides["torch"] = sides["torch"] | {"test_accuracy": 10**400}
    assert "cannot be used" in write(mnist_x=MNIST | {"sides": sides})


def test_a_file_that_cannot_be_written_is_refused(write, monkeypatch):
    def full(self, *arguments, **options):
        raise OSError("no space left")

    monkeypatch.setattr(type(write.file), "write_text", full)
    (write.file.parent / "mnist-x.json").write_bytes(json.dumps(MNIST).encode())
    assert "no space left" in write()


def test_a_run_that_diverged_is_written(write):
    assert not write(mnist_x=MNIST | {"largest_loss_difference": None})
    assert "| 90.00% | 90.00% | NaN | 0 of 1,000 |" in write.file.read_text()


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("recipe", "optimizer", "SGD"),
        ("recipe", "batch_size", 8),
        ("recipe", "threads", 1),
        ("recipe", "sizes", [784, 5, 10]),
        ("environment", "machine", "arm64"),
    ],
)
def test_runs_of_which_one_note_cannot_speak_are_refused(part, key, value, write):
    other = copy.deepcopy(MNIST)
    other["recipe"]["dtype"] = "float64"
    assert not write(mnist_a=MNIST, mnist_b=other)
    other[part][key] = value
    assert "expected records made alike" in write(mnist_b=other)


def test_times_of_two_machines_are_refused(write):
    other = timed(2, "LeNet")
    other["environment"]["processor"] = "another"
    said = write(speed_1=timed(1, "LeNet"), speed_2=other)
    assert "expected records made alike" in said


def test_rows_without_records_are_not_thrown_away(write):
    sine, lenet = experiment("sine"), experiment("lenet")
    assert not write(experiment_sine=sine, experiment_lenet=lenet)
    (write.file.parent / "experiment-lenet.json").unlink()
    said = write(experiment_sine=sine)
    assert "no record of experiment has: a, `lenet`" in said
    assert "sine" not in said


def test_nor_are_steps_and_numbers_of_threads(write):
    steps = ("LeNet", "LSTM")
    assert not write(speed_1=timed(1, *steps), speed_2=timed(2, *steps))
    assert "LSTM was timed on 1 only" in write(speed_2=timed(2, "LeNet"))
    said = write(speed_1=timed(1, "LeNet"))
    assert "no record of speed has: LSTM" in said
    (write.file.parent / "speed-2.json").unlink()
    said = write(speed_1=timed(1, *steps))
    assert "no record of speed has: 2 threads: ratio [95 %]" in said


def test_quick_runs_are_refused(write):
    said = write(experiment_sine=experiment("sine", quick=True))
    assert "expected full runs, got quick ones of sine" in said


def test_the_table_of_times_is_one():
    lines = readme.speed([timed(1, "LeNet"), timed(2, "LeNet")]).splitlines()
    assert lines[1] == "|---" + "|---:" * 8 + "|"
    assert [line.count("|") for line in lines[:3]] == [10] * 3
