"""Losses that compare with a distribution: its divergence, or its likelihood."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from scratchnet.nn._check import expect_floating
from scratchnet.nn._sums import summed_to
from scratchnet.nn.loss.reduction import (
    ElementwiseLoss,
    Loss,
    expect_broadcastable,
    expect_numbers,
)
from scratchnet.nn.module import Array


class KLDivLoss(ElementwiseLoss):
    r"""Kullback–Leibler divergence of the target from the input.

    Parameters
    ----------
    size_average, reduce : bool, optional
        Deprecated, as in torch: ``reduce=False`` means ``"none"``,
        ``size_average=False`` means ``"sum"``.
    reduction : {"mean", "sum", "none", "batchmean"}, default "mean"
        How the losses become the output. The divergence proper is ``"batchmean"``, the
        sum over the size of the input's first dimension; ``"mean"`` divides by every
        element.
    log_target : bool, default False
        Whether the target, as the input always, is given by its logarithm.

    Raises
    ------
    TypeError
        If the target is not an array of floating-point numbers.
    ValueError
        If input and target cannot be broadcast to one shape.

    Notes
    -----
    For log-probabilities :math:`x` and probabilities :math:`y` of the same shape, with
    :math:`0 \log 0 = 0`, each element costs

    .. math::

        f(x, y) = y (\log y - x), \qquad \frac{\partial f}{\partial x} = -y

    and with `log_target`, where :math:`y` are log-probabilities,

    .. math::

        f(x, y) = e^y (y - x), \qquad \frac{\partial f}{\partial x} = -e^y

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.KLDivLoss.html

    Examples
    --------
    >>> criterion = KLDivLoss(reduction="batchmean")
    >>> x = np.log([[0.5, 0.5]])
    >>> print(criterion(x, np.array([[1.0, 0.0]])).round(4))
    0.6931
    >>> criterion.backward()
    array([[-1., -0.]])
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def divisors(self, input: Array, count: float) -> dict[str, float]:
        # The input's, even where the target repeats it, as in torch.
        batch = input.shape[0] if input.ndim > 0 else 1
        return {**super().divisors(input, count), "batchmean": batch}

    def check(self, x: Array, y: Array) -> None:
        expect_broadcastable(self, x, y)
        expect_floating(self, y, name="target")

    def f(self, x: Array, y: Array) -> Array:
        if self.log_target:
            return np.exp(y) * (y - x)
        return np.where(y == 0, 0, y * np.log(y)) - y * x

    def df(self, x: Array, y: Array) -> Array:
        slope = -np.exp(y) if self.log_target else -y
        return np.broadcast_to(slope, np.broadcast_shapes(x.shape, y.shape))


