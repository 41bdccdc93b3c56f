"""Channels dealt out in turn."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, normal


def channel_shuffle(layer: torch.nn.ChannelShuffle, x: Tensor) -> Tensor:
    stride = x.shape[1] // layer.groups
    return torch.cat([x[:, k::stride] for k in range(stride)], dim=1)


PAIRS = (
    Pair(
        "ChannelShuffle",
        channel_shuffle,
        [
            Case(call(groups), call(normal(*shape)))
            for groups in (1, 2, 3, 6)
            for shape in ((2, 6, 3), (1, 6, 2, 3), (2, 12, 2, 2), (1, 6, 1, 2, 2))
        ]
        + [Case(call(2), call(normal(0, 4, 2, 2)), note="empty batch")],
    ),
)

FAULTS = (
    Fault(
        "ChannelShuffle",
        "shuffled again in the backward pass",
        "return _deal(grad_output, grad_output.shape[1] // self.groups)",
        "return _deal(grad_output, self.groups)",
    ),
)
