"""Activations: one number in, one number out, and the softmax family.

The element-wise ones are a table of rules, each a function and its derivative. In
reading order: what they share, then straight pieces, smooth curves, and gates.
"""

from scratchnet.nn.activation.exponential import CELU, ELU, SELU
from scratchnet.nn.activation.gated import GELU, GLU, Mish, SiLU
from scratchnet.nn.activation.hard import (
    Hardshrink,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    ReLU6,
    Softshrink,
    Threshold,
)
from scratchnet.nn.activation.rectifiers import LeakyReLU, PReLU, ReLU, RReLU
from scratchnet.nn.activation.smooth import (
    LogSigmoid,
    Sigmoid,
    Softplus,
    Softsign,
    Tanh,
    Tanhshrink,
    sigmoid,
)
from scratchnet.nn.activation.softmax import (
    LogSoftmax,
    Softmax,
    Softmax2d,
    Softmin,
    log_softmax,
    shifted,
    softmax,
    softmax_dim,
)

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
    "log_softmax",
    "shifted",
    "sigmoid",
    "softmax",
    "softmax_dim",
]
