"""Layers and losses from scratch, with torch.nn's names, arguments and numbers.

In reading order: what every layer is made of, the layers of a dense network, the
losses, and the modules that hold modules.
"""

from scratchnet.nn import init
from scratchnet.nn.activation import LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from scratchnet.nn.container import ModuleDict, ModuleList, Sequential
from scratchnet.nn.dropout import Dropout
from scratchnet.nn.flatten import Flatten, Unflatten
from scratchnet.nn.linear import Identity, Linear
from scratchnet.nn.loss import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
)
from scratchnet.nn.module import Module, Parameter

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "Identity",
    "L1Loss",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "Module",
    "ModuleDict",
    "ModuleList",
    "NLLLoss",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Unflatten",
    "init",
]
