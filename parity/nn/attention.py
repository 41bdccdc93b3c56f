"""Multi-head attention: one head after the other, one sample after the other."""

from __future__ import annotations

import math
from itertools import product

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, fixed, in_eval, normal


def attention(
    layer: torch.nn.MultiheadAttention,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    if query.ndim == 2:
        inputs = [x[None] for x in (query, key, value)]
    elif layer.batch_first:
        inputs = [query, key, value]
    else:
        inputs = [x.transpose(0, 1) for x in (query, key, value)]
    q, k, v = (
        torch.einsum("nlf, ef -> nle", x, weight) + bias
        for x, weight, bias in zip(inputs, *projections(layer), strict=True)
    )
    N, L, _ = q.shape
    S, h = k.shape[1], layer.num_heads
    mask = q.new_zeros(N, h, L, S)
    if attn_mask is not None:
        fitted = attn_mask if attn_mask.ndim == 2 else attn_mask.reshape(N, h, L, S)
        mask = mask + numbers(fitted, mask)
    if key_padding_mask is not None:
        mask = mask + numbers(key_padding_mask, mask).reshape(N, 1, 1, S)

    if layer.bias_k is not None:
        k = torch.cat([k, layer.bias_k.expand(N, -1, -1)], dim=1)
        v = torch.cat([v, layer.bias_v.expand(N, -1, -1)], dim=1)
    if layer.add_zero_attn:
        k, v = (torch.cat([x, x.new_zeros(N, 1, x.shape[2])], dim=1) for x in (k, v))
    appended = k.shape[1] - S
    mask = torch.cat([mask, mask.new_zeros(N, h, L, appended)], dim=3)
    if is_causal and not need_weights and key_padding_mask is None:
        later = torch.ones(L, S + appended).triu(1).bool()
        mask = numbers(later, mask).expand(mask.shape)

    heads = [x.chunk(h, dim=2) for x in (q, k, v)]
    scores = [
        q @ k.transpose(1, 2) / math.sqrt(layer.head_dim)
        for q, k in zip(*heads[:2], strict=True)
    ]
    z = torch.stack(scores, dim=1) + mask
    weights = torch.exp(z - torch.logsumexp(z, dim=3, keepdim=True))
    if not need_weights:
        nothing = (mask == -torch.inf).all(dim=3, keepdim=True)
        z = torch.where(nothing, 0.0, z)
        weights = torch.exp(z - torch.logsumexp(z, dim=3, keepdim=True)) * ~nothing
    if layer.training and layer.dropout:
        kept = torch.empty_like(weights).bernoulli_(1 - layer.dropout)
        weights = weights * kept / (1 - layer.dropout)
    averages = [weights[:, i] @ v for i, v in enumerate(heads[2])]
    y = torch.cat(averages, dim=2) @ layer.out_proj.weight.T
    if layer.out_proj.bias is not None:
        y = y + layer.out_proj.bias

    shown = weights.mean(dim=1) if average_attn_weights else weights
    if query.ndim == 2:
        y, shown = y[0], shown[0]
    elif not layer.batch_first:
        y = y.transpose(0, 1)
    return y, shown if need_weights else None


def projections(
    layer: torch.nn.MultiheadAttention,
) -> tuple[list[Tensor], list[Tensor]]:
    """Return weights and biases for queries, keys and values."""
    E = layer.embed_dim
    if layer.in_proj_weight is None:
        weights = [layer.q_proj_weight, layer.k_proj_weight, layer.v_proj_weight]
    else:
        weights = list(layer.in_proj_weight.split(E))
    bias = layer.in_proj_bias
    biases = [weights[0].new_zeros(E)] * 3 if bias is None else list(bias.split(E))
    return weights, biases


def numbers(mask: Tensor, like: Tensor) -> Tensor:
    """Return a mask to be added."""
    if mask.dtype != torch.bool:
        return mask.to(like.dtype)
    return torch.zeros(mask.shape, dtype=like.dtype).masked_fill(mask, -torch.inf)


LATER = fixed([[j > i for j in range(4)] for i in range(4)])
PADDED = fixed([[False] * 4, [False, False, True, True]])
TURNING = fixed(
    [[[(n + i + j) % 4 == 1 for j in range(4)] for i in range(3)] for n in range(4)]
)
LAST = fixed([False, False, True])
LAST_3D = fixed([[[False, False, True]] * 3] * 3)


def triple(L: int, S: int, *sizes: int, batch: int | None = 2, first: bool = False):
    """Return draws of query, key and value, of the sizes E, kdim and vdim."""
    E, kdim, vdim = (*sizes, sizes[0], sizes[0])[:3]
    shapes = (L, E), (S, kdim), (S, vdim)
    if batch is None:
        return tuple(normal(*shape) for shape in shapes)
    return tuple(
        normal(batch, n, size) if first else normal(n, batch, size)
        for n, size in shapes
    )


SETTINGS = [
    Case(call(6, 2), call(*triple(3, 4, 6))),
    Case(call(6, 1), call(*triple(3, 4, 6)), note="one head"),
    Case(call(6, 6), call(*triple(3, 4, 6)), note="heads of one feature"),
    Case(call(6, 2, bias=False), call(*triple(3, 4, 6))),
    Case(call(6, 3, batch_first=True), call(*triple(3, 4, 6, first=True))),
    Case(call(6, 2, kdim=5, vdim=3), call(*triple(3, 4, 6, 5, 3))),
    Case(call(6, 2, kdim=5), call(*triple(3, 4, 6, 5, 6))),
    Case(call(6, 2, vdim=5, bias=False), call(*triple(3, 4, 6, 6, 5))),
    Case(
        call(6, 2, kdim=5, vdim=3, add_bias_kv=True, batch_first=True),
        call(*triple(3, 4, 6, 5, 3, first=True)),
    ),
    Case(call(4, 2), call(*triple(1, 1, 4, batch=1)), note="one position"),
    Case(call(16, 4), call(*triple(9, 12, 16, batch=3))),
]

# torch's own samples: no batch, every switch, both masks or none.
UNBATCHED = [
    Case(
        call(3, 3, 0.0, bias, row, zero, batch_first=bool(i % 2)),
        call(*triple(3, 3, 3, batch=None), key_padding_mask=padding, attn_mask=mask),
    )
    for i, (mask, padding, bias, row, zero) in enumerate(
        product((None, LAST_3D), (None, LAST), *[(True, False)] * 3)
    )
]

MASKS = [
    Case(
        call(6, 2, add_bias_kv=appended, add_zero_attn=appended, batch_first=first),
        call(*triple(3, 4, 6, first=first), **masks, need_weights=weights),
    )
    for appended, first, weights in (
        (False, False, True),
        (False, True, False),
        (True, False, False),
        (True, True, True),
    )
    for masks in (
        {"attn_mask": fixed([[False, True, False, True]] * 3)},
        {"attn_mask": normal(3, 4)},
        {"attn_mask": TURNING},
        {"attn_mask": normal(4, 3, 4)},
        {"key_padding_mask": PADDED},
        {"key_padding_mask": normal(2, 4)},
        {"key_padding_mask": normal(2, 4), "attn_mask": normal(3, 4)},
        {"key_padding_mask": PADDED, "attn_mask": TURNING},
    )
]

# More scores than are computed at a time.
LONG = [
    Case(
        call(4, 2, 0.3, batch_first=True),
        call(*triple(256, 257, 4, first=True), attn_mask=normal(4, 256, 257)),
    ),
]

CAUSAL = [
    Case(
        call(6, 2, add_zero_attn=zero),
        call(*triple(4, 4, 6), attn_mask=mask, is_causal=True, **options),
        note=note,
    )
    for zero, mask, options, note in (
        (False, LATER, {}, ""),
        (False, LATER, {"need_weights": False}, ""),
        (True, LATER, {"need_weights": False}, "zeros too come later"),
        (True, LATER, {}, ""),
        (False, normal(4, 4), {"need_weights": False}, "a broken promise, believed"),
        (False, normal(4, 4), {}, "a broken promise, not believed"),
        (
            False,
            normal(4, 4),
            {"need_weights": False, "key_padding_mask": normal(2, 4)},
            "a broken promise, not believed with padding",
        ),
    )
]

WEIGHTS = [
    Case(call(6, 2), call(*triple(3, 4, 6, batch=batch), **options))
    for batch in (2, None)
    for options in (
        {"need_weights": False},
        {"average_attn_weights": False},
        {"average_attn_weights": False, "need_weights": False},
    )
]

NOTHING = fixed([[False] * 4, [True] * 4, [False, True, True, True]])
EXTREMES = [
    Case(
        call(6, 2),
        call(*triple(3, 4, 6), attn_mask=NOTHING, need_weights=weights),
        differences=not weights,
        because="the weights are NaN where nothing may be attended to",
    )
    for weights in (True, False)
] + [
    Case(
        call(6, 2, add_zero_attn=True),
        call(*triple(3, 4, 6), key_padding_mask=fixed([[True] * 4, [False] * 4])),
        note="only the zeros are left",
    ),
    Case(call(6, 2), call(*triple(3, 0, 6)), note="nothing to attend to"),
    Case(call(6, 2), call(*triple(0, 4, 6)), note="no queries"),
    Case(call(6, 2), call(*triple(3, 4, 6, batch=0)), note="empty batch"),
    Case(
        call(6, 2),
        call(normal(3, 2, 6, scale=4), normal(4, 2, 6, scale=4), normal(4, 2, 6)),
        note="one key takes nearly all",
    ),
    Case(
        call(6, 2),
        call(*(normal(n, 2, 6, scale=1e-2) for n in (3, 4, 4))),
        note="all keys alike",
    ),
]

DROPPED = [
    Case(call(6, 2, dropout=p), call(*triple(3, 4, 6), need_weights=weights))
    for p in (0.3, 0.9)
    for weights in (True, False)
] + [
    Case(
        call(6, 2, dropout=0.3, add_bias_kv=True),
        call(*triple(3, 4, 6), attn_mask=fixed([[False, True, False, True]] * 3)),
    ),
    Case(call(6, 2, 0.3, batch_first=True), call(*triple(3, 4, 6, first=True))),
    Case(
        call(6, 2, 0.3),
        call(*triple(3, 4, 6, batch=None), average_attn_weights=False),
    ),
]

PAIRS = (
    Pair(
        "MultiheadAttention",
        attention,
        [
            *SETTINGS,
            *UNBATCHED,
            *MASKS,
            *LONG,
            *CAUSAL,
            *WEIGHTS,
            *EXTREMES,
            *DROPPED,
            *in_eval([SETTINGS[4], MASKS[-1], *DROPPED]),
        ],
    ),
)
MULTIHEAD = "scratchnet.nn.attention.multihead"
CORE = "scratchnet.nn.attention.scaled_dot_product"
MASK = "scratchnet.nn.attention.mask"

FAULTS = (
    Fault(
        "MultiheadAttention",
        "scores not scaled",
        "scale = q.shape[-1] ** -0.5",
        "scale = 1.0",
        CORE,
    ),
    Fault(
        "MultiheadAttention",
        "keys' gradient not scaled",
        "grad_z.swapaxes(-1, -2) @ (q * scale)",
        "grad_z.swapaxes(-1, -2) @ q",
        CORE,
    ),
    Fault(
        "MultiheadAttention",
        "softmax over the queries",
        "a = softmax(z, -1)",
        "a = softmax(z, -2)",
        CORE,
    ),
    Fault(
        "MultiheadAttention",
        "softmax's gradient without the sum",
        "grad_z -= along_a[..., None]",
        "pass",
        CORE,
    ),
    Fault(
        "MultiheadAttention",
        "values' gradient by the weights before dropout",
        "grad_v = b.swapaxes(-1, -2) @ grad_o",
        "grad_v = a.swapaxes(-1, -2) @ grad_o",
        CORE,
    ),
    Fault(
        "MultiheadAttention",
        "gradient of the weights themselves forgotten",
        "asked += grad_b",
        "pass",
        CORE,
    ),
    Fault(
        "MultiheadAttention",
        "softmax's gradient without the weights' own part of the sum",
        "along_a += np.vecdot(b, grad_b)",
        "pass",
        CORE,
    ),
    Fault(
        "MultiheadAttention",
        "every piece masked as the first",
        "_of(mask, some)",
        "_of(mask, (slice(len(q[some])), some[1]))",
        MULTIHEAD,
    ),
    Fault(
        "MultiheadAttention",
        "average over the heads not undone",
        "grad_weights[:, None] / self.num_heads",
        "grad_weights[:, None]",
        MULTIHEAD,
    ),
    Fault(
        "MultiheadAttention",
        "heads side by side in the wrong order",
        "self.num_heads, self.head_dim)\n        if x.ndim",
        "self.head_dim, self.num_heads).swapaxes(-1, -2)\n        if x.ndim",
        MULTIHEAD,
    ),
    Fault(
        "MultiheadAttention",
        "True in a mask allows",
        "np.where(mask, -np.inf, 0)",
        "np.where(mask, 0, -np.inf)",
        MASK,
    ),
    Fault(
        "MultiheadAttention",
        "causal mask forbids a position itself",
        "-np.inf, dtype), 1)",
        "-np.inf, dtype), 0)",
        MASK,
    ),
    Fault(
        "MultiheadAttention",
        "appended key's gradient from the first sample only",
        "grad[:, :, S].sum(axis=0)",
        "grad[0, :, S]",
        MULTIHEAD,
    ),
)
