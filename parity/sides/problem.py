"""Where gradients come from, on either side: drawn, or computed from the parameters.

A problem holds the parameters of one side. ``evaluate(step)`` puts a gradient beside
each and returns the loss, None where gradients are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike

import scratchnet as sn
from parity.case import Array, normal
from parity.script import SHAPES, STEPS, Script
from parity.sides.tree import map_tree, rounded

START = np.array([-1.5, 2.0])  # or not far from it
SIZES = (4, 5, 3)
ROWS = 8


@dataclass(frozen=True)
class Numbers:
    """Everything that a script draws: the same numbers for every side.

    Attributes
    ----------
    parameters : list of ndarray
        What they start from.
    given : list
        What is given before each step: the gradients, or what a network learns.
    """

    parameters: list[Array]
    given: list[Any]

    def rounded(self) -> Numbers:
        """Return the nearest numbers that float32 can hold."""
        parts = ("parameters", "given")
        return replace(self, **{part: rounded(getattr(self, part)) for part in parts})


def draw(script: Script, rng: np.random.Generator) -> Numbers:
    """Draw what the script describes."""
    if script.problem == "drawn":
        parameters = [normal(*shape)(rng, edges=False) for shape in SHAPES]
        gradients = [
            [script.gradient(shape, step)(rng) for shape in SHAPES]
            for step in range(1, STEPS + 1)
        ]
        for step in script.without:
            gradients[step - 1][1] = None
        return Numbers(parameters, gradients)
    if script.problem == "rosenbrock":
        return Numbers([START + rng.uniform(-0.1, 0.1, 2)], [])
    n_in, n_hidden, n_out = SIZES
    shapes = [(n_hidden, n_in), (n_hidden,), (n_out, n_hidden), (n_out,)]
    x, target = rng.standard_normal((ROWS, n_in)), rng.standard_normal((ROWS, n_out))
    if script.problem == "classification":
        target = target.argmax(axis=1)
    return Numbers([rng.standard_normal(shape) / 2 for shape in shapes], [x, target])


class Drawn:
    """Gradients that do not depend on the parameters."""

    def __init__(self, script: Script, numbers: Numbers, dtype: DTypeLike) -> None:
        first, *others = (given.astype(dtype) for given in numbers.parameters)
        # As in scratchnet's Linear, whose weight lies transposed.
        arrays = [np.asfortranarray(first), *others]
        self.parameters: list[Any] = [sn.nn.Parameter(array) for array in arrays]
        self.gradients = map_tree(lambda g: _gradient(g, dtype), numbers.given)

    def evaluate(self, step: int) -> None:
        for p, g in zip(self.parameters, self.gradients[step - 1], strict=True):
            p.grad = g


class TorchDrawn(Drawn):
    """The same on the side of torch."""

    def __init__(self, script: Script, numbers: Numbers, dtype: DTypeLike) -> None:
        super().__init__(script, numbers, dtype)
        self.parameters = [
            torch.nn.Parameter(torch.tensor(given.astype(dtype)))
            for given in numbers.parameters
        ]
        self.gradients = map_tree(
            lambda g: None if g is None else torch.tensor(g), self.gradients
        )


class Rosenbrock:
    """A narrow, bent valley: (1 - x)² + 100 (y - x²)², its gradient by hand."""

    library: Any = np

    def __init__(self, script: Script, numbers: Numbers, dtype: DTypeLike) -> None:
        (start,) = numbers.parameters
        self.parameters = [self.parameter(start.astype(dtype))]

    def parameter(self, array: Array) -> Any:
        return sn.nn.Parameter(array)

    def evaluate(self, step: int) -> Any:
        (p,) = self.parameters
        x, y = p.data
        across = y - x * x
        p.grad = self.library.stack([2 * (x - 1) - 400 * x * across, 200 * across])
        return (1 - x) * (1 - x) + 100 * across * across


class TorchRosenbrock(Rosenbrock):
    """The same on the side of torch."""

    library = torch

    def parameter(self, array: Array) -> Any:
        return torch.nn.Parameter(torch.tensor(array))


class Network:
    """A small network, differentiated by its own side."""

    nn: Any = sn.nn

    def __init__(self, script: Script, numbers: Numbers, dtype: DTypeLike) -> None:
        n_in, n_hidden, n_out = SIZES
        nn = self.nn
        self.model = nn.Sequential(
            nn.Linear(n_in, n_hidden), nn.Tanh(), nn.Linear(n_hidden, n_out)
        )
        self.model = self.model.double() if dtype == np.float64 else self.model.float()
        values = dict(zip(self.model.state_dict(), numbers.parameters, strict=True))
        self.model.load_state_dict(self.given(values))
        self.parameters = list(self.model.parameters())
        x, target = numbers.given
        target = target.astype(dtype) if script.problem == "regression" else target
        self.x, self.target = self.given([x.astype(dtype), target])
        self.criterion = (
            nn.MSELoss() if script.problem == "regression" else nn.CrossEntropyLoss()
        )

    def given(self, arrays: Any) -> Any:
        return arrays

    def evaluate(self, step: int) -> Any:
        loss = self.criterion(self.model(self.x), self.target)
        self.model.backward(self.criterion.backward(), input_grad=False)
        return loss


class TorchNetwork(Network):
    """The same on the side of torch."""

    nn = torch.nn

    def given(self, arrays: Any) -> Any:
        return map_tree(torch.tensor, arrays)

    def evaluate(self, step: int) -> Any:
        loss = self.criterion(self.model(self.x), self.target)
        loss.backward()
        return loss


IN_NUMPY = {
    "drawn": Drawn,
    "rosenbrock": Rosenbrock,
    "regression": Network,
    "classification": Network,
}
IN_TORCH = {
    "drawn": TorchDrawn,
    "rosenbrock": TorchRosenbrock,
    "regression": TorchNetwork,
    "classification": TorchNetwork,
}


def _gradient(g: Array | None, dtype: DTypeLike) -> Array | None:
    """Return a gradient that no optimiser may write to."""
    if g is None:
        return None
    g = g.astype(dtype)
    g.flags.writeable = False
    return g
