"""Schedules of learning rates, with torch.optim.lr_scheduler's names and numbers.

==========================================  ==========================================
`StepLR`, `MultiStepLR`, `ExponentialLR`,   fall by a rule
`PolynomialLR`
`ConstantLR`, `LinearLR`                    start low
`CosineAnnealingLR`,                        follow a cosine
`CosineAnnealingWarmRestarts`
`CyclicLR`, `OneCycleLR`                    rise before they fall
`ReduceLROnPlateau`                         fall when nothing gets better
`LambdaLR`, `MultiplicativeLR`              follow a function of one's own
`SequentialLR`, `ChainedScheduler`          are made of others
==========================================  ==========================================

What they share is in `LRScheduler`.
"""

from scratchnet.optim.lr_scheduler.compose import ChainedScheduler, SequentialLR
from scratchnet.optim.lr_scheduler.cosine import (
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
)
from scratchnet.optim.lr_scheduler.cycle import CyclicLR, OneCycleLR
from scratchnet.optim.lr_scheduler.decay import (
    ExponentialLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from scratchnet.optim.lr_scheduler.function import LambdaLR, MultiplicativeLR
from scratchnet.optim.lr_scheduler.plateau import ReduceLROnPlateau
from scratchnet.optim.lr_scheduler.scheduler import LRScheduler
from scratchnet.optim.lr_scheduler.warmup import ConstantLR, LinearLR

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]
