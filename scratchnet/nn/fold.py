"""Images cut into blocks, and blocks put together again: each the other's adjoint."""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from scratchnet.nn._check import expect_floating, expect_shape
from scratchnet.nn.conv.base import Sizes, expect_sizes
from scratchnet.nn.module import Array, Module

Pair = tuple[int, ...]


class _Blocks(Module):
    """Blocks on a grid over an image: in place, or side by side as columns."""

    def __init__(
        self,
        kernel_size: Sizes,
        dilation: Sizes = 1,
        padding: Sizes = 0,
        stride: Sizes = 1,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride
        # Once here, so that bad sizes are refused at once.
        self._pairs()

    def _pairs(self) -> tuple[Pair, Pair, Pair, Pair]:
        """Return kernel size, dilation, padding and stride, down and across."""
        return (
            expect_sizes(self, "kernel_size", self.kernel_size, 2, least=1),
            expect_sizes(self, "dilation", self.dilation, 2, least=1),
            expect_sizes(self, "padding", self.padding, 2),
            expect_sizes(self, "stride", self.stride, 2, least=1),
        )

    def _grid(self, size: Pair) -> Pair:
        """Return how many blocks lie over an image of that size, down and across."""
        by_dim = zip(size, *self._pairs(), strict=True)
        return tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, d, p, s in by_dim)

    def _seen(self, wide: Array) -> Array:
        """View an image with its padding by blocks: (..., C, *kernel_size, *grid)."""
        kernel_size, dilation, _, stride = self._pairs()
        span = tuple(
            d * (k - 1) + 1 for k, d in zip(kernel_size, dilation, strict=True)
        )
        seen = sliding_window_view(wide, span, (-2, -1), writeable=True)
        (down, across), (d_down, d_across) = stride, dilation
        seen = seen[..., ::down, ::across, ::d_down, ::d_across]
        return np.moveaxis(seen, (-2, -1), (-4, -3))

    def _columns(self, x: Array) -> Array:
        """Cut (..., C, H, W) into columns, (..., C · taps, blocks)."""
        _, _, (p, q), _ = self._pairs()
        *batch, c, _, _ = x.shape
        seen = self._seen(np.pad(x, (*[(0, 0)] * len(batch), (0, 0), (p, p), (q, q))))
        *taps, down, across = seen.shape[-4:]
        return seen.reshape(*batch, c * math.prod(taps), down * across)

    def _image(self, columns: Array, size: Pair) -> Array:
        """Sum columns, (..., C · taps, blocks), where they lie on (..., C, *size)."""
        kernel_size, _, (p, q), _ = self._pairs()
        *batch, rows, _ = columns.shape
        h, w = size
        c = rows // math.prod(kernel_size)
        wide = np.zeros((*batch, c, h + 2 * p, w + 2 * q), columns.dtype)
        seen = self._seen(wide)
        columns = columns.reshape(seen.shape)
        # Blocks overlap, so the sum goes tap by tap: one tap never meets itself.
        for i, j in np.ndindex(*kernel_size):
            seen[..., i, j, :, :] += columns[..., i, j, :, :]
        return wide[..., p : p + h, q : q + w]


