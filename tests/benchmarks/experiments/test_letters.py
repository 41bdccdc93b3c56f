"""A transformer that reads the library needs fewer bits; both sides write the same."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from benchmarks.experiments import letters
from benchmarks.text import counted_bits, runs

TINY = letters.Config(
    length=16, width=16, steps=60, every=20, batch_size=8, judged=600, written=20
)


def test_both_sides_learn_and_write_the_same(run_sides, monkeypatch):
    gpt = letters.models.gpt
    # In float64: how far rounding in float32 parts both is up to the library's text.
    monkeypatch.setattr(letters.models, "gpt", lambda *sizes: gpt(*sizes).double())
    found = run_sides(letters, TINY)
    ours, theirs = found["scratchnet"], found["torch"]
    np.testing.assert_allclose(ours["bits"], theirs["bits"], atol=1e-9)
    assert ours["text"] == theirs["text"]
    assert len(ours["text"]) == len(letters.START) + TINY.written
    assert ours["bits"][-1] < ours["bits"][0] - 0.2
    assert ours["bits"][-1] < np.log2(len(letters.ALPHABET)) - 1


def test_no_file_is_both_learned_and_judged():
    parts = letters.known_and_unseen()
    known, unseen = (letters.decode(part, letters.ALPHABET) for part in parts)
    assert len(known) > 5 * len(unseen) > 50_000
    assert (known + unseen).count("class Linear(Module)") == 1
    assert letters.plain("aé×\tb\n") == "ab\n"


def test_longer_counts_need_fewer_bits():
    one, two, three = (letters.counted(TINY, n) for n in (1, 2, 3))
    assert np.log2(len(letters.ALPHABET)) > one > two + 0.3 > three + 0.6


def test_the_best_of_long_counts_is_among_the_rivals():
    best = min(letters.counted(TINY, n) for n in range(1, letters.LONGEST + 1))
    assert min(letters.baselines(TINY).values()) == best < letters.counted(TINY, 3)
    side = {"bits": [best + 0.01]}  # fewer than counting threes needs
    sides = {"scratchnet": side, "torch": side}
    *rivals, _ = letters.conclude(TINY, sides)
    assert [found.verdict for found in rivals] == ["confirmed"] * 3 + ["refuted"]


def test_counting_is_that_of_witten_and_bell():
    known, unseen = np.random.default_rng(0).integers(3, size=(2, 300))

    def probability(run):
        if not run:
            return 1 / 3
        counts = Counter(
            known[i]
            for i in range(3, len(known))
            if tuple(known[i - len(run) + 1 : i]) == run[:-1]
        )
        shorter = len(counts) * probability(run[1:])
        total = counts.total() + len(counts)
        return (counts[run[-1]] + shorter) / total if total else probability(run[1:])

    expected = np.mean([-np.log2(probability(tuple(r))) for r in runs(unseen, 4)])
    found = counted_bits(runs(known, 4), runs(unseen, 4), 3)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("ours", "theirs", "verdicts"),
    [
        (1.0, 1.0, ["confirmed"] * 5),
        (9.0, 9.0, ["refuted"] * 4 + ["confirmed"]),
        (1.0, 1.2, ["confirmed"] * 4 + ["refuted"]),
    ],
)
def test_verdicts(ours, theirs, verdicts):
    sides = {"scratchnet": {"bits": [ours]}, "torch": {"bits": [theirs]}}
    assert [found.verdict for found in letters.conclude(TINY, sides)] == verdicts
