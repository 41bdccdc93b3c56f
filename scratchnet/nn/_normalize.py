"""Centre, scale, then affine: the mathematics that every normalisation shares."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn._check import expect_floating
from scratchnet.nn._layout import spread
from scratchnet.nn._sums import Axes, mean, total
from scratchnet.nn.module import Array, Module, Parameter

#: Infinities and NaN come and go without a warning, as in torch.
silent = partial(np.errstate, over="ignore", divide="ignore", invalid="ignore")


class Normalization(Module):
    r"""Centre and scale over a set of axes, then stretch and shift.

    Notes
    -----
    A layer views its input so that the :math:`n` elements that share one mean lie
    along `axes`. Then, with :math:`\langle\cdot\rangle` the mean over those axes,
    kept with size 1,

    .. math::

        \hat x = \frac{x - \mu}{\sigma}, \qquad
        \mu = \langle x \rangle, \qquad
        \sigma = \sqrt{\langle (x - \mu)^2 \rangle + \varepsilon}, \qquad
        y = \gamma \hat x + \beta

    :math:`\mu` and :math:`\sigma` move with every :math:`x`. Differentiating both,

    .. math::

        d\hat x = \frac{1}{\sigma} \big( dx - \langle dx \rangle
            - \hat x \langle \hat x \, dx \rangle \big)

    which, as a matrix, is symmetric: it takes away what :math:`dx` has along 1 and
    along :math:`\hat x`. Its transpose, the backward pass, is therefore the same map:

    .. math::

        \begin{aligned}
        \frac{\partial L}{\partial \gamma} &= \sum \frac{\partial L}{\partial y} \hat x
        \qquad
        \frac{\partial L}{\partial \beta} = \sum \frac{\partial L}{\partial y} \\
        \frac{\partial L}{\partial x} &= \hat g - \langle \hat g \rangle
            - \hat x \langle \hat x \, \hat g \rangle, \qquad
            \hat g = \frac{\gamma}{\sigma} \frac{\partial L}{\partial y}
        \end{aligned}

    the sums running over all elements that share one :math:`\gamma`. Where the
    statistics are constants, only :math:`\hat g` remains.
    """

    weight: Parameter | None
    bias: Parameter | None
    centres = True

    def __init__(
        self, shape: int | tuple[int, ...], affine: bool, bias: bool, dtype: DTypeLike
    ) -> None:
        super().__init__()
        self.weight = Parameter(np.ones(shape, dtype)) if affine else None
        self.bias = Parameter(np.zeros(shape, dtype)) if affine and bias else None

    def reset_parameters(self) -> None:
        """Set weight to one and bias to zero."""
        if self.weight is not None:
            self.weight.data[...] = 1
        if self.bias is not None:
            self.bias.data[...] = 0

    def expect_dtype(self, x: Any) -> None:
        """Refuse what is not a floating-point array, or not of the weight's dtype."""
        expect_floating(self, x, None if self.weight is None else self.weight.dtype)

    def scale_and_shift(
        self, x: Array, x_hat: Array, scale: Array, axes: Axes, shape: tuple[int, ...]
    ) -> Array:
        r"""Return :math:`y = \gamma \hat x + \beta`, and keep what `backward` needs.

        Parameters
        ----------
        x : ndarray
            The input, for its shape and dtype, which are those of :math:`y`.
        x_hat, scale : ndarray
            :math:`\hat x` and :math:`1 / \sigma`, as the layer views them.
        axes : tuple of int
            Those over which :math:`\mu` and :math:`\sigma` were taken; none if they
            are constants.
        shape : tuple of int
            The weight's in this view: it broadcasts against `x_hat`.
        """
        self.save_for_backward(x_hat, scale, axes, shape, x.dtype)
        with silent():
            y: Array = x_hat * spread(self._gamma(shape), x_hat)
            if self.bias is not None:
                y += spread(self.bias.data.reshape(shape), x_hat)
            return y.reshape(x.shape).astype(x.dtype, copy=False)

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        x_hat, scale, axes, shape, dtype = self.saved_for(grad_output)
        grad = grad_output.reshape(x_hat.shape).astype(x_hat.dtype, copy=False)
        leading = x_hat.ndim - len(shape)
        alike = (*range(leading), *(leading + i for i, n in enumerate(shape) if n == 1))
        if self.weight is not None:
            grad_weight = total(alike, grad, x_hat)
            self.weight.accumulate_grad(grad_weight.reshape(self.weight.shape))
        if self.bias is not None:
            grad_bias = total(alike, grad)
            self.bias.accumulate_grad(grad_bias.reshape(self.bias.shape))
        if not input_grad:
            return None
        with silent():
            g_hat: Array = grad * spread(self._gamma(shape) * scale, grad)
            grad_x = g_hat  # in place from here on
            if axes and self.centres:
                grad_x -= spread(mean(axes, g_hat), grad)
            if axes:
                # The mean of x_hat is 0, so <x_hat g_hat> has not changed meanwhile.
                grad_x -= x_hat * spread(mean(axes, x_hat, grad_x), grad)
            return grad_x.reshape(grad_output.shape).astype(dtype, copy=False)

    def _gamma(self, shape: tuple[int, ...]) -> Any:
        return 1 if self.weight is None else self.weight.data.reshape(shape)


def precise(x: Array) -> Array:
    """Return `x` in double precision where that costs nothing: where it is small."""
    return x.astype(np.float64) if x.size <= 2**12 else x


def standardize(x: Array, axes: Axes, eps: float) -> tuple[Array, Array, Array, Array]:
    r"""Return :math:`\hat x`, :math:`1 / \sigma`, :math:`\mu` and the variance."""
    with silent():
        mu = mean(axes, x)
        x_hat = x - spread(mu, x)
        var = mean(axes, x_hat, x_hat)
        scale = inverse_root(var, eps, x.dtype)
        x_hat *= spread(scale, x)
    return x_hat, scale, mu, var


def inverse_root(square: Array, eps: float, dtype: DTypeLike) -> Array:
    r"""Return :math:`1 / \sqrt{s + \varepsilon}`."""
    with silent():
        return (1 / np.sqrt(square + eps)).astype(dtype)
