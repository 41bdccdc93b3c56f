"""The two libraries behind one face, so that an experiment is written once.

>>> library = Scratchnet()
>>> library.manual_seed(0)
>>> model = library.nn.Linear(2, 1)
>>> criterion = library.nn.MSELoss()
>>> x, target = np.array([[1, 2]], np.float32), np.array([[1]], np.float32)
>>> loss = library.backpropagate(model, criterion, x, target)
>>> theirs = Torch()
>>> theirs.manual_seed(0)
>>> model, criterion = theirs.nn.Linear(2, 1), theirs.nn.MSELoss()
>>> bool(abs(theirs.backpropagate(model, criterion, x, target) - loss) < 1e-6)
True
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Library(Protocol):
    """Modules, optimisers, and the few steps that the libraries spell differently.

    Inputs and targets are arrays on either side; `inputs` is one array or a tuple.
    """

    name: str
    nn: Any
    optim: Any

    def manual_seed(self, seed: int) -> None:
        """Set the seed of weights and dropout."""

    def backpropagate(
        self, model: Any, criterion: Any, inputs: Array | tuple[Array, ...], target: Any
    ) -> float:
        """Return the loss; leave its gradients, and no others, in the parameters."""

    def forward(self, model: Any, *inputs: Array) -> Array:
        """Return the output as an array, without gradients."""

    def input_gradient(self, model: Any, x: Array, grad_output: Array) -> Array:
        """Return the gradient of the input, given that of the output."""

    def gradient(self, parameter: Any) -> Array:
        """Return the gradient of a parameter as an array: no copy."""

    def weights(self, parameter: Any) -> Array:
        """Return a parameter as an array: no copy."""


class Scratchnet:
    """NumPy, by hand."""

    name = "scratchnet"

    def __init__(self) -> None:
        import scratchnet

        self.scratchnet = scratchnet
        self.nn, self.optim = scratchnet.nn, scratchnet.optim

    def manual_seed(self, seed: int) -> None:
        self.scratchnet.manual_seed(seed)

    def backpropagate(
        self, model: Any, criterion: Any, inputs: Array | tuple[Array, ...], target: Any
    ) -> float:
        loss = criterion(model(*_several(inputs)), target)
        model.zero_grad()
        model.backward(criterion.backward(), input_grad=False)
        return float(loss)

    def forward(self, model: Any, *inputs: Array) -> Array:
        return model(*inputs)

    def input_gradient(self, model: Any, x: Array, grad_output: Array) -> Array:
        model(x)
        return model.backward(grad_output)

    def gradient(self, parameter: Any) -> Array:
        return parameter.grad

    def weights(self, parameter: Any) -> Array:
        return parameter.data


class Torch:
    """PyTorch as its users run it: eager, default options."""

    name = "torch"

    def __init__(self) -> None:
        import torch

        self.torch, self.nn, self.optim = torch, torch.nn, torch.optim

    def manual_seed(self, seed: int) -> None:
        self.torch.manual_seed(seed)

    def backpropagate(
        self, model: Any, criterion: Any, inputs: Array | tuple[Array, ...], target: Any
    ) -> float:
        tensors = map(self.torch.as_tensor, _several(inputs))
        loss = criterion(model(*tensors), self.torch.as_tensor(target))
        model.zero_grad()
        loss.backward()
        return loss.item()

    def forward(self, model: Any, *inputs: Array) -> Array:
        with self.torch.no_grad():
            return model(*map(self.torch.as_tensor, inputs)).numpy()

    def input_gradient(self, model: Any, x: Array, grad_output: Array) -> Array:
        tensor = self.torch.tensor(x, requires_grad=True)
        model(tensor).backward(self.torch.as_tensor(grad_output))
        return tensor.grad.numpy()

    def gradient(self, parameter: Any) -> Array:
        return parameter.grad.numpy()

    def weights(self, parameter: Any) -> Array:
        return parameter.detach().numpy()


LIBRARIES = {library.name: library for library in (Scratchnet, Torch)}


def _several(inputs: Array | tuple[Array, ...]) -> Sequence[Array]:
    return inputs if isinstance(inputs, tuple) else (inputs,)


def load(name: str) -> Library:
    """Return the library of this name, imported only now."""
    return LIBRARIES[name]()


def one_hot(labels: NDArray[np.int64], classes: int = 10) -> Array:
    """Return rows of zeros with a one at each label, in float32."""
    return np.eye(classes, dtype=np.float32)[labels]
