"""Losses that compare two predictions, or hold one apart: similar or not, 1 or −1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from scratchnet.nn._check import expect_floating, expect_one_shape
from scratchnet.nn._sums import summed_to
from scratchnet.nn.loss.reduction import ElementwiseLoss, Loss, expect_numbers
from scratchnet.nn.module import Array, Module


class HingeEmbeddingLoss(ElementwiseLoss):
    r"""Small distances for similar pairs, distances of a margin for the others.

    Parameters
    ----------
    margin : float, default 1.0
        The distance :math:`\Delta` from which on a dissimilar pair costs nothing.
    size_average, reduce : bool, optional
        Deprecated, as in torch: ``reduce=False`` means ``"none"``,
        ``size_average=False`` means ``"sum"``.
    reduction : {"mean", "sum", "none"}, default "mean"
        How the losses become the output.

    Raises
    ------
    ValueError
        If input and target cannot be broadcast to one shape.

    Notes
    -----
    For a distance :math:`x` and a target :math:`y`, 1 for a similar pair and −1 for
    another, of the same shape, each element costs

    .. math::

        f(x, y) = \begin{cases}
            x & y = 1 \\
            \max(0, \Delta - x) & y = -1
        \end{cases}
        \qquad
        \frac{\partial f}{\partial x} = \begin{cases}
            1 & y = 1 \\
            -[\Delta - x \ge 0] & y = -1
        \end{cases}

    Any other target costs both, as in torch.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.HingeEmbeddingLoss.html

    Examples
    --------
    >>> criterion = HingeEmbeddingLoss(reduction="none")
    >>> criterion(np.array([0.25, 0.25, 2.0]), np.array([1, -1, -1]))
    array([0.25, 0.75, 0.  ])
    >>> criterion.backward(np.ones(3))
    array([ 1., -1.,  0.])
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def f(self, x: Array, y: Array) -> Array:
        apart = np.where(y != 1, np.maximum(self.margin - x, 0), 0)
        return apart + np.where(y != -1, x, 0)

    def df(self, x: Array, y: Array) -> Array:
        apart = (y != 1) & (self.margin - x >= 0)
        return (y != -1).astype(x.dtype) - apart


class MarginRankingLoss(Loss):
    r"""Rank one input above the other, by a margin.

    Parameters
    ----------
    margin : float, default 0.0
        By how much, :math:`\Delta`.
    size_average, reduce : bool, optional
        Deprecated, as in torch: ``reduce=False`` means ``"none"``,
        ``size_average=False`` means ``"sum"``.
    reduction : {"mean", "sum", "none"}, default "mean"
        How the losses become the output.

    Raises
    ------
    TypeError
        If the inputs are not floating-point arrays of one dtype.
    ValueError
        If inputs and target differ in their number of dimensions, or cannot be
        broadcast to one shape.

    Notes
    -----
    For inputs :math:`x_1, x_2` and a target :math:`y` of the same shape, 1 where
    :math:`x_1` should be the larger and −1 where :math:`x_2` should, each element costs

    .. math::

        \begin{aligned}
        z &= \Delta - y (x_1 - x_2), \qquad \ell = \max(0, z) \\
        \frac{\partial \ell}{\partial x_1} &= -y [z \ge 0], \qquad
        \frac{\partial \ell}{\partial x_2} = y [z \ge 0]
        \end{aligned}

    ``backward`` returns both gradients.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.MarginRankingLoss.html

    Examples
    --------
    >>> criterion = MarginRankingLoss(margin=0.5, reduction="none")
    >>> x1, x2 = np.array([1.0, 1.0]), np.array([0.75, 0.75])
    >>> criterion(x1, x2, np.array([1, -1]))
    array([0.25, 0.75])
    >>> criterion.backward(np.ones(2))
    (array([-1.,  1.]), array([ 1., -1.]))
    """

    predictions = (0, 1)

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    @np.errstate(all="ignore")
    def forward(self, input1: Array, input2: Array, target: Array) -> Any:
        expect_alike(self, input1=input1, input2=input2)
        expect_numbers(self, target, "target")
        if target.ndim != input1.ndim:
            raise ValueError(
                f"MarginRankingLoss target expects {input1.ndim} dimensions, "
                f"got {target.shape}"
            )
        expect_one_shape(self, input1=input1, input2=input2, target=target)
        y = target.astype(input1.dtype, copy=False)
        z = -y * (input1 - input2) + self.margin
        losses = np.maximum(z, 0)
        divisor = self.divisor(input1, losses.size)
        self.save_for_backward(input1.shape, input2.shape, y, z, divisor)
        return self.reduced(losses, divisor)

    @np.errstate(all="ignore")
    def backward(self, grad_output: ArrayLike = 1.0) -> tuple[Array, Array]:
        shape1, shape2, y, z, divisor = self.saved_for(grad_output)
        grad_losses = np.asarray(grad_output, z.dtype) / divisor
        grad = y * (z >= 0) * grad_losses
        return summed_to(shape1, -grad), summed_to(shape2, grad)


