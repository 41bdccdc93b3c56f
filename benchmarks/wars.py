"""Network wars: any networks against one another, each under the same budget of time.

A contender is written as key=value pairs, or as a table in a TOML file.

>>> contender("name=wide, sizes=784-512-10, activation=Tanh, lr=0.01").sizes
(784, 512, 10)
>>> contender("name=small, sizes=784-32")
Traceback (most recent call last):
ValueError: small: sizes expects whole numbers from 784 to 10, got [784, 32]
"""

from __future__ import annotations

import math
import time
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import models
from benchmarks.libraries import Library
from benchmarks.training import Split, accuracy, batches, progress

ACTIVATIONS = ["ELU", "GELU", "LeakyReLU", "Mish", "ReLU", "SiLU", "Sigmoid", "Tanh"]
OPTIMIZERS = ["Adagrad", "Adam", "AdamW", "NAdam", "RAdam", "RMSprop", "SGD"]
KINDS = {
    "dense": ["sizes", "activation"],
    "convolutional": ["channels"],
    "lenet": [],
}
LARGEST = 10_000


@dataclass(frozen=True)
class Contender:
    """A network and the way it is trained: what a kind has no use for stays unused."""

    name: str
    kind: str = "dense"
    sizes: tuple[int, ...] = (784, 128, 64, 10)
    activation: str = "ReLU"
    channels: tuple[int, ...] = (8, 16)
    optimizer: str = "Adam"
    lr: float = 1e-3
    momentum: float = 0.0
    batch_size: int = 64


DEFAULTS = (
    Contender("no hidden layer", sizes=(784, 10)),
    Contender("narrow", sizes=(784, 32, 10)),
    Contender("problem set", activation="Tanh"),
    Contender("wide", sizes=(784, 512, 10)),
    Contender("very wide", sizes=(784, 2048, 10)),
    Contender("deep", sizes=(784, 128, 128, 128, 128, 10)),
    Contender("LeNet-5", kind="lenet"),
    Contender("convolutional", kind="convolutional"),
)


def whole(value: Any) -> bool:
    """Say whether this is a whole number that a layer or a batch can have."""
    return type(value) is int and 1 <= value <= LARGEST


def all_whole(value: Any) -> bool:
    """Say whether this is a list of such numbers."""
    return isinstance(value, list) and all(map(whole, value))


def number(value: Any) -> bool:
    """Say whether this is a finite number."""
    return type(value) in (int, float) and math.isfinite(value)


RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "name": ("a text", lambda v: isinstance(v, str) and bool(v.strip())),
    "kind": (f"one of {', '.join(KINDS)}", lambda v: v in list(KINDS)),
    "sizes": (
        "whole numbers from 784 to 10",
        lambda v: all_whole(v) and len(v) > 1 and (v[0], v[-1]) == (784, 10),
    ),
    "activation": (f"one of {', '.join(ACTIVATIONS)}", lambda v: v in ACTIVATIONS),
    "channels": (
        "one to four whole numbers",
        lambda v: all_whole(v) and 1 <= len(v) <= 4,
    ),
    "optimizer": (f"one of {', '.join(OPTIMIZERS)}", lambda v: v in OPTIMIZERS),
    "lr": ("a number above 0", lambda v: number(v) and v > 0),
    "momentum": (
        "a number from 0 to below 1, with SGD or RMSprop",
        lambda v: number(v) and 0 <= v < 1,
    ),
    "batch_size": (f"a whole number from 1 to {LARGEST}", whole),
}


