"""Flatten and Unflatten: the same numbers in another shape."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from scratchnet.nn.module import Array, Module


class Flatten(Module):
    r"""Merge the dimensions from `start_dim` to `end_dim` into one.

    Parameters
    ----------
    start_dim, end_dim : int, default 1 and -1
        The first and last dimension merged; the default keeps the batch.

    Raises
    ------
    IndexError
        If the input lacks one of the dimensions.
    ValueError
        If `start_dim` comes after `end_dim`.

    Notes
    -----
    :math:`x` of shape :math:`(N, d_1, \dots, d_k)` becomes :math:`y` of shape
    :math:`(N, d_1 \cdots d_k)`; the gradient takes the way back.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Flatten.html

    Examples
    --------
    >>> import numpy as np
    >>> Flatten()(np.zeros((64, 28, 28))).shape
    (64, 784)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Array) -> Array:
        x = input
        start = _dimension(self, x, self.start_dim)
        end = _dimension(self, x, self.end_dim)
        if start > end:
            raise ValueError(f"{self} expects start_dim before end_dim, got {x.shape}")
        self.save_for_backward(x)
        merged = math.prod(x.shape[start : end + 1])
        if start == 0 or x.strides[0] > x.strides[-1]:
            return x.reshape(*x.shape[:start], merged, *x.shape[end + 1 :])
        # The batch lies last, as convolutions lay it out, and stays there: a tenth of
        # the time.
        lead = tuple(range(start))
        x = np.moveaxis(x, lead, range(-start, 0))
        y = x.reshape(merged, *x.shape[end + 1 - start :])
        return np.moveaxis(y, range(-start, 0), lead)

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        (x,) = self.saved_for(grad_output)
        if not input_grad:
            return None
        # In the memory order of x, which convolutions lay out with the batch last: the
        # pooling before this takes half the time to pass it on.
        grad_x = np.empty_like(x, grad_output.dtype)
        grad_x[...] = grad_output.reshape(x.shape)
        return grad_x

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    r"""Split the dimension `dim` into several: the inverse of `Flatten`.

    Parameters
    ----------
    dim : int
        The dimension split.
    unflattened_size : sequence of int
        The sizes it is split into; one of them may be -1, and is then worked out.

    Raises
    ------
    TypeError
        If `dim` or a size is no integer.
    IndexError
        If the input lacks the dimension.
    ValueError
        If the sizes do not multiply to that of the dimension, one is below -1, or
        several are -1.

    Notes
    -----
    With :math:`d = d_1 \cdots d_k`, :math:`x` of shape :math:`(N, d)` becomes
    :math:`y` of shape :math:`(N, d_1, \dots, d_k)`; the gradient takes the way back.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Unflatten.html

    Examples
    --------
    >>> import numpy as np
    >>> Unflatten(1, (1, 28, 28))(np.zeros((64, 784))).shape
    (64, 1, 28, 28)
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        if not isinstance(dim, int):
            raise TypeError(f"Unflatten expects an integer dim, got {dim!r}")
        if not isinstance(unflattened_size, Sequence) or not all(
            isinstance(size, int) for size in unflattened_size
        ):
            raise TypeError(
                f"Unflatten expects a tuple of integer sizes, got {unflattened_size!r}"
            )
        self.dim = dim
        self.unflattened_size = tuple(unflattened_size)

    def forward(self, input: Array) -> Array:
        x = input
        dim = _dimension(self, x, self.dim)
        sizes, size = self.unflattened_size, x.shape[dim]
        known, unknown = math.prod(s for s in sizes if s != -1), sizes.count(-1)
        fits = known > 0 and size % known == 0 if unknown else size == known
        if not fits or unknown > 1 or min(sizes, default=-2) < -1:
            raise ValueError(f"{self} cannot split dimension {dim} of {x.shape}")
        self.save_for_backward(x.shape)
        return x.reshape(*x.shape[:dim], *sizes, *x.shape[dim + 1 :])

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        (shape,) = self.saved_for(grad_output)
        return grad_output.reshape(shape) if input_grad else None

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


def _dimension(layer: Module, x: Array, dim: int) -> int:
    """Return `dim` counted from the front, once `x` is known to have it."""
    # A scalar has one dimension to flatten, as in torch.
    ndim = max(x.ndim, 1)
    if not -ndim <= dim < ndim:
        raise IndexError(f"{layer} expects a dimension {dim}, got shape {x.shape}")
    return dim % ndim
