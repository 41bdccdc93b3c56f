"""Transformers: the torch twins, then their cases, in files of the same names."""

from parity.nn.transformer import layer, model, stack

PAIRS = (*layer.PAIRS, *stack.PAIRS, *model.PAIRS)
FAULTS = (*layer.FAULTS, *stack.FAULTS, *model.FAULTS)
