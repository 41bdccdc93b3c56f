"""Network wars, as a user types them."""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

import scratchnet as sn
from benchmarks import commands, wars
from benchmarks.libraries import LIBRARIES, load
from benchmarks.training import digits

TOML = """
[[network]]
name = "dense"
sizes = [784, 16, 10]
activation = "Tanh"
optimizer = "SGD"
lr = 0.1
momentum = 0.9
batch_size = 32

[[network]]
name = "pictures"
kind = "convolutional"
channels = [4]
lr = 1
"""


def test_a_file_and_the_command_line_say_the_same(tmp_path):
    file = tmp_path / "networks.toml"
    file.write_text(TOML, encoding="utf-8")
    dense, pictures = wars.read(file)
    assert dense == wars.Contender(
        "dense",
        sizes=(784, 16, 10),
        activation="Tanh",
        optimizer="SGD",
        lr=0.1,
        momentum=0.9,
        batch_size=32,
    )
    assert dense == wars.contender(
        "name=dense, sizes=784-16-10, activation=Tanh, optimizer=SGD, lr=1e-1, "
        "momentum=0.9, batch_size=32"
    )
    assert pictures == wars.contender(
        "name=pictures,kind=convolutional,channels=4,lr=1"
    )


@pytest.mark.parametrize("contender", wars.DEFAULTS, ids=lambda c: c.name)
def test_the_contenders_that_are_always_there_obey_the_rules(contender):
    unused = {"sizes", "activation", "channels"} - set(wars.KINDS[contender.kind])
    written = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in vars(contender).items()
        if key not in unused
    }
    assert wars.contender(written) == contender


@pytest.mark.parametrize("side", LIBRARIES)
@pytest.mark.parametrize("optimizer", wars.OPTIMIZERS)
def test_every_optimiser_and_activation_is_there_on_both_sides(side, optimizer):
    library = load(side)
    model = library.nn.Linear(2, 2)
    getattr(library.optim, optimizer)(model.parameters(), lr=1e-3)
    for activation in wars.ACTIVATIONS:
        assert getattr(library.nn, activation)()


def test_the_network_and_the_optimiser_are_those_asked_for():
    asked = {"batch_size": 25, "lr": 0.25, "momentum": 0.5, "optimizer": "SGD"}
    given = []
    library = load("scratchnet")

    def sgd(params, **options):
        given.append(options)
        return sn.optim.SGD(params, **options)

    library.optim = SimpleNamespace(SGD=sgd)
    tanh = wars.Contender("A", sizes=(784, 9, 10), activation="Tanh", **asked)
    split = digits("mnist5k", train=100, test=10)
    (result,) = wars.battle(library, [tanh], split, budget=0.02)
    assert given == [{"lr": 0.25, "momentum": 0.5}]
    assert result["epochs"] == result["steps"] / 4
    assert [type(layer).__name__ for layer in wars.build(sn.nn, tanh)] == [
        "Flatten",
        "Linear",
        "Tanh",
        "Linear",
    ]
    pictures = wars.Contender("B", kind="convolutional", channels=(5,))
    assert wars.build(sn.nn, pictures)[0].out_channels == 5


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ("sizes=784-10", "expects a name"),
        ("name=A, size=784-10", "A: expected name, kind, sizes"),
        ("name=A, optimizer=Adma", "A: optimizer expects one of Adagrad, Adam"),
        ("name=A, optimizer=LBFGS", "got 'LBFGS'"),
        ("name=A, activation=Softmax", "A: activation expects one of ELU"),
        ("name=A, kind=cnn", "A: kind expects one of dense, convolutional, lenet"),
        ("name=A, sizes=784-64", "A: sizes expects whole numbers from 784 to 10"),
        ("name=A, sizes=10", "got [10]"),
        ("name=A, sizes=784-0-10", "got [784, 0, 10]"),
        ("name=A, sizes=784-100000000-10", "got [784, 100000000, 10]"),
        ("name=A, sizes=784xx10", "got '784xx10'"),
        ("name=A, kind=convolutional, channels=8-8-8-8-8", "one to four"),
        ("name=A, kind=lenet, sizes=784-10", "lenet takes neither sizes nor channels"),
        ("name=A, channels=8", "dense takes sizes and activation, got channels"),
        ("name=A, lr=0", "A: lr expects a number above 0, got 0.0"),
        ("name=A, lr=nan", "got nan"),
        ("name=A, lr=fast", "got 'fast'"),
        ("name=A, momentum=0.9", "with SGD or RMSprop, got Adam"),
        ("name=A, optimizer=SGD, momentum=1", "from 0 to below 1"),
        ("name=A, batch_size=0.5", "A: batch_size expects a whole number"),
        ("name=A, name=B", "each key once"),
        ("784-10", "expected key=value"),
        ("name=", "expected key=value"),
        ("name=wide", "expected one network of each name, got wide"),
    ],
)
def test_a_wrong_network_is_said_and_exits_2(pairs, said, capsys):
    refused(["--network", pairs], said, capsys)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[network]", "networks.toml: "),
        ("", "expected [[network]] tables alone, got nothing"),
        ("budget = 3", "got budget"),
        ('network = "all"', "got network"),
        ("network = [3]", "expects a name, got 3"),
        ("[[network]]\nname = 3", "name expects a text, got 3"),
        ('[[network]]\nname = "A"\nsizes = [784, 10.0]', "got [784, 10.0]"),
        ('[[network]]\nname = "A"\nbatch_size = true', "got True"),
        ('[[network]]\nname = "A"\nlr = true', "got True"),
        ('[[network]]\nname = "A"\noptimizer = ["SGD"]', "got ['SGD']"),
    ],
)
def test_a_wrong_file_is_said_and_exits_2(text, said, tmp_path, capsys):
    file = tmp_path / "networks.toml"
    file.write_text(text, encoding="utf-8")
    refused(["--toml", str(file)], said, capsys)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--budget", "0"], "expected seconds above 0, got 0"),
        (["--budget", "soon"], "expected seconds above 0, got soon"),
        (["--side", "jax"], "invalid choice: 'jax'"),
        (["--only"], "--only expects networks"),
        (["--toml", "nowhere.toml"], "nowhere.toml"),
        (["--dataset", "mnist", "--data-dir", "nowhere"], "nowhere"),
        (["--seed", "-1"], "expected a seed from 0 to 2**63 - 1, got -1"),
    ],
)
def test_misuse_is_said_and_exits_2(arguments, said, capsys):
    refused(arguments, said, capsys)


