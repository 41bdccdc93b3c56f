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

Where layers do not simply follow one another, the network is a module of its own. Its
``forward`` serves both sides; beneath it stands its ``backward``, which scratchnet
needs and torch, having autograd, never calls.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np


def perceptron(
    nn: Any, *sizes: int, activation: str = "ReLU", batch_norm: bool = False
) -> Any:
    """Build a dense network: `sizes` from input to output, activations between."""
    layers = [nn.Flatten()]
    for n_in, n_out in pairwise(sizes[:-1]):
        layers.append(nn.Linear(n_in, n_out))
        layers += [nn.BatchNorm1d(n_out)] if batch_norm else []
        layers.append(getattr(nn, activation)())
    return nn.Sequential(*layers, nn.Linear(*sizes[-2:]))


def redraw(nn: Any, model: Any, initialiser: str) -> None:
    """Draw the weights of dense layers by a function of `nn.init`; zero the biases."""
    for layer in model:
        if isinstance(layer, nn.Linear):
            getattr(nn.init, initialiser)(layer.weight)
            nn.init.zeros_(layer.bias)


def lenet(nn: Any) -> Any:
    """Build LeNet-5 (LeCun et al., 1998) with ReLU and max pooling, for MNIST."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )


def convolutional(
    nn: Any, *channels: int, batch_norm: bool = False, size: int = 28
) -> Any:
    """Build blocks of 3×3 convolution, ReLU and pooling, for digits of size×size."""
    layers = []
    for c_in, c_out in pairwise((1, *channels)):
        layers.append(nn.Conv2d(c_in, c_out, 3, padding=1))
        layers += [nn.BatchNorm2d(c_out)] if batch_norm else []
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
        size //= 2
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Linear(channels[-1] * size * size, 10)
    )


def vgg(nn: Any, *channels: int, dropout: float = 0.5) -> Any:
    """Build a small VGG (Simonyan and Zisserman, 2015) with batch normalisation."""
    layers, size = [], 28
    for c_in, c_out in pairwise((1, *channels)):
        for c in (c_in, c_out):
            layers += [nn.Conv2d(c, c_out, 3, padding=1), nn.BatchNorm2d(c_out)]
            layers += [nn.ReLU()]
        layers += [nn.MaxPool2d(2)]
        size //= 2
    return nn.Sequential(
        *layers,
        nn.Flatten(),
        nn.Linear(channels[-1] * size * size, 32),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(32, 10),
    )


def residual_block(nn: Any, channels: int) -> Any:
    """Build y = relu(x + F(x)) (He et al., 2016), with F two convolutions."""

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(channels, channels, 3, padding=1),
                nn.BatchNorm2d(channels),
                nn.ReLU(),
                nn.Conv2d(channels, channels, 3, padding=1),
                nn.BatchNorm2d(channels),
            )
            self.relu = nn.ReLU()

        def forward(self, x: Any) -> Any:
            return self.relu(x + self.body(x))

        def backward(self, grad_output: Any) -> Any:
            grad = self.relu.backward(grad_output)
            return grad + self.body.backward(grad)

    return Residual()


def residual(nn: Any, channels: int = 8) -> Any:
    """Build a convolution, two residual blocks and a linear layer on their mean."""
    return nn.Sequential(
        nn.Conv2d(1, channels, 3, stride=2, padding=1),
        residual_block(nn, channels),
        residual_block(nn, channels),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(channels, 10),
    )


def recurrent(
    nn: Any,
    kind: str = "LSTM",
    hidden: int = 128,
    features: int = 28,
    classes: int = 10,
    **options: Any,
) -> Any:
    """Build a recurrent network that reads a sequence, and answers once at its end.

    As it comes, it reads a digit row by row, and classifies it.
    """

    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = getattr(nn, kind)(features, hidden, batch_first=True, **options)
            ways = 2 if options.get("bidirectional") else 1
            self.head = nn.Linear(ways * hidden, classes)

        def forward(self, x: Any) -> Any:
            states, _ = self.rnn(x)
            self.shape = states.shape
            return self.head(states[:, -1])

        def backward(self, grad_output: Any, input_grad: bool = True) -> Any:
            grad_states = np.zeros(self.shape, grad_output.dtype)
            grad_states[:, -1] = self.head.backward(grad_output)
            return self.rnn.backward(grad_states, input_grad=input_grad)[0]

    return Reader()


def speller(
    nn: Any, kind: str, letters: int, width: int = 16, hidden: int = 128
) -> Any:
    """Build a recurrent network that foretells letters.

    Its output has one row for each letter read, text after text.
    """

    class Speller(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.letters = nn.Embedding(letters, width)
            self.rnn = getattr(nn, kind)(width, hidden, batch_first=True)
            self.head = nn.Linear(hidden, letters)

        def forward(self, text: Any) -> Any:
            states, _ = self.rnn(self.letters(text))
            self.shape = (*text.shape, letters)
            return self.head(states).reshape(-1, letters)

        def backward(self, grad_output: Any, input_grad: bool = True) -> None:
            grad_states = self.head.backward(grad_output.reshape(self.shape))
            self.letters.backward(self.rnn.backward(grad_states)[0])

    return Speller()


def translator(nn: Any, features: int = 8, hidden: int = 16) -> Any:
    """Build a GRU that reads a sequence, and one that writes another from its state."""

    class Translator(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.GRU(features, hidden, batch_first=True)
            self.decoder = nn.GRU(features, hidden, batch_first=True)
            self.head = nn.Linear(hidden, features)

        def forward(self, source: Any, target: Any) -> Any:
            _, state = self.encoder(source)
            states, _ = self.decoder(target, state)
            return self.head(states)

        def backward(self, grad_output: Any) -> Any:
            grad_states = self.head.backward(grad_output)
            grad_target, grad_state = self.decoder.backward(grad_states)
            grad_source, _ = self.encoder.backward(None, grad_state)
            return grad_source, grad_target

    return Translator()


def gpt(
    nn: Any, letters: int, length: int, width: int = 64, heads: int = 4, layers: int = 2
) -> Any:
    """Build a causal transformer (Radford et al., 2018) that foretells letters.

    Its output has one row for each letter read, text after text.
    """

    class GPT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.letters = nn.Embedding(letters, width)
            self.places = nn.Embedding(length, width)
            layer = nn.TransformerEncoderLayer(
                width, heads, 4 * width, dropout=0.0, batch_first=True, norm_first=True
            )
            self.blocks = nn.TransformerEncoder(
                layer, layers, nn.LayerNorm(width), enable_nested_tensor=False
            )
            self.head = nn.Linear(width, letters)
            mask = nn.Transformer.generate_square_subsequent_mask(length)
            self.register_buffer("mask", mask, persistent=False)

        def forward(self, text: Any, places: Any) -> Any:
            x = self.letters(text) + self.places(places)
            self.shape = (*text.shape, letters)
            return self.head(self.blocks(x, mask=self.mask)).reshape(-1, letters)

        def backward(self, grad_output: Any, input_grad: bool = True) -> None:
            grad = self.head.backward(grad_output.reshape(self.shape))
            grad = self.blocks.backward(grad)
            self.letters.backward(grad)
            self.places.backward(grad)

    return GPT()
