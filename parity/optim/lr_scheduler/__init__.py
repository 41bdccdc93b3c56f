"""Schedules: each twin lives through one group's epochs, in plain Python.

A twin is made with the group's rate as it is, with the rate before any schedule, and
with the options. It yields the rate of epoch 0, or rate and momentum; it is sent the
rate as it stands when the epoch is over, and yields the next one.
"""

from parity.optim.lr_scheduler import (
    compose,
    cosine,
    cycle,
    decay,
    function,
    plateau,
    warmup,
)

FAMILIES = (decay, warmup, cosine, cycle, plateau, function, compose)

PAIRS = tuple(pair for family in FAMILIES for pair in family.PAIRS)
FAULTS = tuple(fault for family in FAMILIES for fault in family.FAULTS)
