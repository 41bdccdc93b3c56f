"""Losses: the prediction has a gradient, the target has none."""

from parity.nn.loss import binary, classification, likelihood, regression

PAIRS = (
    *regression.PAIRS,
    *classification.PAIRS,
    *binary.PAIRS,
    *likelihood.PAIRS,
)

FAULTS = (
    *regression.FAULTS,
    *classification.FAULTS,
    *binary.FAULTS,
    *likelihood.FAULTS,
)
