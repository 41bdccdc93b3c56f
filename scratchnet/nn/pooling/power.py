"""Power-average pooling: the p-norm of each window, but for its signs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from scratchnet.nn.module import Array
from scratchnet.nn.pooling._windows import Pooling, Windows, as_sizes, sliding_boxes
from scratchnet.nn.pooling.average import spread, sums, volumes
from scratchnet.nn.pooling.max import maxima, to_winners


class _LPPool(Pooling):
    """Power-average pooling in any number of dimensions."""

    def __init__(
        self,
        norm_type: float,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Array) -> Array:
        x = input
        boxes = self.boxes(x)
        p = float(self.norm_type)
        if np.isinf(p):
            y, rounds = maxima(np.copysign(x, p), boxes)
            self.save_for_backward(x, boxes, rounds)
            return np.abs(y)
        # ceil_mode may cut a window short: its sum then counts as a full one's.
        full = math.prod(as_sizes(self, "kernel_size", self.kernel_size))
        c = (full / volumes([w.length for w in boxes])).astype(x.dtype)
        with np.errstate(all="ignore"):  # S = 0 and roots of negative S, as in torch
            S = c * sums(x**p, boxes)
            y = S ** (1 / p)
        self.save_for_backward(x, boxes, (S, c))
        return y

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        x, boxes, kept = self.saved_for(grad_output)
        if not input_grad:
            return None
        p = float(self.norm_type)
        if np.isinf(p):
            sign: Array = np.sign(x)
            return sign * to_winners(grad_output, kept)
        S, c = kept
        with np.errstate(all="ignore"):
            # The factor 1 / p of the root and the factor p of the power cancel.
            grad_S = grad_output * S ** (1 / p - 1)
            grad_S[S == 0] = 0
            slope: Array = x ** (p - 1)
            return slope * spread(c * grad_S, boxes)

    def boxes(self, x: Array) -> list[Windows]:
        """Return the windows along each axis, or refuse `x`."""
        if self.norm_type == 0:
            raise ValueError(f"{self} expects a norm_type that is not 0")
        stride = self.kernel_size if self.stride is None else self.stride
        return sliding_boxes(
            self, x, self.kernel_size, stride, ceil_mode=self.ceil_mode
        )

    def extra_repr(self) -> str:
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPool):
    r"""Take the p-norm of each window of a sequence, with the signs left in.

    Parameters
    ----------
    norm_type : float
        The power :math:`p`, not 0: 1 is the sum, 2 the length, and infinity the
        largest magnitude.
    kernel_size : int or (int,)
        Elements :math:`k` in a window.
    stride : int or (int,), default `kernel_size`
        Distance :math:`s` from one window to the next.
    ceil_mode : bool, default False
        True rounds the output's size up. A last window that reaches beyond the input
        has its sum scaled up to the full number of elements.

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
    :math:`(N, C, L')` or :math:`(C, L')`, and the same for all :math:`N` and :math:`C`,

    .. math::

        \begin{aligned}
        y_{i} &= S_{i}^{1/p}, \qquad
        S_{i} = c_{i} \sum_{0 \le m < k} x_{s i + m}^p \\
        \frac{\partial L}{\partial x_{l}} &= x_{l}^{p - 1}
            \sum_{i \,:\, l \in w_{i}}
            c_{i} S_{i}^{1/p - 1} \frac{\partial L}{\partial y_{i}}
        \end{aligned}

    where :math:`c` is 1, but for a window that reaches beyond the input the number of
    its elements over that of those inside. Where :math:`S = 0` the gradient is taken to
    be 0. The signs stay, so odd powers may cancel, and a root of a negative number is
    NaN. For :math:`p = \pm\infty`, the largest or least magnitude, the gradient goes to
    the first element that has it, with that element's sign.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.LPPool1d.html

    Examples
    --------
    >>> pool = LPPool1d(2, 2)
    >>> pool(np.array([[3.0, -4.0, 0.0, 0.0]]))
    array([[5., 0.]])
    >>> pool.backward(np.array([[1.0, 10.0]]))
    array([[ 0.6, -0.8,  0. ,  0. ]])
    """

    dims = 1


class LPPool2d(_LPPool):
    r"""Take the p-norm of each window of an image, with the signs left in.

    Parameters
    ----------
    norm_type : float
        The power :math:`p`, not 0: 1 is the sum, 2 the length, and infinity the
        largest magnitude.
    kernel_size : int or (int, int)
        Elements :math:`k` in a window, along each axis.
    stride : int or (int, int), default `kernel_size`
        Distance :math:`s` from one window to the next.
    ceil_mode : bool, default False
        True rounds the output's size up. A last window that reaches beyond the input
        has its sum scaled up to the full number of elements.

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
    shape :math:`(N, C, H', W')` or :math:`(C, H', W')`, and the same for all :math:`N`
    and :math:`C`,

    .. math::

        \begin{aligned}
        y_{ij} &= S_{ij}^{1/p}, \qquad
        S_{ij} = c_{ij} \sum_{0 \le m, n < k} x_{s i + m, \, s j + n}^p \\
        \frac{\partial L}{\partial x_{hw}} &= x_{hw}^{p - 1}
            \sum_{ij \,:\, hw \in w_{ij}}
            c_{ij} S_{ij}^{1/p - 1} \frac{\partial L}{\partial y_{ij}}
        \end{aligned}

    where :math:`c` is 1, but for a window that reaches beyond the input the number of
    its elements over that of those inside. Where :math:`S = 0` the gradient is taken to
    be 0. The signs stay, so odd powers may cancel, and a root of a negative number is
    NaN. For :math:`p = \pm\infty`, the largest or least magnitude, the gradient goes to
    the first element that has it, with that element's sign.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.LPPool2d.html

    Examples
    --------
    >>> LPPool2d(2, (2, 3))(np.zeros((4, 3, 16, 24), np.float32)).shape
    (4, 3, 8, 8)
    """

    dims = 2


class LPPool3d(_LPPool):
    r"""Take the p-norm of each window of a volume, with the signs left in.

    Parameters
    ----------
    norm_type : float
        The power :math:`p`, not 0: 1 is the sum, 2 the length, and infinity the
        largest magnitude.
    kernel_size : int or (int, int, int)
        Elements :math:`k` in a window, along each axis.
    stride : int or (int, int, int), default `kernel_size`
        Distance :math:`s` from one window to the next.
    ceil_mode : bool, default False
        True rounds the output's size up. A last window that reaches beyond the input
        has its sum scaled up to the full number of elements.

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
    of shape :math:`(N, C, D', H', W')` or :math:`(C, D', H', W')`, and the same for all
    :math:`N` and :math:`C`,

    .. math::

        \begin{aligned}
        y_{ijq} &= S_{ijq}^{1/p}, \qquad
        S_{ijq} = c_{ijq} \sum_{0 \le m, n, o < k}
            x_{s i + m, \, s j + n, \, s q + o}^p \\
        \frac{\partial L}{\partial x_{uhw}} &= x_{uhw}^{p - 1}
            \sum_{ijq \,:\, uhw \in w_{ijq}}
            c_{ijq} S_{ijq}^{1/p - 1} \frac{\partial L}{\partial y_{ijq}}
        \end{aligned}

    where :math:`c` is 1, but for a window that reaches beyond the input the number of
    its elements over that of those inside. Where :math:`S = 0` the gradient is taken to
    be 0. The signs stay, so odd powers may cancel, and a root of a negative number is
    NaN. For :math:`p = \pm\infty`, the largest or least magnitude, the gradient goes to
    the first element that has it, with that element's sign.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.LPPool3d.html

    Examples
    --------
    >>> LPPool3d(1.5, 2)(np.zeros((4, 3, 8, 16, 16))).shape
    (4, 3, 4, 8, 8)
    """

    dims = 3
