"""The experiments, one a file: each is also an example of using the library."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

NAMES = (
    "learning_rate",
    "exploding_weights",
    "affnist",
    "one_sample",
    "network_wars",
    "clip_norm",
    "batch_norm_spikes",
    "architectures",
    "initialisers",
    "momentum_luck",
    "saliency",
    "sine",
    "dinosaurs",
    "activations",
    "handwritten",
    "wrong_softmax",
    "lenet",
    "luck",
    "drift",
    "letters",
)


def load(name: str) -> ModuleType:
    """Return the experiment of this name."""
    return import_module(f"{__name__}.{name}")
