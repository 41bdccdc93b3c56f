"""The speed benchmark: nothing is asserted of the times themselves."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import threadpoolctl
import torch
from matplotlib import pyplot as plt
from rich.console import Console
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import commands, scale
from benchmarks.commands import speed
from benchmarks.commands.readme import speed as table
from benchmarks.speed import figure, layers, machine, measure
from benchmarks.speed.bench import NumpyBench, TorchBench, batches_of, drawn
from benchmarks.speed.flops import of_step
from benchmarks.speed.layers import (
    EXCUSED,
    EXCUSED_ON_MORE,
    LAYERS,
    UNTIMED,
    excuse,
)
from benchmarks.speed.measure import WORKLOADS, choose, find, ratio, summary
from benchmarks.speed.steps import LABELS, SGD, STEPS, Step
from parity.case import call, uniform
from parity.registry import PAIRS
from tests.benchmarks.home import at_home

SMALL = Step("small", call("perceptron", 12, 10), (uniform(64, 12),), LABELS, SGD)


def test_every_layer_and_loss_has_a_workload_or_a_reason():
    known = {pair.name for pair in PAIRS if pair.namespace == "nn"}
    timed = {layer.pair for layer in LAYERS}
    assert timed | set(UNTIMED) == known
    assert not timed & set(UNTIMED)
    assert all(UNTIMED.values())


def test_names_are_unique_and_excuses_name_workloads():
    assert len(WORKLOADS) == len(LAYERS) + len(STEPS)
    assert {*EXCUSED, *EXCUSED_ON_MORE} <= set(WORKLOADS)
    assert not {*EXCUSED} & {*EXCUSED_ON_MORE}


def test_what_is_excused_on_more_threads_is_not_on_one():
    assert excuse("GELU", 1) == excuse("GELU", 2) == EXCUSED["GELU"]
    assert excuse("SiLU", 1) is None
    assert excuse("SiLU", 2) == EXCUSED_ON_MORE["SiLU"]


def test_limits_are_those_of_the_issue():
    limits = {step.title: step.limits for step in STEPS if step.limits}
    assert limits == {
        "MLP 784-128-64-10 SGD": (0.50, 0.55),
        "MLP 784-128-64-10 Adam": (0.50, 0.55),
        "MLP 784-512-512-10 SGD": (0.85, 0.95),
        "MLP 784-512-512-10 Adam": (0.85, 0.95),
        "LeNet-5 SGD": (0.75, 0.75),
        "CNN 32-64 SGD": (1.0, 1.3),
        "CNN 32-64 with batch norm SGD": (1.1, 1.4),
        "LSTM 128 Adam": (1.4, 1.9),
        "GRU 128 Adam": (0.9, 0.9),
        "transformer 2x64 Adam": (1.2, 1.5),
    }
    assert [STEPS[0].limit(threads) for threads in (1, 2, 3)] == [0.50, 0.55, None]


@pytest.mark.parametrize("kind", [NumpyBench, TorchBench])
@pytest.mark.parametrize(
    "name",
    ["LSTMCell", "AdaptiveLogSoftmaxWithLoss", "MSELoss", "EmbeddingBag", "Linear"],
)
def test_a_layer_is_timed_in_parts(kind, name):
    once = kind(1, find).layer(find(name), np.random.default_rng(0))
    times = once()
    assert times["total"] == pytest.approx(times["forward"] + times["backward"])
    assert all(seconds > 0 for seconds in times.values())


def test_both_sides_are_given_the_same_numbers():
    ours = drawn((SMALL.inputs, SMALL.target), np.random.default_rng(3))
    theirs = drawn(
        (SMALL.inputs, SMALL.target), np.random.default_rng(3), None, torch.from_numpy
    )
    np.testing.assert_array_equal(ours[0][0], theirs[0][0].numpy())
    np.testing.assert_array_equal(ours[1], theirs[1].numpy())
    assert ours[0][0].dtype == np.float32
    assert ours[1].dtype == np.int64


def test_batches_come_round_again():
    batches = batches_of(SMALL, np.random.default_rng(0))
    several = [next(batches)[0][0] for _ in range(5)]
    assert several[0] is several[4]
    assert not np.array_equal(several[0], several[1])


@pytest.mark.parametrize("kind", [NumpyBench, TorchBench])
def test_a_step_trains(kind):
    bench = kind(1, lambda name: SMALL)
    assert bench.load("small", 0.0) == 2
    assert set(bench.slot()) == {"total"}
    assert bench.memory() >= 0


@pytest.mark.parametrize(
    "title", ["MLP 784-128-64-10 SGD", "LeNet-5 SGD", "CNN 32-64 SGD"]
)
def test_operations_are_those_that_torch_counts(title):
    (step,) = (step for step in STEPS if step.title == title)
    model = step.build(torch.nn)
    (inputs, target) = next(
        batches_of(step, np.random.default_rng(0), torch.from_numpy)
    )
    with FlopCounterMode(display=False) as counter:
        torch.nn.functional.cross_entropy(model(*inputs), target).backward()
    assert of_step(model, inputs, input_grad_skipped=True) == counter.get_total_flops()


def test_operations_of_an_lstm():
    model = torch.nn.LSTM(3, 5, batch_first=True)
    of_weights = 2 * 4 * 5 * np.array([3, 5]) * 7 * 2  # of batch 7, length 2
    inputs = (torch.zeros(7, 2, 3),)
    assert of_step(model, inputs, False) == 3 * of_weights.sum()
    assert of_step(model, inputs, True) == 3 * of_weights.sum() - of_weights[0]


def made_up(slots, seed=0):
    rng = np.random.default_rng(seed)
    return rng.lognormal(0, 0.2, slots), 2 * rng.lognormal(0, 0.2, slots)


@pytest.mark.parametrize("seed", range(5))
def test_the_interval_holds_the_median_ratio_of_a_round(seed):
    ours, theirs = made_up(21, seed)
    found = ratio(ours, theirs)
    assert found["value"] == np.median(ours / theirs)
    assert found["low"] < found["value"] < found["high"]


def test_more_slots_make_a_narrower_interval_around_the_truth():
    few, many = ratio(*made_up(9)), ratio(*made_up(900))
    assert many["high"] - many["low"] < (few["high"] - few["low"]) / 3
    assert many["low"] < 0.5 < many["high"]


def test_the_fewest_slots_hold_the_truth_as_often_as_they_say():
    plans = (measure.FULL, measure.QUICK, scale.FULL, scale.QUICK)
    assert min(plan.slots for plan in plans) >= measure.LEAST_SLOTS
    found = [ratio(*made_up(measure.LEAST_SLOTS, seed)) for seed in range(300)]
    held = np.mean([each["low"] <= 0.5 <= each["high"] for each in found])
    assert held > 0.9


def test_what_slows_a_whole_round_changes_no_ratio():
    rounds = np.random.default_rng(0).lognormal(0, 1, 15)
    found = ratio(3 * rounds, rounds)
    assert list(found.values()) == pytest.approx([3, 3, 3])


def test_a_summary_says_which_torch_is_best_and_whether_the_limit_is_met():
    slots = {
        side: [{"total": seconds * wobble} for wobble in (1, 1.1, 0.9)]
        for side, seconds in (
            ("scratchnet", 0.4),
            ("torch", 1.0),
            ("torch, tuned", 0.5),
        )
    }
    step = STEPS[0]
    memory = dict.fromkeys(slots, 1024)
    found = summary(step, 1, slots, memory, flops=10**9)
    assert found["ratio"]["value"] == pytest.approx(0.4)
    assert found["best"] == "torch, tuned"
    assert found["ratio_to_best"]["value"] == pytest.approx(0.8)
    assert found["met"] is True
    assert found["sides"]["torch"]["quartiles"] == pytest.approx([0.95, 1.05])
    for seconds, met in ((0.51, None), (0.7, False)):  # of torch's 0.9 to 1.1
        slots["scratchnet"] = [{"total": seconds}] * 3
        assert summary(step, 1, slots, memory, 10**9)["met"] is met
    assert summary(step, 3, slots, memory, 10**9)["met"] is None


def test_only_selects():
    assert choose(["Conv1d", "Conv2d", "Linear"], ["Conv*"]) == ["Conv1d", "Conv2d"]
    assert choose(WORKLOADS, ["step/LeNet*", "ReLU"]) == ["step/LeNet-5 SGD", "ReLU"]
    assert choose(["a", "b"], []) == ["a", "b"]
    with pytest.raises(LookupError, match="no workload matches 'Linaer'"):
        choose(WORKLOADS, ["Lin*", "Linaer"])


def test_the_peak_of_memory_sees_what_was_freed():
    before = machine.peak_memory(reset=True)
    np.ones(before // 8 + 2**21).sum()  # more than ever, where no reset is allowed
    assert machine.peak_memory() > before + 2**23


def test_a_blas_that_is_not_seen_is_unknown(monkeypatch):
    monkeypatch.setattr(threadpoolctl, "threadpool_info", list)  # as on macOS
    found = NumpyBench(1, find).versions()
    assert found["blas"] == found["kernels"] == "unknown"
    assert found["kernels_too_narrow"] is False
    assert found["threads"] == 1


@pytest.mark.parametrize(
    ("flags", "kernels", "narrow"),
    [
        ("fpu avx2 avx512f", "Haswell", True),
        ("fpu avx2 avx512f", "Cooperlake", False),
        ("fpu avx2", "Haswell", False),
        ("fpu avx2 avx512f", None, False),
        ("", "armv8", False),
    ],
)
def test_kernels_that_leave_avx512_unused_are_told(flags, kernels, narrow, monkeypatch):
    monkeypatch.setattr(machine, "_of_processor", lambda field: flags)
    assert machine.too_narrow(kernels) is narrow
    ours = {"numpy": "2", "blas": "openblas 0.3", "threads": 1, "kernels": kernels}
    record = {
        "environment": {
            "scratchnet": "0",
            "python": "3",
            "processor": "",
            "processors": 1,
        },
        "sides": {
            "scratchnet": ours | {"kernels_too_narrow": narrow},
            "torch": {"torch": "2", "threads": 1},
        },
        "machine": {"gflops": 1, "gb_per_s": 1},
        "plan": {"compiled": True},
        "workloads": [],
    }
    printed = io.StringIO()
    speed.show(Console(file=printed, width=140), record)
    assert f"({kernels} kernels)" in printed.getvalue()
    assert ("OPENBLAS_CORETYPE=SkylakeX" in printed.getvalue()) is narrow


def test_only_may_be_said_twice(capsys):
    with pytest.raises(SystemExit):
        commands.main(["speed", "--only", "Linaer", "--only", "Linear"])
    assert "no workload matches 'Linaer'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "Linaer"], "no workload matches 'Linaer'"),
        (["--threads", "0"], "expected a positive number, got 0"),
        (["--threads", "1", "100000"], "expected no more threads than the"),
        (["--only", "Linear", "--output", "x" * 300], "cannot be written to"),
        (["--slots", "4"], "expected a number of at least 5, got 4"),
        (["--steps", "--only", "Linear"], "no workload matches 'Linear'"),
    ],
)
def test_misuse_is_said_and_exits_2(arguments, said, capsys):
    with pytest.raises(SystemExit) as stop:
        commands.main(["speed", *arguments])
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_each_side_works_in_a_process_of_its_own(tmp_path, capsys):
    arguments = ["--quick", "--only", "Linear", "--slots", "5", "--threads", "1"]
    assert commands.main(["speed", *arguments, "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "1 of" in printed
    assert "layers meet the limit of 3" in printed
    assert (tmp_path / "speed-1-layers.png").exists()


def test_the_record_is_complete(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(measure, "workers", at_home)
    arguments = ["--quick", "--only", "step/LeNet*", "Linear", "--slots", "5"]
    arguments += ["--threads", "1", "--output", str(tmp_path), "--json"]
    assert commands.main(["speed", *arguments]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert json.loads((tmp_path / "speed-1.json").read_text()) == record
    for kind in ("steps", "layers"):
        picture = (tmp_path / f"speed-1-{kind}.png").read_bytes()
        assert picture.startswith(b"\x89PNG")

    assert record["threads"] == 1
    assert {side["threads"] for side in record["sides"].values()} == {1}
    assert record["environment"]["processor"]
    assert record["machine"]["gflops"] > 0
    assert record["machine"]["gb_per_s"] > 0
    assert record["plan"]["compiled"] == "left out of a quick run"
    step, layer = record["workloads"]
    assert set(step["sides"]) == {"scratchnet", "torch", "torch, tuned"}
    assert set(layer["sides"]) == {"scratchnet", "torch"}
    assert layer["limit"] == layers.LIMIT
    assert layer["flops"] is None
    for side in step["sides"].values():
        gflops = 1e-9 * step["flops"] / side["median"]
        of_peak = pytest.approx(gflops / record["machine"]["gflops"])
        assert side["fraction_of_peak"] == of_peak
    assert set(layer["ratio_of_parts"]) == {"forward", "backward"}
    for work in (step, layer):
        assert work["ratio"]["low"] <= work["ratio"]["value"] <= work["ratio"]["high"]
        assert work["refused"] == {}
        for side in work["sides"].values():
            assert {len(times) for times in side["slots"].values()} == {5}
            first, last = side["quartiles"]
            assert first <= side["median"] <= last
            assert side["peak_memory"] is None  # One process timed them all.

    (row,) = (line for line in table([record]).splitlines() if "LeNet" in line)
    assert f"{step['ratio']['value']:.2f}" in row
    assert row.count("|") == 6


def test_the_figure_draws_ratios_and_intervals_the_slowest_on_top():
    works = [
        {
            "name": name,
            "kind": "layer",
            "ratio": {"value": value, "low": value / 2, "high": 3 * value},
            "limit": layers.LIMIT,
        }
        for name, value in (("quick", 0.5), ("slow", 4.0), ("equal", 1.0))
    ]
    made = figure.draw({"workloads": works, "threads": 1}, "layer")
    (panel,) = made.axes
    (bars,) = panel.collections
    plt.close(made)
    names = [label.get_text() for label in panel.get_yticklabels()]
    assert names == ["quick", "equal", "slow"]
    expected = [[[0.25, 0], [1.5, 0]], [[0.5, 1], [3, 1]], [[2, 2], [12, 2]]]
    np.testing.assert_array_equal(bars.get_segments(), expected)
    (points,) = (line for line in panel.lines if "interval" in line.get_label())
    np.testing.assert_array_equal(points.get_xydata(), [[0.5, 0], [1, 1], [4, 2]])
    ticks = [label.get_text() for label in panel.get_xticklabels()]
    assert {"0.5", "1", "2", "5"} <= set(ticks)


def test_processes_of_their_own_tell_the_memory_of_each_workload(monkeypatch):
    started = []

    @contextmanager
    def counted(threads, builders, *arguments):
        started.append(list(builders))
        with at_home(threads, builders, *arguments) as running:
            yield running

    monkeypatch.setattr(measure, "workers", counted)
    names = ["step/LeNet-5 SGD", "Linear"]
    both, best = ["scratchnet", "torch"], ["scratchnet", "torch", "torch, tuned"]

    quick = replace(measure.QUICK, slots=2, seconds=0.01)
    measure.measure(names, 1, quick)
    assert started == [best]
    started.clear()
    found = measure.measure(names, 1, replace(quick, fresh=True))["workloads"]
    assert started == [both, best, both]
    for work in found:
        assert all(side["peak_memory"] >= 0 for side in work["sides"].values())


def test_compilation_is_left_out_for_a_reason(monkeypatch):
    monkeypatch.setattr(measure.shutil, "which", lambda name: None)
    assert measure.compiling(measure.FULL) == "no C++ compiler was found"
    assert measure.compiling(measure.QUICK) == "left out of a quick run"


@pytest.mark.parametrize("kind", [NumpyBench, TorchBench])
def test_a_timed_step_moves_every_parameter(kind, monkeypatch):
    built, build = [], Step.build
    monkeypatch.setattr(
        Step, "build", lambda work, nn: built.append(build(work, nn)) or built[-1]
    )
    once = kind(1, find).step(SMALL, np.random.default_rng(0))
    (model,) = built
    before = [np.asarray(p.data).copy() for p in model.parameters()]
    once()
    after = [np.asarray(p.data).copy() for p in model.parameters()]
    assert not any(map(np.array_equal, before, after))


def test_peaks_count_what_is_done(monkeypatch):
    monkeypatch.setattr(machine, "_fastest", lambda work: 0.5)  # seconds
    found = machine.peaks(np.matmul, np.add, lambda *a: np.full(*a, np.float32))
    # A multiplication and an addition each; two arrays read and one written.
    assert found["gflops"] == pytest.approx(2 * machine.SIZE**3 / 0.5 / 1e9)
    assert found["gb_per_s"] == pytest.approx(3 * 4 * machine.NUMBERS / 0.5 / 1e9)
