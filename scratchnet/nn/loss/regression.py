"""Losses of regression: how far one number lies from another."""

from __future__ import annotations

import numpy as np

from scratchnet.nn.loss.reduction import ElementwiseLoss, expect_broadcastable
from scratchnet.nn.module import Array


class L1Loss(ElementwiseLoss):
    r"""Absolute error.

    Parameters
    ----------
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
    For an input :math:`x` and a target :math:`y` of the same shape, each element costs

    .. math::

        f(x, y) = |x - y|, \qquad
        \frac{\partial f}{\partial x} = \operatorname{sign}(x - y)

    with 0 for the derivative where :math:`x = y`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.L1Loss.html

    Examples
    --------
    >>> criterion = L1Loss(reduction="sum")
    >>> print(criterion(np.array([1.0, 5.0]), np.array([3.0, 4.0])))
    3.0
    >>> criterion.backward()
    array([-1.,  1.])
    """

    def f(self, x: Array, y: Array) -> Array:
        return np.abs(x - y)

    def df(self, x: Array, y: Array) -> Array:
        return np.sign(x - y)


class MSELoss(ElementwiseLoss):
    r"""Squared error; its mean is the mean squared error.

    Parameters
    ----------
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
    For an input :math:`x` and a target :math:`y` of the same shape, each element costs

    .. math::

        f(x, y) = (x - y)^2, \qquad \frac{\partial f}{\partial x} = 2 (x - y)

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.MSELoss.html

    Examples
    --------
    >>> criterion = MSELoss()
    >>> print(criterion(np.array([1.0, 5.0]), np.array([3.0, 4.0])))
    2.5
    >>> criterion.backward()
    array([-2.,  1.])
    """

    def f(self, x: Array, y: Array) -> Array:
        return np.square(x - y)

    def df(self, x: Array, y: Array) -> Array:
        return 2 * (x - y)


class SmoothL1Loss(ElementwiseLoss):
    r"""Squared error for small differences, absolute error for large ones.

    Parameters
    ----------
    size_average, reduce : bool, optional
        Deprecated, as in torch: ``reduce=False`` means ``"none"``,
        ``size_average=False`` means ``"sum"``.
    reduction : {"mean", "sum", "none"}, default "mean"
        How the losses become the output.
    beta : float, default 1.0
        The difference :math:`\beta` at which the one gives way to the other; with 0
        this is `L1Loss`.

    Raises
    ------
    ValueError
        If `beta` is negative, or input and target cannot be broadcast to one shape.

    Notes
    -----
    For an input :math:`x` and a target :math:`y` of the same shape and
    :math:`d = x - y`, each element costs

    .. math::

        f(x, y) = \begin{cases}
            d^2 / (2 \beta) & |d| < \beta \\
            |d| - \beta / 2 & \text{otherwise}
        \end{cases}
        \qquad
        \frac{\partial f}{\partial x} = \begin{cases}
            d / \beta & |d| < \beta \\
            \operatorname{sign} d & \text{otherwise}
        \end{cases}

    This is :math:`1 / \beta` times `HuberLoss`: growing :math:`\beta` flattens it
    towards 0, and its slope never exceeds 1.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.SmoothL1Loss.html

    Girshick, "Fast R-CNN", 2015, https://arxiv.org/abs/1504.08083.

    Examples
    --------
    >>> criterion = SmoothL1Loss(reduction="none", beta=2.0)
    >>> criterion(np.array([1.0, 5.0]), np.array([0.0, 0.0]))
    array([0.25, 4.  ])
    >>> criterion.backward(np.ones(2))
    array([0.5, 1. ])
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def check(self, x: Array, y: Array) -> None:
        expect_broadcastable(self, x, y)
        if self.beta < 0:
            raise ValueError(f"SmoothL1Loss expects beta of 0 or more, got {self.beta}")

    def f(self, x: Array, y: Array) -> Array:
        a = np.abs(x - y)
        if self.beta == 0:
            return a
        near = np.minimum(a, self.beta)
        return near * (a - near / 2) / self.beta

    def df(self, x: Array, y: Array) -> Array:
        d = x - y
        if self.beta == 0:
            return np.sign(d)
        return np.clip(d, -self.beta, self.beta) / self.beta


class HuberLoss(ElementwiseLoss):
    r"""Squared error whose slope stops growing at a given difference.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default "mean"
        How the losses become the output.
    delta : float, default 1.0
        The difference :math:`\delta` beyond which the loss is linear.

    Raises
    ------
    TypeError
        If `delta` is not a number.
    ValueError
        If `delta` is not positive, or input and target cannot be broadcast to one
        shape.

    Notes
    -----
    For an input :math:`x` and a target :math:`y` of the same shape and
    :math:`d = x - y`, each element costs

    .. math::

        f(x, y) = \begin{cases}
            d^2 / 2 & |d| \le \delta \\
            \delta (|d| - \delta / 2) & \text{otherwise}
        \end{cases}
        \qquad
        \frac{\partial f}{\partial x} = \min(\max(d, -\delta), \delta)

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.HuberLoss.html

    Huber, "Robust Estimation of a Location Parameter", 1964,
    https://doi.org/10.1214/aoms/1177703732.

    Examples
    --------
    >>> criterion = HuberLoss(reduction="none", delta=2.0)
    >>> criterion(np.array([1.0, 5.0]), np.array([0.0, 0.0]))
    array([0.5, 8. ])
    >>> criterion.backward(np.ones(2))
    array([1., 2.])
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        if not isinstance(delta, float | int):
            raise TypeError(
                f"HuberLoss expects a number for delta, got {type(delta).__name__}"
            )
        super().__init__(reduction=reduction)
        self.delta = delta

    def check(self, x: Array, y: Array) -> None:
        expect_broadcastable(self, x, y)
        if not self.delta > 0:
            raise ValueError(f"HuberLoss expects a positive delta, got {self.delta}")

    def f(self, x: Array, y: Array) -> Array:
        a = np.abs(x - y)
        near = np.minimum(a, self.delta)
        return near * (a - near / 2)

    def df(self, x: Array, y: Array) -> Array:
        return np.clip(x - y, -self.delta, self.delta)
