"""Masks: who may attend to whom, as numbers added to the scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn._check import Pattern, expect_shape
from scratchnet.nn.module import Array, Module


def expect_mask(
    layer: Module, mask: Any, dtype: DTypeLike, *patterns: Pattern, name: str
) -> None:
    """Refuse what is not a mask of booleans or numbers, of one of the shapes.

    Numbers may be of a narrower type than `dtype`, as in torch.
    """
    came = getattr(mask, "dtype", type(mask).__name__)
    numbers = isinstance(mask, np.ndarray) and np.issubdtype(mask.dtype, np.floating)
    if came != np.bool_ and not (numbers and np.can_cast(mask.dtype, dtype, "safe")):
        raise TypeError(
            f"{type(layer).__name__} {name} expects booleans or {np.dtype(dtype)}, "
            f"got {came}"
        )
    expect_shape(layer, mask, *patterns, name=name)


def additive(mask: Array, dtype: DTypeLike) -> Array:
    """Return `mask` as numbers: where a boolean one is True, it forbids with -inf."""
    if mask.dtype == np.bool_:
        mask = np.where(mask, -np.inf, 0)
    return mask.astype(dtype, copy=False)


def causal(queries: int, keys: int, dtype: DTypeLike) -> Array:
    """Return the mask that forbids query i whatever comes after key i."""
    return np.triu(np.full((queries, keys), -np.inf, dtype), 1)


def merged(
    attn_mask: Array | None,
    key_padding_mask: Array | None,
    sizes: tuple[int, int, int, int],
    dtype: DTypeLike,
) -> Array | None:
    """Return one mask of `sizes`, (N, h, L, S), or None.

    Of the last keys, which were appended, the masks say nothing: all may attend there.
    """
    N, h, _, S = sizes
    masks = []
    if attn_mask is not None:
        mask = additive(attn_mask, dtype)
        masks.append(mask if mask.ndim == 2 else mask.reshape(N, h, *mask.shape[1:]))
    if key_padding_mask is not None:
        mask = additive(key_padding_mask, dtype)
        masks.append(mask.reshape(N, 1, 1, mask.shape[-1]))
    if not masks:
        return None
    with np.errstate(invalid="ignore"):  # inf - inf is NaN, as in torch.
        mask = sum(masks[1:], masks[0])
    appended = S - mask.shape[-1]
    mask = np.pad(mask, [(0, 0)] * (mask.ndim - 1) + [(0, appended)])
    return np.broadcast_to(mask, sizes)
