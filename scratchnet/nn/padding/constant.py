"""Padding with a constant: a larger array with the input in it."""

from __future__ import annotations

import numpy as np

from scratchnet.nn._check import expect_floating
from scratchnet.nn.module import Array
from scratchnet.nn.padding._sides import Pad


class _ConstantPad(Pad):
    def __init__(self, padding: int | tuple[int, ...], value: float) -> None:
        super().__init__(padding)
        if not isinstance(value, int | float | np.number):
            raise TypeError(f"{type(self).__name__} expects a number, got {value!r}")
        self.value = value

    def forward(self, input: Array) -> Array:
        x = input
        expect_floating(self, x)
        sides = self.sides(x)
        left_over = [size + min(l, 0) + min(r, 0) for _, size, l, r in sides]
        if len(sides) < self.dims or min(left_over) < 0:
            raise ValueError(f"{self} expects more to pad or crop, got {x.shape}")
        shape, kept, inside = (
            list(x.shape),
            [slice(None)] * x.ndim,
            [slice(None)] * x.ndim,
        )
        for axis, size, left, right in sides:
            shape[axis] = size + left + right
            kept[axis] = slice(max(-left, 0), size + min(right, 0))
            inside[axis] = slice(max(left, 0), size + left + min(right, 0))
        y = np.full(shape, self.value, x.dtype)
        y[*inside] = x[*kept]
        self.save_for_backward(x.shape, kept, inside)
        return y

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        shape, kept, inside = self.saved_for(grad_output)
        if not input_grad:
            return None
        grad_x = np.zeros(shape, grad_output.dtype)
        grad_x[*kept] = grad_output[*inside]
        return grad_x

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    r"""Extend the last dimension by a constant.

    Parameters
    ----------
    padding : int or tuple of int
        (left, right), or one size for both. A negative size crops.
    value : float
        What the border is filled with.

    Raises
    ------
    TypeError
        If the input is not a floating-point array, or a size no integer.
    ValueError
        If more is cropped than is there.

    Notes
    -----
    With :math:`x` of any shape, its last dimension of size :math:`n`, and :math:`i`
    from :math:`-left` to below :math:`n + right`,

    .. math::

        y_i = \begin{cases} x_i & 0 \le i < n \\ v & \text{else} \end{cases}
        \qquad \frac{\partial L}{\partial x_j} = \frac{\partial L}{\partial y_j}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ConstantPad1d.html

    Examples
    --------
    >>> ConstantPad1d((2, -1), 7.0)(np.array([[1.0, 2.0, 3.0]]))
    array([[7., 7., 1., 2.]])
    """

    dims = 1


class ConstantPad2d(_ConstantPad):
    r"""Extend the last two dimensions by a constant.

    The sizes are (left, right, top, bottom), or one for all. Otherwise as
    `ConstantPad1d`.

    Notes
    -----
    Outside the input :math:`y = v`; the gradient of the border is dropped.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ConstantPad2d.html

    Examples
    --------
    >>> ConstantPad2d(1, 0.5)(np.zeros((3, 4))).shape
    (5, 6)
    """

    dims = 2


class ConstantPad3d(_ConstantPad):
    r"""Extend the last three dimensions by a constant.

    The sizes are (left, right, top, bottom, front, back), or one for all. Otherwise as
    `ConstantPad1d`.

    Notes
    -----
    Outside the input :math:`y = v`; the gradient of the border is dropped.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ConstantPad3d.html

    Examples
    --------
    >>> ConstantPad3d(1, 0.5)(np.zeros((2, 3, 4))).shape
    (4, 5, 6)
    """

    dims = 3


class ZeroPad1d(ConstantPad1d):
    r"""Extend the last dimension by zeros: `ConstantPad1d` of value 0.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ZeroPad1d.html

    Examples
    --------
    >>> ZeroPad1d(1)(np.zeros((4,))).shape
    (6,)
    """

    def __init__(self, padding: int | tuple[int, ...]) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad2d(ConstantPad2d):
    r"""Extend the last two dimensions by zeros: `ConstantPad2d` of value 0.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ZeroPad2d.html

    Examples
    --------
    >>> ZeroPad2d(1)(np.zeros((3, 4))).shape
    (5, 6)
    """

    def __init__(self, padding: int | tuple[int, ...]) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad3d(ConstantPad3d):
    r"""Extend the last three dimensions by zeros: `ConstantPad3d` of value 0.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ZeroPad3d.html

    Examples
    --------
    >>> ZeroPad3d(1)(np.zeros((2, 3, 4))).shape
    (4, 5, 6)
    """

    def __init__(self, padding: int | tuple[int, ...]) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"