class PoissonNLLLoss(ElementwiseLoss):
    r"""Negative log-likelihood of counts under a Poisson distribution.

    Parameters
    ----------
    log_input : bool, default True
        Whether the input is the logarithm of the expected count, or that count.
    full : bool, default False
        Whether to add Stirling's approximation of :math:`\log y!`, which has no
        gradient.
    size_average, reduce : bool, optional
        Deprecated, as in torch: ``reduce=False`` means ``"none"``,
        ``size_average=False`` means ``"sum"``.
    eps : float, default 1e-8
        Keeps the logarithm of an expected count of 0 finite.
    reduction : {"mean", "sum", "none"}, default "mean"
        How the losses become the output.

    Raises
    ------
    ValueError
        If input and target cannot be broadcast to one shape.

    Notes
    -----
    For an input :math:`x` and counts :math:`y` of the same shape, each element costs

    .. math::

        \begin{aligned}
        f(x, y) &= e^x - y x, &
        \frac{\partial f}{\partial x} &= e^x - y
        && \text{with log\_input} \\
        f(x, y) &= x - y \log(x + \epsilon), &
        \frac{\partial f}{\partial x} &= 1 - \frac{y}{x + \epsilon}
        && \text{without}
        \end{aligned}

    and with `full`, for each :math:`y > 1`, also
    :math:`y \log y - y + \frac{1}{2} \log(2 \pi y)`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.PoissonNLLLoss.html

    Examples
    --------
    >>> criterion = PoissonNLLLoss(reduction="none")
    >>> criterion(np.array([0.0, 0.0]), np.array([0.0, 3.0]))
    array([1., 1.])
    >>> criterion.backward(np.ones(2))
    array([ 1., -2.])
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Array, target: Array) -> Any:
        return super().forward(log_input, target)

    def f(self, x: Array, y: Array) -> Array:
        losses = np.exp(x) - y * x if self.log_input else x - y * np.log(x + self.eps)
        if self.full:
            stirling = y * np.log(y) - y + np.log(2 * math.pi * y) / 2
            losses = losses + np.where(y <= 1, 0, stirling)
        return losses

    def df(self, x: Array, y: Array) -> Array:
        return np.exp(x) - y if self.log_input else 1 - y / (x + self.eps)


class GaussianNLLLoss(Loss):
    r"""Negative log-likelihood under normal distributions, variance predicted too.

    Parameters
    ----------
    full : bool, default False
        Whether to add the constant :math:`\frac{1}{2} \log 2 \pi`.
    eps : float, default 1e-6
        The smallest variance, :math:`\epsilon`; a smaller one is taken for it.
    reduction : {"mean", "sum", "none"}, default "mean"
        How the losses become the output.

    Raises
    ------
    TypeError
        If input or variance is not floating-point.
    ValueError
        If a variance is negative, or the shapes do not fit.

    Notes
    -----
    For expectations :math:`x`, targets :math:`y` and variances :math:`v`, of the same
    shape, each element costs

    .. math::

        \begin{aligned}
        \ell &= \frac{1}{2} \Big( \log v + \frac{(x - y)^2}{v} \Big) \\
        \frac{\partial \ell}{\partial x} &= \frac{x - y}{v} \qquad
        \frac{\partial \ell}{\partial v} =
            \frac{1}{2 v} \Big( 1 - \frac{(x - y)^2}{v} \Big)
        \end{aligned}

    with :math:`\max(v, \epsilon)` for :math:`v` throughout: as in torch, a variance
    below :math:`\epsilon` still has the gradient of one at :math:`\epsilon`.

    The variance may also be 1 in one dimension or lack the last one, and then stands
    for all elements along it; or it may be a float, which has no gradient. ``backward``
    returns the gradients of the input and of the variance.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.GaussianNLLLoss.html

    Nix and Weigend, "Estimating the mean and variance of the target probability
    distribution", 1994, https://doi.org/10.1109/ICNN.1994.374138.

    Examples
    --------
    >>> criterion = GaussianNLLLoss(reduction="sum")
    >>> print(criterion(np.array([1.0, 3.0]), np.zeros(2), np.array([1.0, 1.0])))
    5.0
    >>> criterion.backward()
    (array([1., 3.]), array([ 0., -4.]))
    """

    predictions = (0, 2)

    def __init__(
        self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction=reduction)
        self.full = full
        self.eps = eps

    @np.errstate(all="ignore")
    def forward(self, input: Array, target: Array, var: Array | float) -> Any:
        expect_floating(self, input)
        expect_numbers(self, target, "target")
        self.check(input, target, var)
        x, y = input, target.astype(input.dtype, copy=False)
        v = np.maximum(self.aligned(x, var), self.eps)
        losses = (np.log(v) + np.square(x - y) / v) / 2
        if self.full:
            losses = losses + math.log(2 * math.pi) / 2
        divisor = self.divisor(x, losses.size)
        self.save_for_backward(x, y, v, var, divisor)
        return self.reduced(losses, divisor)

    @np.errstate(all="ignore")
    def backward(self, grad_output: ArrayLike = 1.0) -> tuple[Array, Array | None]:
        x, y, v, var, divisor = self.saved_for(grad_output)
        grad_losses = np.asarray(grad_output, x.dtype) / divisor
        grad_x = summed_to(x.shape, grad_losses * (x - y) / v)
        if isinstance(var, float):
            return grad_x, None
        grad_v = grad_losses * (1 - np.square(x - y) / v) / (2 * v)
        return grad_x, summed_to(v.shape, grad_v).reshape(var.shape)

    def check(self, x: Array, y: Array, var: Array | float) -> None:
        """Refuse a negative variance, and shapes that do not fit."""
        if not isinstance(var, float):
            expect_floating(self, var, name="var")
            differing = [
                w for w, size in zip(var.shape, x.shape, strict=False) if w != size
            ]
            alike = var.ndim == x.ndim and differing in ([], [1])
            if not alike and var.shape != x.shape[:-1]:
                raise ValueError(
                    "GaussianNLLLoss var expects the input's shape, or it less the "
                    f"last dimension or 1 in one, got {var.shape} for {x.shape}"
                )
        if np.any(np.asarray(var) < 0):
            raise ValueError(
                f"GaussianNLLLoss var expects no negative number, got {np.min(var)}"
            )
        expect_broadcastable(self, x, y)

    def aligned(self, x: Array, var: Array | float) -> Array:
        """Return the variance in dimensions that line up with those of `x`."""
        v = np.asarray(var, x.dtype)
        return v if v.ndim in (0, x.ndim) else v[..., None]
