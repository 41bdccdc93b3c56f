"""Convolutions, and their adjoints, in one, two and three dimensions.

In reading order: `windows` has the three products that all of it is made of,
`padding` what happens at the border, `base` what every layer here has, and
`convolution` and `transposed` the layers, each the other's backward pass.
"""

from scratchnet.nn.conv.convolution import Conv1d, Conv2d, Conv3d
from scratchnet.nn.conv.transposed import (
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
)

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
]
