"""The loss of small batches spikes, whatever else is changed."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.experiments import batch_norm_spikes as spikes
from benchmarks.libraries import load

TINY = spikes.Config(
    dataset="mnist5k",
    train=600,
    batch_size=8,
    lr=0.1,
    epochs=12,
    steps=150,
    watched=100,
)


@pytest.fixture
def found(run_sides):
    return run_sides(spikes, TINY)


def test_only_larger_batches_help(found):
    for side in found.values():
        usual = side["spikes"][spikes.USUAL]
        assert usual > 0.05
        assert side["spikes"][spikes.FROZEN] > usual / 2
        assert side["spikes"][spikes.LARGER] < usual / 4
        assert max(side["watched"]) < 2
        assert len(side["batches"]) == len(side["watched"]) == TINY.steps
        trained = side["trained"]
        assert trained[spikes.RAW]["first_norm"] < trained["N(0, 1)"]["first_norm"] / 3
        assert trained[spikes.RAW]["moved"] < trained[spikes.HE]["moved"] / 4
    ours, theirs = found["scratchnet"], found["torch"]
    np.testing.assert_allclose(ours["batches"], theirs["batches"], rtol=0.02)

    def verdicts(side):
        conclusion = spikes.conclude(TINY, {"scratchnet": side})
        return [finding.verdict for finding in conclusion]

    assert verdicts(ours)[1] == "explained"
    last = spikes.conclude(TINY, {"scratchnet": ours})[2]
    assert last.claim.endswith("cost accuracy")
    other = copy.deepcopy(ours)
    other["spikes"][spikes.FROZEN] = 0.0
    other["trained"][spikes.RAW] = other["trained"]["N(0, 1)"]
    other["trained"][spikes.HE] = other["trained"]["N(0, 1)"]
    assert verdicts(other) == ["refuted"] * 3


def test_the_suspects_are_those_of_the_documents_own_network(monkeypatch):
    spreads = []

    def look(library, config, model, split, **changes):
        spreads.append(library.weights(model[1].weight).std())
        return np.ones(1)

    monkeypatch.setattr(spikes, "go_on", look)
    monkeypatch.setattr(spikes, "watch", look)
    spikes.run(load("scratchnet"), replace(TINY, epochs=1))
    np.testing.assert_allclose(spreads, 1, rtol=0.05)  # He's would be 0.05.


def test_over_the_median():
    losses = [1.0] * 60
    losses[30] = 3.0
    assert spikes.over_median(losses).tolist() == losses
