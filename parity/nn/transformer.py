"""Transformers: attention's twin, linear maps, norms, and a way around each block."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from parity.case import Case, Fault, Pair, build, call, fixed, in_eval, normal
from parity.nn.attention import attention


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


def around(
    layer: nn.Module, x: Tensor, blocks: list[Callable[[Tensor], Tensor]]
) -> Tensor:
    """Add what each block gives to what flows past it."""
    for i, block in enumerate(blocks, start=1):
        # However its axes go, what attention gives lies sequence first in memory.
        turned = layer.self_attn.batch_first and x.ndim == 3 and i < len(blocks)
        norm, p = getattr(layer, f"norm{i}"), getattr(layer, f"dropout{i}")
        if layer.norm_first:
            x = x + dropped(p, block(normed(norm, x)), turned)
        else:
            x = normed(norm, x + dropped(p, block(x), turned))
    return x


def feed_forward(layer: nn.Module, x: Tensor) -> Tensor:
    hidden = activated(layer.activation, affine(layer.linear1, x))
    return affine(layer.linear2, dropped(layer.dropout, hidden))


def affine(linear: nn.Linear, x: Tensor) -> Tensor:
    y = torch.einsum("...i, oi -> ...o", x, linear.weight)
    return y if linear.bias is None else y + linear.bias


def activated(activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    if activation is nn.functional.relu:
        return x * (x > 0)
    if activation is nn.functional.gelu:
        return x * (1 + torch.erf(x / math.sqrt(2))) / 2
    return activation(x)


def dropped(dropout: nn.Dropout, x: Tensor, turned: bool = False) -> Tensor:
    """Drop elements of `x`; where it is `turned`, the mask is drawn sequence first."""
    if not dropout.training or dropout.p == 0:
        return x
    x = x.transpose(0, 1) if turned else x
    x = x * torch.empty(x.shape, dtype=x.dtype).bernoulli_(1 - dropout.p)
    x = x / (1 - dropout.p)
    return x.transpose(0, 1) if turned else x


def normed(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    centred = x - x.mean(dim=-1, keepdim=True)
    variance = (centred**2).mean(dim=-1, keepdim=True)
    y = centred / torch.sqrt(variance + norm.eps) * norm.weight
    return y if norm.bias is None else y + norm.bias


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


def transformer(
    model: nn.Transformer,
    src: Tensor,
    tgt: Tensor,
    src_mask: Tensor | None = None,
    src_key_padding_mask: Tensor | None = None,
    src_is_causal: bool | None = None,
    **masks: Any,
) -> Tensor:
    memory = encoder(model.encoder, src, src_mask, src_key_padding_mask, src_is_causal)
    return decoder(model.decoder, tgt, memory, **masks)


LATER = fixed([[float("-inf") if j > i else 0.0 for j in range(3)] for i in range(3)])
LAST = fixed([[False, False, True]] * 3)
PADDED = fixed([False, False, True])
PADDED_2 = fixed([[False, False, True]] * 2)


def switches(E: int = 4) -> Iterator[tuple[Any, dict[str, Any], Any, Any]]:
    """Yield torch's own samples: masks or none, both orders of the norm, biases.

    Each comes as the shape of a sequence, settings, mask and padding. Every other
    one has a batch, which comes first in every other pair.
    """
    options = product((None, LAST), (False, True), *[(True, False)] * 2)
    for i, (mask, pads, norm_first, bias) in enumerate(options):
        for batched in (False, True):
            first = bool(i % 2) != batched
            init = {"batch_first": first, "norm_first": norm_first, "bias": bias}
            padding = (PADDED_2 if batched else PADDED) if pads else None
            shape = (3, E) if not batched else (2, 3, E) if first else (3, 2, E)
            yield shape, init, mask, padding


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

TRANSFORMER = [
    *(
        Case(
            call(8, 2, 1, 1, 8, 0.0, **init),
            call(
                *(normal(*shape), normal(*shape)),
                src_mask=mask,
                tgt_mask=mask,
                src_key_padding_mask=padding,
                tgt_key_padding_mask=padding,
            ),
        )
        for shape, init, mask, padding in switches(E=8)
    ),
    Case(call(8, 2, 2, 3, 8, 0.0, "gelu"), call(normal(5, 2, 8), normal(3, 2, 8))),
    Case(
        call(8, 2, 1, 1, 8, 0.0, layer_norm_eps=1e-3),
        call(normal(3, 2, 8), normal(3, 2, 8)),
    ),
    Case(
        call(8, 2, 1, 1, 8, 0.0),
        call(
            *(normal(3, 2, 8), normal(3, 2, 8)),
            src_mask=normal(3, 3),
            src_is_causal=True,
            memory_mask=normal(3, 3),
            memory_is_causal=True,
        ),
        note="broken promises, believed",
    ),
    Case(
        call(8, 2, 1, 2, 8, 0.2, "gelu"),
        call(
            *(normal(3, 2, 8), normal(3, 2, 8)),
            src_mask=normal(3, 3),
            tgt_mask=LATER,
            tgt_is_causal=True,
            memory_mask=normal(3, 3),
            memory_key_padding_mask=normal(2, 3),
        ),
    ),
    Case(
        call(
            *(8, 2, 1, 1, 8, 0.0),
            custom_encoder=build(
                lambda nn: nn.TransformerEncoder(
                    nn.TransformerEncoderLayer(8, 2, 8, 0.0),
                    *(1, None, False),
                ),
                "TransformerEncoder",
            ),
            custom_decoder=build(
                lambda nn: nn.TransformerDecoder(
                    nn.TransformerDecoderLayer(8, 2, 8, 0.0), 2
                ),
                "TransformerDecoder",
            ),
        ),
        call(normal(5, 2, 8), normal(3, 2, 8)),
    ),
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
    Pair("TransformerEncoder", encoder, [*ENCODER, *in_eval(ENCODER[-2:])]),
    Pair("TransformerDecoder", decoder, [*DECODER, *in_eval(DECODER[-2:])]),
    Pair("Transformer", transformer, [*TRANSFORMER, *in_eval(TRANSFORMER[-2:])]),
)
BLOCKS = "scratchnet.nn.transformer.blocks"
STACK = "scratchnet.nn.transformer.stack"

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
    Fault(
        "TransformerEncoder",
        "gradients through the layers in forward order",
        "for i in reversed(range(self.num_layers)):\n            grad = self.layers[i]",
        "for i in range(self.num_layers):\n            grad = self.layers[i]",
        STACK,
    ),
    Fault(
        "TransformerDecoder",
        "memory's gradient of the first layer alone",
        "sum(grads_memory) if",
        "grads_memory[-1] if",
        STACK,
    ),
    Fault(
        "Transformer",
        "the target's mask for the source",
        "mask=src_mask,",
        "mask=tgt_mask,",
    ),
)
