"""Losses of classification that hold the right classes above the others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from scratchnet.nn._check import (
    expect_classes,
    expect_floating,
    expect_integers,
    expect_shape,
)
from scratchnet.nn.activation import sigmoid
from scratchnet.nn.loss.binary import softplus
from scratchnet.nn.loss.reduction import (
    Loss,
    as_factor,
    expect_extends,
    expect_numbers,
)
from scratchnet.nn.module import Array, Module


class MultiMarginLoss(Loss):
    r"""Hold the score of one class above those of the others, by a margin.

    Parameters
    ----------
    p : {1, 2}, default 1
        The power of each violation.
    margin : float, default 1.0
        By how much, :math:`\Delta`.
    weight : ndarray, shape (C,), optional
        Of each class, when some matter more than others.
    size_average, reduce : bool, optional
        Deprecated, as in torch: ``reduce=False`` means ``"none"``,
        ``size_average=False`` means ``"sum"``.
    reduction : {"mean", "sum", "none"}, default "mean"
        How the losses become the output.

    Raises
    ------
    TypeError
        If the target does not hold integers, or input and weight differ in dtype.
    ValueError
        If `p` is neither 1 nor 2, or input, target and weight do not fit each other.
    IndexError
        If a target is not a class.

    Notes
    -----
    For scores :math:`x` of shape :math:`(N, C)`, targets :math:`t` of :math:`(N)` and
    weights :math:`w` of :math:`(C)`,

    .. math::

        \begin{aligned}
        z_{nj} &= \max(0, \Delta - x_{n t_n} + x_{nj}) \quad (j \ne t_n), \qquad
        \ell_n = \frac{w_{t_n}}{C} \sum_{j \ne t_n} z_{nj}^p \\
        \frac{\partial \ell_n}{\partial x_{nj}} &=
            \frac{w_{t_n}}{C} \, p \, z_{nj}^{p - 1} [z_{nj} > 0], \qquad
        \frac{\partial \ell_n}{\partial x_{n t_n}} =
            -\sum_{j \ne t_n} \frac{\partial \ell_n}{\partial x_{nj}}
        \end{aligned}

    An input of shape :math:`(C)` takes a target of shape :math:`()` or :math:`(1)`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.MultiMarginLoss.html

    Crammer and Singer, "On the Algorithmic Implementation of Multiclass Kernel-based
    Vector Machines", 2001, https://www.jmlr.org/papers/v2/crammer01a.html.

    Examples
    --------
    >>> criterion = MultiMarginLoss()
    >>> print(criterion(np.array([[0.1, 0.2, 0.4, 0.8]]), np.array([3])).round(4))
    0.325
    >>> criterion.backward()
    array([[ 0.25,  0.25,  0.25, -0.75]])
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Array | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError(f"MultiMarginLoss expects p to be 1 or 2, got {p}")
        if weight is not None and np.ndim(weight) != 1:
            raise ValueError(
                f"MultiMarginLoss weight expects (C,), got {np.shape(weight)}"
            )
        self.p = p
        self.margin = margin
        self.register_weight("weight", weight)

    @np.errstate(all="ignore")
    def forward(self, input: Array, target: Array) -> Any:
        x = as_batch(self, input)
        N, C = x.shape
        expect_integers(self, target, "target")
        expect_shape(self, target, *([(), (1,)] if N == 1 else [(N,)]), name="target")
        expect_classes(self, target, 0, C - 1)
        if self.weight is not None:
            expect_floating(self, self.weight, x.dtype, "weight")
            expect_shape(self, self.weight, (C,), name="weight")
        n, t = np.arange(N), target.reshape(N)
        z = np.maximum(self.margin - x[n, t, None] + x, 0)
        z[n, t] = 0
        w = np.ones(C, x.dtype) if self.weight is None else self.weight
        losses = w[t] * (z**self.p).sum(axis=1) / C
        slope = w[t, None] * (z > 0 if self.p == 1 else 2 * z) / C
        divisor = self.divisor(x, losses.size)
        self.save_for_backward(input.shape, t, slope, divisor)
        return self.reduced(losses.reshape(target.shape), divisor)

    @np.errstate(all="ignore")
    def backward(self, grad_output: ArrayLike = 1.0) -> Array:
        shape, t, slope, divisor = self.saved_for(grad_output)
        grad_losses = np.asarray(grad_output, slope.dtype) / divisor
        grad_x = grad_losses.reshape(-1, 1) * slope
        grad_x[np.arange(len(t)), t] = -grad_x.sum(axis=1)
        return grad_x.reshape(shape)


