"""Reflection, replication, circles: an index map along each axis.

What the map takes from an element, backward adds back to it.
"""

from __future__ import annotations

import numpy as np

from scratchnet.nn._check import expect_floating
from scratchnet.nn.module import Array
from scratchnet.nn.padding._sides import Pad, Side


class _IndexPad(Pad):
    r"""Fill the border with elements of the input.

    Notes
    -----
    Along each padded axis, place :math:`i` of the output, counted from :math:`-left`
    to below :math:`n + right`, takes element :math:`\pi(i)` of the :math:`n` elements
    that are there. Backward adds back what was taken:

    .. math::

        y_i = x_{\pi(i)}, \qquad
        \frac{\partial L}{\partial x_j} =
            \sum_{i \,:\, \pi(i) = j} \frac{\partial L}{\partial y_i}
    """

    def pi(self, size: int, left: int, right: int) -> Array:
        r"""Return :math:`\pi(i)` for every place, refusing what has none."""
        raise AttributeError(f"{type(self).__name__} defines no pi")

    def forward(self, input: Array) -> Array:
        x = input
        expect_floating(self, x)
        if x.ndim not in (self.dims + 1, self.dims + 2):
            raise ValueError(
                f"{type(self).__name__} expects {self.dims + 1} or {self.dims + 2} "
                f"dimensions, got {x.shape}"
            )
        sides = self.sides(x)
        maps = [self.pi(size, left, right) for _, size, left, right in sides]
        y = x
        for (axis, _, _, _), pi in zip(sides, maps, strict=True):
            y = y.take(pi, axis)
        self.save_for_backward(sides, maps)
        return y

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        sides, maps = self.saved_for(grad_output)
        if not input_grad:
            return None
        grad = grad_output
        for side, pi in zip(reversed(sides), reversed(maps), strict=True):
            grad = _add_back(grad, pi, side)
        return grad


def _add_back(grad: Array, pi: Array, side: Side) -> Array:
    """Return, along one axis, the sum of the gradients of all that took an element."""
    axis, size, left, right = side
    before = (slice(None),) * axis
    grad_x = np.zeros((*grad.shape[:axis], size, *grad.shape[axis + 1 :]), grad.dtype)
    # Most places hold the element that was there: one slice. The border is short.
    start, stop = max(-left, 0), max(-left, 0, size + min(right, 0))
    grad_x[*before, start:stop] = grad[*before, start + left : stop + left]
    for place in (*range(min(start + left, len(pi))), *range(stop + left, len(pi))):
        grad_x[*before, pi[place]] += grad[*before, place]
    return grad_x


class _ReflectionPad(_IndexPad):
    def pi(self, size: int, left: int, right: int) -> Array:
        if max(left, right) >= size or size + left + right < 1:
            raise ValueError(f"{self} expects more than its sizes, got {size} elements")
        places = np.abs(np.arange(-left, size + right))
        mirrored: Array = size - 1 - np.abs(size - 1 - places)
        return mirrored


class _ReplicationPad(_IndexPad):
    def pi(self, size: int, left: int, right: int) -> Array:
        if size < 1 or size + left + right < 1:
            raise ValueError(f"{self} leaves nothing of {size} elements")
        return np.clip(np.arange(-left, size + right), 0, size - 1)


class _CircularPad(_IndexPad):
    def pi(self, size: int, left: int, right: int) -> Array:
        # As in torch, what is cropped away is out of the circle.
        start, kept = max(-left, 0), size + min(left, 0) + min(right, 0)
        if kept < max(left, right, 0):
            raise ValueError(f"{self} wraps more than once around {size} elements")
        return start + (np.arange(-left, size + right) - start) % max(kept, 1)


class ReflectionPad1d(_ReflectionPad):
    r"""Extend the last dimension as in a mirror at its ends.

    Parameters
    ----------
    padding : int or tuple of int
        (left, right), or one size for both. A negative size crops.

    Raises
    ------
    TypeError
        If the input is not a floating-point array, or a size no integer.
    ValueError
        If a size reaches that of its dimension, if nothing is left, or if the input
        has another number of dimensions.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, n)` or :math:`(C, n)`, and :math:`i` from
    :math:`-left` to below :math:`n + right`,

    .. math::

        y_i = x_{\pi(i)}, \qquad \pi(i) = n - 1 - \big| n - 1 - |i| \big|, \qquad
        \frac{\partial L}{\partial x_j} =
            \sum_{i \,:\, \pi(i) = j} \frac{\partial L}{\partial y_i}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ReflectionPad1d.html

    Examples
    --------
    >>> ReflectionPad1d(2)(np.array([[1.0, 2.0, 3.0]]))
    array([[3., 2., 1., 2., 3., 2., 1.]])
    """

    dims = 1


class ReflectionPad2d(_ReflectionPad):
    r"""Extend each of the last two dimensions as in a mirror at its ends.

    The sizes are (left, right, top, bottom), or one for all. Otherwise as
    `ReflectionPad1d`, for an input of shape
    (C, H, W) or (N, C, H, W).

    Notes
    -----
    Axis after axis, with :math:`\pi` as in `ReflectionPad1d`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ReflectionPad2d.html

    Examples
    --------
    >>> ReflectionPad2d(1)(np.zeros((1, 3, 4))).shape
    (1, 5, 6)
    """

    dims = 2


