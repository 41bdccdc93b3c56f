"""How the cost grows: nothing is asserted of the times themselves."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import commands, scale
from benchmarks.scale import AXES, LARGEST, STUDENT, exponent, find, summary
from tests.benchmarks.home import at_home

SIZES = (8, 16, 32, 64, 128, 256)


@pytest.mark.parametrize("p", [0.0, 1.0, 2.5])
def test_a_known_exponent_is_recovered(p):
    found = exponent(SIZES, 3e-4 * np.power(SIZES, p))
    assert found["value"] == pytest.approx(p, abs=1e-12)
    assert found["uncertainty"] == pytest.approx(0, abs=1e-12)


def test_small_sizes_have_no_say():
    costs = np.power(SIZES, 2.0)
    costs[: len(SIZES) - LARGEST] = 1e6
    assert exponent(SIZES, costs)["value"] == pytest.approx(2)


def test_the_uncertainty_holds_the_truth_19_times_in_20():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(1000):
        found = exponent(SIZES, np.power(SIZES, 1.5) * rng.lognormal(0, 0.1, 6))
        held += abs(found["value"] - 1.5) <= found["uncertainty"]
    assert held == pytest.approx(950, abs=25)


def test_faster_growth_is_told_from_noise():
    theirs = np.array([1, 1.1, 2, 4, 8, 16.0])
    noise = np.array([1, 1, 1.05, 0.95, 1.02, 0.98])
    grows = {
        name: summary(
            "",
            SIZES,
            {"scratchnet": list(ours), "torch": list(theirs)},
            [{"value": each} for each in ours / theirs],
        )
        for name, ours in (
            ("as fast", 0.5 * theirs * noise),
            ("faster", theirs * np.power(SIZES, 0.5) * noise),
            ("slower", theirs / np.power(SIZES, 0.5) * noise),
        )
    }
    assert {name for name, found in grows.items() if found["grows_faster"]} == {
        "faster"
    }
    assert grows["faster"]["difference"]["value"] == pytest.approx(0.5, abs=0.05)


def test_a_machine_that_slows_down_does_not_pass_for_growth():
    seconds = {"scratchnet": list(np.power(SIZES, 1.5)), "torch": list(SIZES)}
    found = summary("", SIZES, seconds, [{"value": 1.0}] * len(SIZES))
    assert found["difference"]["value"] == pytest.approx(0)
    assert not found["grows_faster"]


@pytest.mark.parametrize("name", AXES)
def test_every_axis_has_workloads_and_enough_sizes(name):
    sizes = AXES[name].rungs(quick=True)
    assert LARGEST - 2 in STUDENT
    assert LARGEST < len(sizes) <= len(AXES[name].sizes)
    assert list(sizes) == sorted(sizes)
    shapes = {str(find(f"{name}/{size}")) for size in sizes}
    assert len(shapes) == len(sizes)


def test_the_record_is_complete(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(scale, "workers", at_home)
    arguments = ["--quick", "--only", "bat*", "--threads", "1"]
    arguments += ["--output", str(tmp_path), "--json"]
    assert commands.main(["scale", *arguments]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert json.loads((tmp_path / "scale-1.json").read_text()) == record
    assert (tmp_path / "scale-1.png").read_bytes().startswith(b"\x89PNG")
    assert {side["threads"] for side in record["sides"].values()} == {1}
    (axis,) = record["axes"].values()
    assert axis["sizes"] == list(AXES["batch"].rungs(quick=True))
    assert set(axis["seconds"]) == set(axis["exponents"]) == {"scratchnet", "torch"}
    for times in axis["seconds"].values():
        assert len(times) == len(axis["sizes"])
        assert min(times) > 0
    assert len(axis["ratios"]) == len(axis["sizes"])
    assert isinstance(axis["grows_faster"], bool)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "hight"], "no workload matches 'hight'"),
        (["--threads", "none"], "invalid"),
        (["--threads", "100000"], "expected no more threads than the"),
        (["--output", "x" * 300], "cannot be written to"),
    ],
)
def test_misuse_is_said_and_exits_2(arguments, said, capsys):
    with pytest.raises(SystemExit) as stop:
        commands.main(["scale", *arguments])
    assert stop.value.code == 2
    assert said in capsys.readouterr().err
