"""Neural networks from scratch in NumPy, every backward pass by hand.

``scratchnet.nn`` and ``scratchnet.optim`` have the names, arguments, defaults and
numbers of ``torch.nn`` and ``torch.optim``: a user changes one import.
"""

from scratchnet import nn, random
from scratchnet.random import manual_seed

__version__ = "0.1.0"
__all__ = ["manual_seed", "nn", "random"]
