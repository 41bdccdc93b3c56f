"""Losses of regression: how far one number lies from another."""

from __future__ import annotations

import numpy as np

from scratchnet.nn.loss.reduction import ElementwiseLoss
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
