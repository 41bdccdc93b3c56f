"""A network that has read names writes new ones; only a cold one repeats itself."""

from __future__ import annotations

import numpy as np

from benchmarks.experiments import dinosaurs

TINY = dinosaurs.Config(
    names=600, hidden=20, epochs=2, rate=0.03, samples=30, longest=10
)


def test_networks_learn_and_write_new_names(run_sides):
    found = run_sides(dinosaurs, TINY)
    ours, theirs = found["scratchnet"], found["torch"]
    for kind in dinosaurs.KINDS:
        assert ours[kind]["bits"][-1] < dinosaurs.counted(TINY, 2)
        np.testing.assert_allclose(ours[kind]["bits"], theirs[kind]["bits"], atol=1e-3)
        cold, *_ = dinosaurs.shares(TINY, ours[kind]["names"]["0.1"])
        distinct, new, _ = dinosaurs.shares(TINY, ours[kind]["names"]["1.0"])
        assert cold < 0.75 * distinct
        assert min(distinct, new) > 0.9
        same = map(str.__eq__, ours[kind]["names"]["1.0"], theirs[kind]["names"]["1.0"])
        assert np.mean(list(same)) > 0.9


def test_the_list_is_sorted_and_spelled_in_letters_without_repeats():
    header, *names = dinosaurs.LIST.read_text(encoding="utf-8").splitlines()
    assert header.startswith("#")
    assert len(names) > 1000
    assert names == sorted(set(names))
    assert set("".join(names).lower()) <= set(dinosaurs.LETTERS)
    known, unseen = dinosaurs.known_and_unseen(dinosaurs.FULL)
    assert sorted(known + unseen) == [name.lower() for name in names]


def test_shares():
    known, unseen = dinosaurs.known_and_unseen(TINY)
    nonsense = "zzxqk"
    names = [known[0], known[0], known[1], nonsense]
    assert dinosaurs.shares(TINY, names) == (0.75, 0.25, 0.75)
    assert dinosaurs.shares(TINY, unseen)[1] == 0


def made_up(bits, cold, even, hot):
    names = {"0.1": cold, "0.5": even, "1.0": even, "1.5": hot}
    side = {kind: {"bits": [bits], "names": names} for kind in dinosaurs.KINDS}
    findings = dinosaurs.conclude(TINY, {"scratchnet": side})
    return [found.verdict for found in findings]


def test_verdicts():
    known, _ = dinosaurs.known_and_unseen(TINY)
    nonsense = ["zzxqk" + letter for letter in dinosaurs.LETTERS]
    good = made_up(2.0, known[:1] * 20, known[:20], nonsense)
    assert good == ["confirmed", "refuted", "explained", "refuted", "explained"]
    bad = made_up(3.0, known[:20], nonsense[:1] * 20, known[:20])
    assert bad == ["refuted", "confirmed", "refuted", "confirmed", "refuted"]
