"""Scaled dot-product attention: an average of values, weighted by how keys fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnet.nn.activation import softmax
from scratchnet.nn.dropout import Dropout
from scratchnet.nn.linear import Identity
from scratchnet.nn.module import Array


class ScaledDotProduct:
    r"""Attention of queries to keys and values, for any number of heads at once.

    Parameters
    ----------
    dropout : Dropout or Identity
        What the weights pass through.
    zero_if_masked : bool
        Whether a query that may attend to nothing gets zero; NaN if not.

    Notes
    -----
    With :math:`Q` of shape :math:`(\dots, L, d)`, :math:`K, V` of
    :math:`(\dots, S, d)`, a mask :math:`M` that is added to the scores :math:`Z` of
    shape :math:`(\dots, L, S)`, and :math:`m` the dropout mask,

    .. math::

        \begin{aligned}
        Z &= \frac{Q K^\top}{\sqrt d} + M \qquad
        A = \text{softmax}(Z) \qquad
        B = m \odot A \qquad
        O = B V \\
        \frac{\partial L}{\partial V} &= B^\top \frac{\partial L}{\partial O} \qquad
        \frac{\partial L}{\partial A} = m \odot \Big(
            \frac{\partial L}{\partial O} V^\top + \frac{\partial L}{\partial B} \Big)
            \\
        \frac{\partial L}{\partial Z_{ij}} &= A_{ij} \Big(
            \frac{\partial L}{\partial A_{ij}} -
            \sum_k A_{ik} \frac{\partial L}{\partial A_{ik}} \Big) \\
        \frac{\partial L}{\partial Q} &= \frac{1}{\sqrt d}
            \frac{\partial L}{\partial Z} K \qquad
        \frac{\partial L}{\partial K} = \frac{1}{\sqrt d}
            \Big( \frac{\partial L}{\partial Z} \Big)^{\!\top} Q
        \end{aligned}

    where :math:`\partial L / \partial B` is what the weights themselves are asked
    for, beyond their part in :math:`O`. As :math:`A_{ik} m_{ik} = B_{ik}`, the sum over
    all keys is one over the few features of a head [1]_,

    .. math::

        \sum_k A_{ik} \frac{\partial L}{\partial A_{ik}} =
            \sum_c O_{ic} \frac{\partial L}{\partial O_{ic}} +
            \sum_k B_{ik} \frac{\partial L}{\partial B_{ik}}

    References
    ----------
    .. [1] Dao et al., "FlashAttention: fast and memory-efficient exact attention with
       IO-awareness", arXiv:2205.14135, 2022.
    """

    def __init__(self, dropout: Dropout | Identity, zero_if_masked: bool) -> None:
        self.dropout = dropout
        self.zero_if_masked = zero_if_masked

    def forward(
        self, q: Array, k: Array, v: Array, mask: Array | None
    ) -> tuple[Array, Array]:
        """Return the averages :math:`O` and the weights :math:`B`."""
        scale = q.shape[-1] ** -0.5
        z = (q * scale) @ k.swapaxes(-1, -2)
        if mask is not None:
            z += mask
        a = softmax(z, -1)
        if mask is not None and self.zero_if_masked:
            a[np.isneginf(z).all(axis=-1)] = 0
        b = self.dropout(a)
        o = b @ v
        self.saved = q, k, v, a, b, o, scale
        return o, b

    def backward(
        self, grad_o: Array, grad_b: Array | None
    ) -> tuple[Array, Array, Array]:
        """Return the gradients of `q`, `k` and `v`; `grad_b` of None is zero."""
        q, k, v, a, b, o, scale = self.saved
        grad_v = b.swapaxes(-1, -2) @ grad_o
        asked = grad_o @ v.swapaxes(-1, -2)
        along_a = np.vecdot(o, grad_o)
        if grad_b is not None:
            asked += grad_b
            along_a += np.vecdot(b, grad_b)
        grad_z: Any = self.dropout.backward(asked)
        grad_z -= along_a[..., None]
        grad_z *= a
        grad_q = grad_z @ (k * scale)
        grad_k = grad_z.swapaxes(-1, -2) @ (q * scale)
        return grad_q, grad_k, grad_v