class CosineEmbeddingLoss(Loss):
    r"""Turn similar pairs of vectors the same way, and the others away.

    Parameters
    ----------
    margin : float, default 0.0
        The cosine :math:`\Delta` up to which a dissimilar pair costs nothing; 0 to 0.5
        is sensible.
    size_average, reduce : bool, optional
        Deprecated, as in torch: ``reduce=False`` means ``"none"``,
        ``size_average=False`` means ``"sum"``.
    reduction : {"mean", "sum", "none"}, default "mean"
        How the losses become the output.

    Raises
    ------
    TypeError
        If the inputs are not floating-point arrays of one dtype.
    ValueError
        If the target is not of shape (N,) for inputs of (N, D), or () for (D,).

    Notes
    -----
    For inputs :math:`u, v` of shape :math:`(N, D)` and a target :math:`y` of
    :math:`(N)`, 1 for a similar pair and −1 for another, with
    :math:`\epsilon = 10^{-12}`,

    .. math::

        \begin{aligned}
        U &= \textstyle\sum_d u_d^2 + \epsilon, \qquad
        V = \textstyle\sum_d v_d^2 + \epsilon, \qquad
        c = \frac{\sum_d u_d v_d}{\sqrt{U V}} \\
        \ell &= \begin{cases}
            1 - c & y = 1 \\
            \max(0, c - \Delta) & y = -1 \\
            0 & \text{otherwise}
        \end{cases}
        \qquad
        \frac{\partial \ell}{\partial c} = \begin{cases}
            -1 & y = 1 \\
            [c - \Delta \ge 0] & y = -1 \\
            0 & \text{otherwise}
        \end{cases} \\
        \frac{\partial c}{\partial u} &= \frac{v}{\sqrt{U V}} - \frac{c u}{U}, \qquad
        \frac{\partial c}{\partial v} = \frac{u}{\sqrt{U V}} - \frac{c v}{V}
        \end{aligned}

    ``backward`` returns both gradients.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.CosineEmbeddingLoss.html

    Examples
    --------
    >>> criterion = CosineEmbeddingLoss(reduction="none")
    >>> u, v = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 2.0], [3.0, 4.0]])
    >>> criterion(u, v, np.array([1, -1]))
    array([1. , 0.6])
    >>> grad_u, grad_v = criterion.backward(np.ones(2))
    >>> grad_v[1]
    array([ 0.128, -0.096])
    """

    predictions = (0, 1)

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    @np.errstate(all="ignore")
    def forward(self, input1: Array, input2: Array, target: Array) -> Any:
        u, v, y = input1, input2, target
        expect_alike(self, input1=u, input2=v)
        expect_numbers(self, y, "target")
        ranked = y.ndim in (0, 1) and u.ndim == y.ndim + 1
        if not ranked or u.shape[-1] != v.shape[-1]:
            raise ValueError(
                "CosineEmbeddingLoss expects (N, D), (N, D) and a target of (N,), or "
                f"(D,), (D,) and (), got {u.shape}, {v.shape} and {y.shape}"
            )
        expect_one_shape(self, input1=u, input2=v, target=y[..., None])
        # Torch's is a float32 in every precision.
        eps = np.float32(1e-12)
        U = np.square(u).sum(axis=-1, keepdims=True) + eps
        V = np.square(v).sum(axis=-1, keepdims=True) + eps
        root = np.sqrt(U * V)
        c = (u * v).sum(axis=-1, keepdims=True) / root
        y = y[..., None]
        losses = np.where(y == 1, 1 - c, 0)
        losses = np.where(y == -1, np.maximum(c - self.margin, 0), losses)
        slope = (y == -1) * (c - self.margin >= 0) - (y == 1).astype(c.dtype)
        divisor = self.divisor(u, losses.size)
        self.save_for_backward(u, v, U, V, root, c, slope, divisor)
        return self.reduced(losses[..., 0], divisor)

    @np.errstate(all="ignore")
    def backward(self, grad_output: ArrayLike = 1.0) -> tuple[Array, Array]:
        u, v, U, V, root, c, slope, divisor = self.saved_for(grad_output)
        grad_losses = np.asarray(grad_output, u.dtype) / divisor
        grad_c = grad_losses[..., None] * slope
        grad_u = grad_c * (v / root - c * u / U)
        grad_v = grad_c * (u / root - c * v / V)
        return summed_to(u.shape, grad_u), summed_to(v.shape, grad_v)


def expect_alike(layer: Module, **inputs: Array) -> None:
    """Refuse inputs that are not floating-point arrays of one dtype and rank."""
    first = next(iter(inputs.values()))
    for name, array in inputs.items():
        expect_floating(layer, array, name=name)
        expect_floating(layer, array, first.dtype, name)
        if array.ndim != first.ndim:
            raise ValueError(
                f"{type(layer).__name__} {name} expects {first.ndim} dimensions as "
                f"{next(iter(inputs))} has, got {array.shape}"
            )
