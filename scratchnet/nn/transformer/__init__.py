"""Transformers: attention and feed-forward networks, with a way around each.

In reading order: the blocks, a layer of them, a stack of layers, and two stacks.
"""

from scratchnet.nn.transformer.layer import (
    TransformerDecoderLayer,
    TransformerEncoderLayer,
)
from scratchnet.nn.transformer.model import Transformer
from scratchnet.nn.transformer.stack import TransformerDecoder, TransformerEncoder

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]
