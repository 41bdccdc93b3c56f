"""Transformer layers: each block adds to what flows past it."""

from __future__ import annotations

from itertools import product

from torch import Tensor, nn

from parity.case import Case, Fault, Pair, build, call, fixed, in_eval, normal
from parity.nn.attention import attention
from parity.nn.transformer.blocks import around, feed_forward
from parity.nn.transformer.cases import LATER, switches


def encoder_layer(
    layer: nn.TransformerEncoderLayer,
    src: Tensor,
    src_mask: Tensor | None = None,
    src_key_padding_mask: Tensor | None = None,
    is_causal: bool = False,
) -> Tensor:
    def attend(x: Tensor) -> Tensor:
        masks = src_key_padding_mask, False, src_mask, True, is_causal
        return attention(layer.self_attn, x, x, x, *masks)[0]

    blocks = [attend, lambda x: feed_forward(layer, x)]
    return around(layer, src, blocks)


def decoder_layer(
    layer: nn.TransformerDecoderLayer,
    tgt: Tensor,
    memory: Tensor,
    tgt_mask: Tensor | None = None,
    memory_mask: Tensor | None = None,
    tgt_key_padding_mask: Tensor | None = None,
    memory_key_padding_mask: Tensor | None = None,
    tgt_is_causal: bool = False,
    memory_is_causal: bool = False,
) -> Tensor:
    def attend(x: Tensor) -> Tensor:
        masks = tgt_key_padding_mask, False, tgt_mask, True, tgt_is_causal
        return attention(layer.self_attn, x, x, x, *masks)[0]

    def remember(x: Tensor) -> Tensor:
        masks = memory_key_padding_mask, False, memory_mask, True, memory_is_causal
        return attention(layer.multihead_attn, x, memory, memory, *masks)[0]

    blocks = [attend, remember, lambda x: feed_forward(layer, x)]
    return around(layer, tgt, blocks)


ENCODER_LAYER = [
    *(
        Case(
            call(4, 2, 8, 0.0, **init),
            call(normal(*shape), src_mask=mask, src_key_padding_mask=padding),
        )
        for shape, init, mask, padding in switches()
    ),
    Case(call(4, 2, 16, 0.0), call(normal(2, 3, 4))),
    Case(call(4, 2, 8, 0.0, "gelu"), call(normal(2, 3, 4))),
    Case(call(4, 2, 8, 0.0, "relu", 1e-3), call(normal(2, 3, 4))),
    Case(
        call(4, 2, 8, 0.0, build(lambda nn: nn.Tanh(), "Tanh()")),
        call(normal(2, 3, 4)),
    ),
    Case(
        call(4, 2, 8, 0.0, build(lambda nn: nn.GELU(), "GELU()"), norm_first=True),
        call(normal(2, 3, 4)),
    ),
    Case(call(4, 2, 8, 0.0), call(normal(3, 2, 4), src_mask=LATER, is_causal=True)),
    Case(call(4, 2, 8, 0.0), call(normal(3, 2, 4), src_mask=normal(4, 3, 3))),
    Case(
        call(4, 2, 8, 0.0),
        call(normal(3, 2, 4), src_mask=fixed([[False] * 3, [True] * 3, [False] * 3])),
        note="a position that may attend to nothing",
    ),
    Case(call(4, 2, 8, 0.0), call(normal(3, 0, 4)), note="empty batch"),
    Case(call(64, 4, 128, 0.0, batch_first=True), call(normal(4, 9, 64))),
]
DROPPED_LAYER = [
    Case(
        call(4, 2, 8, p, batch_first=first, norm_first=norm_first),
        call(normal(*shape)),
    )
    for p, first, norm_first, shape in (
        (0.1, False, False, (3, 2, 4)),
        (0.6, False, True, (3, 2, 4)),
        (0.3, True, False, (2, 3, 4)),
        (0.3, True, True, (2, 3, 4)),
        (0.3, True, True, (3, 4)),
    )
]

