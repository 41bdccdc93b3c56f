"""Rectifiers: keep what is positive, and scale down what is not."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import DTypeLike

from scratchnet import random
from scratchnet.nn._check import expect_floating
from scratchnet.nn.activation.elementwise import Inplace, select
from scratchnet.nn.module import Array, Module, Parameter


class ReLU(Inplace):
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

    def forward(self, input: Array) -> Array:
        expect_floating(self, input)
        # All that is kept of x: a fourth of its memory, and 0.96 of a CNN's step.
        self.save_for_backward(input > 0)
        return np.clip(input, 0, np.inf)  # np.maximum would take twice as long.

    @np.errstate(invalid="ignore")  # 0 times inf is NaN.
    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        (positive,) = self.saved_for(grad_output)
        if not input_grad:
            return None
        # As numbers, and in place: a product with truth values makes 1.02 of a CNN's
        # step, one in memory of its own 1.04.
        grad_x = positive.astype(grad_output.dtype)
        grad_x *= grad_output
        return grad_x


class _Sloped(Module):
    r"""Multiply each element by a slope of its own, :math:`y = a x`."""

    def slopes(self, x: Array) -> Array:
        """Return :math:`a`, as `x` calls for it."""
        raise AttributeError(f"{type(self).__name__} defines no slopes")

    @np.errstate(invalid="ignore")  # 0 times inf is NaN, as in torch
    def forward(self, input: Array) -> Array:
        expect_floating(self, input)
        a = self.slopes(input)
        self.save_for_backward(a)
        return a * input

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        (a,) = self.saved_for(grad_output)
        return grad_output * a if input_grad else None


class LeakyReLU(_Sloped):
    r"""Keep what is positive, and a small part of what is not.

    Parameters
    ----------
    negative_slope : float, default 0.01
        The part :math:`a`.
    inplace : bool, default False
        Accepted as in torch; the caller's array is never modified.

    Notes
    -----
    For :math:`x` of any shape,

    .. math::

        f(x) = \begin{cases} x & x > 0 \\ a x & x \le 0 \end{cases} \qquad
        f'(x) = \begin{cases} 1 & x > 0 \\ a & x \le 0 \end{cases}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.LeakyReLU.html

    .. [1] Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network
       acoustic models", ICML 2013.

    Examples
    --------
    >>> LeakyReLU(0.1)(np.array([-2.0, 0.0, 2.0]))
    array([-0.2,  0. ,  2. ])
    """

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def slopes(self, x: Array) -> Array:
        return select(x > 0, 1, self.negative_slope, x.dtype)

    def extra_repr(self) -> str:
        inplace = ", inplace=True" if self.inplace else ""
        return f"negative_slope={self.negative_slope}{inplace}"


class PReLU(Module):
    r"""Parametric rectifier: the slope of the negative part is learned.

    Parameters
    ----------
    num_parameters : int, default 1
        One slope for all channels, or one for each.
    init : float, default 0.25
        What the slopes start from.
    dtype : dtype, default float32
        Of the slopes, and so of the input.

    Attributes
    ----------
    weight : Parameter, shape (num_parameters,)

    Raises
    ------
    TypeError
        If the input is not an array of the slopes' dtype.
    ValueError
        If there are several slopes, and not as many channels.

    Notes
    -----
    For :math:`x` of shape :math:`(N, C, \dots)`, of any if there is one slope, and
    :math:`a` the slope of the element's channel,

    .. math::

        \begin{aligned}
        y &= \begin{cases} x & x > 0 \\ a x & x \le 0 \end{cases} \qquad
        \frac{\partial L}{\partial x} = \frac{\partial L}{\partial y}
            \begin{cases} 1 & x > 0 \\ a & x \le 0 \end{cases} \\
        \frac{\partial L}{\partial a_c} &= \sum_{x \text{ in channel } c}
            \min(x, 0) \, \frac{\partial L}{\partial y}
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.PReLU.html

    .. [1] He et al., "Delving deep into rectifiers", arXiv:1502.01852, 2015.

    Examples
    --------
    >>> layer = PReLU(dtype=np.float64)
    >>> layer(np.array([-2.0, 2.0]))
    array([-0.5,  2. ])
    >>> layer.backward(np.array([1.0, 1.0]))
    array([0.25, 1.  ])
    >>> layer.weight.grad
    array([-2.])
    """

    def __init__(
        self,
        num_parameters: int = 1,
        init: float = 0.25,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(np.empty(num_parameters, dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set every slope to `init`."""
        self.weight.data[...] = self.init

    def forward(self, input: Array) -> Array:
        x = input
        expect_floating(self, x, self.weight.dtype)
        # A single dimension is taken for the batch, as in torch.
        channels = x.shape[1] if x.ndim > 1 else 1
        if self.weight.size not in (1, channels):
            raise ValueError(
                f"PReLU expects (N, {self.weight.size}, ...), got {x.shape}"
            )
        per_channel = (-1,) + (1,) * max(x.ndim - 2, 0)
        a = select(x > 0, 1, self.weight.data.reshape(per_channel), x.dtype)
        a = a.reshape(x.shape)
        self.save_for_backward(x, a)
        return a * x

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        x, a = self.saved_for(grad_output)
        grad_a = np.minimum(x, 0) * grad_output
        if self.weight.size == 1:
            self.weight.accumulate_grad(grad_a.sum().reshape(1))
        else:
            others = tuple(axis for axis in range(x.ndim) if axis != 1)
            self.weight.accumulate_grad(grad_a.sum(axis=others))
        return grad_output * a if input_grad else None

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class RReLU(_Sloped):
    r"""Randomised leaky rectifier: in training, each negative element has its slope.

    Parameters
    ----------
    lower, upper : float, default 1/8 and 1/3
        The slopes' bounds :math:`l` and :math:`u`.
    inplace : bool, default False
        Accepted as in torch; the caller's array is never modified.

    Raises
    ------
    ValueError
        If a bound is not finite, or `lower` exceeds `upper`.

    Notes
    -----
    For :math:`x` of any shape, and slopes drawn anew at each call from the default
    generator,

    .. math::

        a \sim \mathrm{Uniform}(l, u), \qquad
        y = \begin{cases} x & x > 0 \\ a x & x \le 0 \end{cases} \qquad
        \frac{\partial L}{\partial x} = \frac{\partial L}{\partial y}
            \begin{cases} 1 & x > 0 \\ a & x \le 0 \end{cases}

    In evaluation :math:`a = (l + u) / 2`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.RReLU.html

    .. [1] Xu et al., "Empirical evaluation of rectified activations in
       convolutional network", arXiv:1505.00853, 2015.

    Examples
    --------
    >>> RReLU(0.1, 0.3).eval()(np.array([-10.0, 10.0]))
    array([-2., 10.])
    """

    def __init__(
        self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False
    ) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def slopes(self, x: Array) -> Array:
        if not (math.isfinite(self.lower) and self.lower <= self.upper < math.inf):
            raise ValueError(
                f"RReLU expects finite lower <= upper, got {self.lower}, {self.upper}"
            )
        if not self.training:
            return select(x > 0, 1, (self.lower + self.upper) / 2, x.dtype)
        a = np.ones(x.shape, x.dtype)
        negative = x <= 0
        a[negative] = random.default_generator.uniform(
            self.lower, self.upper, np.count_nonzero(negative), np.float64
        )
        return a

    def extra_repr(self) -> str:
        inplace = ", inplace=True" if self.inplace else ""
        return f"lower={self.lower}, upper={self.upper}{inplace}"