def refused(arguments, said, capsys):
    with pytest.raises(SystemExit) as stop:
        commands.main(["wars", *arguments])
    assert stop.value.code == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert not printed.out


def test_help_has_examples(capsys):
    with pytest.raises(SystemExit) as stop:
        commands.main(["wars", "--help"])
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    assert "examples:" in printed
    assert "exit status" in printed


def fight(capsys, *arguments):
    pairs = "name=line, sizes=784-10, optimizer=SGD, lr=0.5"
    stubborn = "name=stubborn, sizes=784-16-10, lr=1e-9"
    networks = ["--only", "--network", stubborn, "--network", pairs]
    assert commands.main(["wars", *networks, "--budget", "0.2", *arguments]) == 0
    return capsys.readouterr().out


def test_both_sides_fight_and_the_best_comes_first(capsys):
    results = json.loads(fight(capsys, "--json"))
    assert [one["name"] for one in results] == ["line"] * 2 + ["stubborn"] * 2
    assert sorted(one["side"] for one in results[:2]) == sorted(LIBRARIES)
    for one in results:
        assert one["epochs"] * 4000 == pytest.approx(64 * one["steps"], rel=0.05)
        assert one["steps"] * one["ms_per_step"] >= 200
        assert one["parameters"] == {"line": 7850, "stubborn": 12730}[one["name"]]
    assert results[0]["accuracy"] > 0.7 > 0.3 > results[-1]["accuracy"]


def test_the_table_of_one_side(capsys, monkeypatch):
    monkeypatch.setattr(commands.wars, "laboratory", ThreadPoolExecutor)
    lines = fight(capsys, "--side", "scratchnet").splitlines()
    assert [line.split()[0] for line in lines] == ["network", "line", "stubborn"]
    assert "torch" not in "".join(lines)
    assert "7,850" in lines[1]


@pytest.mark.parametrize("side", LIBRARIES)
def test_a_contender_that_diverges_is_judged_like_the_rest(side):
    wild = wars.Contender("wild", optimizer="SGD", lr=1e30)
    tame = wars.Contender("tame", kind="lenet")
    split = digits("mnist5k", train=200, test=100)
    results = wars.battle(load(side), [wild, tame], split, budget=0.2)
    assert results == sorted(results, key=lambda one: -one["accuracy"])
    by_name = {one["name"]: one for one in results}
    assert set(by_name) == {"wild", "tame"}
    assert by_name["wild"]["accuracy"] < 0.3
    assert math.isfinite(by_name["wild"]["ms_per_step"])


def test_the_budget_decides_how_many_steps():
    split = digits("mnist5k", train=200, test=100)
    one = [wars.Contender("one")]
    short, long = (
        wars.battle(load("scratchnet"), one, split, budget)[0]["steps"]
        for budget in (0.02, 0.4)
    )
    assert long > 3 * short


def test_networks_are_read_from_utf8(tmp_path):
    file = Path(tmp_path / "networks.toml")
    file.write_text('[[network]]\nname = "größer"', encoding="utf-8")
    assert wars.read(file)[0].name == "größer"
