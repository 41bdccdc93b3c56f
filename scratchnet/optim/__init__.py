"""Optimisers from scratch, with torch.optim's names, arguments, state and numbers.

All descend from gradient descent by four ideas; read them in this order:

=========================  ====================================================
`SGD`                      velocity: step down a running sum of gradients
`Adagrad`                  a scale for each coordinate: the root of summed squares
`RMSprop`, `Adadelta`      the same with an average, which forgets
`Adam`                     velocity over scale, both corrected for their start
`AdamW`                    decoupled decay: shrink the weights, not the gradient
`Adamax`, `NAdam`,         variations of Adam: another scale, a look ahead, a
`RAdam`, `Adafactor`       patient start, a scale of rows and columns
`Rprop`, `ASGD`, `LBFGS`   signs alone, an average of places, and curvature
=========================  ====================================================

What they share is in `Optimizer`. Schedules of learning rates are in `lr_scheduler`.
"""

from scratchnet.optim import lr_scheduler
from scratchnet.optim.adadelta import Adadelta
from scratchnet.optim.adafactor import Adafactor
from scratchnet.optim.adagrad import Adagrad
from scratchnet.optim.adam import Adam
from scratchnet.optim.adamax import Adamax
from scratchnet.optim.adamw import AdamW
from scratchnet.optim.asgd import ASGD
from scratchnet.optim.lbfgs import LBFGS
from scratchnet.optim.nadam import NAdam
from scratchnet.optim.optimizer import Optimizer
from scratchnet.optim.radam import RAdam
from scratchnet.optim.rmsprop import RMSprop
from scratchnet.optim.rprop import Rprop
from scratchnet.optim.sgd import SGD

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "lr_scheduler",
]
