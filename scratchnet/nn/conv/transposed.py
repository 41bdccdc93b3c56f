"""Transposed convolutions: what the backward pass of a convolution does, forwards."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn._layout import batch_last, empty, zeros
from scratchnet.nn.conv.base import ConvNd, Sizes, channel_sums
from scratchnet.nn.conv.padding import pad, unpad
from scratchnet.nn.module import Array


class TransposedConvolution(ConvNd):
    """In any dimension: forward, scatter and unpad; backward, pad and gather."""

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Sizes = 1,
        padding_mode: str = "zeros",
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            output_padding,
            groups,
            bias,
            padding_mode,
            dtype,
        )
        name = type(self).__name__
        if self.padding_mode != "zeros":
            raise ValueError(f"{name} expects padding_mode zeros, got {padding_mode!r}")
        if isinstance(self.padding, str):
            raise TypeError(f"{name} padding expects integers, got {padding!r}")
        below = np.maximum(self.stride, self.dilation)
        if np.any(self.output_padding >= below):
            raise ValueError(
                f"{name} expects output_padding below stride or dilation, "
                f"{tuple(below.tolist())}, got {output_padding}"
            )
        self.reset_parameters()

    def forward(self, input: Array, output_size: Sequence[int] | None = None) -> Array:
        """Return the output.

        Parameters
        ----------
        input : ndarray
        output_size : sequence of int, optional
            In place of `output_padding`, the size the output shall have, with or
            without its batch and channels: of the sizes that a convolution with this
            stride takes to the size of `input`.
        """
        x = input
        self._expect_input(x)
        size = self._wide_size(x, output_size)
        x_narrow = batch_last(self._batched(x))
        y_wide = zeros((len(x_narrow), self.out_channels, *size), x.dtype)
        self._kernel.scatter(y_wide, x_narrow)
        y = unpad(y_wide, self._widths)
        if self.bias is not None:
            y.swapaxes(1, -1)[...] += self.bias.data
        self.save_for_backward(x_narrow)
        return self._as_given(y, x)

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        (x_narrow,) = self.saved_for(grad_output)
        kernel = self._kernel
        grad_y = self._batched(grad_output)
        grad_wide = pad(grad_y, self._widths)
        self.weight.accumulate_grad(kernel.correlate(grad_wide, x_narrow))
        if self.bias is not None:
            self.bias.accumulate_grad(channel_sums(grad_y))
        if not input_grad:
            return None
        grad_x = empty(x_narrow.shape, x_narrow.dtype)
        kernel.gather(grad_wide, grad_x)
        return self._as_given(grad_x, grad_output)

    def _wide_size(self, x: Array, output_size: Sequence[int] | None) -> list[int]:
        """Return the size of the output before its padding is taken away."""
        lead = x.ndim - self.dims
        cover = np.array(self._kernel.cover(x.shape[lead:]))
        padding = np.sum(self._widths, axis=1)
        if output_size is None:
            wide = cover + self.output_padding
        else:
            wanted = tuple(output_size)
            if len(wanted) not in (self.dims, self.dims + lead):
                raise ValueError(
                    f"{self} expects an output_size of {self.dims} or "
                    f"{self.dims + lead} integers, got {wanted}"
                )
            wide = np.array(wanted[-self.dims :]) + padding
            if np.any(wide < cover) or np.any(wide >= cover + self.stride):
                least, most = cover - padding, cover - padding + self.stride - 1
                raise ValueError(
                    f"{self} expects an output_size from {tuple(least.tolist())} to "
                    f"{tuple(most.tolist())} for {x.shape}, got {wanted}"
                )
        if np.any(wide <= padding):
            size = tuple(np.subtract(wide, padding).tolist())
            raise ValueError(f"{self} leaves an output of {size} for {x.shape}")
        return [int(n) for n in wide]


class ConvTranspose1d(TransposedConvolution):
    r"""Lay a kernel along a signal, at each place weighted by what the input is there.

    It is to `Conv1d`, with the two numbers of channels exchanged, what a matrix's
    transpose is to the matrix: each is the other's backward pass.

    Parameters
    ----------
    in_channels, out_channels : int
        Sizes of the channel dimension of the input and of the output.
    kernel_size : int
        Taps of the kernel.
    stride : int, default 1
        Step from place to place on the output.
    padding : int, default 0
        How much to take from the output on both sides.
    output_padding : int, default 0
        How much to leave to the output after its end.
    groups : int, default 1
        Cut the channels into so many groups, each convolved by itself.
    bias : bool, default True
        False leaves :math:`b` out.
    dilation : int, default 1
        Step from tap to tap.
    padding_mode : {"zeros"}, default "zeros"
    dtype : dtype, default float32
        Of the parameters, and so of the input.

    Attributes
    ----------
    weight : Parameter, shape (in_channels, out_channels / groups, kernel_size)
    bias : Parameter, shape (out_channels,), or None
        Both start uniform in :math:`\pm 1/\sqrt{\text{out\_channels} / \text{groups}
        \cdot \text{kernel\_size}}`, weight first.

    Raises
    ------
    TypeError
        If a size is no integer, or the input not an array of the parameters' dtype.
    ValueError
        If a setting is out of its range, `groups` does not divide the channels, or
        `output_padding` reaches stride and dilation; if the input is neither
        (N, in_channels, L) nor (in_channels, L), or the output cannot have the size
        asked for.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, L)`, or that without :math:`N`,
    :math:`\bar y` the output before `padding` is taken from it, :math:`W` of
    :math:`(C, O, K)`, stride :math:`s` and dilation :math:`d`; in groups, :math:`o`
    and :math:`c` run within one:

    .. math::

        \begin{aligned}
        \bar y_{n, o, s l + d k} &\mathrel{+}= \sum_c W_{c o k} \, x_{n c l},
        \qquad \bar y \text{ starting from } b_o \\
        \frac{\partial L}{\partial x_{n c l}} &= \sum_{o, k}
            W_{c o k} \frac{\partial L}{\partial \bar y_{n, o, s l + d k}} \\
        \frac{\partial L}{\partial W_{c o k}} &= \sum_{n, l}
            x_{n c l} \, \frac{\partial L}{\partial \bar y_{n, o, s l + d k}}
        \qquad
        \frac{\partial L}{\partial b_o} =
            \sum_{n, l} \frac{\partial L}{\partial y_{n o l}}
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ConvTranspose1d.html

    Examples
    --------
    >>> layer = ConvTranspose1d(4, 2, kernel_size=3, stride=2)
    >>> layer
    ConvTranspose1d(4, 2, kernel_size=(3,), stride=(2,))
    >>> x = np.zeros((8, 4, 50), np.float32)
    >>> layer(x).shape, layer(x, output_size=[102]).shape
    ((8, 2, 101), (8, 2, 102))
    """

    dims = 1


class ConvTranspose2d(TransposedConvolution):
    r"""Lay a kernel over an image, at each place weighted by what the input is there.

    It is to `Conv2d`, with the two numbers of channels exchanged, what a matrix's
    transpose is to the matrix: each is the other's backward pass.

    Parameters
    ----------
    in_channels, out_channels : int
        Sizes of the channel dimension of the input and of the output.
    kernel_size : int or (int, int)
        Taps of the kernel, down and across.
    stride : int or (int, int), default 1
        Step from place to place on the output.
    padding : int or (int, int), default 0
        How much to take from the output on all sides.
    output_padding : int or (int, int), default 0
        How much to leave to the output after its ends.
    groups : int, default 1
        Cut the channels into so many groups, each convolved by itself.
    bias : bool, default True
        False leaves :math:`b` out.
    dilation : int or (int, int), default 1
        Step from tap to tap.
    padding_mode : {"zeros"}, default "zeros"
    dtype : dtype, default float32
        Of the parameters, and so of the input.

    Attributes
    ----------
    weight : Parameter, shape (in_channels, out_channels / groups, *kernel_size)
    bias : Parameter, shape (out_channels,), or None
        Both start uniform in :math:`\pm 1/\sqrt{\text{out\_channels} / \text{groups}
        \cdot \text{taps}}`, weight first.

    Raises
    ------
    TypeError
        If a size is no integer, or the input not an array of the parameters' dtype.
    ValueError
        If a setting is out of its range, `groups` does not divide the channels, or
        `output_padding` reaches stride and dilation; if the input is neither
        (N, in_channels, H, W) nor (in_channels, H, W), or the output cannot have the
        size asked for.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, H, W)`, or that without :math:`N`,
    :math:`\bar y` the output before `padding` is taken from it, :math:`W` of
    :math:`(C, O, K_h, K_w)`, stride :math:`s` and dilation :math:`d`, here the same
    both ways; in groups, :math:`o` and :math:`c` run within one:

    .. math::

        \begin{aligned}
        \bar y_{n, o, s h + d i, s w + d j} &\mathrel{+}=
            \sum_c W_{c o i j} \, x_{n c h w},
        \qquad \bar y \text{ starting from } b_o \\
        \frac{\partial L}{\partial x_{n c h w}} &= \sum_{o, i, j} W_{c o i j}
            \frac{\partial L}{\partial \bar y_{n, o, s h + d i, s w + d j}} \\
        \frac{\partial L}{\partial W_{c o i j}} &= \sum_{n, h, w} x_{n c h w} \,
            \frac{\partial L}{\partial \bar y_{n, o, s h + d i, s w + d j}}
        \qquad
        \frac{\partial L}{\partial b_o} =
            \sum_{n, h, w} \frac{\partial L}{\partial y_{n o h w}}
        \end{aligned}

    The output's height is :math:`s (H - 1) + d (K_h - 1) + 1`, plus `output_padding`,
    less twice `padding`, and its width likewise.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ConvTranspose2d.html

    .. [1] Zeiler et al., "Deconvolutional networks", CVPR, 2010.
    .. [2] Dumoulin and Visin, "A guide to convolution arithmetic for deep learning",
       arXiv:1603.07285, 2016.

    Examples
    --------
    >>> up = ConvTranspose2d(16, 8, kernel_size=4, stride=2, padding=1)
    >>> up
    ConvTranspose2d(16, 8, kernel_size=(4, 4), stride=(2, 2), padding=(1, 1))
    >>> up(np.zeros((64, 16, 7, 7), np.float32)).shape
    (64, 8, 14, 14)
    >>> up.backward(np.ones((64, 8, 14, 14), np.float32)).shape
    (64, 16, 7, 7)
    """

    dims = 2


class ConvTranspose3d(TransposedConvolution):
    r"""Lay a kernel into a volume, at each place weighted by what the input is there.

    It is to `Conv3d`, with the two numbers of channels exchanged, what a matrix's
    transpose is to the matrix: each is the other's backward pass.

    Parameters
    ----------
    in_channels, out_channels : int
        Sizes of the channel dimension of the input and of the output.
    kernel_size : int or (int, int, int)
        Taps of the kernel in depth, height and width.
    stride : int or (int, int, int), default 1
        Step from place to place on the output.
    padding : int or (int, int, int), default 0
        How much to take from the output on all sides.
    output_padding : int or (int, int, int), default 0
        How much to leave to the output after its ends.
    groups : int, default 1
        Cut the channels into so many groups, each convolved by itself.
    bias : bool, default True
        False leaves :math:`b` out.
    dilation : int or (int, int, int), default 1
        Step from tap to tap.
    padding_mode : {"zeros"}, default "zeros"
    dtype : dtype, default float32
        Of the parameters, and so of the input.

    Attributes
    ----------
    weight : Parameter, shape (in_channels, out_channels / groups, *kernel_size)
    bias : Parameter, shape (out_channels,), or None
        Both start uniform in :math:`\pm 1/\sqrt{\text{out\_channels} / \text{groups}
        \cdot \text{taps}}`, weight first.

    Raises
    ------
    TypeError
        If a size is no integer, or the input not an array of the parameters' dtype.
    ValueError
        If a setting is out of its range, `groups` does not divide the channels, or
        `output_padding` reaches stride and dilation; if the input is neither
        (N, in_channels, D, H, W) nor (in_channels, D, H, W), or the output cannot have
        the size asked for.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, D, H, W)`, or that without :math:`N`,
    :math:`\bar y` the output before `padding` is taken from it, :math:`W` of
    :math:`(C, O, K_d, K_h, K_w)`, a place :math:`p` and a tap :math:`k` of three
    coordinates each, stride :math:`s` and dilation :math:`d`; in groups, :math:`o`
    and :math:`c` run within one:

    .. math::

        \begin{aligned}
        \bar y_{n, o, s p + d k} &\mathrel{+}= \sum_c W_{c o k} \, x_{n c p},
        \qquad \bar y \text{ starting from } b_o \\
        \frac{\partial L}{\partial x_{n c p}} &= \sum_{o, k}
            W_{c o k} \frac{\partial L}{\partial \bar y_{n, o, s p + d k}} \\
        \frac{\partial L}{\partial W_{c o k}} &= \sum_{n, p}
            x_{n c p} \, \frac{\partial L}{\partial \bar y_{n, o, s p + d k}}
        \qquad
        \frac{\partial L}{\partial b_o} =
            \sum_{n, p} \frac{\partial L}{\partial y_{n o p}}
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ConvTranspose3d.html

    Examples
    --------
    >>> layer = ConvTranspose3d(4, 2, kernel_size=2, stride=2)
    >>> layer
    ConvTranspose3d(4, 2, kernel_size=(2, 2, 2), stride=(2, 2, 2))
    >>> layer(np.zeros((8, 4, 3, 5, 5), np.float32)).shape
    (8, 2, 6, 10, 10)
    """

    dims = 3
