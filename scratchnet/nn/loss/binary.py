"""Losses of yes-or-no questions, one asked at every element."""

from __future__ import annotations

import numpy as np

from scratchnet.nn._check import expect_floating, expect_shape
from scratchnet.nn.activation import sigmoid
from scratchnet.nn.loss.reduction import ElementwiseLoss, as_factor, expect_extends
from scratchnet.nn.module import Array


class BCELoss(ElementwiseLoss):
    r"""Binary cross-entropy of probabilities.

    Parameters
    ----------
    weight : ndarray, optional
        Multiplies the losses; of any shape that broadcasts to the input's.
    size_average, reduce : bool, optional
        Deprecated, as in torch: ``reduce=False`` means ``"none"``,
        ``size_average=False`` means ``"sum"``.
    reduction : {"mean", "sum", "none"}, default "mean"
        How the losses become the output.

    Raises
    ------
    TypeError
        If the target is not of the input's dtype.
    ValueError
        If input and target differ in shape, or leave [0, 1].

    Notes
    -----
    For a probability :math:`x`, a target :math:`y` and a weight :math:`w`, of the same
    shape, each element costs

    .. math::

        \begin{aligned}
        f(x, y) &= -w \big( y \log x + (1 - y) \log(1 - x) \big) \\
        \frac{\partial f}{\partial x} &= w \frac{x - y}{x (1 - x)}
        \end{aligned}

    As in torch, both logarithms are held above −100 and the denominator above
    :math:`10^{-12}`, so that certainty, right or wrong, stays finite.
    `BCEWithLogitsLoss` needs no such fence.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.BCELoss.html

    Examples
    --------
    >>> criterion = BCELoss(reduction="none")
    >>> criterion(np.array([0.5, 0.0, 0.0]), np.array([1.0, 0.0, 1.0])).round(4)
    array([  0.6931,   0.    , 100.    ])
    >>> criterion.backward(np.ones(3))
    array([-2.e+00,  0.e+00, -1.e+12])
    """

    def __init__(
        self,
        weight: Array | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_weight("weight", weight)

    def check(self, x: Array, y: Array) -> None:
        expect_shape(self, y, x.shape, name="target")
        expect_floating(self, y, x.dtype, "target")
        expect_extends(self, x, self.weight, "weight")
        for name, array in {"input": x, "target": y}.items():
            inside = (array >= 0) & (array <= 1)
            if not inside.all():
                raise ValueError(
                    f"BCELoss {name} expects numbers between 0 and 1, "
                    f"got {array[~inside].flat[0]}"
                )

    def f(self, x: Array, y: Array) -> Array:
        w = as_factor(self.weight, x.dtype)
        log_x = np.maximum(np.log(x), -100)
        log_1_x = np.maximum(np.log1p(-x), -100)
        return -w * (y * log_x + (1 - y) * log_1_x)

    def df(self, x: Array, y: Array) -> Array:
        w = as_factor(self.weight, x.dtype)
        # Torch's bound is a float32 in every precision, 4e-9 below 1e-12.
        return w * (x - y) / np.maximum(x * (1 - x), np.float32(1e-12))


class BCEWithLogitsLoss(ElementwiseLoss):
    r"""Binary cross-entropy of logits: `Sigmoid`, then `BCELoss`, without overflow.

    Parameters
    ----------
    weight : ndarray, optional
        Multiplies the losses; of any shape that broadcasts to the input's.
    size_average, reduce : bool, optional
        Deprecated, as in torch: ``reduce=False`` means ``"none"``,
        ``size_average=False`` means ``"sum"``.
    reduction : {"mean", "sum", "none"}, default "mean"
        How the losses become the output.
    pos_weight : ndarray, optional
        Multiplies the cost of a positive target: above 1 it favours recall, below 1
        precision. Of any shape that broadcasts to the input's.

    Raises
    ------
    ValueError
        If input and target differ in shape.

    Notes
    -----
    For a logit :math:`x`, a target :math:`y`, a weight :math:`w` and a positive weight
    :math:`p`, of the same shape, each element costs

    .. math::

        \begin{aligned}
        f(x, y) &= -w \big( p y \log \sigma(x) + (1 - y) \log \sigma(-x) \big) \\
            &= w \big( (1 - y) x + (1 + (p - 1) y) \log (1 + e^{-x}) \big) \\
        \frac{\partial f}{\partial x} &= w \big( (1 + (p - 1) y) \sigma(x) - p y \big)
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.BCEWithLogitsLoss.html

    Examples
    --------
    >>> criterion = BCEWithLogitsLoss(reduction="none")
    >>> criterion(np.array([0.0, 9000.0, -9000.0]), np.array([0.0, 1.0, 1.0])).round()
    array([1.e+00, 0.e+00, 9.e+03])
    >>> criterion.backward(np.ones(3))
    array([ 0.5,  0. , -1. ])
    """

    def __init__(
        self,
        weight: Array | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Array | None = None,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_weight("weight", weight)
        self.register_weight("pos_weight", pos_weight)

    def check(self, x: Array, y: Array) -> None:
        expect_shape(self, y, x.shape, name="target")
        expect_floating(self, y, name="target")
        expect_extends(self, x, self.weight, "weight")
        expect_extends(self, x, self.pos_weight, "pos_weight")

    def f(self, x: Array, y: Array) -> Array:
        w = as_factor(self.weight, x.dtype)
        p = as_factor(self.pos_weight, x.dtype)
        return w * ((1 - y) * x + (1 + (p - 1) * y) * softplus(-x))

    def df(self, x: Array, y: Array) -> Array:
        w = as_factor(self.weight, x.dtype)
        p = as_factor(self.pos_weight, x.dtype)
        return w * ((1 + (p - 1) * y) * sigmoid(x) - p * y)


class SoftMarginLoss(ElementwiseLoss):
    r"""Logistic loss of two classes called 1 and −1.

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
        If the target's shape does not broadcast to the input's.

    Notes
    -----
    For a logit :math:`x` and a target :math:`y`, 1 or −1, of the same shape, each
    element costs

    .. math::

        f(x, y) = \log(1 + e^{-y x}), \qquad
        \frac{\partial f}{\partial x} = -y \, \sigma(-y x)

    Torch forms :math:`e^{-y x}` itself, which overflows for a logit that is far on the
    wrong side; here the loss is then the finite :math:`-y x`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.SoftMarginLoss.html

    Examples
    --------
    >>> criterion = SoftMarginLoss(reduction="none")
    >>> criterion(np.array([0.0, 9000.0, 9000.0]), np.array([1.0, 1.0, -1.0])).round()
    array([1.e+00, 0.e+00, 9.e+03])
    >>> criterion.backward(np.ones(3))
    array([-0.5, -0. ,  1. ])
    """

    def check(self, x: Array, y: Array) -> None:
        expect_extends(self, x, y, "target")

    def f(self, x: Array, y: Array) -> Array:
        return softplus(-y * x)

    def df(self, x: Array, y: Array) -> Array:
        return -y * sigmoid(-y * x)


def softplus(x: Array) -> Array:
    r"""Return :math:`\log(1 + e^x)`, the exponential never above 1."""
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)
