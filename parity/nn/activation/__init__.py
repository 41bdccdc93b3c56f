"""Activations: straight pieces, smooth curves, gates, and the softmax family."""

from parity.nn.activation import exponential, gated, hard, rectifiers, smooth, softmax

IDEAS = (rectifiers, hard, exponential, smooth, gated, softmax)

PAIRS = tuple(pair for idea in IDEAS for pair in idea.PAIRS)
FAULTS = tuple(fault for idea in IDEAS for fault in idea.FAULTS)
