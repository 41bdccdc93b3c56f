"""Pixel shuffling: channels become pixels, and pixels channels."""

from __future__ import annotations

import numpy as np

from scratchnet.nn._check import expect_floating
from scratchnet.nn.module import Array, Module


class PixelShuffle(Module):
    r"""Rearrange :math:`r^2` channels into pixels, :math:`r` times as many each way.

    Parameters
    ----------
    upscale_factor : int
        :math:`r`.

    Raises
    ------
    TypeError
        If the input is not a floating-point array.
    ValueError
        If its shape is not (..., C, H, W), or :math:`r^2` does not divide C.

    Notes
    -----
    With :math:`x` of shape :math:`(\dots, C r^2, H, W)`, :math:`y` of
    :math:`(\dots, C, H r, W r)` and :math:`0 \le i, j < r`,

    .. math::

        y_{c,\, h r + i,\, w r + j} = x_{c r^2 + i r + j,\, h,\, w}

    and the gradient takes the way back.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.PixelShuffle.html

    .. [1] Shi et al., "Real-time single image and video super-resolution using an
       efficient sub-pixel convolutional neural network", arXiv:1609.05158, 2016.

    Examples
    --------
    >>> PixelShuffle(2)(np.array([[[1.0]], [[2.0]], [[3.0]], [[4.0]]]))
    array([[[1., 2.],
            [3., 4.]]])
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = _positive(self, upscale_factor)

    def forward(self, input: Array) -> Array:
        x = input
        expect_floating(self, x)
        r = self.upscale_factor
        if x.ndim < 3 or x.shape[-3] % r**2:
            raise ValueError(f"{self} expects (..., C * {r**2}, H, W), got {x.shape}")
        self.save_for_backward()
        return _to_pixels(x, r)

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        self.saved_for(grad_output)
        return _to_channels(grad_output, self.upscale_factor) if input_grad else None

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    r"""Rearrange pixels into :math:`r^2` channels: the inverse of `PixelShuffle`.

    Parameters
    ----------
    downscale_factor : int
        :math:`r`.

    Raises
    ------
    TypeError
        If the input is not a floating-point array.
    ValueError
        If its shape is not (..., C, H, W), or :math:`r` does not divide H and W.

    Notes
    -----
    With :math:`x` of shape :math:`(\dots, C, H r, W r)`, :math:`y` of
    :math:`(\dots, C r^2, H, W)` and :math:`0 \le i, j < r`,

    .. math::

        y_{c r^2 + i r + j,\, h,\, w} = x_{c,\, h r + i,\, w r + j}

    and the gradient takes the way back.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.PixelUnshuffle.html

    Examples
    --------
    >>> PixelUnshuffle(2)(np.array([[[1.0, 2.0], [3.0, 4.0]]])).ravel()
    array([1., 2., 3., 4.])
    """

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = _positive(self, downscale_factor)

    def forward(self, input: Array) -> Array:
        x = input
        expect_floating(self, x)
        r = self.downscale_factor
        if x.ndim < 3 or x.shape[-2] % r or x.shape[-1] % r:
            raise ValueError(
                f"{self} expects (..., C, H * {r}, W * {r}), got {x.shape}"
            )
        self.save_for_backward()
        return _to_channels(x, r)

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        self.saved_for(grad_output)
        return _to_pixels(grad_output, self.downscale_factor) if input_grad else None

    def extra_repr(self) -> str:
        return f"downscale_factor={self.downscale_factor}"


def _to_pixels(x: Array, r: int) -> Array:
    *leading, c, h, w = x.shape
    blocks = x.reshape(*leading, c // r**2, r, r, h, w)
    pixels = np.moveaxis(blocks, (-4, -3), (-3, -1))
    return pixels.reshape(*leading, c // r**2, h * r, w * r)


def _to_channels(x: Array, r: int) -> Array:
    *leading, c, h, w = x.shape
    blocks = x.reshape(*leading, c, h // r, r, w // r, r)
    channels = np.moveaxis(blocks, (-3, -1), (-4, -3))
    return channels.reshape(*leading, c * r**2, h // r, w // r)


def _positive(layer: Module, factor: int) -> int:
    if not isinstance(factor, int | np.integer):
        raise TypeError(f"{type(layer).__name__} expects an integer, got {factor!r}")
    if factor < 1:
        raise ValueError(
            f"{type(layer).__name__} expects a positive factor, got {factor}"
        )
    return int(factor)
