"""Pooling: one number in place of each window.

In reading order: the largest, the way back from there, the mean, the p-norm, and as
many windows as are asked for.
"""

from scratchnet.nn.pooling.adaptive import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
)
from scratchnet.nn.pooling.average import AvgPool1d, AvgPool2d, AvgPool3d
from scratchnet.nn.pooling.max import MaxPool1d, MaxPool2d, MaxPool3d
from scratchnet.nn.pooling.power import LPPool1d, LPPool2d, LPPool3d
from scratchnet.nn.pooling.unpool import MaxUnpool1d, MaxUnpool2d, MaxUnpool3d

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]
