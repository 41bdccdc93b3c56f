"""What every loss shares: the reduction, and the element-wise pattern.

A loss first gives one number for each position of the batch. `Loss` then reduces
these to their mean or sum, or leaves them. The element-wise losses are a table of
rules: each class states its function :math:`f` and the derivative of it;
`ElementwiseLoss` does the rest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from scratchnet.nn._check import came, expect_floating, is_array, warn
from scratchnet.nn._sums import summed_to
from scratchnet.nn.module import Array, Module


class Loss(Module):
    r"""Base of every loss: reduces the losses :math:`\ell_i` of all positions.

    .. math::

        L = \frac{1}{D} \sum_i \ell_i, \qquad
        \frac{\partial L}{\partial \ell_i} = \frac{1}{D}

    where the divisor :math:`D` is the number of positions for ``"mean"`` and 1 for
    ``"sum"``. With ``"none"`` the :math:`\ell_i` themselves are the output.

    Attributes
    ----------
    predictions : tuple of int
        Which arguments `backward` gives gradients for, by position: not the target.
    """

    predictions: tuple[int, ...] = (0,)

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        if size_average is not None or reduce is not None:
            reduction = _from_legacy(size_average, reduce)
        self.reduction = reduction

    def divisors(self, input: Array, count: float) -> dict[str, float]:
        """Return the divisor of each reduction; `count` is that of the mean."""
        return {"mean": count, "sum": 1, "none": 1}

    def divisor(self, input: Array, count: float) -> float:
        """Return :math:`D`, `count` being that of the mean."""
        divisors = self.divisors(input, count)
        if self.reduction not in divisors:
            expected = ", ".join(map(repr, divisors))
            raise ValueError(
                f"{type(self).__name__} expects a reduction among {expected}, "
                f"got {self.reduction!r}"
            )
        return divisors[self.reduction]

    def reduced(self, losses: Array, divisor: float) -> Any:
        """Return :math:`L`, or all the losses if they are not to be reduced."""
        if self.reduction == "none":
            return losses
        # Summed in double precision: one number, and as exact as its terms.
        return losses.dtype.type(losses.sum(dtype=np.float64) / divisor)

    def register_weight(self, name: str, weight: Array | None) -> None:
        """File a copy of a rescaling weight as a buffer, once it is an array."""
        if weight is not None:
            expect_floating(self, weight, name=name)
            weight = np.array(weight)
        self.register_buffer(name, weight)


class ElementwiseLoss(Loss):
    r"""Compare every element of the input with that of the target.

    With :math:`x` the input and :math:`y` the target, of any one shape, and
    :math:`D` the divisor of the reduction,

    .. math::

        L = \frac{1}{D} \sum_i f(x_i, y_i), \qquad
        \frac{\partial L}{\partial x_i} =
            \frac{1}{D} \frac{\partial f}{\partial x}(x_i, y_i)

    A target of another shape is broadcast against the input, with a warning. One of
    another dtype is converted to the input's.
    """

    def f(self, x: Array, y: Array) -> Array:
        raise AttributeError(f"{type(self).__name__} defines no f")

    def df(self, x: Array, y: Array) -> Array:
        r"""Return :math:`\partial f / \partial x`."""
        raise AttributeError(f"{type(self).__name__} defines no df")

    def check(self, x: Array, y: Array) -> None:
        """Refuse what the loss is not defined for."""
        expect_broadcastable(self, x, y)

    # Overflow, 0/0 and log 0 give inf and NaN in silence, as in torch.
    @np.errstate(all="ignore")
    def forward(self, input: Array, target: Array) -> Any:
        expect_floating(self, input)
        expect_numbers(self, target, "target")
        self.check(input, target)
        x, y = input, target.astype(input.dtype, copy=False)
        losses = self.f(x, y)
        divisor = self.divisor(x, losses.size)
        self.save_for_backward(x, y, divisor)
        return self.reduced(losses, divisor)

    @np.errstate(all="ignore")
    def backward(self, grad_output: ArrayLike = 1.0) -> Array:
        x, y, divisor = self.saved_for(grad_output)
        grad_losses = np.asarray(grad_output, x.dtype) / divisor
        return summed_to(x.shape, grad_losses * self.df(x, y))


def as_factor(weight: Array | None, dtype: DTypeLike) -> Any:
    """Return `weight` as something to multiply by: 1 where there is none."""
    return 1 if weight is None else weight.astype(dtype, copy=False)


def expect_numbers(layer: Module, array: Any, name: str) -> None:
    """Refuse what is not an array of real numbers."""
    if not (is_array(array) and np.can_cast(array.dtype, np.longdouble, "safe")):
        layer_name = type(layer).__name__
        raise TypeError(f"{layer_name} {name} expects real numbers, got {came(array)}")


def expect_broadcastable(layer: Module, x: Array, y: Array) -> None:
    """Warn of a target shaped unlike the input; refuse one that cannot be broadcast."""
    if x.shape == y.shape:
        return
    name = type(layer).__name__
    try:
        shape = np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        raise ValueError(
            f"{name} target expects the input's shape {x.shape}, got {y.shape}"
        ) from None
    warn(
        f"{name} compares an input of shape {x.shape} with a target of {y.shape} by "
        f"repeating both to {shape}: give them one shape"
    )


def expect_extends(layer: Module, x: Array, weight: Array | None, name: str) -> None:
    """Refuse a weight that cannot be repeated to the input's shape."""
    if weight is None:
        return
    try:
        np.broadcast_to(weight, x.shape)
    except ValueError:
        raise ValueError(
            f"{type(layer).__name__} {name} expects a shape that broadcasts to "
            f"{x.shape}, got {weight.shape}"
        ) from None


def _from_legacy(size_average: bool | None, reduce: bool | None) -> str:
    """Return what torch's deprecated arguments, each True unless given, stand for."""
    if reduce is not None and not reduce:
        reduction = "none"
    elif size_average is not None and not size_average:
        reduction = "sum"
    else:
        reduction = "mean"
    warn(f"size_average and reduce are deprecated: say reduction={reduction!r}")
    return reduction
