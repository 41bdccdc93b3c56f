"""Convolutions: a kernel slides over the input and weighs what it sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn._layout import batch_last, empty, zeros
from scratchnet.nn.conv.base import ConvNd, Sizes, channel_sums
from scratchnet.nn.conv.padding import expect_room, pad, unpad
from scratchnet.nn.module import Array


class Convolution(ConvNd):
    """In any dimension: forward, pad and gather; backward, scatter and unpad."""

    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
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
            0,
            groups,
            bias,
            padding_mode,
            dtype,
        )
        name = type(self).__name__
        if isinstance(self.padding, str) and self.padding not in ("same", "valid"):
            raise ValueError(
                f"{name} expects padding same, valid or in numbers, got {padding!r}"
            )
        if self.padding == "same" and max(self.stride) > 1:
            raise ValueError(f"{name} expects stride 1 to pad to same, got {stride}")
        self.reset_parameters()

    def forward(self, input: Array) -> Array:
        x = input
        self._expect_input(x)
        expect_room(self, x, self._widths, self.padding_mode)
        kernel = self._kernel
        x_wide = pad(self._batched(x), self._widths, self.padding_mode)
        places = kernel.places(x_wide.shape[2:])
        if min(places) < 1:
            least = tuple(reach + 1 for reach in kernel.reach)
            raise ValueError(
                f"{self} expects at least {least} with its padding, "
                f"got {x_wide.shape[2:]}"
            )
        y = empty((len(x_wide), self.out_channels, *places), x.dtype)
        kernel.gather(x_wide, y, None if self.bias is None else self.bias.data)
        self.save_for_backward(x_wide)
        return self._as_given(y, x)

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        (x_wide,) = self.saved_for(grad_output)
        kernel = self._kernel
        grad_y = batch_last(self._batched(grad_output))
        self.weight.accumulate_grad(kernel.correlate(x_wide, grad_y))
        if self.bias is not None:
            self.bias.accumulate_grad(channel_sums(grad_y))
        if not input_grad:
            return None
        grad_wide = zeros(x_wide.shape, x_wide.dtype)
        kernel.scatter(grad_wide, grad_y)
        grad_x = unpad(grad_wide, self._widths, self.padding_mode)
        return self._as_given(grad_x, grad_output)


class Conv1d(Convolution):
    r"""Slide a kernel along a signal and weigh, at each place, what it sees.

    Parameters
    ----------
    in_channels, out_channels : int
        Sizes of the channel dimension of the input and of the output.
    kernel_size : int
        Taps of the kernel.
    stride : int, default 1
        Step from place to place.
    padding : int, "same" or "valid", default 0
        How much to widen the input on both sides; "same" keeps the length at stride 1,
        the odd one going after the end, "valid" is 0.
    dilation : int, default 1
        Step from tap to tap.
    groups : int, default 1
        Cut the channels into so many groups, each convolved by itself.
    bias : bool, default True
        False leaves :math:`b` out.
    padding_mode : {"zeros", "reflect", "replicate", "circular"}, default "zeros"
        What the padding holds.
    dtype : dtype, default float32
        Of the parameters, and so of the input.

    Attributes
    ----------
    weight : Parameter, shape (out_channels, in_channels / groups, kernel_size)
    bias : Parameter, shape (out_channels,), or None
        Both start uniform in :math:`\pm 1/\sqrt{\text{in\_channels} / \text{groups}
        \cdot \text{kernel\_size}}`, weight first.

    Raises
    ------
    TypeError
        If a size is no integer, or the input not an array of the parameters' dtype.
    ValueError
        If a setting is out of its range, `groups` does not divide the channels, or
        "same" comes with a stride above 1; if the input is neither (N, in_channels, L)
        nor (in_channels, L), or too short for the kernel or the padding.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, L)`, or that without :math:`N`,
    :math:`\bar x` the same with its padding, :math:`W` of :math:`(O, C, K)`, stride
    :math:`s` and dilation :math:`d`; in groups, :math:`c` runs over the channels in
    the group of :math:`o`:

    .. math::

        \begin{aligned}
        y_{n o l} &= b_o + \sum_{c, k} W_{o c k} \, \bar x_{n, c, s l + d k} \\
        \frac{\partial L}{\partial \bar x_{n, c, s l + d k}} &\mathrel{+}=
            \sum_o W_{o c k} \frac{\partial L}{\partial y_{n o l}} \\
        \frac{\partial L}{\partial W_{o c k}} &= \sum_{n, l}
            \frac{\partial L}{\partial y_{n o l}} \, \bar x_{n, c, s l + d k}
        \qquad
        \frac{\partial L}{\partial b_o} =
            \sum_{n, l} \frac{\partial L}{\partial y_{n o l}}
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Conv1d.html

    Examples
    --------
    >>> layer = Conv1d(2, 4, kernel_size=3, padding="same")
    >>> layer
    Conv1d(2, 4, kernel_size=(3,), stride=(1,), padding=same)
    >>> layer(np.zeros((8, 2, 100), np.float32)).shape
    (8, 4, 100)
    """

    dims = 1


class Conv2d(Convolution):
    r"""Slide a kernel over an image and weigh, at each place, what it sees.

    Parameters
    ----------
    in_channels, out_channels : int
        Sizes of the channel dimension of the input and of the output.
    kernel_size : int or (int, int)
        Taps of the kernel, down and across.
    stride : int or (int, int), default 1
        Step from place to place.
    padding : int, (int, int), "same" or "valid", default 0
        How much to widen the input on all sides; "same" keeps the size at stride 1,
        the odd one going after the end, "valid" is 0.
    dilation : int or (int, int), default 1
        Step from tap to tap.
    groups : int, default 1
        Cut the channels into so many groups, each convolved by itself.
    bias : bool, default True
        False leaves :math:`b` out.
    padding_mode : {"zeros", "reflect", "replicate", "circular"}, default "zeros"
        What the padding holds.
    dtype : dtype, default float32
        Of the parameters, and so of the input.

    Attributes
    ----------
    weight : Parameter, shape (out_channels, in_channels / groups, *kernel_size)
    bias : Parameter, shape (out_channels,), or None
        Both start uniform in :math:`\pm 1/\sqrt{\text{in\_channels} / \text{groups}
        \cdot \text{taps}}`, weight first.

    Raises
    ------
    TypeError
        If a size is no integer, or the input not an array of the parameters' dtype.
    ValueError
        If a setting is out of its range, `groups` does not divide the channels, or
        "same" comes with a stride above 1; if the input is neither
        (N, in_channels, H, W) nor (in_channels, H, W), or too small for the kernel or
        the padding.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, H, W)`, or that without :math:`N`,
    :math:`\bar x` the same with its padding, :math:`W` of :math:`(O, C, K_h, K_w)`,
    stride :math:`s` and dilation :math:`d`, here the same both ways; in groups,
    :math:`c` runs over the channels in the group of :math:`o`:

    .. math::

        \begin{aligned}
        y_{n o h w} &= b_o + \sum_{c, i, j}
            W_{o c i j} \, \bar x_{n, c, s h + d i, s w + d j} \\
        \frac{\partial L}{\partial \bar x_{n, c, s h + d i, s w + d j}}
            &\mathrel{+}= \sum_o W_{o c i j} \frac{\partial L}{\partial y_{n o h w}} \\
        \frac{\partial L}{\partial W_{o c i j}} &= \sum_{n, h, w}
            \frac{\partial L}{\partial y_{n o h w}} \,
            \bar x_{n, c, s h + d i, s w + d j}
        \qquad
        \frac{\partial L}{\partial b_o} =
            \sum_{n, h, w} \frac{\partial L}{\partial y_{n o h w}}
        \end{aligned}

    The output's height is :math:`\lfloor (\bar H - d (K_h - 1) - 1) / s \rfloor + 1`
    for a padded height :math:`\bar H`, and its width likewise.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Conv2d.html

    .. [1] LeCun et al., "Gradient-based learning applied to document recognition",
       Proceedings of the IEEE 86(11), 1998.
    .. [2] Dumoulin and Visin, "A guide to convolution arithmetic for deep learning",
       arXiv:1603.07285, 2016.

    Examples
    --------
    >>> layer = Conv2d(1, 6, kernel_size=5, padding=2)
    >>> layer
    Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2))
    >>> layer(np.zeros((64, 1, 28, 28), np.float32)).shape
    (64, 6, 28, 28)
    >>> layer.backward(np.ones((64, 6, 28, 28), np.float32)).shape
    (64, 1, 28, 28)
    """

    dims = 2


class Conv3d(Convolution):
    r"""Slide a kernel through a volume and weigh, at each place, what it sees.

    Parameters
    ----------
    in_channels, out_channels : int
        Sizes of the channel dimension of the input and of the output.
    kernel_size : int or (int, int, int)
        Taps of the kernel in depth, height and width.
    stride : int or (int, int, int), default 1
        Step from place to place.
    padding : int, (int, int, int), "same" or "valid", default 0
        How much to widen the input on all sides; "same" keeps the size at stride 1,
        the odd one going after the end, "valid" is 0.
    dilation : int or (int, int, int), default 1
        Step from tap to tap.
    groups : int, default 1
        Cut the channels into so many groups, each convolved by itself.
    bias : bool, default True
        False leaves :math:`b` out.
    padding_mode : {"zeros", "reflect", "replicate", "circular"}, default "zeros"
        What the padding holds.
    dtype : dtype, default float32
        Of the parameters, and so of the input.

    Attributes
    ----------
    weight : Parameter, shape (out_channels, in_channels / groups, *kernel_size)
    bias : Parameter, shape (out_channels,), or None
        Both start uniform in :math:`\pm 1/\sqrt{\text{in\_channels} / \text{groups}
        \cdot \text{taps}}`, weight first.

    Raises
    ------
    TypeError
        If a size is no integer, or the input not an array of the parameters' dtype.
    ValueError
        If a setting is out of its range, `groups` does not divide the channels, or
        "same" comes with a stride above 1; if the input is neither
        (N, in_channels, D, H, W) nor (in_channels, D, H, W), or too small for the
        kernel or the padding.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, D, H, W)`, or that without :math:`N`,
    :math:`\bar x` the same with its padding, :math:`W` of
    :math:`(O, C, K_d, K_h, K_w)`, a place :math:`p` and a tap :math:`k` of three
    coordinates each, stride :math:`s` and dilation :math:`d`; in groups, :math:`c`
    runs over the channels in the group of :math:`o`:

    .. math::

        \begin{aligned}
        y_{n o p} &= b_o + \sum_{c, k} W_{o c k} \, \bar x_{n, c, s p + d k} \\
        \frac{\partial L}{\partial \bar x_{n, c, s p + d k}} &\mathrel{+}=
            \sum_o W_{o c k} \frac{\partial L}{\partial y_{n o p}} \\
        \frac{\partial L}{\partial W_{o c k}} &= \sum_{n, p}
            \frac{\partial L}{\partial y_{n o p}} \, \bar x_{n, c, s p + d k}
        \qquad
        \frac{\partial L}{\partial b_o} =
            \sum_{n, p} \frac{\partial L}{\partial y_{n o p}}
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Conv3d.html

    Examples
    --------
    >>> layer = Conv3d(2, 4, kernel_size=(1, 3, 3), stride=(1, 2, 2))
    >>> layer
    Conv3d(2, 4, kernel_size=(1, 3, 3), stride=(1, 2, 2))
    >>> layer(np.zeros((8, 2, 5, 9, 9), np.float32)).shape
    (8, 4, 5, 4, 4)
    """

    dims = 3
