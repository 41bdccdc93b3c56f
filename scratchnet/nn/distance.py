"""Distances and similarities between pairs of vectors."""

from __future__ import annotations

import numpy as np

from scratchnet.nn._check import expect_floating, expect_one_shape
from scratchnet.nn._sums import summed_to
from scratchnet.nn.module import Array, Module


class CosineSimilarity(Module):
    r"""The cosine of the angle between two vectors.

    Parameters
    ----------
    dim : int, default 1
        The dimension that the vectors lie along.
    eps : float, default 1e-8
        The least that a vector's length is taken for.

    Raises
    ------
    IndexError
        If the inputs, broadcast together, lack the dimension.
    ValueError
        If they cannot be broadcast to one shape.

    Notes
    -----
    For :math:`x_1` and :math:`x_2` of shape :math:`(\ast, D, \ast)` and :math:`y` of
    :math:`(\ast, \ast)`, with sums along `dim`,

    .. math::

        \begin{aligned}
        n_i &= \max(\lVert x_i \rVert, \epsilon), \qquad
            y = \sum \frac{x_1}{n_1} \frac{x_2}{n_2} \\
        \frac{\partial L}{\partial x_1} &= \frac{1}{n_1} \Big(
            \frac{x_2}{n_2} - y \frac{x_1}{\lVert x_1 \rVert} \Big)
            \frac{\partial L}{\partial y}
        \end{aligned}

    and likewise for :math:`x_2`. As in torch the clamp passes the gradient on, and
    the direction of a zero vector is zero.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.CosineSimilarity.html

    Examples
    --------
    >>> similarity = CosineSimilarity()
    >>> similarity(np.array([[3.0, 4.0]]), np.array([[4.0, 3.0]]))
    array([0.96])
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    @np.errstate(all="ignore")  # infinite lengths and those of 0, as in torch
    def forward(self, x1: Array, x2: Array) -> Array:
        shape = expect_pair(self, x1, x2)
        if not -len(shape) <= self.dim < len(shape):
            raise IndexError(
                f"CosineSimilarity expects a dimension {self.dim}, got shape {shape}"
            )
        # Along the very dimension that the output's lacks, whatever the inputs' are.
        along = [np.broadcast_to(x, shape) for x in (x1, x2)]
        length1, length2 = (
            np.sqrt(np.square(x).sum(axis=self.dim, keepdims=True)) for x in along
        )
        n1, n2 = np.maximum(length1, self.eps), np.maximum(length2, self.eps)
        y = (x1 / n1 * (x2 / n2)).sum(axis=self.dim)
        self.save_for_backward(x1, x2, length1, length2, n1, n2, y)
        return y

    @np.errstate(all="ignore")
    def backward(
        self, grad_output: Array, input_grad: bool = True
    ) -> tuple[Array | None, Array | None]:
        x1, x2, length1, length2, n1, n2, y = self.saved_for(grad_output)
        if not input_grad:
            return None, None
        g, y = (np.expand_dims(a, self.dim) for a in (grad_output, y))
        grad1 = g * (x2 / n2 - y * unit(x1, length1)) / n1
        grad2 = g * (x1 / n1 - y * unit(x2, length2)) / n2
        return like(x1, grad1), like(x2, grad2)


class PairwiseDistance(Module):
    r"""The :math:`p`-norm of the difference of two vectors.

    Parameters
    ----------
    p : float, default 2.0
        Which norm; any number, and either infinity.
    eps : float, default 1e-6
        Added to each difference, lest it be zero.
    keepdim : bool, default False
        Whether the last dimension stays, with size 1.

    Raises
    ------
    ValueError
        If the inputs cannot be broadcast to one shape.

    Notes
    -----
    For :math:`x_1` and :math:`x_2` of shape :math:`(\ast, D)` and :math:`y` of
    :math:`(\ast)`,

    .. math::

        \begin{aligned}
        d &= x_1 - x_2 + \epsilon, \qquad
            y = \Big( \sum_i |d_i|^p \Big)^{1/p} \\
        \frac{\partial L}{\partial d_i} &= \operatorname{sign}(d_i)
            \Big( \frac{|d_i|}{y} \Big)^{p - 1} \frac{\partial L}{\partial y}, \qquad
        \frac{\partial L}{\partial x_1} = \frac{\partial L}{\partial d}
            = -\frac{\partial L}{\partial x_2}
        \end{aligned}

    with 0 where :math:`d_i = 0`. For :math:`p = 0`, which counts what is not zero,
    the gradient is zero. For :math:`p = \pm\infty`, the largest or least magnitude,
    those that have it share the gradient.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.PairwiseDistance.html

    Examples
    --------
    >>> distance = PairwiseDistance()
    >>> distance(np.array([[3.0, 4.0]]), np.zeros((1, 2))).round(4)
    array([5.])
    """

    def __init__(
        self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
    ) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    @np.errstate(all="ignore")  # infinite lengths and those of 0, as in torch
    def forward(self, x1: Array, x2: Array) -> Array:
        shape = expect_pair(self, x1, x2)
        d = x1 - x2 + self.eps
        if abs(self.norm) == np.inf and shape[-1:] == (0,):
            raise ValueError(f"{self} expects vectors that are not empty, got {shape}")
        y = np.linalg.norm(np.atleast_1d(d), self.norm, axis=-1, keepdims=True)
        self.save_for_backward(x1, x2, d, y)
        return y if self.keepdim else y[..., 0]

    @np.errstate(all="ignore")
    def backward(
        self, grad_output: Array, input_grad: bool = True
    ) -> tuple[Array | None, Array | None]:
        x1, x2, d, y = self.saved_for(grad_output)
        if not input_grad:
            return None, None
        grad = grad_output.reshape(y.shape) * self._slope(d, y)
        return like(x1, grad), like(x2, -grad)

    def _slope(self, d: Array, y: Array) -> Array:
        """Return the derivative of the norm y by each difference d."""
        if self.norm == 0:
            return np.zeros_like(d)
        size = np.abs(d)
        if abs(self.norm) == np.inf:
            chosen = size == y
            return np.sign(d) * chosen / chosen.sum(axis=-1, keepdims=True)
        return np.where(d == 0, 0, np.sign(d) * (size / y) ** (self.norm - 1))


def expect_pair(layer: Module, x1: Array, x2: Array) -> tuple[int, ...]:
    """Return the shape to which two arrays are broadcast; refuse what has none."""
    expect_floating(layer, x1, name="x1")
    expect_floating(layer, x2, name="x2")
    return expect_one_shape(layer, x1=x1, x2=x2)


def unit(x: Array, length: Array) -> Array:
    """Return the direction of `x`, of no length where `x` has none."""
    return x / np.where(length == 0, 1, length)


def like(x: Array, grad: Array) -> Array:
    """Return the gradient of `x`, which may have been repeated and converted."""
    return summed_to(x.shape, grad).astype(x.dtype, copy=False)
