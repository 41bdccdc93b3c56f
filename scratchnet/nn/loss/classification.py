"""Losses of classification: one class of several, at every position.

Inputs of shape (C,), (N, C) and (N, C, d1, d2, …) are all read as (N, C, K): samples,
classes, and the positions of a sample in one row.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from scratchnet.nn._check import (
    expect_classes,
    expect_floating,
    expect_integers,
    expect_shape,
)
from scratchnet.nn.activation import shifted
from scratchnet.nn.loss.reduction import Loss
from scratchnet.nn.module import Array

At = tuple[Array, Array, Array]


class _ClassLoss(Loss):
    """Base of the losses that weigh classes and may ignore targets."""

    def __init__(
        self,
        weight: Array | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_weight("weight", weight)
        self.ignore_index = ignore_index

    def expect_scores(self, input: Array) -> None:
        """Refuse an input without classes, or with others than were weighed."""
        expect_floating(self, input)
        if input.ndim == 0:
            name = type(self).__name__
            raise ValueError(f"{name} expects (C,) or (N, C, ...), got ()")
        if self.weight is not None:
            _, C, _ = positions(input.shape)
            expect_floating(self, self.weight, input.dtype, "weight")
            expect_shape(self, self.weight, (C,), name="weight")

    def find_targets(self, input: Array, target: Array) -> tuple[At, Array, Any, Any]:
        r"""Find the targets :math:`t_n` that are not ignored.

        Returns
        -------
        at : tuple of three arrays
            Where they lie among the (N, C, K) scores, as indices.
        kept : ndarray of bool, shape (N, 1, K)
            The positions they belong to.
        w : ndarray or 1
            The weight :math:`w_{t_n}` of each.
        total : float
            The sum of these weights.
        """
        expect_integers(self, target, "target")
        expect_shape(self, target, without_classes(input.shape), name="target")
        N, C, K = positions(input.shape)
        target = target.reshape(N, 1, K)
        kept = target != self.ignore_index
        n, _, k = np.nonzero(kept)
        t = target[kept]
        expect_classes(self, t, 0, C - 1)
        if self.weight is None:
            return (n, t, k), kept, 1, t.size
        w = self.weight[t]
        return (n, t, k), kept, w, w.sum()


class NLLLoss(_ClassLoss):
    r"""Negative log-likelihood of the target classes, given log-probabilities.

    Parameters
    ----------
    weight : ndarray, shape (C,), optional
        Of each class, when some matter more than others.
    size_average, reduce : bool, optional
        Deprecated, as in torch: ``reduce=False`` means ``"none"``,
        ``size_average=False`` means ``"sum"``.
    ignore_index : int, default -100
        Positions with this target cost nothing and get no gradient.
    reduction : {"mean", "sum", "none"}, default "mean"
        How the losses become the output. The mean is weighted: it divides by the
        weights of the targets kept, and is NaN where none is.

    Raises
    ------
    TypeError
        If the target does not hold integers, or input and weight differ in dtype.
    ValueError
        If input, target and weight do not fit each other.
    IndexError
        If a target is not a class.

    Notes
    -----
    For log-probabilities :math:`x` of shape :math:`(N, C, d_1, \dots)`, targets
    :math:`t` of :math:`(N, d_1, \dots)`, weights :math:`w` of :math:`(C)`, and
    :math:`n` running over the positions that are not ignored,

    .. math::

        \begin{aligned}
        \ell_n &= -w_{t_n} x_{n, t_n} \\
        L &= \frac{1}{D} \sum_n \ell_n, \qquad D = \sum_n w_{t_n} \\
        \frac{\partial L}{\partial x_{nj}} &= -\frac{1}{D} w_{t_n} [j = t_n]
        \end{aligned}

    An input of shape :math:`(C)` takes a target of shape :math:`()`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.NLLLoss.html

    Examples
    --------
    >>> criterion = NLLLoss()
    >>> log_p = np.log([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])
    >>> print(criterion(log_p, np.array([0, 1])).round(4))
    0.4581
    >>> criterion.backward()
    array([[-0.5,  0. ,  0. ],
           [ 0. , -0.5,  0. ]])
    """

    @np.errstate(all="ignore")
    def forward(self, input: Array, target: Array) -> Any:
        self.expect_scores(input)
        at, _, w, total = self.find_targets(input, target)
        x = input.reshape(positions(input.shape))
        losses = negative_likelihoods(x, at, w)
        divisor = self.divisor(input, total)
        self.save_for_backward(input, at, w, divisor)
        return self.reduced(losses.reshape(target.shape), divisor)

    @np.errstate(all="ignore")
    def backward(self, grad_output: ArrayLike = 1.0) -> Array:
        input, at, w, divisor = self.saved_for(grad_output)
        N, C, K = positions(input.shape)
        grad_x = np.zeros((N, C, K), input.dtype)
        grad_losses = np.asarray(grad_output, input.dtype) / divisor
        if grad_losses.ndim > 0:
            n, _, k = at
            grad_losses = grad_losses.reshape(N, K)[n, k]
        grad_x[at] = -w * grad_losses
        return grad_x.reshape(input.shape)


class CrossEntropyLoss(_ClassLoss):
    r"""Cross-entropy of logits: `LogSoftmax`, then `NLLLoss`, in one step.

    Parameters
    ----------
    weight : ndarray, shape (C,), optional
        Of each class, when some matter more than others.
    size_average, reduce : bool, optional
        Deprecated, as in torch: ``reduce=False`` means ``"none"``,
        ``size_average=False`` means ``"sum"``.
    ignore_index : int, default -100
        Positions with this target cost nothing and get no gradient.
    reduction : {"mean", "sum", "none"}, default "mean"
        How the losses become the output. With classes as targets the mean is weighted:
        it divides by the weights of the targets kept, and is NaN where none is.
    label_smoothing : float in [0, 1], default 0
        The share of each target spread evenly over all classes.

    Raises
    ------
    TypeError
        If the target holds neither integers nor, shaped as the input, probabilities, or
        input and weight differ in dtype.
    ValueError
        If input, target and weight do not fit each other, `label_smoothing` is not in
        [0, 1], or targets are probabilities while `ignore_index` names a class.
    IndexError
        If a target is not a class.

    Notes
    -----
    For logits :math:`x` of shape :math:`(N, C, d_1, \dots)`, weights :math:`w` of
    :math:`(C)`, smoothing :math:`\epsilon`, and :math:`n` running over the positions
    that are not ignored, the target is either a class :math:`t_n`, of shape
    :math:`(N, d_1, \dots)`, so that :math:`y_{nj} = [j = t_n]`, or the probabilities
    :math:`y`, of the input's shape:

    .. math::

        \begin{aligned}
        p_{nj} &= \frac{e^{x_{nj}}}{\sum_k e^{x_{nk}}}, \qquad
        q_{nj} = w_j \Big( (1 - \epsilon) y_{nj} + \frac{\epsilon}{C} \Big) \\
        \ell_n &= -\sum_j q_{nj} \log p_{nj} \\
        L &= \frac{1}{D} \sum_n \ell_n, \qquad
        D = \sum_n w_{t_n} \text{ for classes, } \sum_n 1 \text{ for probabilities} \\
        \frac{\partial L}{\partial x_{nj}} &=
            \frac{1}{D} \Big( p_{nj} \sum_k q_{nk} - q_{nj} \Big)
        \end{aligned}

    An input of shape :math:`(C)` takes a target of shape :math:`()` or :math:`(C)`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html

    Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2015,
    https://arxiv.org/abs/1512.00567, for label smoothing.

    Examples
    --------
    >>> criterion = CrossEntropyLoss()
    >>> x = np.array([[0.0, 0.0], [1000.0, -np.inf]])
    >>> print(criterion(x, np.array([1, 0])).round(4))
    0.3466
    >>> criterion.backward()
    array([[ 0.25, -0.25],
           [ 0.  ,  0.  ]])
    """

    def __init__(
        self,
        weight: Array | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, ignore_index, reduce, reduction)
        self.label_smoothing = label_smoothing

    @np.errstate(all="ignore")
    def forward(self, input: Array, target: Array) -> Any:
        self.expect_scores(input)
        if not 0 <= self.label_smoothing <= 1:
            raise ValueError(
                "CrossEntropyLoss expects label_smoothing between 0 and 1, "
                f"got {self.label_smoothing}"
            )
        N, C, K = positions(input.shape)
        given = np.shape(target) == input.shape
        if given:
            y, total = self.probabilities(input, target), N * K
            kept: Any = True
        else:
            at, kept, w, total = self.find_targets(input, target)
            y = np.zeros((N, C, K), input.dtype)
            y[at] = 1
        x = shifted(input.reshape(N, C, K), 1)
        e = np.exp(x)
        total_e = e.sum(axis=1, keepdims=True)
        # Not p = exp(log p), which would round twice where p is close to 1.
        p, log_p = e / total_e, x - np.log(total_e)
        q = self.smoothed(y)
        if given or self.label_smoothing > 0:
            losses = np.where(kept, -(q * log_p).sum(axis=1, keepdims=True), 0)
        else:
            # Picked, not summed: where y is 0, a log p of -inf costs nothing.
            losses = negative_likelihoods(log_p, at, w)
        divisor = self.divisor(input, total)
        self.save_for_backward(input.shape, p, q, kept, divisor)
        return self.reduced(losses.reshape(without_classes(input.shape)), divisor)

    @np.errstate(all="ignore")
    def backward(self, grad_output: ArrayLike = 1.0) -> Array:
        shape, p, q, kept, divisor = self.saved_for(grad_output)
        N, _, K = p.shape
        grad_losses = np.asarray(grad_output, p.dtype) / divisor
        if grad_losses.ndim > 0:
            grad_losses = grad_losses.reshape(N, 1, K)
        grad_x = p * q.sum(axis=1, keepdims=True) - q
        grad_x *= np.where(kept, grad_losses, 0)
        return grad_x.reshape(shape)

    def probabilities(self, input: Array, target: Array) -> Array:
        """Return a target of the input's shape, in that of the computation."""
        expect_floating(self, target, name="target of the input's shape")
        if self.ignore_index >= 0:
            raise ValueError(
                "CrossEntropyLoss ignores classes, not probabilities: "
                f"ignore_index={self.ignore_index} expects a target of integers"
            )
        return target.astype(input.dtype, copy=False).reshape(positions(input.shape))

    def smoothed(self, y: Array) -> Array:
        """Return :math:`q`, the weight of each log-probability."""
        eps = self.label_smoothing
        q = (1 - eps) * y + eps / y.shape[1] if eps > 0 else y
        w = self.weight
        return q if w is None else w[:, None] * q


def positions(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return N, C and K of an input; one without a batch is a batch of one."""
    if len(shape) == 1:
        return 1, shape[0], 1
    return shape[0], shape[1], math.prod(shape[2:])


def without_classes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of the losses of an input of `shape`."""
    return () if len(shape) == 1 else (shape[0], *shape[2:])


def negative_likelihoods(log_p: Array, at: At, w: Any) -> Array:
    r"""Return :math:`-w_{t_n} \log p_{n, t_n}`, and 0 where a target is ignored."""
    n, _, k = at
    losses = np.zeros((log_p.shape[0], log_p.shape[2]), log_p.dtype)
    losses[n, k] = -w * log_p[at]
    return losses
