"""Transformer layers: each block adds to what flows past it."""

from __future__ import annotations

from typing import Any

from scratchnet.nn.attention import MultiheadAttention
from scratchnet.nn.dropout import Dropout
from scratchnet.nn.module import Array
from scratchnet.nn.normalization import LayerNorm
from scratchnet.nn.transformer.blocks import Blocks


class TransformerEncoderLayer(Blocks):
    r"""Look at the other positions, then think about what was seen.

    Parameters
    ----------
    d_model : int
        Size :math:`E` of each position.
    nhead : int
        Number of heads of the attention.
    dim_feedforward : int, default 2048
        Number of hidden units.
    dropout : float, default 0.1
        Probability of dropping an attention weight, a hidden unit, or an element of
        what a block adds.
    activation : {"relu", "gelu"} or Module, default "relu"
        Of the hidden units.
    layer_norm_eps : float, default 1e-5
        Of the norms.
    batch_first : bool, default False
        True puts the batch first: (N, S, E) in place of (S, N, E).
    norm_first : bool, default False
        Whether a norm stands before each block, or behind the sum.
    bias : bool, default True
        False leaves all biases out.
    dtype : dtype, default float32
        Of the parameters, and so of the input.

    Raises
    ------
    ValueError
        If a shape does not fit, `is_causal` comes without a mask, or there is no
        `activation` of that name.
    TypeError
        If the input is not of the parameters' dtype, or `activation` is neither a name
        nor a module.

    Notes
    -----
    With *SA* the attention of the positions to each other and *FF* the network
    ``linear2(activation(linear1(x)))``, each with dropout behind it, the blocks are

    .. math::

        \begin{aligned}
        x_1 &= \text{norm}_1(x_0 + \text{SA}(x_0)), &
        x_2 &= \text{norm}_2(x_1 + \text{FF}(x_1))
        && \text{norm behind} \\
        x_1 &= x_0 + \text{SA}(\text{norm}_1(x_0)), &
        x_2 &= x_1 + \text{FF}(\text{norm}_2(x_1))
        && \text{norm first}
        \end{aligned}

    At every sum the gradient goes both ways: past the block as it is, and through
    it. Writing :math:`f^*` for the backward pass of :math:`f`,

    .. math::

        \begin{aligned}
        g_1 &= h + \text{FF}^*(h), \quad h = \text{norm}_2^*(g_2), &
        g_0 &= k + \text{SA}^*(k), \quad k = \text{norm}_1^*(g_1)
        && \text{norm behind} \\
        g_1 &= g_2 + \text{norm}_2^*(\text{FF}^*(g_2)), &
        g_0 &= g_1 + \text{norm}_1^*(\text{SA}^*(g_1))
        && \text{norm first}
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.TransformerEncoderLayer.html

    .. [1] Vaswani et al., "Attention is all you need", arXiv:1706.03762, 2017.
    .. [2] Xiong et al., "On layer normalization in the transformer architecture",
       arXiv:2002.04745, 2020.

    Examples
    --------
    >>> import numpy as np
    >>> layer = TransformerEncoderLayer(8, 2, 16, batch_first=True)
    >>> src = np.ones((3, 5, 8), np.float32)
    >>> layer(src).shape
    (3, 5, 8)
    >>> layer.backward(src).shape
    (3, 5, 8)
    """

    attentions = ("self_attn",)

    def forward(
        self,
        src: Array,
        src_mask: Array | None = None,
        src_key_padding_mask: Array | None = None,
        is_causal: bool = False,
    ) -> Any:
        r"""Return :math:`x_2` for `src`; masks as in `MultiheadAttention`."""
        masks = src_mask, src_key_padding_mask, is_causal
        self.self_attn.check(src, src, src, src_key_padding_mask, src_mask, is_causal)
        x: Any = src
        if self.norm_first:
            x = x + self._sa_block(self.norm1(x), *masks)
            x = x + self._ff_block(self.norm2(x))
        else:
            x = self.norm1(x + self._sa_block(x, *masks))
            x = self.norm2(x + self._ff_block(x))
        self.save_for_backward()
        return x

    def backward(self, grad_output: Array, input_grad: bool = True) -> Any:
        self.saved_for(grad_output)
        grad: Any = grad_output
        if self.norm_first:
            grad = grad + self.norm2.backward(self._ff_backward(grad))
            branch = self.norm1.backward(self._sa_backward(grad), input_grad)
        else:
            grad = self.norm2.backward(grad)
            grad = self.norm1.backward(grad + self._ff_backward(grad))
            branch = self._sa_backward(grad, input_grad)
        return grad + branch if input_grad else None

    def _ff_block(self, x: Array) -> Any:
        return self.dropout2(self._feed_forward(x))

    def _ff_backward(self, grad: Any) -> Any:
        return self._feed_backward(self.dropout2.backward(grad))


