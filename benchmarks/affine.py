"""Digits made harder as in affNIST: turned, sheared, scaled, put anywhere on 40×40.

References
----------
T. Tieleman, "affNIST", https://www.cs.toronto.edu/~tijmen/affNIST/
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.libraries import Array

SIZE = 40
TURN, SHEAR, SCALE = np.deg2rad(20), 0.2, (0.8, 1.2)
CHUNK = 1000  # pictures transformed at a time


def affine(images: NDArray[np.uint8], seed: int, *, centred: bool = False) -> Array:
    """Return each digit transformed by a map of its own, all of it inside the frame.

    Parameters
    ----------
    images : uint8, shape (N, 28, 28)
    seed : int
        Of the maps.
    centred : bool
        Put the box around the ink in the middle, not anywhere. The rest of each map
        stays as it is.

    Returns
    -------
    ndarray of float32, shape (N, 1, 40, 40)
        Grey values in [0, 1].

    Examples
    --------
    >>> square = np.zeros((1, 28, 28), np.uint8)
    >>> square[:, 10:18, 10:18] = 255
    >>> affine(square, seed=0).shape
    (1, 1, 40, 40)
    """
    rng = np.random.default_rng(seed)
    maps = random_maps(len(images), rng)
    places = rng.uniform(size=(len(images), 2, 1))
    if centred:
        places[:] = 0.5
    parts = [
        warp(images[i : i + CHUNK], maps[i : i + CHUNK], places[i : i + CHUNK])
        for i in range(0, len(images), CHUNK)
    ]
    return np.concatenate(parts)


def random_maps(n: int, rng: np.random.Generator) -> Array:
    r"""Return matrices on (row, column), shape (n, 2, 2): scale, then shear, then turn.

    .. math::

        A = \begin{pmatrix} \cos\theta & -\sin\theta \\ \sin\theta & \cos\theta
        \end{pmatrix} \begin{pmatrix} 1 & 0 \\ k & 1 \end{pmatrix}
        \begin{pmatrix} s_y & 0 \\ 0 & s_x \end{pmatrix}
    """
    turn, shear = rng.uniform(-TURN, TURN, n), rng.uniform(-SHEAR, SHEAR, n)
    y, x = rng.uniform(*SCALE, (2, n))
    cos, sin, zero = np.cos(turn), np.sin(turn), np.zeros(n)
    turns = np.array([[cos, -sin], [sin, cos]])
    sheared = np.array([[y, zero], [shear * y, x]])
    return np.einsum("ijn,jkn->nik", turns, sheared)


def warp(images: NDArray[np.uint8], maps: Array, places: Array) -> Array:
    """Send each picture through its map, to its place among those with all ink inside.

    `places`, shape (N, 2, 1), runs from 0, top or left, to 1.
    """
    n, size = len(images), images.shape[-1]
    middle = (size - 1) / 2
    landed = maps @ (np.indices((size, size)).reshape(2, -1) - middle)
    ink = images.reshape(n, 1, -1) > 0
    first = np.where(ink, landed, np.inf).min(axis=2, keepdims=True)
    last = np.where(ink, landed, -np.inf).max(axis=2, keepdims=True)
    shift = places * (SIZE - 1 - (last - first)) - first

    # Where does each pixel of the frame come from?
    frame = np.indices((SIZE, SIZE)).reshape(2, -1)
    rows, columns = np.moveaxis(np.linalg.inv(maps) @ (frame - shift) + middle, 1, 0)
    which = np.broadcast_to(np.arange(n)[:, None], rows.shape)
    grey = images.astype(np.float32) / 255
    warped = ndimage.map_coordinates(grey, [which, rows, columns], order=1)
    return warped.reshape(n, 1, SIZE, SIZE)
