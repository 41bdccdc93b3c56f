"""Masks: who may attend to whom, as numbers added to the scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn._check import expect_shape
from scratchnet.nn.module import Array, Module


def additive(layer: Module, mask: Any, dtype: DTypeLike, name: str) -> Array:
    """Return `mask` in `dtype`: where a boolean one is True, it forbids with -inf.

    Floating-point masks may be of a narrower type, as in torch.
    """
    came = getattr(mask, "dtype", type(mask).__name__)
    if came == np.bool_:
        return np.where(mask, -np.inf, 0).astype(dtype)
    floating = isinstance(mask, np.ndarray) and np.issubdtype(mask.dtype, np.floating)
    if not floating or not np.can_cast(mask.dtype, dtype, "safe"):
        expected = (
            f"{type(layer).__name__} {name} expects booleans or {np.dtype(dtype)}"
        )
        raise TypeError(f"{expected}, got {came}")
    return np.asarray(mask, dtype)


def causal(queries: int, keys: int, dtype: DTypeLike) -> Array:
    """Return the mask that forbids query i whatever comes after key i."""
    return np.triu(np.full((queries, keys), -np.inf, dtype), 1)


def merged(
    layer: Module,
    attn_mask: Array | None,
    key_padding_mask: Array | None,
    sizes: tuple[int, int, int, int],
    unbatched: bool,
    dtype: DTypeLike,
) -> Array | None:
    """Return one mask that broadcasts to `sizes`, (N, h, L, S), or None."""
    N, h, L, S = sizes
    total: Array | None = None
    if attn_mask is not None:
        total = additive(layer, attn_mask, dtype, "attn_mask")
        expect_shape(layer, total, (L, S), (N * h, L, S), name="attn_mask")
        total = total if total.ndim == 2 else total.reshape(sizes)
    if key_padding_mask is not None:
        padding = additive(layer, key_padding_mask, dtype, "key_padding_mask")
        expected = (S,) if unbatched else (N, S)
        expect_shape(layer, padding, expected, name="key_padding_mask")
        padding = padding.reshape(N, 1, 1, S)
        with np.errstate(invalid="ignore"):  # inf - inf is NaN, as in torch.
            total = padding if total is None else total + padding
    return total
