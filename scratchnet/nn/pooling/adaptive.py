"""Adaptive pooling: as many windows as the output asks for, spread evenly."""

from __future__ import annotations

from collections.abc import Sequence

from scratchnet.nn.module import Array
from scratchnet.nn.pooling._windows import Windows, adaptive_boxes
from scratchnet.nn.pooling.average import MeanOfWindows
from scratchnet.nn.pooling.max import MaxOfWindows

OutputSize = int | Sequence[int | None]


class _AdaptiveAvgPool(MeanOfWindows):
    """Average pooling to a given size in any number of dimensions."""

    def __init__(self, output_size: OutputSize) -> None:
        super().__init__()
        self.output_size = output_size

    def boxes(self, x: Array) -> list[Windows]:
        return adaptive_boxes(self, x, self.output_size, occupied=self.dims)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class _AdaptiveMaxPool(MaxOfWindows):
    """Max pooling to a given size in any number of dimensions."""

    def __init__(self, output_size: OutputSize, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def boxes(self, x: Array) -> list[Windows]:
        # An empty batch will do, or unbatched no channels: torch asks no more.
        return adaptive_boxes(self, x, self.output_size, occupied=x.ndim - 1)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    r"""Average a sequence down to a given size.

    Parameters
    ----------
    output_size : int or (int,)
        Windows :math:`O`, whatever the input's size.

    Raises
    ------
    TypeError
        If the input is not a floating-point array, or `output_size` is no integer.
    ValueError
        If the input's shape is neither :math:`(N, C, L)` nor :math:`(C, L)`, if it is
        empty, or if `output_size` is negative.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, L)` or :math:`(C, L)`, the same for all
    :math:`N` and :math:`C`, and along an axis of size :math:`L` the :math:`i`-th of
    :math:`O` windows reaching from :math:`\lfloor i L / O \rfloor` to before
    :math:`\lceil (i + 1) L / O \rceil`,

    .. math::

        \begin{aligned}
        y_{i} &= \frac{1}{|w_{i}|} \sum_{l \in w_{i}} x_{l} \\
        \frac{\partial L}{\partial x_{l}} &= \sum_{i \,:\, l \in w_{i}}
            \frac{1}{|w_{i}|} \frac{\partial L}{\partial y_{i}}
        \end{aligned}

    so that neighbours share an element where :math:`L` is no multiple of :math:`O`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.AdaptiveAvgPool1d.html

    Examples
    --------
    >>> import numpy as np
    >>> pool = AdaptiveAvgPool1d(2)
    >>> pool(np.array([[1.0, 2.0, 3.0]]))
    array([[1.5, 2.5]])
    >>> pool.backward(np.array([[1.0, 10.0]]))
    array([[0.5, 5.5, 5. ]])
    """

    dims = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    r"""Average an image down to a given size.

    Parameters
    ----------
    output_size : int or tuple of int or None
        Windows :math:`O` along each axis, whatever the input's size.
        None keeps the input's size along its axis.

    Raises
    ------
    TypeError
        If the input is not a floating-point array, or `output_size` is no integer.
    ValueError
        If the input's shape is neither :math:`(N, C, H, W)` nor :math:`(C, H, W)`, if
        it is empty, or if `output_size` is negative.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, H, W)` or :math:`(C, H, W)`, the same for all
    :math:`N` and :math:`C`, and along an axis of size :math:`L` the :math:`i`-th of
    :math:`O` windows reaching from :math:`\lfloor i L / O \rfloor` to before
    :math:`\lceil (i + 1) L / O \rceil`, for rows and columns alike,

    .. math::

        \begin{aligned}
        y_{ij} &= \frac{1}{|w_{ij}|} \sum_{hw \in w_{ij}} x_{hw} \\
        \frac{\partial L}{\partial x_{hw}} &= \sum_{ij \,:\, hw \in w_{ij}}
            \frac{1}{|w_{ij}|} \frac{\partial L}{\partial y_{ij}}
        \end{aligned}

    so that neighbours share an element where :math:`L` is no multiple of :math:`O`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.AdaptiveAvgPool2d.html

    Examples
    --------
    >>> import numpy as np
    >>> AdaptiveAvgPool2d((7, None))(np.zeros((4, 3, 16, 24), np.float32)).shape
    (4, 3, 7, 24)
    """

    dims = 2


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    r"""Average a volume down to a given size.

    Parameters
    ----------
    output_size : int or tuple of int or None
        Windows :math:`O` along each axis, whatever the input's size.
        None keeps the input's size along its axis.

    Raises
    ------
    TypeError
        If the input is not a floating-point array, or `output_size` is no integer.
    ValueError
        If the input's shape is neither :math:`(N, C, D, H, W)` nor
        :math:`(C, D, H, W)`, if it is empty, or if `output_size` is negative.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, D, H, W)` or :math:`(C, D, H, W)`, the same
    for all :math:`N` and :math:`C`, and along an axis of size :math:`L` the
    :math:`i`-th of :math:`O` windows reaching from :math:`\lfloor i L / O \rfloor` to
    before :math:`\lceil (i + 1) L / O \rceil`, for each axis alike,

    .. math::

        \begin{aligned}
        y_{ijq} &= \frac{1}{|w_{ijq}|} \sum_{uhw \in w_{ijq}} x_{uhw} \\
        \frac{\partial L}{\partial x_{uhw}} &= \sum_{ijq \,:\, uhw \in w_{ijq}}
            \frac{1}{|w_{ijq}|} \frac{\partial L}{\partial y_{ijq}}
        \end{aligned}

    so that neighbours share an element where :math:`L` is no multiple of :math:`O`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.AdaptiveAvgPool3d.html

    Examples
    --------
    >>> import numpy as np
    >>> AdaptiveAvgPool3d(1)(np.zeros((4, 3, 8, 16, 16))).shape
    (4, 3, 1, 1, 1)
    """

    dims = 3


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    r"""Keep the largest elements of a sequence, down to a given size.

    Parameters
    ----------
    output_size : int or (int,)
        Windows :math:`O`, whatever the input's size.
    return_indices : bool, default False
        Also return where the maxima are: flat int64 indices into each plane of the
        input, as `MaxUnpool1d` takes them.

    Raises
    ------
    TypeError
        If the input is not a floating-point array, or `output_size` is no integer.
    ValueError
        If the input's shape is neither :math:`(N, C, L)` nor :math:`(C, L)`, if it is
        empty, or if `output_size` is negative.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, L)` or :math:`(C, L)`, the same for all
    :math:`N` and :math:`C`, and along an axis of size :math:`L` the :math:`i`-th of
    :math:`O` windows reaching from :math:`\lfloor i L / O \rfloor` to before
    :math:`\lceil (i + 1) L / O \rceil`,

    .. math::

        \begin{aligned}
        y_{i} &= \max_{l \in w_{i}} x_{l} = x_{l_i} \\
        \frac{\partial L}{\partial x_{l}} &= \sum_{i} [l = l_i]
            \frac{\partial L}{\partial y_{i}}
        \end{aligned}

    so that neighbours share an element where :math:`L` is no multiple of :math:`O`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.AdaptiveMaxPool1d.html

    Examples
    --------
    >>> import numpy as np
    >>> pool = AdaptiveMaxPool1d(2, return_indices=True)
    >>> pool(np.array([[1.0, 2.0, 3.0]]))
    (array([[2., 3.]]), array([[1, 2]]))
    >>> pool.backward(np.array([[1.0, 10.0]]))
    array([[ 0.,  1., 10.]])
    """

    dims = 1


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    r"""Keep the largest elements of an image, down to a given size.

    Parameters
    ----------
    output_size : int or tuple of int or None
        Windows :math:`O` along each axis, whatever the input's size.
        None keeps the input's size along its axis.
    return_indices : bool, default False
        Also return where the maxima are: flat int64 indices into each plane of the
        input, as `MaxUnpool2d` takes them.

    Raises
    ------
    TypeError
        If the input is not a floating-point array, or `output_size` is no integer.
    ValueError
        If the input's shape is neither :math:`(N, C, H, W)` nor :math:`(C, H, W)`, if
        it is empty, or if `output_size` is negative.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, H, W)` or :math:`(C, H, W)`, the same for all
    :math:`N` and :math:`C`, and along an axis of size :math:`L` the :math:`i`-th of
    :math:`O` windows reaching from :math:`\lfloor i L / O \rfloor` to before
    :math:`\lceil (i + 1) L / O \rceil`, for rows and columns alike,

    .. math::

        \begin{aligned}
        y_{ij} &= \max_{hw \in w_{ij}} x_{hw} = x_{(h, w)_{ij}} \\
        \frac{\partial L}{\partial x_{hw}} &= \sum_{ij} [(h, w) = (h, w)_{ij}]
            \frac{\partial L}{\partial y_{ij}}
        \end{aligned}

    so that neighbours share an element where :math:`L` is no multiple of :math:`O`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.AdaptiveMaxPool2d.html

    Examples
    --------
    >>> import numpy as np
    >>> AdaptiveMaxPool2d((7, None))(np.zeros((4, 3, 16, 24), np.float32)).shape
    (4, 3, 7, 24)
    """

    dims = 2


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    r"""Keep the largest elements of a volume, down to a given size.

    Parameters
    ----------
    output_size : int or tuple of int or None
        Windows :math:`O` along each axis, whatever the input's size.
        None keeps the input's size along its axis.
    return_indices : bool, default False
        Also return where the maxima are: flat int64 indices into each plane of the
        input, as `MaxUnpool3d` takes them.

    Raises
    ------
    TypeError
        If the input is not a floating-point array, or `output_size` is no integer.
    ValueError
        If the input's shape is neither :math:`(N, C, D, H, W)` nor
        :math:`(C, D, H, W)`, if it is empty, or if `output_size` is negative.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, D, H, W)` or :math:`(C, D, H, W)`, the same
    for all :math:`N` and :math:`C`, and along an axis of size :math:`L` the
    :math:`i`-th of :math:`O` windows reaching from :math:`\lfloor i L / O \rfloor` to
    before :math:`\lceil (i + 1) L / O \rceil`, for each axis alike,

    .. math::

        \begin{aligned}
        y_{ijq} &= \max_{uhw \in w_{ijq}} x_{uhw} = x_{(u, h, w)_{ijq}} \\
        \frac{\partial L}{\partial x_{uhw}} &= \sum_{ijq} [(u, h, w) = (u, h, w)_{ijq}]
            \frac{\partial L}{\partial y_{ijq}}
        \end{aligned}

    so that neighbours share an element where :math:`L` is no multiple of :math:`O`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.AdaptiveMaxPool3d.html

    Examples
    --------
    >>> import numpy as np
    >>> AdaptiveMaxPool3d(1)(np.zeros((4, 3, 8, 16, 16))).shape
    (4, 3, 1, 1, 1)
    """

    dims = 3
