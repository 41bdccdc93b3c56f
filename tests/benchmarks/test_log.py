"""The log: one line for each record, and a clear word about a broken one."""

from __future__ import annotations

import json
import os

import pytest

from benchmarks import commands


def record(name, *verdicts):
    """What `python -m benchmarks run` writes, as far as the log reads it."""
    return {
        "experiment": name,
        "document": "diy-dnn",
        "config": {"dataset": "mnist5k", "seed": 0},
        "environment": {"seconds": 12.3},
        "findings": [{"verdict": verdict} for verdict in verdicts],
    }


@pytest.fixture
def records(tmp_path):
    """A folder of two records, and of a file that is none."""
    for name, verdicts in (
        ("sine", ("confirmed", "refuted", "confirmed")),
        ("clip", ("explained",)),
    ):
        path = tmp_path / f"experiment-{name}.json"
        path.write_text(json.dumps(record(name, *verdicts)))
        os.utime(path, (1e9, 1e9))
    (tmp_path / "mnist-other.json").write_text("{")
    return tmp_path


def test_rows(records, capsys):
    assert commands.main(["log", "--records", str(records), "--json"]) == 0
    clip, sine = json.loads(capsys.readouterr().out)
    assert clip["verdicts"] == {"explained": 1}
    assert sine == {
        "experiment": "sine",
        "document": "diy-dnn",
        "dataset": "mnist5k",
        "quick": False,
        "seconds": 12.3,
        "date": "2001-09-09",
        "verdicts": {"confirmed": 2, "refuted": 1},
    }


def test_table(records, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    assert commands.main(["log", "--records", str(records)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["experiment", "clip", "sine"]
    assert lines[2].rstrip().endswith("2001-09-09  2 confirmed, 1 refuted")


def test_a_quick_run_is_told_from_a_full_one(records, capsys):
    path = records / "experiment-clip.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"quick": True}))
    assert commands.main(["log", "--records", str(records)]) == 0
    _, clip, sine = capsys.readouterr().out.splitlines()
    assert "quick" in clip
    assert "full" in sine


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"experiment": "x"}', "\xff", "[" * 200_000]
)
def test_a_broken_record_is_named(records, capsys, text):
    path = records / "experiment-broken.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SystemExit) as stopped:
        commands.main(["log", "--records", str(records)])
    assert stopped.value.code == 2
    written = capsys.readouterr()
    assert str(path) in written.err
    assert not written.out


def test_no_records(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        commands.main(["log", "--records", str(tmp_path / "none")])
    assert stopped.value.code == 2
    assert "has no experiment-*.json" in capsys.readouterr().err
