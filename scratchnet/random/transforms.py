"""From uniform numbers to normal ones, and the rounding that torch gives them."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def box_muller(u: Array) -> Array:
    """Turn each 16 uniforms, eight u1 and eight u2, into 16 normals, in place."""
    pairs = u.reshape(-1, 2, 8)
    real = u.dtype.type
    r = np.sqrt(real(-2) * np.log(real(1) - pairs[:, 0]))
    theta = real(2 * math.pi) * pairs[:, 1]
    pairs[:, 0] = r * np.cos(theta)
    pairs[:, 1] = r * np.sin(theta)
    return u


@np.errstate(over="ignore", invalid="ignore")
def multiply_add(a: Array, b: Any, c: Any) -> Array:
    """Return ``a * b + c`` rounded once, as a processor's fused instruction does."""
    if a.dtype == np.float32:
        exact: Array = a.astype(np.float64) * b + c
        return exact.astype(a.dtype)
    # What a rounding loses is itself a double: Dekker's product, Knuth's sum.
    product = a * b
    total: Array = product + c
    a_high, b_high = upper_half(a), upper_half(b)
    a_low, b_low = a - a_high, b - b_high
    lost = a_high * b_high - product + a_high * b_low + a_low * b_high + a_low * b_low
    addend = total - product
    lost += (product - (total - addend)) + (c - addend)
    return np.where(np.isfinite(lost), total + lost, total)


def upper_half(a: Any) -> Any:
    """Round doubles to 26 bits: products of such halves are exact."""
    scaled = a * (2.0**27 + 1)
    return scaled - (scaled - a)
