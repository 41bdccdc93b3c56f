"""Connectionist temporal classification."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from parity.case import (
    Case,
    Draw,
    Fault,
    Pair,
    call,
    fixed,
    integers,
    normal,
    probabilities,
)
from parity.nn.loss.reduction import REDUCTIONS, reduced


def ctc_loss(
    layer: torch.nn.CTCLoss,
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
) -> Tensor:
    batched = log_probs if log_probs.ndim == 3 else log_probs.unsqueeze(1)
    times, lengths = (
        torch.as_tensor(given).reshape(-1).tolist()
        for given in (input_lengths, target_lengths)
    )
    targets = targets if targets.ndim == 2 else targets.split(lengths)
    losses = torch.stack(
        [
            one_sequence(layer, batched[:T, n], targets[n][:L].tolist())
            for n, (T, L) in enumerate(zip(times, lengths, strict=True))
        ]
    )
    if layer.reduction == "mean":
        losses = losses / torch.tensor(lengths).clamp(min=1)
    return reduced(layer, losses if log_probs.ndim == 3 else losses[0])


def one_sequence(layer: torch.nn.CTCLoss, log_p: Tensor, labels: list[int]) -> Tensor:
    """Sum over the alignments of one sequence, state by state."""
    b = layer.blank
    states = [b, *(state for label in labels for state in (label, b))]
    # As torch has it, the gradient of a softmax is added, and no value.
    loss = log_p.exp().sum() - log_p.exp().sum().detach()
    if len(log_p) == 0 and labels == []:
        return loss
    ways = {s: log_p[0, states[s]] for s in range(len(states[:2])) if len(log_p) > 0}
    for emitted in log_p[1:]:
        arriving: dict[int, list[Tensor]] = {}
        for s, alpha in ways.items():
            for to in (s, s + 1, s + 2):
                if to < len(states) and (to < s + 2 or states[s] != states[to]):
                    arriving.setdefault(to, []).append(alpha)
        ways = {
            s: torch.stack(alphas).logsumexp(0) + emitted[states[s]]
            for s, alphas in arriving.items()
        }
    ended = [ways[s] for s in (len(states) - 1, len(states) - 2) if s in ways]
    if ended:
        return loss - torch.stack(ended).logsumexp(0)
    impossible = 0 * log_p.sum()
    return impossible if layer.zero_infinity else -impossible.log()


def log_probabilities(*shape: int) -> Draw:
    """Describe the logarithms of numbers that sum to one along the last dimension."""
    p = probabilities(*shape, dim=-1)
    return Draw(
        "log_probabilities", shape, lambda rng, shape: np.log(p.sample(rng, shape))
    )


#: Repeated labels, an empty target, one that just fits, and padding of any kind.
TARGETS = fixed([[1, 1, 2, 3], [2, -9, 99, 1], [1, 2, 1, 2], [3, 3, 0, 0]])
LENGTHS = {
    "full": (fixed([7, 7, 7, 7]), fixed([3, 1, 4, 2])),
    "ragged": (fixed([5, 1, 4, 7]), fixed([4, 1, 4, 1])),
    "empty targets": (fixed([7, 3, 7, 1]), fixed([0, 0, 2, 0])),
}
IMPOSSIBLE = {
    "too short": (fixed([3, 7, 2, 7]), fixed([3, 1, 2, 2])),
    "no input": (fixed([0, 0, 7, 7]), fixed([0, 1, 2, 2])),
}
NOT_ITS_SLOPE = {
    "differences": False,
    "because": "torch adds the gradient of a softmax, which the value does not have",
}
INPUT = log_probabilities(7, 4, 5)

PAIRS = (
    Pair(
        "CTCLoss",
        ctc_loss,
        [
            *(
                Case(
                    call(reduction=reduction),
                    call(INPUT, TARGETS, *lengths),
                    note=note,
                    **NOT_ITS_SLOPE,
                )
                for reduction in REDUCTIONS
                for note, lengths in LENGTHS.items()
            ),
            *(
                Case(
                    call(reduction=reduction, zero_infinity=zero_infinity),
                    call(INPUT, TARGETS, *lengths),
                    note=note,
                    **NOT_ITS_SLOPE,
                )
                for reduction in REDUCTIONS
                for zero_infinity in (False, True)
                for note, lengths in IMPOSSIBLE.items()
            ),
            *(
                Case(
                    call(blank=blank, reduction=reduction),
                    call(INPUT, targets, fixed([7, 6, 7, 5]), fixed([1, 3, 0, 2])),
                    note="targets one after the other",
                    **NOT_ITS_SLOPE,
                )
                for reduction in REDUCTIONS
                for blank, targets in (
                    (0, integers(6, low=1, high=5)),
                    (4, integers(6, high=4)),
                    (2, fixed([1, 2, 2, 1, 2, 0])),
                )
            ),
            *(
                Case(
                    call(reduction=reduction),
                    call(log_probabilities(6, 4), *targets),
                    note="one sequence",
                    **NOT_ITS_SLOPE,
                )
                for reduction in REDUCTIONS
                for targets in (
                    (fixed([1, 2, 2]), fixed(6), fixed(3)),
                    (fixed([[1, 2, 2]]), fixed([5]), fixed([2])),
                    (fixed([1, 3]), (6,), (2,)),
                )
            ),
            Case(
                call(reduction="none"),
                call(
                    normal(7, 4, 5, scale=30.0),
                    TARGETS,
                    *LENGTHS["full"],
                ),
                note="far from equal, and no probabilities",
                **NOT_ITS_SLOPE,
            ),
        ],
        predictions=(0,),
    ),
)

FAULTS = (
    Fault(
        "CTCLoss",
        "blanks skipped between equal labels",
        "barred[:, 2:][labels[:, 2:] != labels[:, :-2]] = 0",
        "barred[:, 2:] = 0",
    ),
    Fault(
        "CTCLoss",
        "ending in the last blank alone",
        "np.logaddexp(last[n, 2 * L], in_label)",
        "last[n, 2 * L]",
    ),
    Fault(
        "CTCLoss",
        "the last emission counted twice",
        "np.exp(alpha + b + losses[:, None])",
        "np.exp(alpha + b + emitted + losses[:, None])",
    ),
    Fault(
        "CTCLoss",
        "mean over the batch alone",
        "(N * np.maximum(L, 1))",
        "(N * np.ones_like(L))",
    ),
)
