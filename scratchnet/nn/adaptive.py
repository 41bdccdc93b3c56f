"""Adaptive softmax: a loss over very many classes, most of them rare."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from scratchnet.nn._check import (
    expect_classes,
    expect_floating,
    expect_integers,
    expect_shape,
)
from scratchnet.nn.activation import log_softmax, softmax
from scratchnet.nn.container import ModuleList, Sequential
from scratchnet.nn.linear import Linear
from scratchnet.nn.module import Array, Module


class AdaptiveOutput(NamedTuple):
    """What `AdaptiveLogSoftmaxWithLoss` returns.

    Attributes
    ----------
    output : ndarray, shape (N,)
        The log-probability of each target.
    loss : float
        The mean of their negatives.
    """

    output: Array
    loss: Any


class AdaptiveLogSoftmaxWithLoss(Module):
    r"""Log-softmax by clusters, and the negative log-likelihood of the targets.

    Frequent classes are scored at once; rare ones wait in clusters, each behind one
    score and with fewer features the rarer its classes are. Only the clusters that
    the targets of a batch lie in are computed.

    Parameters
    ----------
    in_features : int
        Features of each sample, :math:`I`.
    n_classes : int
        Number of classes, sorted by frequency, the most frequent first.
    cutoffs : sequence of int
        Where the clusters begin, in increasing order; the classes before the first
        are the shortlist.
    div_value : float, default 4.0
        Cluster :math:`i = 1, 2, \dots` works with
        :math:`\lfloor I / \text{div\_value}^i \rfloor` features.
    head_bias : bool, default False
        Whether the head has a bias.
    dtype : dtype, default float32
        Of the parameters, and so of the input.

    Attributes
    ----------
    head : Linear
        Scores the shortlist, and behind it one class for each cluster.
    tail : ModuleList
        Of each cluster: two `Linear` layers in a `Sequential`, without bias.

    Raises
    ------
    TypeError
        If the input is not an array of the parameters' dtype, or the target does not
        hold integers.
    ValueError
        If `cutoffs` does not hold different integers from 1 to ``n_classes - 1``,
        sorted, or input and target do not fit.
    IndexError
        If a target is not a class.

    Notes
    -----
    For inputs :math:`x` of shape :math:`(N, I)` and targets :math:`t` of :math:`(N)`,
    let :math:`h_n` be the scores of the head and :math:`k_n` the place there of the
    target or of its cluster; where it is in a cluster, let :math:`s_n` be the scores in
    that and :math:`r_n` its place among them. Then

    .. math::

        \begin{aligned}
        y_n &= \log \operatorname{softmax}(h_n)_{k_n}
            + \log \operatorname{softmax}(s_n)_{r_n}, \qquad
        L = -\frac{1}{N} \sum_n y_n \\
        \frac{\partial y_n}{\partial h_{nj}} &=
            [j = k_n] - \operatorname{softmax}(h_n)_j, \qquad
        \frac{\partial y_n}{\partial s_{nj}} =
            [j = r_n] - \operatorname{softmax}(s_n)_j
        \end{aligned}

    without the second terms for a target in the shortlist. An input of shape
    :math:`(I)` takes a target of :math:`()`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.AdaptiveLogSoftmaxWithLoss.html

    Grave et al., "Efficient softmax approximation for GPUs", 2017,
    https://arxiv.org/abs/1609.04309.

    Examples
    --------
    >>> criterion = AdaptiveLogSoftmaxWithLoss(16, 1000, cutoffs=[10, 100])
    >>> x = np.zeros((3, 16), np.float32)
    >>> output, loss = criterion(x, np.array([0, 50, 999]))
    >>> output.round(3)
    array([-2.485, -6.985, -9.287], dtype=float32)
    >>> criterion.backward(grad_loss=1.0).shape
    (3, 16)
    >>> np.exp(criterion.log_prob(x)).sum(axis=1).round(3)
    array([1., 1., 1.], dtype=float32)
    """

    #: The target has no gradient.
    predictions = (0,)

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        cutoffs = list(cutoffs)
        bounds = [0, *cutoffs, n_classes]
        rising = all(low < high for low, high in pairwise(bounds))
        if not cutoffs or not rising or any(int(c) != c for c in cutoffs):
            raise ValueError(
                "AdaptiveLogSoftmaxWithLoss expects cutoffs of different integers "
                f"from 1 to {n_classes - 1}, sorted, got {cutoffs}"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = cutoffs[0]
        self.n_clusters = len(cutoffs)
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, head_bias, dtype)
        self.tail = ModuleList()
        for i, (low, high) in enumerate(pairwise(self.cutoffs), start=1):
            features = int(in_features // div_value**i)
            self.tail.append(
                Sequential(
                    Linear(in_features, features, False, dtype),
                    Linear(features, high - low, False, dtype),
                )
            )

    def reset_parameters(self) -> None:
        """Draw the head, then the clusters, anew from the default generator."""
        for module in self.modules():
            if isinstance(module, Linear):
                module.reset_parameters()

    def forward(self, input_: Array, target_: Array) -> AdaptiveOutput:
        self.expect_targets(input_, target_)
        x, t = input_.reshape(-1, self.in_features), target_.reshape(-1).astype(np.intp)
        N = len(t)
        cluster = np.searchsorted(self.cutoffs, t, side="right")
        k = np.where(cluster == 0, t, self.shortlist_size + cluster - 1)
        parts = [(self.head, np.arange(N), k)]
        for i in range(1, self.n_clusters + 1):
            n = np.flatnonzero(cluster == i)
            if len(n) > 0:
                parts.append((self.tail[i - 1], n, t[n] - self.cutoffs[i - 1]))
        scores = [layer(x[n]) for layer, n, _ in parts]
        y = np.zeros(N, x.dtype)
        for (_, n, r), s in zip(parts, scores, strict=True):
            y[n] += log_softmax(s, 1)[np.arange(len(n)), r]
        self.save_for_backward(x, parts, scores, input_.shape)
        with np.errstate(invalid="ignore"):
            loss = x.dtype.type(-y.sum(dtype=np.float64) / N)
        return AdaptiveOutput(y.reshape(target_.shape), loss)

    def backward(
        self,
        grad_output: Array | None = None,
        grad_loss: ArrayLike | None = None,
        input_grad: bool = True,
    ) -> Array | None:
        x, parts, scores, shape = self.saved_for(grad_output, grad_loss)
        grad_y = np.zeros(len(x), x.dtype)
        if grad_output is not None:
            grad_y += grad_output.reshape(-1)
        if grad_loss is not None:
            grad_y -= np.asarray(grad_loss, x.dtype) / max(len(x), 1)
        grad_x = np.zeros_like(x)
        for (layer, n, r), s in zip(parts, scores, strict=True):
            grad_s = -grad_y[n, None] * softmax(s, 1)
            grad_s[np.arange(len(n)), r] += grad_y[n]
            grad_rows = layer.backward(grad_s, input_grad=input_grad)
            if input_grad:
                grad_x[n] += grad_rows
        return grad_x.reshape(shape) if input_grad else None

    def log_prob(self, input: Array) -> Array:
        """Return the log-probabilities of all classes, (N, n_classes)."""
        expect_floating(self, input, self.head.weight.dtype)
        expect_shape(self, input, ("N", self.in_features))
        head = log_softmax(apply(self.head, input), 1)
        parts = [head[:, : self.shortlist_size]]
        for i, cluster in enumerate(self.tail, start=self.shortlist_size):
            within = log_softmax(apply(cluster, input), 1)
            parts.append(head[:, i, None] + within)
        return np.concatenate(parts, axis=1)

    def predict(self, input: Array) -> Array:
        """Return the most probable class of each sample, (N,)."""
        expect_floating(self, input, self.head.weight.dtype)
        expect_shape(self, input, ("N", self.in_features))
        best = apply(self.head, input).argmax(axis=1)
        # No class in a cluster is more probable than the cluster itself.
        rare = best >= self.shortlist_size
        if rare.any():
            best[rare] = self.log_prob(input[rare]).argmax(axis=1)
        return best

    def expect_targets(self, x: Array, t: Array) -> None:
        """Refuse samples and targets that do not fit, or targets out of range."""
        expect_floating(self, x, self.head.weight.dtype)
        expect_shape(self, x, ("N", self.in_features), (self.in_features,))
        expect_integers(self, t, "target")
        expect_shape(self, t, x.shape[:-1], name="target")
        expect_classes(self, t, 0, self.n_classes - 1)


def apply(module: Module, x: Array) -> Array:
    """Return ``module(x)``; what the last forward pass kept for `backward` stays."""
    for layer in module.modules():
        if isinstance(layer, Linear):
            x = x @ layer.weight.data.T
            x = x if layer.bias is None else x + layer.bias.data
    return x
