"""Affine maps of one input or of two, and the layer that does nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn import init
from scratchnet.nn._check import expect_floating, expect_shape
from scratchnet.nn._sums import sum_of_rows
from scratchnet.nn.module import Array, Module, Parameter


class Identity(Module):
    """Return the input as it is, whatever arguments were given.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Identity.html

    Examples
    --------
    >>> Identity(54, unused=True)(np.array([1.0, 2.0]))
    array([1., 2.])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Array) -> Array:
        self.save_for_backward()
        return input

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        self.saved_for(grad_output)
        return grad_output if input_grad else None


class Linear(Module):
    r"""Map each row of the input to a weighted sum of its features, plus a bias.

    Parameters
    ----------
    in_features, out_features : int
        Sizes of the last dimension of the input and of the output.
    bias : bool, default True
        False leaves :math:`b` out.
    dtype : dtype, default float32
        Of the parameters, and so of the input.

    Attributes
    ----------
    weight : Parameter, shape (out_features, in_features)
    bias : Parameter, shape (out_features,), or None
        Both start uniform in :math:`\pm 1/\sqrt{\text{in\_features}}`, weight first.

    Raises
    ------
    TypeError
        If the input is not an array of the parameters' dtype.
    ValueError
        If its last dimension is not `in_features`.

    Notes
    -----
    With :math:`x` of shape :math:`(\dots, I)`, :math:`W` of :math:`(O, I)`,
    :math:`b` of :math:`(O)`, :math:`y` of :math:`(\dots, O)`, and :math:`n` running
    over all leading dimensions,

    .. math::

        \begin{aligned}
        y &= x W^\top + b \\
        \frac{\partial L}{\partial W} &= \sum_n \frac{\partial L}{\partial y_n} x_n^\top
        \qquad
        \frac{\partial L}{\partial b} = \sum_n \frac{\partial L}{\partial y_n} \\
        \frac{\partial L}{\partial x} &= \frac{\partial L}{\partial y} W
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Linear.html

    Examples
    --------
    >>> layer = Linear(784, 10)
    >>> layer
    Linear(in_features=784, out_features=10, bias=True)
    >>> layer(np.zeros((64, 784), np.float32)).shape
    (64, 10)
    >>> layer.backward(np.ones((64, 10), np.float32)).shape
    (64, 784)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        # Lying transposed, W.T is contiguous: x @ W.T takes 0.8 of the time.
        self.weight = Parameter(np.empty((in_features, out_features), dtype).T)
        self.bias = Parameter(np.empty(out_features, dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight, then bias, anew from the default generator."""
        init.kaiming_uniform_(self.weight, a=np.sqrt(5))
        if self.bias is not None:
            bound = 1 / np.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Array) -> Array:
        x = input
        weight, bias = self.weight, self.bias
        expect_floating(self, x, weight.dtype)
        expect_shape(self, x, (..., self.in_features))
        self.save_for_backward(x)
        y = as_rows(x) @ weight.data.T
        if bias is not None:
            y += bias.data
        return y.reshape(*x.shape[:-1], self.out_features)

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        (x,) = self.saved_for(grad_output)
        weight, bias = self.weight, self.bias
        grad_rows = as_rows(grad_output)
        # For one row, @ would take seven times as long.
        weight.accumulate_grad(np.dot(as_rows(x).T, grad_rows).T)
        if bias is not None:
            bias.accumulate_grad(sum_of_rows(grad_rows))
        return (grad_rows @ weight.data).reshape(x.shape) if input_grad else None

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Bilinear(Module):
    r"""Weigh every product of a feature of one input with a feature of the other.

    Parameters
    ----------
    in1_features, in2_features, out_features : int
        Sizes of the last dimension of the inputs and of the output.
    bias : bool, default True
        False leaves :math:`b` out.
    dtype : dtype, default float32
        Of the parameters, and so of the inputs.

    Attributes
    ----------
    weight : Parameter, shape (out_features, in1_features, in2_features)
    bias : Parameter, shape (out_features,), or None
        Both start uniform in :math:`\pm 1/\sqrt{\text{in1\_features}}`, weight first.

    Raises
    ------
    TypeError
        If the inputs are not arrays of the parameters' dtype.
    ValueError
        If a size is not positive, an input's last dimension is another, or the
        dimensions before it differ.

    Notes
    -----
    With :math:`x` of shape :math:`(\dots, I)`, :math:`z` of :math:`(\dots, J)`,
    :math:`W` of :math:`(O, I, J)`, :math:`b` of :math:`(O)`, :math:`y` of
    :math:`(\dots, O)`, and :math:`n` running over all leading dimensions,

    .. math::

        \begin{aligned}
        y_o &= x^\top W_o \, z + b_o \\
        \frac{\partial L}{\partial W_o} &=
            \sum_n \frac{\partial L}{\partial y_{no}} x_n z_n^\top \qquad
        \frac{\partial L}{\partial b} = \sum_n \frac{\partial L}{\partial y_n} \\
        \frac{\partial L}{\partial x} &=
            \sum_o \frac{\partial L}{\partial y_o} W_o \, z \qquad
        \frac{\partial L}{\partial z} =
            \sum_o \frac{\partial L}{\partial y_o} W_o^\top x
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Bilinear.html

    Examples
    --------
    >>> layer = Bilinear(20, 30, 40)
    >>> x, z = np.zeros((128, 20), np.float32), np.zeros((128, 30), np.float32)
    >>> layer(x, z).shape
    (128, 40)
    >>> [grad.shape for grad in layer.backward(np.ones((128, 40), np.float32))]
    [(128, 20), (128, 30)]
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"Bilinear expects in1_features > 0, got {in1_features}")
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        shape = (out_features, in1_features, in2_features)
        self.weight = Parameter(np.empty(shape, dtype))
        self.bias = Parameter(np.empty(out_features, dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight, then bias, anew from the default generator."""
        bound = 1 / np.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Array, input2: Array) -> Array:
        x, z = input1, input2
        expect_floating(self, x, self.weight.dtype, "input1")
        expect_floating(self, z, self.weight.dtype, "input2")
        expect_shape(self, x, (..., self.in1_features), name="input1")
        expect_shape(self, z, (*x.shape[:-1], self.in2_features), name="input2")
        O, I, J = self.weight.shape
        W_by_x = self.weight.data.transpose(1, 0, 2).reshape(I, O * J)
        xW = (x.reshape(-1, I) @ W_by_x).reshape(-1, O, J)
        self.save_for_backward(x, z, xW)
        y = (xW @ z.reshape(-1, J, 1)).reshape(*x.shape[:-1], O)
        if self.bias is not None:
            y += self.bias.data
        return y

    def backward(
        self, grad_output: Array, input_grad: bool = True
    ) -> tuple[Array | None, Array | None]:
        x, z, xW = self.saved_for(grad_output)
        O, I, J = self.weight.shape
        grad_y, x_rows = grad_output.reshape(-1, O), x.reshape(-1, I)
        z_rows = z.reshape(-1, J)
        # Each row's products of an output's gradient and a feature of x.
        grad_y_x = (grad_y[:, :, None] * x_rows[:, None, :]).reshape(-1, O * I)
        self.weight.accumulate_grad((grad_y_x.T @ z_rows).reshape(O, I, J))
        if self.bias is not None:
            self.bias.accumulate_grad(sum_of_rows(grad_y))
        if not input_grad:
            return None, None
        W_by_z = self.weight.data.reshape(O * I, J).T
        Wz = (z_rows @ W_by_z).reshape(-1, O, I)
        grad_x, grad_z = grad_y[:, None, :] @ Wz, grad_y[:, None, :] @ xW
        return grad_x.reshape(x.shape), grad_z.reshape(z.shape)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


def as_rows(x: Array) -> Array:
    """Return `x`, (…, features), as one matrix, (rows, features).

    As it is, NumPy would multiply sequences one by one: up to twice as long.
    """
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