def read(path: Path) -> list[Contender]:
    """Return the contenders of a TOML file: its ``[[network]]`` tables."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from None
    networks = tables.get("network")
    if len(tables) != 1 or not isinstance(networks, list):
        came = ", ".join(tables) or "nothing"
        raise ValueError(f"{path}: expected [[network]] tables alone, got {came}")
    try:
        return [contender(table) for table in networks]
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{path}: {error}") from None


def contender(given: str | Mapping[str, Any]) -> Contender:
    """Return the contender of a table or of "key=value, ..."; refuse a wrong one."""
    values = parsed(given) if isinstance(given, str) else given
    if not isinstance(values, Mapping) or "name" not in values:
        raise ValueError(f"a network expects a name, got {given!r}")
    name, kind = values["name"], values.get("kind", "dense")
    for key, value in values.items():
        if key not in RULES:
            raise ValueError(f"{name}: expected {', '.join(RULES)}, got {key}")
        expected, obeys = RULES[key]
        if not obeys(value):
            raise ValueError(f"{name}: {key} expects {expected}, got {value!r}")
    for key in ("sizes", "activation", "channels"):
        if key in values and key not in KINDS[kind]:
            taken = " and ".join(KINDS[kind]) or "neither sizes nor channels"
            raise ValueError(f"{name}: {kind} takes {taken}, got {key}")
    made = Contender(
        **{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    )
    if made.momentum and made.optimizer not in ("RMSprop", "SGD"):
        expected, _ = RULES["momentum"]
        raise ValueError(f"{name}: momentum expects {expected}, got {made.optimizer}")
    return made


def parsed(text: str) -> dict[str, Any]:
    """Return the values of ``"key=value, ..."``; a number that is none stays text."""
    values: dict[str, Any] = {}
    for pair in text.split(","):
        key, sign, value = map(str.strip, pair.partition("="))
        if not (key and sign and value) or key in values:
            raise ValueError(f"expected key=value, each key once; got {text!r}")
        convert = {
            "sizes": lambda v: [int(n) for n in v.split("-")],
            "channels": lambda v: [int(n) for n in v.split("-")],
            "lr": float,
            "momentum": float,
            "batch_size": int,
        }.get(key, str)
        try:
            values[key] = convert(value)
        except ValueError:
            values[key] = value
    return values


def build(nn: Any, contender: Contender) -> Any:
    """Build the network."""
    if contender.kind == "lenet":
        return models.lenet(nn)
    if contender.kind == "convolutional":
        return models.convolutional(nn, *contender.channels)
    return models.perceptron(nn, *contender.sizes, activation=contender.activation)


def battle(
    library: Library,
    contenders: Sequence[Contender],
    split: Split,
    budget: float,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Train each for `budget` seconds of steps, and judge it; the best comes first."""
    with progress(library, total=len(contenders) * budget) as bar:
        bar.bar_format = "{desc} {percentage:3.0f}% |{bar}| {elapsed}<{remaining}"
        results = []
        for one in contenders:
            bar.set_description_str(f"{library.name:>10} {one.name}")
            results.append(train(library, one, split, budget, seed, bar.update))
    return sorted(results, key=lambda result: -result["accuracy"])


def train(
    library: Library,
    contender: Contender,
    split: Split,
    budget: float,
    seed: int,
    passed: Callable[[float], Any],
) -> dict[str, Any]:
    """Train until the steps have taken `budget` seconds; tell `passed` of each."""
    library.manual_seed(seed)
    model = build(library.nn, contender)
    criterion = library.nn.CrossEntropyLoss()
    options = {"momentum": contender.momentum} if contender.momentum else {}
    rule = getattr(library.optim, contender.optimizer)
    optimizer = rule(model.parameters(), lr=contender.lr, **options)
    steps = seen = 0
    seconds = 0.0
    for batch in endless(len(split.x), contender.batch_size, seed):
        x, target = split.x[batch], split.target[batch]
        start = time.perf_counter()
        with np.errstate(all="ignore"):  # a contender may diverge
            library.backpropagate(model, criterion, x, target)
            optimizer.step()
        took = time.perf_counter() - start
        passed(min(took, budget - seconds))
        seconds, steps, seen = seconds + took, steps + 1, seen + len(batch)
        if seconds >= budget:
            break
    return {
        "name": contender.name,
        "side": library.name,
        "accuracy": accuracy(library, model, split.test_x, split.test_labels),
        "epochs": seen / len(split.x),
        "steps": steps,
        "parameters": sum(math.prod(p.shape) for p in model.parameters()),
        "ms_per_step": 1e3 * seconds / steps,
    }


def endless(n: int, size: int, seed: int) -> Iterable[Any]:
    """Yield shuffled batches, epoch after epoch."""
    rng = np.random.default_rng(seed)
    while True:
        yield from batches(n, size, rng)
