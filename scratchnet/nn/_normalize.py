"""Centre, scale, then affine: the mathematics that every normalisation shares."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn._check import expect_floating
from scratchnet.nn.module import Array, Module, Parameter

Axes = tuple[int, ...]


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
        \frac{\partial L}{\partial x} &= \frac{1}{\sigma} \big( \hat g
            - \langle \hat g \rangle - \hat x \langle \hat x \, \hat g \rangle \big),
        \qquad \hat g = \gamma \frac{\partial L}{\partial y}
        \end{aligned}

    the sums running over all elements that share one :math:`\gamma`. Where the
    statistics are constants, only :math:`\hat g / \sigma` remains.
    """

    weight: Parameter | None
    bias: Parameter | None
    centres = True

    def __init__(
        self,
        shape: int | tuple[int, ...],
        eps: float,
        affine: bool,
        bias: bool,
        dtype: DTypeLike,
    ) -> None:
        super().__init__()
        self.eps = eps
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

    def affine(
        self, x_hat: Array, scale: Array, axes: Axes, shape: tuple[int, ...]
    ) -> Array:
        r"""Return :math:`y = \gamma \hat x + \beta`, viewed as `x_hat` is.

        Parameters
        ----------
        x_hat, scale : ndarray
            :math:`\hat x` and :math:`1 / \sigma`.
        axes : tuple of int
            Those over which :math:`\mu` and :math:`\sigma` were taken; none if they
            are constants.
        shape : tuple of int
            The weight's in this view: it broadcasts against `x_hat`.
        """
        self.save_for_backward(x_hat, scale, axes, shape)
        y: Array = x_hat * self._gamma(shape)
        if self.bias is not None:
            y += self.bias.data.reshape(shape)
        return y

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        x_hat, scale, axes, shape = self.saved_for(grad_output)
        grad = grad_output.reshape(x_hat.shape)
        leading = x_hat.ndim - len(shape)
        shared = (
            *range(leading),
            *(leading + i for i, n in enumerate(shape) if n == 1),
        )
        if self.weight is not None:
            grad_weight = total(shared, grad, x_hat)
            self.weight.accumulate_grad(grad_weight.reshape(self.weight.shape))
        if self.bias is not None:
            grad_bias = total(shared, grad)
            self.bias.accumulate_grad(grad_bias.reshape(self.bias.shape))
        if not input_grad:
            return None
        grad_x: Array = grad * self._gamma(shape)
        if axes and self.centres:
            grad_x -= mean(axes, grad_x)
        if axes:
            grad_x -= x_hat * mean(axes, grad_x, x_hat)
        grad_x *= scale
        return grad_x.reshape(grad_output.shape)

    def _gamma(self, shape: tuple[int, ...]) -> Any:
        return 1 if self.weight is None else self.weight.data.reshape(shape)


def standardize(
    x: Array, axes: Axes, eps: float, dtype: DTypeLike = None
) -> tuple[Array, Array, Array, Array]:
    r"""Return :math:`\hat x`, :math:`1 / \sigma`, :math:`\mu` and the variance.

    Means are taken in double precision, squares in `dtype`, else in that of `x`.
    """
    n = count(x, axes)
    mu = x.sum(axis=axes, keepdims=True, dtype=np.float64) / n
    # Infinite input becomes NaN without a warning, as in torch.
    with np.errstate(invalid="ignore"):
        x_hat = x - mu.astype(x.dtype)
        var = total(axes, x_hat, x_hat, dtype=dtype) / n
        scale = inverse_root(var, eps, x.dtype)
        x_hat *= scale
    return x_hat, scale, mu, var


def inverse_root(square: Array, eps: float, dtype: DTypeLike) -> Array:
    r"""Return :math:`1 / \sqrt{s + \varepsilon}`, infinite or NaN where torch's is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return (1 / np.sqrt(square + eps)).astype(dtype)


def mean(axes: Axes, *factors: Array) -> Array:
    """Return the mean over `axes` of the product of `factors`, of their dtype."""
    return (total(axes, *factors) / count(factors[0], axes)).astype(factors[0].dtype)


def total(axes: Axes, *factors: Array, dtype: DTypeLike = None) -> Array:
    """Return the sum over `axes`, kept with size 1, of the product of `factors`.

    Sums are taken in `dtype`; those across axis 0, the batch, in double precision.
    """
    dims = list(range(factors[0].ndim))
    kept = [d for d in dims if d == 0 or d not in axes]
    operands = [part for factor in factors for part in (factor, dims)]
    partial = np.einsum(*operands, kept, dtype=dtype)
    partial = np.expand_dims(partial, tuple(d for d in axes if d != 0))
    return (
        partial.sum(axis=0, keepdims=True, dtype=np.float64) if 0 in axes else partial
    )


def count(x: Array, axes: Axes) -> int:
    """Return how many elements lie along `axes`; 1 for none, as their sum is 0."""
    return max(math.prod(x.shape[axis] for axis in axes), 1)
