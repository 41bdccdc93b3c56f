"""The torch twin of each layer, then its cases, in files of the same names."""

from parity.nn import activation, container, dropout, flatten, linear, pooling

PAIRS = (
    *linear.PAIRS,
    *activation.PAIRS,
    *flatten.PAIRS,
    *pooling.PAIRS,
    *dropout.PAIRS,
    *container.PAIRS,
)

FAULTS = (
    *linear.FAULTS,
    *activation.FAULTS,
    *pooling.FAULTS,
    *dropout.FAULTS,
)
