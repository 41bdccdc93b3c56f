"""Padding: the torch twins, then their cases, in files of the same names."""

from parity.nn.padding import constant, indexed

PAIRS = (*constant.PAIRS, *indexed.PAIRS)

FAULTS = (*constant.FAULTS, *indexed.FAULTS)
