r"""Initialisers: fill a tensor in place with torch's numbers from the same seed.

=========================================  ===========================================
`zeros_`, `ones_`, `constant_`             one value
`eye_`, `dirac_`                           what leaves signals as they are
`uniform_`, `normal_`, `trunc_normal_`     draws from one distribution
`xavier_uniform_`, `xavier_normal_`,       draws that keep the size of signals from
`kaiming_uniform_`, `kaiming_normal_`      layer to layer
`orthogonal_`                              the same, exactly
`sparse_`                                  few inputs to each unit
=========================================  ===========================================

Each takes a `Parameter` or an array, however it lies in memory, and returns what it was
given. Where something is wrong, neither the tensor nor the generator has changed.

References
----------
https://docs.pytorch.org/docs/2.13/nn.init.html
"""

from scratchnet.nn.init.constant import constant_, dirac_, eye_, ones_, zeros_
from scratchnet.nn.init.distribution import normal_, trunc_normal_, uniform_
from scratchnet.nn.init.matrix import orthogonal_, sparse_
from scratchnet.nn.init.variance import (
    calculate_gain,
    kaiming_normal_,
    kaiming_uniform_,
    xavier_normal_,
    xavier_uniform_,
)

__all__ = [
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]
