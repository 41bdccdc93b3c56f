"""Attention: each position asks all the others, and averages what they answer.

In reading order: the mathematics of one head, the masks that say who may ask whom,
and the layer that runs many heads side by side.
"""

from scratchnet.nn.attention.multihead import (
    MultiheadAttention,
    NonDynamicallyQuantizableLinear,
)
from scratchnet.nn.attention.scaled_dot_product import ScaledDotProduct

__all__ = ["MultiheadAttention", "NonDynamicallyQuantizableLinear", "ScaledDotProduct"]
