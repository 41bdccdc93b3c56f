"""What the twins share: what becomes of a gradient before it is used."""

from __future__ import annotations

from typing import Any

from torch import Tensor

Group = dict[str, Any]
State = dict[str, Any]


def decayed(p: Tensor, g: Tensor, group: Group) -> tuple[Tensor, Tensor]:
    """Return the parameter and its gradient after maximize and weight decay."""
    if group["maximize"]:
        g = -g
    decay = group["weight_decay"]
    if group.get("decoupled_weight_decay", False):
        return p - group["lr"] * decay * p, g
    return p, g + decay * p
