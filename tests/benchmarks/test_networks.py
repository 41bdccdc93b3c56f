"""Whole networks on both sides."""

from __future__ import annotations

import json

import pytest

import scratchnet as sn
from benchmarks import commands
from benchmarks.networks import GATE, NETWORKS, STEPS, train
from benchmarks.sides import gap


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_both_sides_take_the_same_steps(network):
    ours, theirs = train(network)
    assert len(ours) == STEPS
    assert gap(ours, theirs) <= GATE
    assert ours[-1] < ours[0] / 1.1


def test_a_wrong_backward_parts_them(monkeypatch):
    right = sn.nn.Linear.backward

    def wrong(self, grad_output, input_grad=True):
        return right(self, grad_output, input_grad) * 1.0001

    monkeypatch.setattr(sn.nn.Linear, "backward", wrong)
    assert gap(*train(NETWORKS[0])) > GATE


def test_command(monkeypatch, capsys):
    monkeypatch.setattr(commands.networks, "NETWORKS", NETWORKS[:1])
    assert commands.main(["networks"]) == 0
    assert "LeNet-5" in capsys.readouterr().out
    assert commands.main(["networks", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["LeNet-5"][0]) == STEPS
    monkeypatch.setattr(commands.networks, "GATE", -1.0)
    assert commands.main(["networks"]) == 1
    assert "DIFFERENT" in capsys.readouterr().out


@pytest.mark.parametrize("seed", ["-1", str(2**63)])
def test_a_seed_that_torch_does_not_take_is_refused(seed, capsys):
    with pytest.raises(SystemExit) as stop:
        commands.main(["networks", "--seed", seed])
    assert stop.value.code == 2
    assert f"expected a seed from 0 to 2**63 - 1, got {seed}" in capsys.readouterr().err


def test_the_table_ends_with_the_last_loss(monkeypatch, capsys):
    networks = commands.networks
    monkeypatch.setattr(networks, "NETWORKS", networks.NETWORKS[:1])
    monkeypatch.setattr(networks, "train", lambda *_: ([3.0, 2.0, 1.0],) * 2)
    assert commands.main(["networks"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split()[1:3] == ["3.0000", "1.0000"]
