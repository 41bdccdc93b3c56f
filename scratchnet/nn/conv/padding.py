"""What lies beyond the border, and its adjoint: what comes back from there.

Except with zeros, each slice beyond the border repeats one from inside, dimension
after dimension. Backwards, each adds its gradient to that of the slice it repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from scratchnet.nn._layout import batch_last, copy, zeros
from scratchnet.nn.module import Array, Module

Widths = Sequence[tuple[int, int]]

#: Which of n slices is repeated at i, before the first or after the last of them.
REPEATED: dict[str, Callable[[int, int], int]] = {
    "reflect": lambda i, n: n - 1 - abs(n - 1 - abs(i)),
    "replicate": lambda i, n: min(max(i, 0), n - 1),
    "circular": lambda i, n: i % n,
}


def pad(x: Array, widths: Widths, mode: str = "zeros") -> Array:
    """Widen `x`, (N, C, *S), by (before, after) in each of the dimensions S."""
    if not np.any(widths):
        return batch_last(x)
    wide = zeros((*x.shape[:2], *np.add(x.shape[2:], np.sum(widths, axis=1))), x.dtype)
    copy(x, _inside(wide, widths))
    for axis, beyond, repeated in _repeats(wide, widths, mode):
        slices = wide.swapaxes(0, axis)
        slices[beyond] = slices[repeated]
    return wide


def unpad(grad_wide: Array, widths: Widths, mode: str = "zeros") -> Array:
    """Return the gradient of what `pad` was given, writing over `grad_wide`."""
    for axis, beyond, repeated in _repeats(grad_wide, widths, mode):
        slices = grad_wide.swapaxes(0, axis)
        slices[repeated] += slices[beyond]
    return _inside(grad_wide, widths)


def expect_room(layer: Module, x: Array, widths: Widths, mode: str) -> None:
    """Refuse what is too small to be reflected, or to be gone round, so far."""
    spare = {"reflect": 1, "circular": 0}.get(mode)
    if spare is not None:
        least = tuple(max(width) + spare for width in widths)
        if any(np.less(x.shape[-len(widths) :], least)):
            raise ValueError(f"{layer} expects at least {least} to pad, got {x.shape}")


def _inside(wide: Array, widths: Widths) -> Array:
    """View `wide` without its border."""
    kept = [slice(a, n - b) for n, (a, b) in zip(wide.shape[2:], widths, strict=True)]
    return wide[:, :, *kept]


def _repeats(wide: Array, widths: Widths, mode: str) -> Iterator[tuple[int, int, int]]:
    """Yield (axis, slice beyond the border, slice inside that it repeats)."""
    if mode == "zeros":
        return
    for axis, (before, after) in enumerate(widths, start=2):
        n = wide.shape[axis] - before - after
        for i in (*range(-before, 0), *range(n, n + after)):
            yield axis, before + i, before + REPEATED[mode](i, n)
