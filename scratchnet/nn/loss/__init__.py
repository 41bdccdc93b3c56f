"""Losses from scratch: how wrong a prediction is, and which way to move it.

In reading order: numbers, classes, yes-or-no questions, distributions; margins between
classes, pairs and triplets; sequences.
"""

from scratchnet.nn.loss.binary import BCELoss, BCEWithLogitsLoss, SoftMarginLoss
from scratchnet.nn.loss.classification import CrossEntropyLoss, NLLLoss
from scratchnet.nn.loss.ctc import CTCLoss
from scratchnet.nn.loss.likelihood import GaussianNLLLoss, KLDivLoss, PoissonNLLLoss
from scratchnet.nn.loss.margin import (
    MultiLabelMarginLoss,
    MultiLabelSoftMarginLoss,
    MultiMarginLoss,
)
from scratchnet.nn.loss.ranking import (
    CosineEmbeddingLoss,
    HingeEmbeddingLoss,
    MarginRankingLoss,
)
from scratchnet.nn.loss.regression import HuberLoss, L1Loss, MSELoss, SmoothL1Loss
from scratchnet.nn.loss.triplet import TripletMarginLoss, TripletMarginWithDistanceLoss

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CTCLoss",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]