class Unfold(_Blocks):
    r"""Cut an image into blocks, which may overlap, and lay them out as columns.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Size of a block, in taps.
    dilation : int or (int, int), default 1
        Step from tap to tap.
    padding : int or (int, int), default 0
        Zeros around the image.
    stride : int or (int, int), default 1
        Step from block to block.

    Raises
    ------
    TypeError
        If the input is not an array of floating-point numbers.
    ValueError
        If it is neither (N, C, H, W) nor (C, H, W), or too small for one block.

    Notes
    -----
    With :math:`\bar x` the input of shape :math:`(N, C, H, W)` with its padding,
    :math:`y` of shape :math:`(N, C K_h K_w, L_h L_w)` for blocks of
    :math:`K_h \times K_w` taps on a grid of :math:`L_h \times L_w`, stride :math:`s`
    and dilation :math:`d`:

    .. math::

        \begin{aligned}
        y_{n, (c, i, j), (h, w)} &= \bar x_{n, c, s h + d i, s w + d j} \\
        \frac{\partial L}{\partial \bar x_{n, c, s h + d i, s w + d j}}
            &\mathrel{+}= \frac{\partial L}{\partial y_{n, (c, i, j), (h, w)}}
        \end{aligned}

    The way back is `Fold`. A convolution is a matrix times these columns.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Unfold.html

    Examples
    --------
    >>> unfold = Unfold(kernel_size=2)
    >>> unfold(np.arange(6.0).reshape(1, 1, 2, 3))
    array([[[0., 1.],
            [1., 2.],
            [3., 4.],
            [4., 5.]]])
    """

    def forward(self, input: Array) -> Array:
        x = input
        expect_floating(self, x)
        expect_shape(self, x, ("N", "C", "H", "W"), ("C", "H", "W"))
        size = x.shape[-2:]
        if 0 in x.shape[-3:] or min(self._grid(size)) < 1:
            raise ValueError(f"{self} expects room for a block, got {x.shape}")
        self.save_for_backward(size)
        return self._columns(x)

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        (size,) = self.saved_for(grad_output)
        return self._image(grad_output, size) if input_grad else None

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, dilation={self.dilation}, "
            f"padding={self.padding}, stride={self.stride}"
        )


class Fold(_Blocks):
    r"""Put columns back as blocks of an image, and sum where they overlap.

    Parameters
    ----------
    output_size : int or (int, int)
        Height and width of the image.
    kernel_size : int or (int, int)
        Size of a block, in taps.
    dilation : int or (int, int), default 1
        Step from tap to tap.
    padding : int or (int, int), default 0
        Border around the image, left out of the output.
    stride : int or (int, int), default 1
        Step from block to block.

    Raises
    ------
    TypeError
        If the input is not an array of floating-point numbers.
    ValueError
        If it is neither (N, C · taps, blocks) nor (C · taps, blocks), with as many
        blocks as lie over the image.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C K_h K_w, L_h L_w)` for blocks of
    :math:`K_h \times K_w` taps on a grid of :math:`L_h \times L_w`, :math:`\bar y` of
    shape :math:`(N, C, H, W)` and a border around it, stride :math:`s` and dilation
    :math:`d`:

    .. math::

        \begin{aligned}
        \bar y_{n, c, s h + d i, s w + d j} &\mathrel{+}= x_{n, (c, i, j), (h, w)} \\
        \frac{\partial L}{\partial x_{n, (c, i, j), (h, w)}} &=
            \frac{\partial L}{\partial \bar y_{n, c, s h + d i, s w + d j}}
        \end{aligned}

    The way back is `Unfold`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Fold.html

    Examples
    --------
    >>> fold = Fold(output_size=(2, 3), kernel_size=2)
    >>> fold(np.ones((1, 4, 2)))
    array([[[[1., 2., 1.],
             [1., 2., 1.]]]])
    """

    def __init__(
        self,
        output_size: Sizes,
        kernel_size: Sizes,
        dilation: Sizes = 1,
        padding: Sizes = 0,
        stride: Sizes = 1,
    ) -> None:
        super().__init__(kernel_size, dilation, padding, stride)
        self.output_size = output_size
        self._size()

    def _size(self) -> Pair:
        return expect_sizes(self, "output_size", self.output_size, 2, least=1)

    def forward(self, input: Array) -> Array:
        x = input
        expect_floating(self, x)
        size, (kernel_size, *_) = self._size(), self._pairs()
        grid, taps = self._grid(size), math.prod(kernel_size)
        if min(grid) < 1:
            raise ValueError(f"{self} has no room for a block")
        shape = (f"C * {taps}", math.prod(grid))
        expect_shape(self, x, ("N", *shape), shape)
        if x.shape[-2] % taps or x.shape[-2] == 0:
            raise ValueError(f"{self} expects a multiple of {taps} rows, got {x.shape}")
        self.save_for_backward()
        return self._image(x, size)

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        self.saved_for(grad_output)
        return self._columns(grad_output) if input_grad else None

    def extra_repr(self) -> str:
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, "
            f"dilation={self.dilation}, padding={self.padding}, stride={self.stride}"
        )
