"""Losses from scratch: how wrong a prediction is, and which way to move it.

In reading order: numbers, classes, yes-or-no questions.
"""

from scratchnet.nn.loss.binary import BCELoss, BCEWithLogitsLoss
from scratchnet.nn.loss.classification import CrossEntropyLoss, NLLLoss
from scratchnet.nn.loss.regression import L1Loss, MSELoss

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "L1Loss",
    "MSELoss",
    "NLLLoss",
]