class ReflectionPad3d(_ReflectionPad):
    r"""Extend each of the last three dimensions as in a mirror at its ends.

    The sizes are (left, right, top, bottom, front, back), or one for all. Otherwise as
    `ReflectionPad1d`, for an input of shape
    (C, D, H, W) or (N, C, D, H, W).

    Notes
    -----
    Axis after axis, with :math:`\pi` as in `ReflectionPad1d`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ReflectionPad3d.html

    Examples
    --------
    >>> ReflectionPad3d(1)(np.zeros((1, 2, 3, 4))).shape
    (1, 4, 5, 6)
    """

    dims = 3


class ReplicationPad1d(_ReplicationPad):
    r"""Extend the last dimension with copies of its ends.

    Parameters
    ----------
    padding : int or tuple of int
        (left, right), or one size for both. A negative size crops.

    Raises
    ------
    TypeError
        If the input is not a floating-point array, or a size no integer.
    ValueError
        If nothing is left, or if the input has another number of dimensions.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, n)` or :math:`(C, n)`, and :math:`i` from
    :math:`-left` to below :math:`n + right`,

    .. math::

        y_i = x_{\pi(i)}, \qquad \pi(i) = \min(\max(i, 0), n - 1), \qquad
        \frac{\partial L}{\partial x_j} =
            \sum_{i \,:\, \pi(i) = j} \frac{\partial L}{\partial y_i}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ReplicationPad1d.html

    Examples
    --------
    >>> ReplicationPad1d(2)(np.array([[1.0, 2.0, 3.0]]))
    array([[1., 1., 1., 2., 3., 3., 3.]])
    """

    dims = 1


class ReplicationPad2d(_ReplicationPad):
    r"""Extend each of the last two dimensions with copies of its ends.

    The sizes are (left, right, top, bottom), or one for all. Otherwise as
    `ReplicationPad1d`, for an input of shape
    (C, H, W) or (N, C, H, W).

    Notes
    -----
    Axis after axis, with :math:`\pi` as in `ReplicationPad1d`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ReplicationPad2d.html

    Examples
    --------
    >>> ReplicationPad2d(1)(np.zeros((1, 3, 4))).shape
    (1, 5, 6)
    """

    dims = 2


class ReplicationPad3d(_ReplicationPad):
    r"""Extend each of the last three dimensions with copies of its ends.

    The sizes are (left, right, top, bottom, front, back), or one for all. Otherwise as
    `ReplicationPad1d`, for an input of shape
    (C, D, H, W) or (N, C, D, H, W).

    Notes
    -----
    Axis after axis, with :math:`\pi` as in `ReplicationPad1d`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ReplicationPad3d.html

    Examples
    --------
    >>> ReplicationPad3d(1)(np.zeros((1, 2, 3, 4))).shape
    (1, 4, 5, 6)
    """

    dims = 3


class CircularPad1d(_CircularPad):
    r"""Extend the last dimension as if its ends met.

    Parameters
    ----------
    padding : int or tuple of int
        (left, right), or one size for both. A negative size crops.

    Raises
    ------
    TypeError
        If the input is not a floating-point array, or a size no integer.
    ValueError
        If a size exceeds what its dimension holds, or if the input has another
        number of dimensions.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, n)` or :math:`(C, n)`, and :math:`i` from
    :math:`-left` to below :math:`n + right`,

    .. math::

        y_i = x_{\pi(i)}, \qquad \pi(i) = i \bmod n, \qquad
        \frac{\partial L}{\partial x_j} =
            \sum_{i \,:\, \pi(i) = j} \frac{\partial L}{\partial y_i}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.CircularPad1d.html

    Examples
    --------
    >>> CircularPad1d(2)(np.array([[1.0, 2.0, 3.0]]))
    array([[2., 3., 1., 2., 3., 1., 2.]])
    """

    dims = 1


class CircularPad2d(_CircularPad):
    r"""Extend each of the last two dimensions as if its ends met.

    The sizes are (left, right, top, bottom), or one for all. Otherwise as
    `CircularPad1d`, for an input of shape
    (C, H, W) or (N, C, H, W).

    Notes
    -----
    Axis after axis, with :math:`\pi` as in `CircularPad1d`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.CircularPad2d.html

    Examples
    --------
    >>> CircularPad2d(1)(np.zeros((1, 3, 4))).shape
    (1, 5, 6)
    """

    dims = 2


class CircularPad3d(_CircularPad):
    r"""Extend each of the last three dimensions as if its ends met.

    The sizes are (left, right, top, bottom, front, back), or one for all. Otherwise as
    `CircularPad1d`, for an input of shape
    (C, D, H, W) or (N, C, D, H, W).

    Notes
    -----
    Axis after axis, with :math:`\pi` as in `CircularPad1d`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.CircularPad3d.html

    Examples
    --------
    >>> CircularPad3d(1)(np.zeros((1, 2, 3, 4))).shape
    (1, 4, 5, 6)
    """

    dims = 3
