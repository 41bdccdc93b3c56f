"""Average pooling: the mean of each window."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from numbers import Integral

import numpy as np

from scratchnet.nn.module import Array
from scratchnet.nn.pooling._windows import Pooling, Windows, as_tuple, sliding_boxes


class MeanOfWindows(Pooling):
    """Average each window; a subclass says where the windows lie."""

    def boxes(self, x: Array) -> list[Windows]:
        """Return the windows along each axis, or refuse `x`."""
        raise AttributeError(f"{type(self).__name__} defines no boxes")

    def divisors(self, boxes: Sequence[Windows]) -> Array:
        """Return what the sum over each box is divided by."""
        return volumes([windows.length for windows in boxes])

    def forward(self, input: Array) -> Array:
        boxes = self.boxes(input)
        divisors = self.divisors(boxes).astype(input.dtype)
        self.save_for_backward(divisors, boxes)
        y = sums(input, boxes)
        y /= divisors
        return y

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        divisors, boxes = self.saved_for(grad_output)
        return spread(grad_output / divisors, boxes) if input_grad else None


class _AvgPool(MeanOfWindows):
    """Average pooling over sliding windows in any number of dimensions."""

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def boxes(self, x: Array) -> list[Windows]:
        return sliding_boxes(
            self,
            x,
            self.kernel_size,
            self.stride,
            self.padding,
            ceil_mode=self.ceil_mode,
        )

    def divisors(self, boxes: Sequence[Windows]) -> Array:
        override = self.divisor_override
        if override is not None:
            if not isinstance(override, Integral) or isinstance(override, bool):
                raise TypeError(f"{self} expects an integer divisor, got {override!r}")
            if override == 0:
                raise ValueError(f"{self} expects a divisor that is not 0")
            return np.array(override)
        if self.count_include_pad:
            return volumes([windows.padded_length for windows in boxes])
        return super().divisors(boxes)

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding}"
        )


class AvgPool1d(_AvgPool):
    r"""Average each window of a sequence.

    Parameters
    ----------
    kernel_size : int or (int,)
        Elements :math:`k` in a window.
    stride : int or (int,), default `kernel_size`
        Distance :math:`s` from one window to the next.
    padding : int or (int,), default 0
        Zeros :math:`p` at each edge: at most half of `kernel_size`.
    ceil_mode : bool, default False
        True rounds the output's size up: a last window may reach beyond the padding,
        if it starts before it.
    count_include_pad : bool, default True
        Whether :math:`|w|` counts the padding. What lies beyond it never counts.

    Raises
    ------
    TypeError
        If the input is not a floating-point array, or a setting is no integer.
    ValueError
        If the input's shape is neither :math:`(N, C, L)` nor :math:`(C, L)`, if it has
        no room for a window, or if a setting is out of range.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, L)` or :math:`(C, L)`, :math:`y` of shape
    :math:`(N, C, L')` or :math:`(C, L')`, the same for all :math:`N` and :math:`C`, and
    :math:`|w_{i}|` elements in window :math:`i`,

    .. math::

        \begin{aligned}
        y_{i} &= \frac{1}{|w_{i}|} \sum_{0 \le m < k}
            x_{s i + m - p} \\
        \frac{\partial L}{\partial x_{l}} &= \sum_{i \,:\, l \in w_{i}}
            \frac{1}{|w_{i}|} \frac{\partial L}{\partial y_{i}}
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.AvgPool1d.html

    Examples
    --------
    >>> pool = AvgPool1d(2)
    >>> pool(np.array([[1.0, 5.0, 3.0, 4.0]]))
    array([[3. , 3.5]])
    >>> pool.backward(np.array([[1.0, 10.0]]))
    array([[0.5, 0.5, 5. , 5. ]])
    """

    dims = 1

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.kernel_size = as_tuple(self.kernel_size)
        self.stride = as_tuple(self.stride)
        self.padding = as_tuple(self.padding)


class AvgPool2d(_AvgPool):
    r"""Average each window of an image.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Elements :math:`k` in a window, along each axis.
    stride : int or (int, int), default `kernel_size`
        Distance :math:`s` from one window to the next.
    padding : int or (int, int), default 0
        Zeros :math:`p` at each edge: at most half of `kernel_size`.
    ceil_mode : bool, default False
        True rounds the output's size up: a last window may reach beyond the padding,
        if it starts before it.
    count_include_pad : bool, default True
        Whether :math:`|w|` counts the padding. What lies beyond it never counts.
    divisor_override : int, optional
        In place of :math:`|w|`, for every window.

    Raises
    ------
    TypeError
        If the input is not a floating-point array, or a setting is no integer.
    ValueError
        If the input's shape is neither :math:`(N, C, H, W)` nor :math:`(C, H, W)`, if
        it has no room for a window, or if a setting is out of range.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, H, W)` or :math:`(C, H, W)`, :math:`y` of
    shape :math:`(N, C, H', W')` or :math:`(C, H', W')`, the same for all :math:`N` and
    :math:`C`, and :math:`|w_{ij}|` elements in window :math:`ij`,

    .. math::

        \begin{aligned}
        y_{ij} &= \frac{1}{|w_{ij}|} \sum_{0 \le m, n < k}
            x_{s i + m - p, \, s j + n - p} \\
        \frac{\partial L}{\partial x_{hw}} &= \sum_{ij \,:\, hw \in w_{ij}}
            \frac{1}{|w_{ij}|} \frac{\partial L}{\partial y_{ij}}
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.AvgPool2d.html

    Examples
    --------
    >>> pool = AvgPool2d(3, stride=2, padding=1)
    >>> pool(np.zeros((64, 32, 28, 28), np.float32)).shape
    (64, 32, 14, 14)
    """

    dims = 2


class AvgPool3d(_AvgPool):
    r"""Average each window of a volume.

    Parameters
    ----------
    kernel_size : int or (int, int, int)
        Elements :math:`k` in a window, along each axis.
    stride : int or (int, int, int), default `kernel_size`
        Distance :math:`s` from one window to the next.
    padding : int or (int, int, int), default 0
        Zeros :math:`p` at each edge: at most half of `kernel_size`.
    ceil_mode : bool, default False
        True rounds the output's size up: a last window may reach beyond the padding,
        if it starts before it.
    count_include_pad : bool, default True
        Whether :math:`|w|` counts the padding. What lies beyond it never counts.
    divisor_override : int, optional
        In place of :math:`|w|`, for every window.

    Raises
    ------
    TypeError
        If the input is not a floating-point array, or a setting is no integer.
    ValueError
        If the input's shape is neither :math:`(N, C, D, H, W)` nor
        :math:`(C, D, H, W)`, if it has no room for a window, or if a setting is out of
        range.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, D, H, W)` or :math:`(C, D, H, W)`, :math:`y`
    of shape :math:`(N, C, D', H', W')` or :math:`(C, D', H', W')`, the same for all
    :math:`N` and :math:`C`, and :math:`|w_{ijq}|` elements in window :math:`ijq`,

    .. math::

        \begin{aligned}
        y_{ijq} &= \frac{1}{|w_{ijq}|} \sum_{0 \le m, n, o < k}
            x_{s i + m - p, \, s j + n - p, \, s q + o - p} \\
        \frac{\partial L}{\partial x_{uhw}} &= \sum_{ijq \,:\, uhw \in w_{ijq}}
            \frac{1}{|w_{ijq}|} \frac{\partial L}{\partial y_{ijq}}
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.AvgPool3d.html

    Examples
    --------
    >>> AvgPool3d((1, 2, 2))(np.zeros((4, 3, 8, 16, 16))).shape
    (4, 3, 8, 8, 8)
    """

    dims = 3


def volumes(lengths: Sequence[Array]) -> Array:
    """Return the number of elements in each box, given the lengths of its sides."""
    return reduce(np.multiply.outer, lengths)


def sums(x: Array, boxes: Sequence[Windows]) -> Array:
    """Return the sum over each box, one axis after another."""
    # inf - inf is NaN and large numbers add up to inf, as in torch: without a warning.
    with np.errstate(over="ignore", invalid="ignore"):
        for windows in reversed(boxes):
            x = _sums_along(windows, x)
    return x


def spread(grad: Array, boxes: Sequence[Windows]) -> Array:
    """Give every element of a box the gradient of the box's sum."""
    with np.errstate(over="ignore", invalid="ignore"):
        for windows in boxes:
            grad = _spread_along(windows, grad)
    return grad


def _sums_along(windows: Windows, x: Array) -> Array:
    # In the memory order of x, which convolutions lay out with the batch last.
    y = np.empty_like(x, shape=windows.output_shape(x.shape))
    for outputs, taps in windows.runs:
        total = y[outputs]
        total[...] = x[taps[0]]
        for tap in taps[1:]:
            total += x[tap]
    return y


def _spread_along(windows: Windows, grad_y: Array) -> Array:
    grad_x = np.zeros_like(grad_y, shape=windows.input_shape(grad_y.shape))
    for outputs, taps in windows.runs:
        for tap in taps:
            if windows.disjoint:
                grad_x[tap] = grad_y[outputs]
            else:
                grad_x[tap] += grad_y[outputs]
    return grad_x
