"""Max unpooling: put maxima back where they came from."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from scratchnet.nn._check import expect_integers
from scratchnet.nn.module import Array
from scratchnet.nn.pooling._windows import Pooling, as_sizes, as_tuple, expect_planes


class _MaxUnpool(Pooling):
    """Max unpooling in any number of dimensions."""

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
    ) -> None:
        super().__init__()
        self.kernel_size = as_tuple(kernel_size, self.dims)
        self.stride = as_tuple(kernel_size if stride is None else stride, self.dims)
        self.padding = as_tuple(padding, self.dims)

    def forward(
        self, input: Array, indices: Array, output_size: Sequence[int] | None = None
    ) -> Array:
        x = input
        expect_planes(self, x, occupied=self.dims + 1)
        expect_integers(self, indices, name="indices")
        name = type(self).__name__
        if indices.shape != x.shape:
            raise ValueError(f"{name} indices expects {x.shape}, got {indices.shape}")
        sizes = self.output_sizes(x.shape[-self.dims :], output_size)
        places = math.prod(sizes)
        if x.size and not 0 <= indices.min() <= indices.max() < places:
            raise IndexError(
                f"{name} expects indices from 0 to {places - 1} in planes of {sizes}, "
                f"got {indices.min()} to {indices.max()}"
            )
        y = np.zeros((*x.shape[: -self.dims], *sizes), x.dtype)
        starts = np.arange(0, y.size, max(places, 1))
        starts = starts.reshape(*x.shape[: -self.dims], *(1,) * self.dims)
        at = starts + indices.astype(np.int64)
        y.put(at, x)
        self.save_for_backward(at)
        return y

    def backward(
        self, grad_output: Array, input_grad: bool = True
    ) -> tuple[Array | None, None]:
        (at,) = self.saved_for(grad_output)
        return grad_output.take(at) if input_grad else None, None

    def output_sizes(
        self, sizes: Sequence[int], output_size: Sequence[int] | None
    ) -> tuple[int, ...]:
        """Return the size of a plane: what is wanted, if it fits, or the default."""
        kernels = as_sizes(self, "kernel_size", self.kernel_size)
        strides = as_sizes(self, "stride", self.stride)
        paddings = as_sizes(self, "padding", self.padding, least=0)
        default = tuple(
            (size - 1) * s + k - 2 * p
            for size, k, s, p in zip(sizes, kernels, strides, paddings, strict=True)
        )
        wanted = default if output_size is None else tuple(output_size)
        if len(wanted) == self.dims + 2:
            wanted = wanted[2:]
        fits = len(wanted) == self.dims and all(
            n - s < w < n + s for n, s, w in zip(default, strides, wanted, strict=True)
        )
        if not fits:
            raise ValueError(
                f"{type(self).__name__} expects an output_size less than the stride "
                f"{strides} away from {default}, got {output_size}"
            )
        return as_sizes(self, "output_size", wanted, least=0)

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding}"
        )


class MaxUnpool1d(_MaxUnpool):
    r"""Put the maxima of a sequence back where they came from, among zeros.

    It is called with the output and the indices of a `MaxPool1d` that returns both,
    and, as several sizes lead to one after pooling, with the ``output_size`` wanted.

    Parameters
    ----------
    kernel_size : int or (int,)
        Of the pooling that is undone.
    stride : int or (int,), default `kernel_size`
        Of the pooling that is undone.
    padding : int or (int,), default 0
        Of the pooling that is undone.

    Raises
    ------
    TypeError
        If the input is not a floating-point array, the indices are not integers, or
        a setting is no integer.
    ValueError
        If the input's shape is neither :math:`(N, C, L')` nor :math:`(C, L')`, if that
        of the indices is another, or if the output size does not fit the windows.
    IndexError
        If an index lies outside its plane of the output.

    Notes
    -----
    With :math:`x` and the indices :math:`\pi` of shape :math:`(N, C, L')` or
    :math:`(C, L')`, :math:`y` of shape :math:`(N, C, L)` or :math:`(C, L)`, each plane
    of it flattened, and the same for all :math:`N` and :math:`C`,

    .. math::

        y_{\pi_{i}} = x_{i}, \quad \text{the rest } 0, \qquad
        \frac{\partial L}{\partial x_{i}} =
            \frac{\partial L}{\partial y_{\pi_{i}}}

    Unless an `output_size` is given, a size of :math:`L'` becomes
    :math:`(L' - 1) s + k - 2 p`. There is no gradient for the indices: ``backward``
    returns :math:`(\partial L / \partial x, \text{None})`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.MaxUnpool1d.html

    Examples
    --------
    >>> from scratchnet.nn import MaxPool1d
    >>> pool, unpool = MaxPool1d(2, return_indices=True), MaxUnpool1d(2)
    >>> unpool(*pool(np.array([[1.0, 5.0, 3.0, 3.0]])))
    array([[0., 5., 3., 0.]])
    """

    dims = 1


class MaxUnpool2d(_MaxUnpool):
    r"""Put the maxima of an image back where they came from, among zeros.

    It is called with the output and the indices of a `MaxPool2d` that returns both,
    and, as several sizes lead to one after pooling, with the ``output_size`` wanted.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Of the pooling that is undone.
    stride : int or (int, int), default `kernel_size`
        Of the pooling that is undone.
    padding : int or (int, int), default 0
        Of the pooling that is undone.

    Raises
    ------
    TypeError
        If the input is not a floating-point array, the indices are not integers, or
        a setting is no integer.
    ValueError
        If the input's shape is neither :math:`(N, C, H', W')` nor :math:`(C, H', W')`,
        if that of the indices is another, or if the output size does not fit the
        windows.
    IndexError
        If an index lies outside its plane of the output.

    Notes
    -----
    With :math:`x` and the indices :math:`\pi` of shape :math:`(N, C, H', W')` or
    :math:`(C, H', W')`, :math:`y` of shape :math:`(N, C, H, W)` or :math:`(C, H, W)`,
    each plane of it flattened, and the same for all :math:`N` and :math:`C`,

    .. math::

        y_{\pi_{ij}} = x_{ij}, \quad \text{the rest } 0, \qquad
        \frac{\partial L}{\partial x_{ij}} =
            \frac{\partial L}{\partial y_{\pi_{ij}}}

    Unless an `output_size` is given, a size of :math:`L'` becomes
    :math:`(L' - 1) s + k - 2 p`. There is no gradient for the indices: ``backward``
    returns :math:`(\partial L / \partial x, \text{None})`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.MaxUnpool2d.html

    Examples
    --------
    >>> from scratchnet.nn import MaxPool2d
    >>> pool, unpool = MaxPool2d(2, return_indices=True), MaxUnpool2d(2)
    >>> y, indices = pool(np.ones((1, 1, 5, 4)))
    >>> unpool(y, indices, output_size=(5, 4)).shape
    (1, 1, 5, 4)
    """

    dims = 2


class MaxUnpool3d(_MaxUnpool):
    r"""Put the maxima of a volume back where they came from, among zeros.

    It is called with the output and the indices of a `MaxPool3d` that returns both,
    and, as several sizes lead to one after pooling, with the ``output_size`` wanted.

    Parameters
    ----------
    kernel_size : int or (int, int, int)
        Of the pooling that is undone.
    stride : int or (int, int, int), default `kernel_size`
        Of the pooling that is undone.
    padding : int or (int, int, int), default 0
        Of the pooling that is undone.

    Raises
    ------
    TypeError
        If the input is not a floating-point array, the indices are not integers, or
        a setting is no integer.
    ValueError
        If the input's shape is neither :math:`(N, C, D', H', W')` nor
        :math:`(C, D', H', W')`, if that of the indices is another, or if the output
        size does not fit the windows.
    IndexError
        If an index lies outside its plane of the output.

    Notes
    -----
    With :math:`x` and the indices :math:`\pi` of shape :math:`(N, C, D', H', W')` or
    :math:`(C, D', H', W')`, :math:`y` of shape :math:`(N, C, D, H, W)` or
    :math:`(C, D, H, W)`, each plane of it flattened, and the same for all :math:`N` and
    :math:`C`,

    .. math::

        y_{\pi_{ijq}} = x_{ijq}, \quad \text{the rest } 0, \qquad
        \frac{\partial L}{\partial x_{ijq}} =
            \frac{\partial L}{\partial y_{\pi_{ijq}}}

    Unless an `output_size` is given, a size of :math:`L'` becomes
    :math:`(L' - 1) s + k - 2 p`. There is no gradient for the indices: ``backward``
    returns :math:`(\partial L / \partial x, \text{None})`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.MaxUnpool3d.html

    Examples
    --------
    >>> y, indices = np.ones((1, 2, 2, 2)), np.arange(8).reshape(1, 2, 2, 2)
    >>> MaxUnpool3d(2)(y, indices).shape
    (1, 4, 4, 4)
    """

    dims = 3
