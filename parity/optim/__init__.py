"""The twins of optimisers and schedules, then their cases, in files of those names."""

from parity.optim import (
    adadelta,
    adafactor,
    adagrad,
    adam,
    adamax,
    adamw,
    asgd,
    lbfgs,
    lr_scheduler,
    nadam,
    radam,
    rmsprop,
    rprop,
    sgd,
)

FAMILIES = (
    sgd,
    adagrad,
    rmsprop,
    adadelta,
    adam,
    adamw,
    adamax,
    nadam,
    radam,
    adafactor,
    rprop,
    asgd,
    lbfgs,
    lr_scheduler,
)

PAIRS = tuple(pair for family in FAMILIES for pair in family.PAIRS)
FAULTS = tuple(fault for family in FAMILIES for fault in family.FAULTS)
