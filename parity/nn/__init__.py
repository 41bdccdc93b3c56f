"""The torch twin of each layer, then its cases, in files of the same names."""

from parity.nn import activation, container, dropout, flatten, linear

PAIRS = (
    *linear.PAIRS,
    *activation.PAIRS,
    *flatten.PAIRS,
    *dropout.PAIRS,
    *container.PAIRS,
)

FAULTS = (
    *linear.FAULTS,
    *activation.FAULTS,
    *dropout.FAULTS,
)
