"""What is said to be there, and what is said to be left out."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from operator import attrgetter

import pytest
import torch

import scratchnet as sn
from parity import commands, coverage, registry

namespaces = pytest.mark.parametrize("namespace", coverage.PUBLIC)


def statuses(namespace):
    return {name.name: name.status for name in coverage.survey(namespace)}


@namespaces
def test_every_public_name_is_listed_once(namespace):
    names = [name.name for name in coverage.survey(namespace)]
    assert sorted(names) == sorted(coverage.PUBLIC[namespace])


@pytest.mark.parametrize("namespace", sorted(coverage.COMPLETE))
def test_nothing_is_missing_where_all_is_said_to_be_there(namespace):
    assert "missing" not in statuses(namespace).values()


@namespaces
def test_what_is_left_out_is_torchs_and_not_ours(namespace):
    ours = attrgetter(namespace)(sn).__all__
    for pattern, why in coverage.LEFT_OUT[namespace].items():
        names = [n for n in coverage.PUBLIC[namespace] if fnmatchcase(n, pattern)]
        assert names, pattern
        assert why
        assert not {*names} & {*ours}


def test_what_needs_no_pair_has_none():
    assert not coverage.NOTHING_TO_RUN & {pair.name for pair in registry.PAIRS}
    assert {*coverage.PUBLIC["nn"], *torch.optim.__all__, "LRScheduler"} > (
        coverage.NOTHING_TO_RUN
    )


@namespaces
def test_present_means_compared(namespace, monkeypatch):
    before = statuses(namespace)
    (first, *_) = [p.name for p in registry.PAIRS if p.namespace == namespace]
    assert before[first] == "present"
    others = [p for p in registry.PAIRS if p.name != first]
    monkeypatch.setattr(registry, "PAIRS", others)
    assert statuses(namespace) == {**before, first: "missing"}


def without(monkeypatch, module, name):
    public = [other for other in module.__all__ if other != name]
    monkeypatch.setattr(module, "__all__", public)


@namespaces
def test_present_means_there(namespace, monkeypatch):
    before = statuses(namespace)
    (first, *_) = [p.name for p in registry.PAIRS if p.namespace == namespace]
    without(monkeypatch, attrgetter(namespace)(sn), first)
    assert statuses(namespace) == {**before, first: "missing"}


def test_the_list_is_printed_and_written(tmp_path, capsys):
    file = tmp_path / "coverage.json"
    assert commands.main(["coverage", "optim", "--json", str(file)]) == 0
    printed = capsys.readouterr().out
    assert "torch.optim: 15 of 19 names present" in printed
    assert "Adadelta, Adafactor" in printed
    assert "bfloat16" in printed
    written = {entry["name"]: entry for entry in json.loads(file.read_text())}
    assert set(written) == set(torch.optim.__all__)
    assert written["Muon"] == {
        "namespace": "optim",
        "name": "Muon",
        "status": "left out",
        "why": "computes in bfloat16, which NumPy has not",
    }


def test_all_namespaces_without_a_choice(capsys):
    commands.main(["coverage"])
    printed = capsys.readouterr().out
    for namespace in coverage.PUBLIC:
        assert f"torch.{namespace}: " in printed


def test_the_exit_status_tells_of_names_that_went_missing(monkeypatch, capsys):
    without(monkeypatch, sn.optim, "Adam")
    assert commands.main(["coverage", "optim"]) == 1
    assert "missing" in capsys.readouterr().out
    monkeypatch.setattr(coverage, "COMPLETE", set())
    monkeypatch.setattr("parity.commands.coverage.COMPLETE", set())
    assert commands.main(["coverage", "optim"]) == 0


def test_an_unknown_namespace_is_misuse(capsys):
    with pytest.raises(SystemExit) as stop:
        commands.main(["coverage", "functional"])
    assert stop.value.code == 2
    assert "'functional' is none of nn, nn.init, optim" in capsys.readouterr().err
