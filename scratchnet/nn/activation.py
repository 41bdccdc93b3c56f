"""Activations: one number in, one number out, and the softmax pair.

The element-wise ones are a table of rules. Each class states its function
:math:`f` and its derivative :math:`f'`; `_Elementwise` does the rest.
"""

from __future__ import annotations

import warnings

import numpy as np

from scratchnet.nn._check import expect_floating
from scratchnet.nn.module import Array, Module


class _Elementwise(Module):
    r"""Apply :math:`y = f(x)` to every element.

    .. math::

        \frac{\partial L}{\partial x} = f'(x) \, \frac{\partial L}{\partial y}
    """

    def f(self, x: Array) -> Array:
        raise AttributeError(f"{type(self).__name__} defines no f")

    def df(self, x: Array, y: Array) -> Array:
        """Return :math:`f'(x)`, by `x` or by ``y = f(x)``, whichever is simpler."""
        raise AttributeError(f"{type(self).__name__} defines no df")

    def forward(self, x: Array) -> Array:
        expect_floating(self, x)
        y = self.f(x)
        self.save_for_backward(x, y)
        return y

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        x, y = self.saved_for(grad_output)
        return grad_output * self.df(x, y) if input_grad else None


class ReLU(_Elementwise):
    r"""Rectified linear unit: keep what is positive.

    Parameters
    ----------
    inplace : bool, default False
        Accepted as in torch; the caller's array is never modified.

    Notes
    -----
    For :math:`x` of any shape,

    .. math::

        f(x) = \max(x, 0), \qquad f'(x) = [x > 0]

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ReLU.html

    Examples
    --------
    >>> ReLU()(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def f(self, x: Array) -> Array:
        return np.maximum(x, 0)

    def df(self, x: Array, y: Array) -> Array:
        return x > 0

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class Tanh(_Elementwise):
    r"""Hyperbolic tangent.

    Notes
    -----
    For :math:`x` of any shape,

    .. math::

        f(x) = \tanh x = \frac{e^x - e^{-x}}{e^x + e^{-x}}, \qquad f'(x) = 1 - f(x)^2

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Tanh.html

    Examples
    --------
    >>> Tanh()(np.array([0.0, 100.0]))
    array([0., 1.])
    """

    def f(self, x: Array) -> Array:
        return np.tanh(x)

    def df(self, x: Array, y: Array) -> Array:
        return 1 - y * y


class Sigmoid(_Elementwise):
    r"""Logistic function.

    Notes
    -----
    For :math:`x` of any shape,

    .. math::

        f(x) = \sigma(x) = \frac{1}{1 + e^{-x}}, \qquad f'(x) = f(x) (1 - f(x))

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Sigmoid.html

    Examples
    --------
    >>> Sigmoid()(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """

    def f(self, x: Array) -> Array:
        return sigmoid(x)

    def df(self, x: Array, y: Array) -> Array:
        return y * (1 - y)


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

    def forward(self, x: Array) -> Array:
        expect_floating(self, x)
        dim = softmax_dim(self, x, self.dim)
        y = softmax(x, dim)
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

    def forward(self, x: Array) -> Array:
        expect_floating(self, x)
        dim = softmax_dim(self, x, self.dim)
        y = log_softmax(x, dim)
        self.save_for_backward(y, dim)
        return y

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        y, dim = self.saved_for(grad_output)
        if not input_grad:
            return None
        return grad_output - np.exp(y) * grad_output.sum(axis=dim, keepdims=True)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


def sigmoid(x: Array) -> Array:
    r"""Return :math:`1 / (1 + e^{-x})`; where the exponential overflows, it is 0."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def softmax(x: Array, dim: int) -> Array:
    r"""Return :math:`e^{x_j} / \sum_k e^{x_k}` along `dim`."""
    y = np.exp(shifted(x, dim))
    return y / y.sum(axis=dim, keepdims=True)


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
        warnings.warn(
            f"{type(layer).__name__} without dim guesses {dim}: name it",
            stacklevel=4,
        )
    if not -max(x.ndim, 1) <= dim < max(x.ndim, 1):
        raise IndexError(f"{layer} expects a dimension {dim}, got shape {x.shape}")
    return dim
