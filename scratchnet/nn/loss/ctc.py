"""Connectionist temporal classification: labels in order, their times unknown."""

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
from scratchnet.nn.loss.reduction import Loss
from scratchnet.nn.module import Array


class CTCLoss(Loss):
    r"""Negative log-likelihood of a sequence of labels, summed over all alignments.

    Parameters
    ----------
    blank : int, default 0
        The class that stands for no label.
    reduction : {"mean", "sum", "none"}, default "mean"
        How the losses, one for each sequence, become the output. The mean first
        divides each by the length of its target, 1 at least.
    zero_infinity : bool, default False
        Whether a target that no alignment fits into its input costs 0, and gets no
        gradient, instead of costing infinity with a gradient of NaN.

    Raises
    ------
    TypeError
        If targets or lengths are not integers.
    ValueError
        If `blank` is not a class, or shapes and lengths do not fit.
    IndexError
        If a target is not a class.

    Notes
    -----
    For log-probabilities of shape :math:`(T, N, C)`, take one sequence: the
    probabilities :math:`p_t(c)` at times :math:`t = 1, \dots, T`, and the labels
    :math:`y_1, \dots, y_L`. Blanks between and around the labels give the states
    :math:`l = (\varnothing, y_1, \varnothing, y_2, \dots, y_L, \varnothing)`, of number
    :math:`S = 2 L + 1`. An alignment starts in one of the first two states; at each
    step it stays, moves on by one, or by two where :math:`l_s \ne l_{s - 2}`; and it
    ends in one of the last two. With :math:`a_t(s)` the probability of all ways that
    arrive in :math:`s` at :math:`t`, before anything is emitted there, and
    :math:`\alpha_t(s)` after,

    .. math::

        \begin{aligned}
        \alpha_t(s) &= a_t(s) \, p_t(l_s), \qquad a_1(1) = a_1(2) = 1 \\
        a_t(s) &= \alpha_{t-1}(s) + \alpha_{t-1}(s - 1)
            + [l_s \ne l_{s - 2}] \, \alpha_{t-1}(s - 2) \\
        \ell &= -\log \big( \alpha_T(S) + \alpha_T(S - 1) \big)
        \end{aligned}

    all of it in logarithms. Read from its end, the sequence gives by the same
    recursion :math:`b_t(s)`, the probability of all ways from :math:`s` at :math:`t` to
    the end, without what is emitted at :math:`t`. The share of the alignments that are
    in :math:`s` at :math:`t` is :math:`\gamma_t(s)`, and

    .. math::

        \gamma_t(s) = \alpha_t(s) \, b_t(s) \, e^\ell, \qquad
        \frac{\partial \ell}{\partial \log p_t(c)} =
            p_t(c) - \sum_{s : l_s = c} \gamma_t(s)

    The first term does not come from :math:`\ell`: torch adds it, as if the
    probabilities were moved through a softmax. Behind `LogSoftmax` it changes nothing.

    Targets of shape :math:`(N, \cdot)` are padded, with anything; targets of one
    dimension are those of all sequences, one after the other. Without :math:`N` the
    input is one sequence. A class of probability 0, whose gradient torch gives as NaN,
    has here a gradient of 0.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.CTCLoss.html

    Graves et al., "Connectionist Temporal Classification", 2006,
    https://www.cs.toronto.edu/~graves/icml_2006.pdf.

    Examples
    --------
    Two steps, two classes and a blank, all equally likely: the label 1 alone is said
    by three of the nine ways, (1, 1), (1, blank) and (blank, 1).

    >>> criterion = CTCLoss()
    >>> log_probs = np.log(np.full((2, 3), 1 / 3))
    >>> print(np.exp(-criterion(log_probs, np.array([1]), 2, 1)).round(4))
    0.3333
    >>> criterion.backward().round(4)
    array([[ 0.    , -0.3333,  0.3333],
           [ 0.    , -0.3333,  0.3333]])
    """

    def __init__(
        self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    @np.errstate(all="ignore")
    def forward(
        self,
        log_probs: Array,
        targets: Array,
        input_lengths: ArrayLike,
        target_lengths: ArrayLike,
    ) -> Any:
        expect_floating(self, log_probs)
        expect_shape(self, log_probs, ("T", "N", "C"), ("T", "C"))
        log_p = log_probs if log_probs.ndim == 3 else log_probs[:, None]
        T, N, C = log_p.shape
        if log_p.size == 0:
            raise ValueError(f"CTCLoss expects an input, got {log_probs.shape}")
        if not 0 <= self.blank < C:
            raise ValueError(
                f"CTCLoss expects a blank from 0 to {C - 1}, got {self.blank}"
            )
        times = self.lengths("input_lengths", input_lengths, N, T)
        L = self.lengths("target_lengths", target_lengths, N, np.inf)
        labels = self.with_blanks(targets, L, C)
        emitted = log_p[:, np.arange(N)[:, None], labels]
        alpha = log_arrivals(emitted, labels) + emitted
        losses = -log_likelihood(alpha, times, L)
        divisor = self.divisor(log_p, (N * np.maximum(L, 1)).astype(losses.dtype))
        self.save_for_backward(
            log_probs, labels, times, L, alpha, emitted, losses, divisor
        )
        if self.zero_infinity:
            losses = np.where(losses == np.inf, 0, losses)
        return self.reduced((losses / divisor).reshape(log_probs.shape[1:-1]), 1)

    @np.errstate(all="ignore")
    def backward(self, grad_output: ArrayLike = 1.0) -> Array:
        log_probs, labels, times, L, alpha, emitted, losses, divisor = self.saved_for(
            grad_output
        )
        N, S = labels.shape
        log_p = log_probs.reshape(-1, N, log_probs.shape[-1])
        T, _, C = log_p.shape
        time, state = np.arange(T)[:, None, None], np.arange(S)
        inside = state <= 2 * L[:, None]
        # Indices that read each sequence from its end; twice, and it is as it was.
        end = (
            (times[:, None] - 1 - time) % T,
            np.arange(N)[:, None],
            (2 * L[:, None] - state) % S,
        )
        b = log_arrivals(emitted[end], labels[end[1:]])[end]
        gamma = np.where(inside, np.exp(alpha + b + losses[:, None]), 0)
        states_of = (labels[:, :, None] == np.arange(C)).astype(gamma.dtype)
        shares = (gamma.transpose(1, 0, 2) @ states_of).transpose(1, 0, 2)
        grad_losses = np.asarray(grad_output, log_p.dtype) / divisor
        grad_p = grad_losses[..., None] * (np.exp(log_p) - shares)
        kept = time < times[:, None]
        if self.zero_infinity:
            kept = kept & (losses < np.inf)[:, None]
        return np.where(kept, grad_p, 0).reshape(log_probs.shape)

    def lengths(self, name: str, given: ArrayLike, N: int, most: float) -> Array:
        """Return one length for each sequence."""
        lengths = np.asarray(given)
        expect_integers(self, lengths, name)
        expect_shape(self, lengths, *([(), (1,)] if N == 1 else [(N,)]), name=name)
        wrong = (lengths < 0) | (lengths > most)
        if wrong.any():
            raise ValueError(
                f"CTCLoss {name} expects 0 to {most}, got {lengths[wrong].flat[0]}"
            )
        return lengths.reshape(N).astype(np.int64)

    def with_blanks(self, targets: Array, L: Array, C: int) -> Array:
        """Return the states of every sequence, blanks around and between labels."""
        expect_integers(self, targets, "targets")
        N, longest = len(L), int(L.max())
        kept = np.arange(longest) < L[:, None]
        if targets.shape == (L.sum(),):
            y = targets
        elif targets.ndim == 2 and len(targets) == N and targets.shape[1] >= longest:
            y = targets[:, :longest][kept]
        else:
            raise ValueError(
                f"CTCLoss targets expects ({N}, {longest} or more) or ({L.sum()},), "
                f"got {targets.shape}"
            )
        expect_classes(self, y, 0, C - 1)
        labels = np.full((N, 2 * longest + 1), self.blank)
        labels[:, 1::2][kept] = y
        return labels


def log_arrivals(emitted: Array, labels: Array) -> Array:
    r"""Return :math:`\log a`, given what each state emits at each time, (T, N, S)."""
    T, N, S = emitted.shape
    a = np.full((T, N, S), -np.inf, emitted.dtype)
    a[0, :, :2] = 0
    barred = np.full((N, S), -np.inf, emitted.dtype)
    barred[:, 2:][labels[:, 2:] != labels[:, :-2]] = 0
    # Two states that nothing reaches stand in front, so that all have predecessors.
    alpha = np.full((N, 2 + S), -np.inf, emitted.dtype)
    for t in range(1, T):
        alpha[:, 2:] = a[t - 1] + emitted[t - 1]
        ways = np.stack([alpha[:, 2:], alpha[:, 1:-1], alpha[:, :-2] + barred])
        largest = np.maximum(ways.max(axis=0), np.finfo(a.dtype).min)
        a[t] = largest + np.log(np.exp(ways - largest).sum(axis=0))
    return a


def log_likelihood(alpha: Array, times: Array, L: Array) -> Array:
    """Return the logarithm of the probability of all alignments, (N,)."""
    n = np.arange(len(L))
    last = alpha[np.maximum(times - 1, 0), n]
    in_label = np.where(L > 0, last[n, 2 * L - 1], -np.inf)
    ended = np.logaddexp(last[n, 2 * L], in_label)
    # Of no input at all, an empty target is certain and any other impossible.
    return np.where(times > 0, ended, np.where(L > 0, -np.inf, 0)).astype(alpha.dtype)
