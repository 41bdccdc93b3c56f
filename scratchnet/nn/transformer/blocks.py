"""What transformer layers are made of: attention, and a network for each position."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn.activation import GELU, ReLU
from scratchnet.nn.attention import MultiheadAttention
from scratchnet.nn.dropout import Dropout
from scratchnet.nn.linear import Linear
from scratchnet.nn.module import Array, Module
from scratchnet.nn.normalization import LayerNorm


class Blocks(Module):
    """Attentions, then two linear maps: what both kinds of layer are made of."""

    #: The names of the attentions, in the order in which they are run.
    attentions: tuple[str, ...]
    norm1: LayerNorm
    norm2: LayerNorm
    dropout1: Dropout
    dropout2: Dropout
    self_attn: MultiheadAttention

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Module = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        function = self._activation(activation)
        for name in self.attentions:
            attention = MultiheadAttention(
                d_model, nhead, dropout, bias, batch_first=batch_first, dtype=dtype
            )
            self.register_module(name, attention)
        self.linear1 = Linear(d_model, dim_feedforward, bias, dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, dtype)
        self.norm_first = norm_first
        blocks = range(1, len(self.attentions) + 2)
        for i in blocks:
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
            self.register_module(f"norm{i}", norm)
        for i in blocks:
            self.register_module(f"dropout{i}", Dropout(dropout))
        if function is activation:
            self.activation = function
        else:  # By name it is a function in torch, which no module lists or prints.
            vars(self)["activation"] = function

    def _activation(self, activation: str | Module) -> Module:
        if isinstance(activation, Module):
            return activation
        if isinstance(activation, str) and activation in ("relu", "gelu"):
            return ReLU() if activation == "relu" else GELU()
        expected = (
            f'{type(self).__name__} expects activation "relu", "gelu" or a module'
        )
        if isinstance(activation, str):
            raise ValueError(f"{expected}, got {activation!r}")
        raise TypeError(f"{expected}, got {type(activation).__name__}")

    def _sa_block(
        self,
        x: Array,
        attn_mask: Array | None,
        key_padding_mask: Array | None,
        is_causal: bool,
    ) -> Any:
        y, _ = self.self_attn(
            x, x, x, key_padding_mask, False, attn_mask, is_causal=is_causal
        )
        return self._drop(self.dropout1, y)

    def _sa_backward(self, grad: Any, input_grad: bool = True) -> Any:
        grad = self._drop_backward(self.dropout1, grad)
        grads = self.self_attn.backward(grad, input_grad=input_grad)
        return sum(grads) if input_grad else None

    def _drop(self, dropout: Dropout, x: Any) -> Any:
        return self._turned(dropout(self._turned(x)))

    def _drop_backward(self, dropout: Dropout, grad: Any) -> Any:
        return self._turned(dropout.backward(self._turned(grad)))

    def _turned(self, x: Any) -> Any:
        """Exchange batch and sequence if the batch comes first.

        What torch's attention gives lies sequence first in memory, however its axes
        go, and dropout's mask is drawn in the order of memory.
        """
        return x.swapaxes(0, 1) if self.self_attn.batch_first and x.ndim == 3 else x

    def _feed_forward(self, x: Array) -> Any:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))

    def _feed_backward(self, grad: Any) -> Any:
        for part in (self.linear2, self.dropout, self.activation, self.linear1):
            grad = part.backward(grad)
        return grad
