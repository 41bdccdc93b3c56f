"""Losses: the prediction has a gradient, the target has none."""

from parity.nn.loss import (
    binary,
    classification,
    ctc,
    likelihood,
    margin,
    ranking,
    regression,
    triplet,
)

PAIRS = (
    *regression.PAIRS,
    *classification.PAIRS,
    *binary.PAIRS,
    *likelihood.PAIRS,
    *margin.PAIRS,
    *ranking.PAIRS,
    *triplet.PAIRS,
    *ctc.PAIRS,
)

FAULTS = (
    *regression.FAULTS,
    *classification.FAULTS,
    *binary.FAULTS,
    *likelihood.FAULTS,
    *margin.FAULTS,
    *ranking.FAULTS,
    *triplet.FAULTS,
    *ctc.FAULTS,
)
