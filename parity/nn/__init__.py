"""The torch twin of each layer, then its cases, in files of the same names."""

from parity.nn import (
    activation,
    batchnorm,
    container,
    conv,
    dropout,
    flatten,
    fold,
    instancenorm,
    linear,
    normalization,
    pooling,
)

PAIRS = (
    *linear.PAIRS,
    *activation.PAIRS,
    *flatten.PAIRS,
    *conv.PAIRS,
    *fold.PAIRS,
    *pooling.PAIRS,
    *dropout.PAIRS,
    *batchnorm.PAIRS,
    *instancenorm.PAIRS,
    *normalization.PAIRS,
    *container.PAIRS,
)

FAULTS = (
    *linear.FAULTS,
    *activation.FAULTS,
    *conv.FAULTS,
    *fold.FAULTS,
    *pooling.FAULTS,
    *dropout.FAULTS,
    *batchnorm.FAULTS,
    *instancenorm.FAULTS,
    *normalization.FAULTS,
)
