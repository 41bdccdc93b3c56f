"""The transformer: an encoder that reads, and a decoder that writes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn import init
from scratchnet.nn._check import Pattern, expect_floating, expect_shape
from scratchnet.nn.attention.mask import causal
from scratchnet.nn.module import Array, Module
from scratchnet.nn.normalization import LayerNorm
from scratchnet.nn.transformer.layer import (
    TransformerDecoderLayer,
    TransformerEncoderLayer,
)
from scratchnet.nn.transformer.stack import TransformerDecoder, TransformerEncoder


class Transformer(Module):
    r"""Encode one sequence, and decode another by looking at what was encoded.

    Parameters
    ----------
    d_model, nhead : int, default 512 and 8
        Size :math:`E` of each position, and number of heads.
    num_encoder_layers, num_decoder_layers : int, default 6
        How many layers each stack has.
    dim_feedforward, dropout, activation
        See `TransformerEncoderLayer`.
    custom_encoder, custom_decoder : Module, optional
        In place of the stacks, called and run backward as they are.
    layer_norm_eps, batch_first, norm_first, bias, dtype
        See `TransformerEncoderLayer`.

    Raises
    ------
    ValueError
        If a shape does not fit.
    TypeError
        If an input is not of the parameters' dtype.

    Notes
    -----
    For `src` of shape :math:`(N, S, E)`, `tgt` and the output :math:`y` of shape
    :math:`(N, T, E)`, and :math:`f^*` the backward pass of :math:`f`,

    .. math::

        \begin{aligned}
        m &= \text{encoder}(\text{src}), & y &= \text{decoder}(\text{tgt}, m) \\
        \Big(\frac{\partial L}{\partial\,\text{tgt}},
        \frac{\partial L}{\partial m}\Big) &=
            \text{decoder}^*\Big(\frac{\partial L}{\partial y}\Big), &
        \frac{\partial L}{\partial\,\text{src}} &=
            \text{encoder}^*\Big(\frac{\partial L}{\partial m}\Big)
        \end{aligned}

    All weight matrices start Xavier uniform.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Transformer.html

    .. [1] Vaswani et al., "Attention is all you need", arXiv:1706.03762, 2017.

    Examples
    --------
    >>> model = Transformer(8, 2, 1, 1, 16, batch_first=True)
    >>> src, tgt = np.ones((3, 7, 8), np.float32), np.ones((3, 5, 8), np.float32)
    >>> mask = model.generate_square_subsequent_mask(5)
    >>> model(src, tgt, tgt_mask=mask).shape
    (3, 5, 8)
    >>> grad_src, grad_tgt = model.backward(tgt)
    >>> grad_src.shape
    (3, 7, 8)
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Module = "relu",
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        settings: dict[str, Any] = {
            "d_model": d_model,
            "nhead": nhead,
            "dim_feedforward": dim_feedforward,
            "dropout": dropout,
            "activation": activation,
            "layer_norm_eps": layer_norm_eps,
            "batch_first": batch_first,
            "norm_first": norm_first,
            "bias": bias,
            "dtype": dtype,
        }

        def norm() -> LayerNorm:
            return LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)

        # Nothing is drawn for a stack that is given.
        if custom_encoder is None:
            layer: Module = TransformerEncoderLayer(**settings)
            custom_encoder = TransformerEncoder(layer, num_encoder_layers, norm())
        self.encoder = custom_encoder
        if custom_decoder is None:
            layer = TransformerDecoderLayer(**settings)
            custom_decoder = TransformerDecoder(layer, num_decoder_layers, norm())
        self.decoder = custom_decoder
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def _reset_parameters(self) -> None:
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self,
        src: Array,
        tgt: Array,
        src_mask: Array | None = None,
        tgt_mask: Array | None = None,
        memory_mask: Array | None = None,
        src_key_padding_mask: Array | None = None,
        tgt_key_padding_mask: Array | None = None,
        memory_key_padding_mask: Array | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        """Return the decoder's output; masks as in `MultiheadAttention`.

        Parameters
        ----------
        src : ndarray, shape (S, N, E), (N, S, E) if batch_first, or (S, E)
        tgt : ndarray, shape (T, N, E), (N, T, E) if batch_first, or (T, E)
        src_mask, src_key_padding_mask, src_is_causal
            For the encoder's attention to `src`.
        tgt_mask, tgt_key_padding_mask, tgt_is_causal
            For the decoder's attention to `tgt`.
        memory_mask, memory_key_padding_mask, memory_is_causal
            For the decoder's attention to the encoder's output.
        """
        self._check(src, tgt)
        memory = self.encoder(
            src,
            mask=src_mask,
            src_key_padding_mask=src_key_padding_mask,
            is_causal=src_is_causal,
        )
        output = self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )
        self.save_for_backward()
        return output

    def backward(self, grad_output: Array, input_grad: bool = True) -> tuple[Any, Any]:
        self.saved_for(grad_output)
        grad_tgt, grad_memory = self.decoder.backward(grad_output)
        grad_src = self.encoder.backward(grad_memory, input_grad=input_grad)
        return (grad_src, grad_tgt) if input_grad else (None, None)

    def _check(self, src: Array, tgt: Array) -> None:
        E = self.d_model
        for name, x in (("src", src), ("tgt", tgt)):
            expect_floating(self, x, name=name)
        first = self.batch_first
        expect_shape(
            self, src, ("N", "S", E) if first else ("S", "N", E), ("S", E), name="src"
        )
        N = () if src.ndim == 2 else src.shape[:1] if first else src.shape[1:2]
        pattern: Pattern = (*N, "T", E) if first else ("T", *N, E)
        expect_shape(self, tgt, pattern, name="tgt")

    @staticmethod
    def generate_square_subsequent_mask(
        sz: int, dtype: DTypeLike = np.float32
    ) -> Array:
        """Return a mask (sz, sz): -inf where the key comes later, 0 elsewhere."""
        return causal(sz, sz, dtype)
