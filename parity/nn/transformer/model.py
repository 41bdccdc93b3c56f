"""The transformer: an encoder that reads, and a decoder that writes."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from parity.case import Case, Fault, Pair, build, call, in_eval, normal
from parity.nn.transformer.cases import LATER, switches
from parity.nn.transformer.stack import decoder, encoder


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

PAIRS = (Pair("Transformer", transformer, [*TRANSFORMER, *in_eval(TRANSFORMER[-2:])]),)

FAULTS = (
    Fault(
        "Transformer",
        "the target's mask for the source",
        "mask=src_mask,",
        "mask=tgt_mask,",
    ),
)
