"""Pooling: the torch twins, then their cases, in files of the same names."""

from parity.nn.pooling import adaptive, average, max, power, unpool

PAIRS = (
    *max.PAIRS,
    *unpool.PAIRS,
    *average.PAIRS,
    *power.PAIRS,
    *adaptive.PAIRS,
)

FAULTS = (
    *max.FAULTS,
    *unpool.FAULTS,
    *average.FAULTS,
    *power.FAULTS,
    *adaptive.FAULTS,
)
