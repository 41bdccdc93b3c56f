"""Smooth activations made of exponentials: sigmoids and their kin."""

from __future__ import annotations

import numpy as np

from scratchnet.nn.activation.elementwise import Elementwise, select
from scratchnet.nn.module import Array


class Tanh(Elementwise):
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


class Sigmoid(Elementwise):
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


class LogSigmoid(Elementwise):
    r"""The logarithm of the logistic function, finite wherever the input is.

    Notes
    -----
    For :math:`x` of any shape,

    .. math::

        f(x) = \log \sigma(x) = \min(x, 0) - \log(1 + e^{-|x|}), \qquad
        f'(x) = \sigma(-x)

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.LogSigmoid.html

    Examples
    --------
    >>> LogSigmoid()(np.array([-100.0, 0.0])).round(4)
    array([-100.    ,   -0.6931])
    """

    def f(self, x: Array) -> Array:
        return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))

    def df(self, x: Array, y: Array) -> Array:
        return sigmoid(-x)


class Softplus(Elementwise):
    r"""A smooth rectifier.

    Parameters
    ----------
    beta : float, default 1.0
        The sharpness :math:`\beta` of the bend.
    threshold : float, default 20.0
        The value :math:`t` of :math:`\beta x` above which the function is taken to be
        the straight line that it comes near to.

    Notes
    -----
    For :math:`x` of any shape,

    .. math::

        f(x) = \begin{cases}
            x & \beta x > t \\ \frac{1}{\beta} \log(1 + e^{\beta x}) & \beta x \le t
        \end{cases} \qquad
        f'(x) = \begin{cases} 1 & \beta x > t \\ \sigma(\beta x) & \beta x \le t
        \end{cases}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Softplus.html

    Examples
    --------
    >>> Softplus()(np.array([-100.0, 0.0, 100.0])).round(4)
    array([  0.    ,   0.6931, 100.    ])
    """

    settings = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def f(self, x: Array) -> Array:
        z = self.beta * x
        bent = np.log1p(np.exp(z)) / self.beta
        return select(z > self.threshold, x, bent, x.dtype)

    def df(self, x: Array, y: Array) -> Array:
        z = self.beta * x
        return np.maximum(sigmoid(z), z > self.threshold)


class Softsign(Elementwise):
    r"""A sigmoid of plain arithmetic, which comes to its bounds slowly.

    Notes
    -----
    For :math:`x` of any shape,

    .. math::

        f(x) = \frac{x}{1 + |x|}, \qquad f'(x) = \frac{1}{(1 + |x|)^2}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Softsign.html

    Examples
    --------
    >>> Softsign()(np.array([-1.0, 0.0, 3.0]))
    array([-0.5 ,  0.  ,  0.75])
    """

    def f(self, x: Array) -> Array:
        return x / (1 + np.abs(x))

    def df(self, x: Array, y: Array) -> Array:
        return 1 / np.square(1 + np.abs(x))


class Tanhshrink(Elementwise):
    r"""What the hyperbolic tangent leaves of its input.

    Notes
    -----
    For :math:`x` of any shape,

    .. math::

        f(x) = x - \tanh x, \qquad f'(x) = \tanh^2 x

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Tanhshrink.html

    Examples
    --------
    >>> Tanhshrink()(np.array([-100.0, 0.0, 100.0]))
    array([-99.,   0.,  99.])
    """

    def f(self, x: Array) -> Array:
        return x - np.tanh(x)

    def df(self, x: Array, y: Array) -> Array:
        return np.square(np.tanh(x))


def sigmoid(x: Array) -> Array:
    r"""Return :math:`1 / (1 + e^{-x})`; where the exponential overflows, it is 0."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))