class TransformerDecoderLayer(Blocks):
    r"""Look at the positions so far, then at a memory, then think.

    Parameters
    ----------
    d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps
        See `TransformerEncoderLayer`.
    batch_first, norm_first, bias, dtype
        See there.

    Raises
    ------
    ValueError
        If a shape does not fit, a hint that a mask is causal comes without one, or
        there is no `activation` of that name.
    TypeError
        If an input is not of the parameters' dtype, or `activation` is neither a name
        nor a module.

    Notes
    -----
    Between the two blocks of the encoder's layer stands a third, *MA*, in which the
    positions attend to the memory :math:`m`, of shape :math:`(N, S, E)`:

    .. math::

        \begin{aligned}
        x_1 &= \text{norm}_1(x_0 + \text{SA}(x_0)) &
        x_1 &= x_0 + \text{SA}(\text{norm}_1(x_0)) \\
        x_2 &= \text{norm}_2(x_1 + \text{MA}(x_1, m)) &
        x_2 &= x_1 + \text{MA}(\text{norm}_2(x_1), m) \\
        x_3 &= \text{norm}_3(x_2 + \text{FF}(x_2)) &
        x_3 &= x_2 + \text{FF}(\text{norm}_3(x_2))
        \end{aligned}

    with the norm behind (left) and first (right). The gradient flows back as in the
    encoder; that of :math:`m` is what *MA* gives for its keys and values together.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.TransformerDecoderLayer.html

    .. [1] Vaswani et al., "Attention is all you need", arXiv:1706.03762, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> layer = TransformerDecoderLayer(8, 2, 16, batch_first=True)
    >>> tgt, memory = np.ones((3, 5, 8), np.float32), np.ones((3, 7, 8), np.float32)
    >>> layer(tgt, memory).shape
    (3, 5, 8)
    >>> grad_tgt, grad_memory = layer.backward(tgt)
    >>> grad_memory.shape
    (3, 7, 8)
    """

    attentions = ("self_attn", "multihead_attn")
    multihead_attn: MultiheadAttention
    norm3: LayerNorm
    dropout3: Dropout

    def forward(
        self,
        tgt: Array,
        memory: Array,
        tgt_mask: Array | None = None,
        memory_mask: Array | None = None,
        tgt_key_padding_mask: Array | None = None,
        memory_key_padding_mask: Array | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Any:
        r"""Return :math:`x_3` for `tgt`; masks as in `MultiheadAttention`."""
        sa_masks = tgt_mask, tgt_key_padding_mask, tgt_is_causal
        ma_masks = memory_mask, memory_key_padding_mask, memory_is_causal
        self.self_attn.check(
            tgt, tgt, tgt, tgt_key_padding_mask, tgt_mask, tgt_is_causal
        )
        self.multihead_attn.check(
            *(tgt, memory, memory),
            memory_key_padding_mask,
            memory_mask,
            memory_is_causal,
        )
        x: Any = tgt
        if self.norm_first:
            x = x + self._sa_block(self.norm1(x), *sa_masks)
            x = x + self._mha_block(self.norm2(x), memory, *ma_masks)
            x = x + self._ff_block(self.norm3(x))
        else:
            x = self.norm1(x + self._sa_block(x, *sa_masks))
            x = self.norm2(x + self._mha_block(x, memory, *ma_masks))
            x = self.norm3(x + self._ff_block(x))
        self.save_for_backward()
        return x

    def backward(self, grad_output: Array, input_grad: bool = True) -> tuple[Any, Any]:
        self.saved_for(grad_output)
        grad: Any = grad_output
        if self.norm_first:
            grad = grad + self.norm3.backward(self._ff_backward(grad))
            branch, grad_memory = self._mha_backward(grad)
            grad = grad + self.norm2.backward(branch)
            branch = self.norm1.backward(self._sa_backward(grad), input_grad)
        else:
            grad = self.norm3.backward(grad)
            grad = self.norm2.backward(grad + self._ff_backward(grad))
            branch, grad_memory = self._mha_backward(grad)
            grad = self.norm1.backward(grad + branch)
            branch = self._sa_backward(grad, input_grad)
        return (grad + branch, grad_memory) if input_grad else (None, None)

    def _mha_block(
        self,
        x: Array,
        memory: Array,
        attn_mask: Array | None,
        key_padding_mask: Array | None,
        is_causal: bool,
    ) -> Any:
        y, _ = self.multihead_attn(
            x, memory, memory, key_padding_mask, False, attn_mask, is_causal=is_causal
        )
        return self._drop(self.dropout2, y)

    def _mha_backward(self, grad: Any) -> tuple[Any, Any]:
        grad = self._drop_backward(self.dropout2, grad)
        grads: Any = self.multihead_attn.backward(grad)
        grad_x, grad_key, grad_value = grads
        return grad_x, grad_key + grad_value

    def _ff_block(self, x: Array) -> Any:
        return self.dropout3(self._feed_forward(x))

    def _ff_backward(self, grad: Any) -> Any:
        return self._feed_backward(self.dropout3.backward(grad))
