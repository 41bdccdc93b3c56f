"""Multi-head attention: several averages of the same values, side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn import init
from scratchnet.nn._check import Pattern, expect_floating, expect_shape
from scratchnet.nn._sums import sum_of_rows
from scratchnet.nn.attention.mask import causal, expect_mask, merged
from scratchnet.nn.attention.scaled_dot_product import ScaledDotProduct
from scratchnet.nn.dropout import Dropout
from scratchnet.nn.linear import Identity, Linear, as_rows
from scratchnet.nn.module import Array, Module, Parameter

#: How many scores are computed at a time: they stay in the cache. All at once, those
#: of 8 samples of 512 places take 1.5 times as long.
SCORES = 2**18


class NonDynamicallyQuantizableLinear(Linear):
    """`Linear`, by the name under which torch prints the one in attention."""


class MultiheadAttention(Module):
    r"""Let each query average the values, weighted by how well their keys fit it.

    Parameters
    ----------
    embed_dim : int
        Size :math:`E` of the queries and of the output.
    num_heads : int
        Number :math:`h` of averages taken side by side, each over :math:`d = E / h`
        features.
    dropout : float, default 0.0
        Probability that a weight is dropped in training.
    bias : bool, default True
        False leaves the biases of all projections out.
    add_bias_kv : bool, default False
        True appends a learned key and value, the same for each sample.
    add_zero_attn : bool, default False
        True appends a key and a value of zeros.
    kdim, vdim : int, optional
        Sizes of the keys and of the values; `embed_dim` if not given.
    batch_first : bool, default False
        True puts the batch first: (N, L, E) in place of (L, N, E).
    dtype : dtype, default float32
        Of the parameters, and so of the inputs.

    Attributes
    ----------
    in_proj_weight : Parameter, shape (3 * embed_dim, embed_dim), or None
        :math:`W^Q, W^K, W^V`, one above the other; None where `kdim` or `vdim` differ.
    q_proj_weight, k_proj_weight, v_proj_weight : Parameter or None
        Then they stand here, of shapes (embed_dim, embed_dim), (embed_dim, kdim) and
        (embed_dim, vdim). All start Xavier uniform.
    in_proj_bias : Parameter, shape (3 * embed_dim,), or None
        :math:`b^Q, b^K, b^V`; zeros at first.
    bias_k, bias_v : Parameter, shape (1, 1, embed_dim), or None
        The appended key and value, Xavier normal at first.
    out_proj : Linear
        :math:`W^O` and :math:`b^O`, which is zero at first.

    Raises
    ------
    ValueError
        If `num_heads` does not divide `embed_dim`, a shape does not fit, or
        `is_causal` comes without a mask.
    TypeError
        If an input is not of the parameters' dtype, or a mask is neither boolean nor
        of that dtype or a narrower one.

    Notes
    -----
    The queries :math:`x^Q` are of shape :math:`(N, L, E)`, the keys :math:`x^K` and
    values :math:`x^V` of :math:`(N, S, \cdot)`. *split* cuts the last dimension into
    heads, :math:`(N, L, E) \to (N, h, L, d)`, *join* is its inverse. With *attention*
    as in `ScaledDotProduct`,

    .. math::

        \begin{aligned}
        Q &= \text{split}(x^Q W^{Q\top} + b^Q) \qquad
        K = \text{split}(x^K W^{K\top} + b^K) \qquad
        V = \text{split}(x^V W^{V\top} + b^V) \\
        y &= \text{join}(\text{attention}(Q, K, V)) \, W^{O\top} + b^O
        \end{aligned}

    and backwards, for the queries as for the keys and values,

    .. math::

        \frac{\partial L}{\partial x^Q} = G \, W^Q \qquad
        \frac{\partial L}{\partial W^Q} = \sum_n G_n^\top x^Q_n \qquad
        \frac{\partial L}{\partial b^Q} = \sum_{n, l} G_{nl} \qquad
        G = \text{join}\Big(\frac{\partial L}{\partial Q}\Big)

    A query that may attend to nothing gets NaN where the weights are asked for, and
    an average of zero where they are not, as in torch.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.MultiheadAttention.html

    .. [1] Vaswani et al., "Attention is all you need", arXiv:1706.03762, 2017.

    Examples
    --------
    >>> attention = MultiheadAttention(embed_dim=8, num_heads=2, batch_first=True)
    >>> x = np.ones((3, 5, 8), np.float32)
    >>> output, weights = attention(x, x, x)
    >>> output.shape, weights.shape
    ((3, 5, 8), (3, 5, 5))
    >>> grad_query, grad_key, grad_value = attention.backward(np.ones_like(output))
    >>> grad_x = grad_query + grad_key + grad_value
    """

    in_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        if embed_dim <= 0 or num_heads <= 0 or embed_dim % num_heads:
            raise ValueError(
                "MultiheadAttention expects num_heads to divide embed_dim, both "
                f"positive, got embed_dim={embed_dim} and num_heads={num_heads}"
            )
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.num_heads = num_heads
        self.head_dim = embed_dim // num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.add_zero_attn = add_zero_attn

        packed = self.kdim == self.vdim == embed_dim
        for name, size in zip("qkv", (embed_dim, self.kdim, self.vdim), strict=True):
            weight = None if packed else _weight(embed_dim, size, dtype)
            self.register_parameter(f"{name}_proj_weight", weight)
        weight = _weight(3 * embed_dim, embed_dim, dtype) if packed else None
        self.register_parameter("in_proj_weight", weight)
        self.in_proj_bias = Parameter(np.zeros(3 * embed_dim, dtype)) if bias else None
        self.out_proj = NonDynamicallyQuantizableLinear(
            embed_dim, embed_dim, bias, dtype
        )
        for name in ("bias_k", "bias_v"):
            row = Parameter(np.empty((1, 1, embed_dim), dtype)) if add_bias_kv else None
            self.register_parameter(name, row)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for weight in self._weights:
            init.xavier_uniform_(weight)
        if self.in_proj_bias is not None and self.out_proj.bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for row in (self.bias_k, self.bias_v):
            if row is not None:
                init.xavier_normal_(row)

    @property
    def _weights(self) -> list[Parameter]:
        """The projections as they are kept: one parameter, or three."""
        if self.in_proj_weight is not None:
            return [self.in_proj_weight]
        return [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]

    def forward(
        self,
        query: Array,
        key: Array,
        value: Array,
        key_padding_mask: Array | None = None,
        need_weights: bool = True,
        attn_mask: Array | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Array, Array | None]:
        r"""Return the output, and the weights if they are asked for.

        Parameters
        ----------
        query : ndarray, shape (L, N, E), (N, L, E) if batch_first, or (L, E)
        key : ndarray, shape (S, N, kdim), (N, S, kdim) or (S, kdim)
        value : ndarray, shape (S, N, vdim), (N, S, vdim) or (S, vdim)
        key_padding_mask : ndarray, shape (N, S) or (S,), optional
            Where it is True, the key is not attended to; floating-point numbers are
            added to the scores.
        need_weights : bool, default True
            False returns None in place of the weights.
        attn_mask : ndarray, shape (L, S) or (N * num_heads, L, S), optional
            The same for each query and key.
        average_attn_weights : bool, default True
            False returns the weights of each head, (N, num_heads, L, S), in place of
            their average, (N, L, S); without a batch, N is left out.
        is_causal : bool, default False
            Promises that `attn_mask` is the causal one. Without `need_weights` and
            `key_padding_mask` the promise is believed and the mask not read.
        """
        inputs = query, key, value
        self.check(*inputs, key_padding_mask, attn_mask, is_causal)
        unbatched = query.ndim == 2
        q, k, v = (
            self._split(_project(x, W, b))
            for x, (W, b) in zip(inputs, self._projections(), strict=True)
        )
        k, v = self._append(k, self.bias_k), self._append(v, self.bias_v)
        _, _, L, S = sizes = (*q.shape[:3], k.shape[2])
        if is_causal and not need_weights and key_padding_mask is None:
            mask: Array | None = np.broadcast_to(causal(L, S, q.dtype), sizes)
        else:
            mask = merged(attn_mask, key_padding_mask, sizes, q.dtype)

        o = np.empty_like(q)
        weights = np.empty(sizes, q.dtype) if need_weights else None
        # Where nothing is dropped, nothing is drawn.
        p = self.dropout if self.training else 0
        attentions = []
        for some in pieces(sizes):
            dropout = Dropout(p) if p else Identity()
            attention = ScaledDotProduct(dropout, zero_if_masked=not need_weights)
            o[some], b = attention.forward(q[some], k[some], v[some], _of(mask, some))
            if weights is not None:
                weights[some] = b
            attentions.append((some, attention))
        self.save_for_backward(inputs, attentions, sizes, average_attn_weights)
        output = self.out_proj(self._join(o, unbatched))
        if weights is None:
            return output, None
        if average_attn_weights:
            weights = weights.mean(axis=1)
        return output, weights[0] if unbatched else weights

    def backward(
        self,
        grad_output: Array | None,
        grad_weights: Array | None = None,
        input_grad: bool = True,
    ) -> tuple[Array | None, Array | None, Array | None]:
        """Return the gradients of `query`, `key` and `value`.

        Where one array was given as several of them, its gradient is their sum.
        """
        inputs, attentions, sizes, averaged = self.saved_for(grad_output, grad_weights)
        query, key, _ = inputs
        unbatched = query.ndim == 2
        if grad_output is None:
            grad_output = np.zeros_like(query)
        if grad_weights is not None:
            if unbatched:
                grad_weights = grad_weights[None]
            if averaged:
                grad_weights = grad_weights[:, None] / self.num_heads
            grad_weights = np.broadcast_to(grad_weights, sizes)
        grad_joined: Any = self.out_proj.backward(grad_output)
        grad_o = self._split(grad_joined)
        by_key = (*sizes[:2], sizes[3], self.head_dim)
        grad_q = np.empty_like(grad_o)
        grad_k, grad_v = (np.empty_like(grad_o, shape=by_key) for _ in "kv")
        for some, attention in attentions:
            grad_q[some], grad_k[some], grad_v[some] = attention.backward(
                grad_o[some], _of(grad_weights, some)
            )
        _, S = self._sizes(key)
        for grad, row in ((grad_k, self.bias_k), (grad_v, self.bias_v)):
            if row is not None:
                row.accumulate_grad(grad[:, :, S].sum(axis=0).reshape(row.shape))
        grads = [
            self._join(grad, unbatched)
            for grad in (grad_q, grad_k[:, :, :S], grad_v[:, :, :S])
        ]
        self._accumulate(inputs, grads)
        if not input_grad:
            return None, None, None
        grad_query, grad_key, grad_value = (
            (as_rows(grad) @ W).reshape(x.shape)
            for x, grad, (W, _) in zip(inputs, grads, self._projections(), strict=True)
        )
        return grad_query, grad_key, grad_value

    def _accumulate(self, inputs: Any, grads: list[Array]) -> None:
        """Add to the projections' gradients; `grads` are those of their outputs."""
        rows = [
            (as_rows(x), as_rows(grad)) for x, grad in zip(inputs, grads, strict=True)
        ]
        grad_weights = [(x.T @ grad).T for x, grad in rows]
        if self.in_proj_weight is not None:
            grad_weights = [np.concatenate(grad_weights)]
        for weight, grad_weight in zip(self._weights, grad_weights, strict=True):
            weight.accumulate_grad(grad_weight)
        if self.in_proj_bias is not None:
            biases = [sum_of_rows(grad) for _, grad in rows]
            self.in_proj_bias.accumulate_grad(np.concatenate(biases))

    def _projections(self) -> list[tuple[Array, Array | None]]:
        """Return weight and bias for queries, keys and values."""
        weights = [weight.data for weight in self._weights]
        if len(weights) == 1:
            weights = list(weights[0].reshape(3, self.embed_dim, self.embed_dim))
        if self.in_proj_bias is None:
            return [(W, None) for W in weights]
        biases = self.in_proj_bias.data.reshape(3, self.embed_dim)
        return list(zip(weights, biases, strict=True))

    def _split(self, x: Array) -> Array:
        """Return (L, N, E), in whichever order, as a view (N, h, L, d)."""
        heads = x.reshape(*x.shape[:-1], self.num_heads, self.head_dim)
        if x.ndim == 2:
            heads = heads[None]
        elif not self.batch_first:
            heads = heads.swapaxes(0, 1)
        return heads.swapaxes(1, 2)

    def _join(self, heads: Array, unbatched: bool) -> Array:
        """Undo `_split`."""
        x = heads.swapaxes(1, 2)
        if unbatched:
            x = x[0]
        elif not self.batch_first:
            x = x.swapaxes(0, 1)
        return x.reshape(*x.shape[:-2], self.embed_dim)

    def _append(self, heads: Array, row: Parameter | None) -> Array:
        """Append, as further positions, the learned `row` and the zeros."""
        one = heads.shape[0], self.num_heads, 1, self.head_dim
        parts = [heads]
        if row is not None:
            parts.append(np.broadcast_to(row.data.reshape(1, *one[1:]), one))
        if self.add_zero_attn:
            parts.append(np.zeros(one, heads.dtype))
        return np.concatenate(parts, axis=2) if len(parts) > 1 else heads

    def check(
        self,
        query: Array,
        key: Array,
        value: Array,
        key_padding_mask: Array | None = None,
        attn_mask: Array | None = None,
        is_causal: bool = False,
    ) -> None:
        """Refuse what `forward` cannot take."""
        E, h, dtype = self.embed_dim, self.num_heads, self.out_proj.weight.dtype
        for name, x in (("query", query), ("key", key), ("value", value)):
            expect_floating(self, x, dtype, name)
        order = ("N", "L") if self.batch_first else ("L", "N")
        expect_shape(self, query, (*order, E), ("L", E), name="query")
        N, L = self._sizes(query)
        samples: Pattern = () if query.ndim == 2 else (N,)
        leading = (*samples, "S") if self.batch_first else ("S", *samples)
        expect_shape(self, key, (*leading, self.kdim), name="key")
        expect_shape(self, value, (*key.shape[:-1], self.vdim), name="value")
        _, S = self._sizes(key)
        if attn_mask is not None:
            patterns = (L, S), (N * h, L, S)
            expect_mask(self, attn_mask, dtype, *patterns, name="attn_mask")
        elif is_causal:
            raise ValueError("MultiheadAttention expects attn_mask with is_causal")
        if key_padding_mask is not None:
            padding: Pattern = (*samples, S)
            expect_mask(self, key_padding_mask, dtype, padding, name="key_padding_mask")

    def _sizes(self, x: Array) -> tuple[int, int]:
        """Return the number of samples and of positions."""
        if x.ndim == 2:
            return 1, x.shape[0]
        return x.shape[:2] if self.batch_first else x.shape[1::-1]


def _weight(rows: int, columns: int, dtype: DTypeLike) -> Parameter:
    """Return a weight to be filled; it lies transposed, as that of `Linear` does."""
    return Parameter(np.empty((columns, rows), dtype).T)


def _project(x: Array, W: Array, b: Array | None) -> Array:
    """Return :math:`x W^T + b`, in one product over all leading dimensions."""
    y = as_rows(x) @ W.T
    if b is not None:
        y += b
    return y.reshape(*x.shape[:-1], len(W))


def pieces(sizes: tuple[int, int, int, int]) -> list[tuple[slice, slice]]:
    """Cut (N, h, L, S) scores into pieces of up to `SCORES`, or of one head."""
    N, h, L, S = sizes
    heads = max(1, SCORES // max(1, L * S))
    samples, heads = max(1, heads // h), min(heads, h)
    return [
        (slice(n, n + samples), slice(i, i + heads))
        for n in range(0, N, samples)
        for i in range(0, h, heads)
    ]


def _of(array: Array | None, some: tuple[slice, slice]) -> Array | None:
    return None if array is None else array[some]
