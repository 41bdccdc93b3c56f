"""The torch twin of each layer, then its cases, in files of the same names."""

from parity.nn import (
    activation,
    adaptive,
    attention,
    batchnorm,
    channelshuffle,
    container,
    conv,
    distance,
    dropout,
    flatten,
    fold,
    init,
    instancenorm,
    linear,
    loss,
    normalization,
    padding,
    pixelshuffle,
    pooling,
    rnn,
    sparse,
    upsampling,
)

FAMILIES = (
    linear,
    activation,
    loss,
    adaptive,
    flatten,
    dropout,
    sparse,
    distance,
    container,
    conv,
    fold,
    init,
    pooling,
    batchnorm,
    instancenorm,
    normalization,
    padding,
    pixelshuffle,
    channelshuffle,
    upsampling,
    rnn,
    attention,
)

PAIRS = tuple(pair for family in FAMILIES for pair in family.PAIRS)
FAULTS = tuple(fault for family in FAMILIES for fault in family.FAULTS)
