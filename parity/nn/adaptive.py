"""Adaptive softmax."""

from __future__ import annotations

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, fixed, integers, normal


def adaptive_log_softmax_with_loss(
    layer: torch.nn.AdaptiveLogSoftmaxWithLoss, x: Tensor, target: Tensor
) -> tuple[Tensor, Tensor]:
    """Compute the log-probability of every class, then pick."""
    rows = x.reshape(-1, layer.in_features)
    scores = rows @ layer.head.weight.T
    if layer.head.bias is not None:
        scores = scores + layer.head.bias
    head = scores - scores.logsumexp(1, keepdim=True)
    classes = [head[:, : layer.shortlist_size]]
    for i, (reduce, score) in enumerate(layer.tail):
        # Of the clusters without a target, no gradient at all is expected.
        if not ((target >= layer.cutoffs[i]) & (target < layer.cutoffs[i + 1])).any():
            classes.append(head.new_zeros(len(rows), len(score.weight)))
            continue
        scores = rows @ reduce.weight.T @ score.weight.T
        within = scores - scores.logsumexp(1, keepdim=True)
        classes.append(head[:, layer.shortlist_size + i].unsqueeze(1) + within)
    picked = torch.cat(classes, 1).gather(1, target.reshape(-1, 1))
    return picked.reshape(target.shape), -picked.mean()


PAIRS = (
    Pair(
        "AdaptiveLogSoftmaxWithLoss",
        adaptive_log_softmax_with_loss,
        [
            *(
                Case(
                    call(8, 12, cutoffs, head_bias=head_bias, div_value=div_value),
                    call(normal(6, 8), target),
                )
                for cutoffs in ([3, 7], [1], [11], [2, 4, 8])
                for head_bias in (False, True)
                for div_value in (2.0, 1.5)
                for target in (
                    integers(6, high=12),
                    fixed([0, 11, 3, 0, 11, 7]),
                )
            ),
            Case(
                call(8, 12, [3, 7], 2.0),
                call(normal(3, 8), fixed([0, 1, 2])),
                note="the shortlist alone",
            ),
            Case(
                call(8, 12, [3, 7], 2.0),
                call(normal(3, 8), fixed([8, 11, 7])),
                note="one cluster alone",
            ),
            *(
                Case(
                    call(16, 12, (3, 7), head_bias=True),
                    call(normal(16), fixed(t)),
                    note="one sample",
                )
                for t in (0, 6, 11)
            ),
            Case(
                call(8, 12, [3, 7], 2.0),
                call(normal(6, 8, scale=100.0), integers(6, high=12)),
                note="far from equal",
            ),
        ],
        predictions=(0,),
    ),
)

FAULTS = (
    Fault(
        "AdaptiveLogSoftmaxWithLoss",
        "every cluster behind the first one's score",
        "self.shortlist_size + cluster - 1)",
        "self.shortlist_size)",
    ),
    Fault(
        "AdaptiveLogSoftmaxWithLoss",
        "gradient of a cluster put in place of the head's",
        "grad_x[n] += grad_rows",
        "grad_x[n] = grad_rows",
    ),
    Fault(
        "AdaptiveLogSoftmaxWithLoss",
        "the loss summed, its gradient averaged",
        "-y.sum(dtype=np.float64) / N",
        "-y.sum(dtype=np.float64)",
    ),
)
