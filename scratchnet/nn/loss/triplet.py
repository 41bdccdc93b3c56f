"""Losses of triplets: an anchor nearer to its like than to another."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from scratchnet.nn._check import expect_one_shape
from scratchnet.nn._sums import summed_to
from scratchnet.nn.distance import PairwiseDistance
from scratchnet.nn.loss.ranking import expect_alike
from scratchnet.nn.loss.reduction import Loss
from scratchnet.nn.module import Array


class Distance(Protocol):
    """A function of two arrays that knows its derivatives; a `Module`, for example."""

    def __call__(self, x1: Array, x2: Array, /) -> Array:
        """Return the distance of each pair."""

    def backward(self, grad_output: Array, /) -> Any:
        """Return the gradients of both arrays of the latest call."""


class _TripletLoss(Loss):
    """Base of both: what becomes of three distances."""

    predictions = (0, 1, 2)
    margin: float
    swap: bool

    def distance(self) -> Distance:
        """Return the function that measures."""
        raise AttributeError(f"{type(self).__name__} defines no distance")

    def expect_margin(self, margin: float) -> None:
        """Refuse a margin that is not positive."""
        if not margin > 0:
            raise ValueError(
                f"{type(self).__name__} expects a positive margin, got {margin}"
            )

    @np.errstate(all="ignore")
    def forward(self, anchor: Array, positive: Array, negative: Array) -> Any:
        inputs = {"anchor": anchor, "positive": positive, "negative": negative}
        expect_alike(self, **inputs)
        expect_one_shape(self, **inputs)
        d = self.distance()
        nearer = d_n = d(anchor, negative)
        # How much of the gradient goes to the negative's distance to the anchor.
        share: Any = 1
        if self.swap:
            d_swap = d(positive, negative)
            nearer, share = np.minimum(d_n, d_swap), np.heaviside(d_swap - d_n, 0.5)
        z = self.margin + d(anchor, positive) - nearer
        losses = np.maximum(z, 0)
        divisor = self.divisor(anchor, losses.size)
        self.save_for_backward(d, anchor, positive, negative, z, share, divisor)
        return self.reduced(losses, divisor)

    @np.errstate(all="ignore")
    def backward(self, grad_output: ArrayLike = 1.0) -> tuple[Array, Array, Array]:
        d, a, p, n, z, share, divisor = self.saved_for(grad_output)
        grad_z = (z >= 0) * (np.asarray(grad_output, z.dtype) / divisor)
        grad_a, grad_p = through(d, a, p, grad_z)
        grad_a_n, grad_n = through(d, a, n, -grad_z * share)
        grad_a = grad_a + grad_a_n
        if self.swap:
            grad_p_n, grad_n_p = through(d, p, n, -grad_z * (1 - share))
            grad_p, grad_n = grad_p + grad_p_n, grad_n + grad_n_p
        return grad_a, grad_p, grad_n


class TripletMarginLoss(_TripletLoss):
    r"""Hold the anchor nearer to the positive than to the negative, in a norm.

    Parameters
    ----------
    margin : float, default 1.0
        By how much; positive.
    p : float, default 2.0
        Which norm.
    eps : float, default 1e-6
        Added to each difference, lest it be zero.
    swap : bool, default False
        Whether the negative is held away from the positive too, if that is the nearer.
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
        If `margin` is not positive, or the inputs do not fit each other.

    Notes
    -----
    `TripletMarginWithDistanceLoss` with the distance of `PairwiseDistance`: for inputs
    of shape :math:`(N, D)` or :math:`(D)`,

    .. math::

        d(x, y) = \Big( \sum_i |x_i - y_i + \epsilon|^p \Big)^{1/p}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.TripletMarginLoss.html

    Balntas et al., "Learning shallow convolutional feature descriptors with triplet
    losses", 2016, https://doi.org/10.5244/C.30.119.

    Examples
    --------
    >>> criterion = TripletMarginLoss(p=1, eps=0.0)
    >>> a, p, n = np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]), np.array([[0.0, 5.0]])
    >>> print(criterion(a, p, n))
    3.0
    >>> criterion.backward()
    (array([[-1.,  0.]]), array([[1., 1.]]), array([[ 0., -1.]]))
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.expect_margin(margin)
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def distance(self) -> Distance:
        return PairwiseDistance(self.p, self.eps)


class TripletMarginWithDistanceLoss(_TripletLoss):
    r"""Hold the anchor nearer to the positive than to the negative, by a margin.

    Parameters
    ----------
    distance_function : Module or the like, optional
        What is called with two inputs and returns the distances of their pairs, and
        whose ``backward`` returns both gradients. Without it, `PairwiseDistance`.
    margin : float, default 1.0
        By how much, :math:`\Delta > 0`.
    swap : bool, default False
        Whether the negative is held away from the positive too, if that is the nearer.
    reduction : {"mean", "sum", "none"}, default "mean"
        How the losses become the output.

    Raises
    ------
    TypeError
        If the inputs are not floating-point arrays of one dtype, or
        `distance_function` has no ``backward``.
    ValueError
        If `margin` is not positive, or the inputs do not fit each other.

    Notes
    -----
    For an anchor :math:`a`, a positive :math:`p` and a negative :math:`n` of the same
    shape, and a distance :math:`d`,

    .. math::

        \begin{aligned}
        d_+ &= d(a, p), \qquad
        d_- = \begin{cases}
            d(a, n) & \text{without swap} \\
            \min(d(a, n), d(p, n)) & \text{with swap}
        \end{cases} \\
        z &= \Delta + d_+ - d_-, \qquad \ell = \max(0, z) \\
        \frac{\partial \ell}{\partial d_+} &= [z \ge 0]
            = -\frac{\partial \ell}{\partial d_-}
        \end{aligned}

    The smaller distance takes the gradient of :math:`d_-`; of equal ones each takes
    half. ``backward`` returns the gradients of all three inputs. It calls the distance
    again before each of its backward passes, as it remembers its latest call alone: a
    distance must not be random.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.TripletMarginWithDistanceLoss.html

    Balntas et al., "Learning shallow convolutional feature descriptors with triplet
    losses", 2016, https://doi.org/10.5244/C.30.119.

    Examples
    --------
    >>> criterion = TripletMarginWithDistanceLoss(reduction="none")
    >>> a, p, n = np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]), np.array([[0.0, 5.5]])
    >>> criterion(a, p, n).round(4)
    array([0.5])
    >>> grad_a, grad_p, grad_n = criterion.backward(np.ones(1))
    >>> grad_p.round(4)
    array([[0.6, 0.8]])
    """

    distance_function: Distance

    def __init__(
        self,
        *,
        distance_function: Distance | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.expect_margin(margin)
        if distance_function is None:
            distance_function = PairwiseDistance()
        elif not hasattr(distance_function, "backward"):
            raise TypeError(
                "TripletMarginWithDistanceLoss expects a distance_function with a "
                f"backward, got {distance_function!r}"
            )
        self.distance_function = distance_function
        self.margin = margin
        self.swap = swap

    def distance(self) -> Distance:
        return self.distance_function


def through(d: Distance, x1: Array, x2: Array, grad: Array) -> Any:
    """Send `grad` back through a distance, which remembers its latest call alone."""
    y = d(x1, x2)
    return d.backward(summed_to(y.shape, grad))
