"""The 5056 bytes in which torch hands a generator's state about."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scratchnet.random.mt19937 import MT19937, N

# C aligns a structure inside another to its own widest member, so the older one
# is nested here as it is in torch.
_OLDER = np.dtype(
    [
        ("initial_seed", "<u8"),
        ("left", "<i4"),
        ("seeded", "<i4"),
        ("next", "<u8"),
        ("words", "<u8", N),
        ("normal_x", "<f8"),
        ("normal_y", "<f8"),
        ("normal_rho", "<f8"),
        ("normal_is_valid", "<i4"),
    ],
    align=True,
)
_STATE = np.dtype(
    [
        ("older", _OLDER),
        ("next_float_normal", "<f4"),
        ("next_float_normal_is_valid", "u1"),
    ],
    align=True,
)


def pack(
    initial_seed: int, stream: MT19937, next_normal: float | None
) -> NDArray[np.uint8]:
    """Write a generator's state as torch does."""
    state, position = np.zeros(1, _STATE), stream.position
    older = state["older"]
    older["initial_seed"] = initial_seed
    older["left"] = _left(position)
    older["seeded"] = 1
    older["next"] = position
    older["words"] = stream.words
    if next_normal is not None:
        older["normal_y"] = next_normal
        older["normal_is_valid"] = 1
    return state.view(np.uint8)


def unpack(state: Any) -> tuple[int, NDArray[np.uint32], int, float | None]:
    """Return the seed, words and position of the stream, and the next normal number.

    Refuses whatever no generator could have written.
    """
    if not isinstance(state, np.ndarray) or state.dtype != np.uint8:
        found = getattr(state, "dtype", type(state).__name__)
        raise TypeError(f"a state is an array of uint8, got {found}")
    if state.shape != (_STATE.itemsize,):
        raise ValueError(f"a state has shape ({_STATE.itemsize},), got {state.shape}")
    older = np.frombuffer(state.tobytes(), _STATE)["older"][0]
    position, next_normal = int(older["next"]), float(older["normal_y"])
    if (
        older["seeded"] != 1
        or position > N
        or older["left"] != _left(position)
        or older["words"].max() >= 2**32
        or older["normal_is_valid"] not in (0, 1)
        or not math.isfinite(next_normal)
    ):
        raise ValueError("a state is that of an mt19937, got other bytes")
    return (
        int(older["initial_seed"]),
        older["words"].astype(np.uint32),
        position,
        next_normal if older["normal_is_valid"] else None,
    )


def _left(position: int) -> int:
    """Count the words up to the next block's first one, as torch does."""
    return N + 1 - position if position else 1
