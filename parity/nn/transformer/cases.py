"""The masks and settings that transformers of every size are compared under."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from parity.case import fixed

LATER = fixed([[float("-inf") if j > i else 0.0 for j in range(3)] for i in range(3)])
LAST = fixed([[False, False, True]] * 3)
PADDED = fixed([False, False, True])
PADDED_2 = fixed([[False, False, True]] * 2)


def switches(E: int = 4) -> Iterator[tuple[Any, dict[str, Any], Any, Any]]:
    """Yield torch's own samples: masks or none, both orders of the norm, biases.

    Each comes as the shape of a sequence, settings, mask and padding. Every other
    one has a batch, which comes first in every other pair.
    """
    options = product((None, LAST), (False, True), *[(True, False)] * 2)
    for i, (mask, pads, norm_first, bias) in enumerate(options):
        for batched in (False, True):
            first = bool(i % 2) != batched
            init = {"batch_first": first, "norm_first": norm_first, "bias": bias}
            padding = (PADDED_2 if batched else PADDED) if pads else None
            shape = (3, E) if not batched else (2, 3, E) if first else (3, 2, E)
            yield shape, init, mask, padding