DECODER_LAYER = [
    *(
        Case(
            call(4, 2, 8, 0.0, **init),
            call(
                *(normal(*shape), normal(*shape)),
                tgt_mask=mask,
                memory_mask=mask,
                tgt_key_padding_mask=padding,
                memory_key_padding_mask=padding,
            ),
        )
        for shape, init, mask, padding in switches()
    ),
    Case(call(4, 2, 8, 0.0), call(normal(2, 3, 4), normal(5, 3, 4))),
    Case(call(4, 2, 8, 0.0, "gelu"), call(normal(2, 3, 4), normal(5, 3, 4))),
    Case(call(4, 2, 8, 0.0, "relu", 1e-3), call(normal(2, 3, 4), normal(5, 3, 4))),
    Case(
        call(4, 2, 8, 0.0, build(lambda nn: nn.Tanh(), "Tanh()"), norm_first=True),
        call(normal(2, 3, 4), normal(5, 3, 4)),
    ),
    Case(
        call(4, 2, 8, 0.0),
        call(
            *(normal(3, 2, 4), normal(5, 2, 4)),
            tgt_mask=LATER,
            tgt_is_causal=True,
            memory_mask=normal(3, 5),
            memory_key_padding_mask=normal(2, 5),
        ),
    ),
    Case(
        call(4, 2, 8, 0.0),
        call(
            *(normal(3, 2, 4), normal(5, 2, 4)),
            memory_mask=normal(3, 5),
            memory_is_causal=True,
        ),
        note="a broken promise, believed",
    ),
]
DROPPED_DECODER = [
    Case(
        call(4, 2, 8, 0.3, batch_first=first, norm_first=norm_first),
        call(normal(3, 3, 4), normal(3, 3, 4)),
    )
    for first, norm_first in product((False, True), repeat=2)
]

PAIRS = (
    Pair(
        "TransformerEncoderLayer",
        encoder_layer,
        [
            *ENCODER_LAYER,
            *DROPPED_LAYER,
            *in_eval([*ENCODER_LAYER[-1:], *DROPPED_LAYER]),
        ],
    ),
    Pair(
        "TransformerDecoderLayer",
        decoder_layer,
        [*DECODER_LAYER, *DROPPED_DECODER, *in_eval(DROPPED_DECODER)],
    ),
)

BLOCKS = "scratchnet.nn.transformer.blocks"

FAULTS = (
    Fault(
        "TransformerEncoderLayer",
        "gradient past the block forgotten, norm behind",
        "return grad + branch if input_grad else None",
        "return branch if input_grad else None",
    ),
    Fault(
        "TransformerEncoderLayer",
        "gradient past the network forgotten, norm first",
        "grad = grad + self.norm2.backward(self._ff_backward(grad))",
        "grad = self.norm2.backward(self._ff_backward(grad))",
    ),
    Fault(
        "TransformerEncoderLayer",
        "norm before the sum",
        "x = self.norm2(x + self._ff_block(x))",
        "x = x + self.norm2(self._ff_block(x))",
    ),
    Fault(
        "TransformerEncoderLayer",
        "only the queries' gradient of self-attention",
        "return sum(grads) if input_grad else None",
        "return grads[0] if input_grad else None",
        BLOCKS,
    ),
    Fault(
        "TransformerEncoderLayer",
        "dropout of hidden units forgotten backward",
        "(self.linear2, self.dropout, self.activation, self.linear1)",
        "(self.linear2, self.activation, self.linear1)",
        BLOCKS,
    ),
    Fault(
        "TransformerDecoderLayer",
        "memory's gradient by its keys alone",
        "return grad_x, grad_key + grad_value",
        "return grad_x, grad_key",
    ),
    Fault(
        "TransformerDecoderLayer",
        "padding of the target laid over the memory",
        "memory_mask, memory_key_padding_mask, memory_is_causal\n        self",
        "memory_mask, tgt_key_padding_mask, memory_is_causal\n        self",
    ),
)
