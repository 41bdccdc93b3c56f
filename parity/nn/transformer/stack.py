"""Layers one upon the other, and a norm behind the last."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from parity.case import Case, Fault, Pair, build, call, in_eval, normal
from parity.nn.transformer.blocks import normed
from parity.nn.transformer.cases import LAST, LATER, PADDED, PADDED_2
from parity.nn.transformer.layer import decoder_layer, encoder_layer


def encoder(
    stack: nn.TransformerEncoder,
    src: Tensor,
    mask: Tensor | None = None,
    src_key_padding_mask: Tensor | None = None,
    is_causal: bool | None = None,
) -> Tensor:
    for layer in stack.layers:
        src = encoder_layer(layer, src, mask, src_key_padding_mask, bool(is_causal))
    return src if stack.norm is None else normed(stack.norm, src)


def decoder(
    stack: nn.TransformerDecoder, tgt: Tensor, memory: Tensor, **masks: Any
) -> Tensor:
    for layer in stack.layers:
        tgt = decoder_layer(layer, tgt, memory, **masks)
    return tgt if stack.norm is None else normed(stack.norm, tgt)


def layer(kind: str, *args: Any, **kwargs: Any) -> Any:
    """Describe a layer to be stacked."""
    label = f"{kind}{call(*args, **kwargs)}"
    return build(lambda nn: getattr(nn, kind)(*args, **kwargs), label)


# Norms over four elements can magnify the rounding of all the layers below.
NORM = build(lambda nn: nn.LayerNorm(8), "LayerNorm(8)")
POST = layer("TransformerEncoderLayer", 8, 2, 8, 0.0, batch_first=True)
PRE = layer("TransformerEncoderLayer", 8, 2, 8, 0.0, "gelu", norm_first=True)
LOSSY = layer("TransformerEncoderLayer", 8, 2, 8, 0.3)
ENCODER = [
    Case(call(POST, 2), call(normal(2, 3, 8))),
    Case(call(POST, 1, NORM), call(normal(3, 8), src_key_padding_mask=PADDED)),
    Case(call(POST, 2), call(normal(2, 3, 8), src_key_padding_mask=PADDED_2)),
    Case(call(PRE, 3, NORM, False), call(normal(3, 2, 8), mask=LATER)),
    Case(
        call(PRE, 2, enable_nested_tensor=False, mask_check=False),
        call(normal(3, 2, 8), mask=LATER, is_causal=True),
    ),
    Case(
        call(PRE, 2, enable_nested_tensor=False),
        call(normal(3, 2, 8), mask=normal(3, 3), is_causal=False),
    ),
    Case(
        call(LOSSY, 2, NORM, enable_nested_tensor=False),
        call(normal(3, 2, 8), mask=LAST, src_key_padding_mask=PADDED_2),
    ),
]

DECODER_POST = layer("TransformerDecoderLayer", 8, 2, 8, 0.0, batch_first=True)
DECODER_PRE = layer("TransformerDecoderLayer", 8, 2, 8, 0.0, "gelu", norm_first=True)
DECODER_LOSSY = layer("TransformerDecoderLayer", 8, 2, 8, 0.3)
DECODER = [
    Case(call(DECODER_POST, 2), call(normal(2, 3, 8), normal(2, 5, 8))),
    Case(call(DECODER_PRE, 3, NORM), call(normal(3, 2, 8), normal(5, 2, 8))),
    Case(call(DECODER_PRE, 1, NORM), call(normal(3, 8), normal(5, 8))),
    Case(
        call(DECODER_PRE, 2),
        call(
            *(normal(3, 2, 8), normal(3, 2, 8)),
            tgt_mask=LATER,
            tgt_is_causal=True,
            memory_mask=LAST,
            tgt_key_padding_mask=normal(2, 3),
            memory_key_padding_mask=PADDED_2,
        ),
    ),
    Case(
        call(DECODER_POST, 2),
        call(
            *(normal(2, 3, 8), normal(2, 5, 8)),
            memory_mask=normal(3, 5),
            memory_is_causal=True,
        ),
        note="a broken promise, believed",
    ),
    Case(call(DECODER_LOSSY, 2, NORM), call(normal(3, 2, 8), normal(5, 2, 8))),
]

PAIRS = (
    Pair("TransformerEncoder", encoder, [*ENCODER, *in_eval(ENCODER[-2:])]),
    Pair("TransformerDecoder", decoder, [*DECODER, *in_eval(DECODER[-2:])]),
)

FAULTS = (
    Fault(
        "TransformerEncoder",
        "gradients through the layers in forward order",
        "for i in reversed(range(self.num_layers)):\n            grad = self.layers[i]",
        "for i in range(self.num_layers):\n            grad = self.layers[i]",
    ),
    Fault(
        "TransformerDecoder",
        "memory's gradient of the first layer alone",
        "sum(grads_memory) if",
        "grads_memory[-1] if",
    ),
)
