"""One builder for each network, given the namespace: both sides from one definition.

>>> import scratchnet as sn
>>> import torch
>>> perceptron(sn.nn, 784, 128, 10)
Sequential(
  (0): Flatten(start_dim=1, end_dim=-1)
  (1): Linear(in_features=784, out_features=128, bias=True)
  (2): ReLU()
  (3): Linear(in_features=128, out_features=10, bias=True)
)
>>> repr(perceptron(sn.nn, 784, 128, 10)) == repr(perceptron(torch.nn, 784, 128, 10))
True
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any


def perceptron(nn: Any, *sizes: int, activation: str = "ReLU") -> Any:
    """Build a dense network: `sizes` from input to output, activations between."""
    layers = [nn.Flatten()]
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), getattr(nn, activation)()]
    return nn.Sequential(*layers[:-1])
