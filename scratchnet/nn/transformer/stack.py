"""Stacks: layer upon layer, each a copy of the same one at first."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from scratchnet.nn.container import ModuleList
from scratchnet.nn.module import Array, Module


class _Stack(Module):
    """Copies of one layer, and perhaps a norm behind the last."""

    def __init__(self, layer: Module, num_layers: int, norm: Module | None) -> None:
        super().__init__()
        self.layers = ModuleList([deepcopy(layer) for _ in range(num_layers)])
        self.num_layers = num_layers
        self.norm = norm


class TransformerEncoder(_Stack):
    r"""Pass a sequence through a stack of encoder layers.

    Parameters
    ----------
    encoder_layer : TransformerEncoderLayer
        What the layers are copies of; they start alike.
    num_layers : int
        How many.
    norm : Module, optional
        Stands behind the last layer.
    enable_nested_tensor, mask_check : bool, default True
        Accepted as in torch; nested tensors change speed, not numbers.

    Notes
    -----
    For layers :math:`f_1, \dots, f_n`, :math:`x_0` of shape :math:`(N, S, E)`, and
    :math:`f^*` the backward pass of :math:`f`,

    .. math::

        x_i = f_i(x_{i-1}), \qquad y = \text{norm}(x_n), \qquad
        g_n = \text{norm}^*\Big(\frac{\partial L}{\partial y}\Big), \qquad
        g_{i-1} = f_i^*(g_i)

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.TransformerEncoder.html

    Examples
    --------
    >>> import numpy as np
    >>> from scratchnet import nn
    >>> layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    >>> encoder = TransformerEncoder(layer, num_layers=3)
    >>> src = np.ones((3, 5, 8), np.float32)
    >>> encoder(src).shape
    (3, 5, 8)
    >>> encoder.backward(src).shape
    (3, 5, 8)
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__(encoder_layer, num_layers, norm)
        self.enable_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check

    def forward(
        self,
        src: Array,
        mask: Array | None = None,
        src_key_padding_mask: Array | None = None,
        is_causal: bool | None = None,
    ) -> Any:
        r"""Return :math:`y` for `src`; masks as in `MultiheadAttention`."""
        x: Any = src
        for layer in self.layers:
            x = layer(
                x,
                src_mask=mask,
                src_key_padding_mask=src_key_padding_mask,
                is_causal=bool(is_causal),
            )
        self.save_for_backward()
        return x if self.norm is None else self.norm(x)

    def backward(self, grad_output: Array, input_grad: bool = True) -> Any:
        self.saved_for(grad_output)
        grad = grad_output if self.norm is None else self.norm.backward(grad_output)
        for i in reversed(range(self.num_layers)):
            grad = self.layers[i].backward(grad, input_grad=input_grad or i > 0)
        return grad


class TransformerDecoder(_Stack):
    r"""Pass a sequence through a stack of decoder layers, all of one memory.

    Parameters
    ----------
    decoder_layer : TransformerDecoderLayer
        What the layers are copies of; they start alike.
    num_layers : int
        How many.
    norm : Module, optional
        Stands behind the last layer.

    Notes
    -----
    For layers :math:`f_1, \dots, f_n`, :math:`x_0` of shape :math:`(N, T, E)`, the
    memory :math:`m` of shape :math:`(N, S, E)`, and :math:`f^*` the backward pass of
    :math:`f`: every layer reads the memory, so their gradients of it add up,

    .. math::

        x_i = f_i(x_{i-1}, m), \qquad y = \text{norm}(x_n), \qquad
        (g_{i-1}, h_i) = f_i^*(g_i), \qquad
        \frac{\partial L}{\partial m} = \sum_i h_i

    An activation given as a module is kept by the copies; in torch 2.13 those of a
    decoder layer fall back to ReLU.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.TransformerDecoder.html

    Examples
    --------
    >>> import numpy as np
    >>> from scratchnet import nn
    >>> layer = nn.TransformerDecoderLayer(8, 2, 16, batch_first=True)
    >>> decoder = TransformerDecoder(layer, num_layers=3)
    >>> tgt, memory = np.ones((3, 5, 8), np.float32), np.ones((3, 7, 8), np.float32)
    >>> decoder(tgt, memory).shape
    (3, 5, 8)
    >>> grad_tgt, grad_memory = decoder.backward(tgt)
    >>> grad_memory.shape
    (3, 7, 8)
    """

    def __init__(
        self, decoder_layer: Module, num_layers: int, norm: Module | None = None
    ) -> None:
        super().__init__(decoder_layer, num_layers, norm)

    def forward(
        self,
        tgt: Array,
        memory: Array,
        tgt_mask: Array | None = None,
        memory_mask: Array | None = None,
        tgt_key_padding_mask: Array | None = None,
        memory_key_padding_mask: Array | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        r"""Return :math:`y` for `tgt`; masks as in `MultiheadAttention`."""
        x: Any = tgt
        for layer in self.layers:
            x = layer(
                x,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=bool(tgt_is_causal),
                memory_is_causal=memory_is_causal,
            )
        self.save_for_backward()
        return x if self.norm is None else self.norm(x)

    def backward(self, grad_output: Array, input_grad: bool = True) -> tuple[Any, Any]:
        self.saved_for(grad_output)
        grad = grad_output if self.norm is None else self.norm.backward(grad_output)
        grads_memory = []
        for i in reversed(range(self.num_layers)):
            grad, grad_memory = self.layers[i].backward(
                grad, input_grad=input_grad or i > 0
            )
            grads_memory.append(grad_memory)
        return grad, sum(grads_memory) if input_grad else None
