"""Softmax and its kin: scores along a dimension, set against each other."""

from __future__ import annotations

import numpy as np

from scratchnet.nn._check import expect_floating, expect_shape, warn
from scratchnet.nn.module import Array, Module


class Softmax(Module):
    r"""Turn scores along one dimension into probabilities.

    Parameters
    ----------
    dim : int, optional
        The dimension :math:`j` runs along. Left out, it is guessed as torch does,
        with a warning.

    Raises
    ------
    IndexError
        If the input lacks the dimension.

    Notes
    -----
    For :math:`x` of any shape and :math:`j` along `dim`; subtracting the maximum
    changes nothing but keeps :math:`e^x` finite:

    .. math::

        \begin{aligned}
        y_j &= \frac{e^{x_j - m}}{\sum_k e^{x_k - m}}, \qquad m = \max_k x_k \\
        \frac{\partial L}{\partial x_j} &= y_j \Big(
            \frac{\partial L}{\partial y_j} -
            \sum_k y_k \frac{\partial L}{\partial y_k} \Big)
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Softmax.html

    Examples
    --------
    >>> Softmax(dim=1)(np.array([[1000.0, 1000.0], [0.0, -np.inf]]))
    array([[0.5, 0.5],
           [1. , 0. ]])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Array) -> Array:
        expect_floating(self, input)
        dim = softmax_dim(self, input, self.dim)
        y = softmax(input, dim)
        self.save_for_backward(y, dim)
        return y

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        y, dim = self.saved_for(grad_output)
        if not input_grad:
            return None
        weighted = y * grad_output
        return weighted - y * weighted.sum(axis=dim, keepdims=True)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Module):
    r"""The logarithm of `Softmax`, computed without ever leaving the logarithm.

    Parameters
    ----------
    dim : int, optional
        The dimension :math:`j` runs along. Left out, it is guessed as torch does,
        with a warning.

    Raises
    ------
    IndexError
        If the input lacks the dimension.

    Notes
    -----
    For :math:`x` of any shape and :math:`j` along `dim`,

    .. math::

        \begin{aligned}
        y_j &= x_j - m - \log \sum_k e^{x_k - m}, \qquad m = \max_k x_k \\
        \frac{\partial L}{\partial x_j} &= \frac{\partial L}{\partial y_j} -
            e^{y_j} \sum_k \frac{\partial L}{\partial y_k}
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.LogSoftmax.html

    Examples
    --------
    >>> LogSoftmax(dim=0)(np.array([0.0, -1000.0]))
    array([    0., -1000.])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Array) -> Array:
        expect_floating(self, input)
        dim = softmax_dim(self, input, self.dim)
        y = log_softmax(input, dim)
        self.save_for_backward(y, dim)
        return y

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        y, dim = self.saved_for(grad_output)
        if not input_grad:
            return None
        return grad_output - np.exp(y) * grad_output.sum(axis=dim, keepdims=True)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmin(Softmax):
    r"""The `Softmax` of the negated input: the least score gets the most.

    Parameters
    ----------
    dim : int, optional
        The dimension :math:`j` runs along. Left out, it is guessed as torch does,
        with a warning.

    Raises
    ------
    IndexError
        If the input lacks the dimension.

    Notes
    -----
    For :math:`x` of any shape and :math:`j` along `dim`,

    .. math::

        \begin{aligned}
        y_j &= \frac{e^{-x_j}}{\sum_k e^{-x_k}} \\
        \frac{\partial L}{\partial x_j} &= - y_j \Big(
            \frac{\partial L}{\partial y_j} -
            \sum_k y_k \frac{\partial L}{\partial y_k} \Big)
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Softmin.html

    Examples
    --------
    >>> Softmin(dim=1)(np.array([[1000.0, 1000.0], [0.0, np.inf]]))
    array([[0.5, 0.5],
           [1. , 0. ]])
    """

    def forward(self, input: Array) -> Array:
        expect_floating(self, input)
        return super().forward(-input)

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        grad = super().backward(grad_output, input_grad)
        return None if grad is None else -grad


class Softmax2d(Softmax):
    r"""The `Softmax` over the channels, at each place of an image.

    Raises
    ------
    ValueError
        If the input does not have three or four dimensions.

    Notes
    -----
    For :math:`x` of shape :math:`(N, C, H, W)` or :math:`(C, H, W)`, at each place,

    .. math::

        y_c = \frac{e^{x_c}}{\sum_k e^{x_k}}, \qquad
        \frac{\partial L}{\partial x_c} = y_c \Big(
            \frac{\partial L}{\partial y_c} -
            \sum_k y_k \frac{\partial L}{\partial y_k} \Big)

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Softmax2d.html

    Examples
    --------
    >>> Softmax2d()(np.zeros((4, 1, 2)))[:, 0, 0]
    array([0.25, 0.25, 0.25, 0.25])
    """

    def __init__(self) -> None:
        super().__init__(dim=-3)

    def forward(self, input: Array) -> Array:
        expect_floating(self, input)
        expect_shape(self, input, ("N", "C", "H", "W"), ("C", "H", "W"))
        return super().forward(input)

    def extra_repr(self) -> str:
        return ""


def softmax(x: Array, dim: int) -> Array:
    r"""Return :math:`e^{x_j} / \sum_k e^{x_k}` along `dim`."""
    y: Array = np.exp(shifted(x, dim))
    y /= y.sum(axis=dim, keepdims=True)
    return y


def log_softmax(x: Array, dim: int) -> Array:
    r"""Return :math:`x_j - \log \sum_k e^{x_k}` along `dim`."""
    x = shifted(x, dim)
    return x - np.log(np.exp(x).sum(axis=dim, keepdims=True))


def shifted(x: Array, dim: int) -> Array:
    """Return `x` less its maximum along `dim`: NaN where all of it is -inf."""
    with np.errstate(invalid="ignore"):
        return x - x.max(axis=dim, keepdims=True, initial=-np.inf)


def softmax_dim(layer: Module, x: Array, dim: int | None) -> int:
    """Return the dimension to normalise, once `x` is known to have it."""
    if dim is None:
        dim = 0 if x.ndim in (0, 1, 3) else 1
        warn(f"{type(layer).__name__} without dim guesses {dim}: name it")
    if not -max(x.ndim, 1) <= dim < max(x.ndim, 1):
        raise IndexError(f"{layer} expects a dimension {dim}, got shape {x.shape}")
    return dim