class MultiLabelMarginLoss(Loss):
    r"""Hold the scores of several classes above those of all others, by 1.

    Parameters
    ----------
    size_average, reduce : bool, optional
        Deprecated, as in torch: ``reduce=False`` means ``"none"``,
        ``size_average=False`` means ``"sum"``.
    reduction : {"mean", "sum", "none"}, default "mean"
        How the losses become the output.

    Raises
    ------
    TypeError
        If the target does not hold integers.
    ValueError
        If input and target differ in shape.
    IndexError
        If a target is neither a class nor −1.

    Notes
    -----
    For scores :math:`x` of shape :math:`(N, C)` and targets :math:`t` of the same
    shape: the classes of sample :math:`n` are :math:`t_{n1}, t_{n2}, \dots` up to the
    first −1, the set of them is :math:`T_n`, and what stands behind is ignored. With
    :math:`k` running over these targets and :math:`i` over the classes not in
    :math:`T_n`,

    .. math::

        \begin{aligned}
        z_{nki} &= \max(0, 1 - x_{n t_{nk}} + x_{ni}), \qquad
        \ell_n = \frac{1}{C} \sum_k \sum_{i \notin T_n} z_{nki} \\
        \frac{\partial \ell_n}{\partial x_{ni}} &= \frac{1}{C} \sum_k [z_{nki} > 0]
            \quad (i \notin T_n), \qquad
        \frac{\partial \ell_n}{\partial x_{nj}} = -\frac{1}{C}
            \sum_{k : t_{nk} = j} \sum_{i \notin T_n} [z_{nki} > 0] \quad (j \in T_n)
        \end{aligned}

    A class that is listed twice counts twice.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.MultiLabelMarginLoss.html

    Examples
    --------
    >>> criterion = MultiLabelMarginLoss()
    >>> x = np.array([[0.1, 0.2, 0.4, 0.8]])
    >>> print(criterion(x, np.array([[3, 0, -1, 1]])).round(4))
    0.85
    >>> criterion.backward()
    array([[-0.5,  0.5,  0.5, -0.5]])
    """

    @np.errstate(all="ignore")
    def forward(self, input: Array, target: Array) -> Any:
        x = as_batch(self, input)
        N, C = x.shape
        expect_integers(self, target, "target")
        expect_shape(self, target, input.shape, name="target")
        expect_classes(self, target, -1, C - 1)
        t = target.reshape(N, C)
        n, k = np.nonzero(np.logical_and.accumulate(t >= 0, axis=1))
        t = t[n, k]
        outside = np.ones((N, C), bool)
        outside[n, t] = False
        z = np.where(outside[n], np.maximum(1 - x[n, t, None] + x[n], 0), 0)
        losses = np.zeros(N, x.dtype)
        np.add.at(losses, n, z.sum(axis=1) / C)
        divisor = self.divisor(x, losses.size)
        self.save_for_backward(input.shape, x.shape, n, t, z, divisor)
        return self.reduced(losses.reshape(input.shape[:-1]), divisor)

    @np.errstate(all="ignore")
    def backward(self, grad_output: ArrayLike = 1.0) -> Array:
        shape, (N, C), n, t, z, divisor = self.saved_for(grad_output)
        grad_x = np.zeros((N, C), z.dtype)
        grad_losses = np.asarray(grad_output, z.dtype) / (divisor * C)
        grad_z = (z > 0) * np.broadcast_to(grad_losses.reshape(-1), N)[n, None]
        # The rows of a sample lie together, so that they are summed in one go.
        first = np.flatnonzero(np.diff(n, prepend=-1))
        grad_x[n[first]] = np.add.reduceat(grad_z, first)
        np.add.at(grad_x, (n, t), -grad_z.sum(axis=1))
        return grad_x.reshape(shape)


class MultiLabelSoftMarginLoss(Loss):
    r"""Binary cross-entropy of each class's logit, averaged over the classes.

    Parameters
    ----------
    weight : ndarray, optional
        Of each class, (C,), or any shape that broadcasts to the input's.
    size_average, reduce : bool, optional
        Deprecated, as in torch: ``reduce=False`` means ``"none"``,
        ``size_average=False`` means ``"sum"``.
    reduction : {"mean", "sum", "none"}, default "mean"
        How the losses, one for each sample, become the output.

    Raises
    ------
    ValueError
        If the target's or the weight's shape does not broadcast to the input's.

    Notes
    -----
    For logits :math:`x` of shape :math:`(\dots, C)`, targets :math:`y` of the same
    shape, 1 for the classes that apply and 0 for the others, and weights :math:`w`,

    .. math::

        \begin{aligned}
        \ell_n &= -\frac{1}{C} \sum_j w_j \big( y_{nj} \log \sigma(x_{nj})
            + (1 - y_{nj}) \log \sigma(-x_{nj}) \big) \\
        \frac{\partial \ell_n}{\partial x_{nj}} &=
            \frac{w_j}{C} \big( \sigma(x_{nj}) - y_{nj} \big)
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.MultiLabelSoftMarginLoss.html

    Examples
    --------
    >>> criterion = MultiLabelSoftMarginLoss(reduction="none")
    >>> criterion(np.array([[0.0, 9000.0]]), np.array([[1, 0]])).round(2)
    array([4500.35])
    >>> criterion.backward(np.ones(1))
    array([[-0.25,  0.5 ]])
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

    @np.errstate(all="ignore")
    def forward(self, input: Array, target: Array) -> Any:
        expect_floating(self, input)
        expect_shape(self, input, (..., "C"))
        expect_numbers(self, target, "target")
        expect_extends(self, input, target, "target")
        expect_extends(self, input, self.weight, "weight")
        x, y = input, target.astype(input.dtype, copy=False)
        w = as_factor(self.weight, x.dtype)
        losses = (w * ((1 - y) * x + softplus(-x))).sum(axis=-1) / x.shape[-1]
        divisor = self.divisor(x, losses.size)
        self.save_for_backward(x, y, w, divisor)
        return self.reduced(losses, divisor)

    @np.errstate(all="ignore")
    def backward(self, grad_output: ArrayLike = 1.0) -> Array:
        x, y, w, divisor = self.saved_for(grad_output)
        grad_losses = np.asarray(grad_output, x.dtype) / (divisor * x.shape[-1])
        return grad_losses[..., None] * w * (sigmoid(x) - y)


def as_batch(layer: Module, input: Array) -> Array:
    """Return the scores as (N, C); those of one sample are a batch of one."""
    expect_floating(layer, input)
    if input.ndim > 2 or input.shape[-1:] == (0,):
        raise ValueError(
            f"{type(layer).__name__} expects (C,) or (N, C), C of 1 or more, "
            f"got {input.shape}"
        )
    return input.reshape(-1, *(input.shape[-1:] or (1,)))
