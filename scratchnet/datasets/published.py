"""MNIST and Fashion-MNIST, as published: from a folder, the cache or the network."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scratchnet.datasets.digits import ImageSplits, import_optional
from scratchnet.datasets.idx import read_idx


class _Source(NamedTuple):
    mirrors: tuple[str, ...]
    digests: dict[str, str]  # file name → SHA-256, in the order of ImageSplits
    first_labels: tuple[int, ...]  # of the training set: which data set it is


_SOURCES = {
    "mnist": _Source(
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        digests={
            "train-images-idx3-ubyte.gz": (
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
            ),
            "train-labels-idx1-ubyte.gz": (
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
            ),
            "t10k-images-idx3-ubyte.gz": (
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
            ),
            "t10k-labels-idx1-ubyte.gz": (
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
            ),
        },
        first_labels=(5, 0, 4, 1, 9, 2, 1, 3, 1, 4),
    ),
    "fashion_mnist": _Source(
        mirrors=(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/"
            "data/fashion/",
        ),
        digests={
            "train-images-idx3-ubyte.gz": (
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
            ),
            "train-labels-idx1-ubyte.gz": (
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
            ),
            "t10k-images-idx3-ubyte.gz": (
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
            ),
            "t10k-labels-idx1-ubyte.gz": (
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
            ),
        },
        first_labels=(9, 0, 0, 3, 0, 2, 7, 2, 5, 5),
    ),
}


def mnist(data_dir: str | os.PathLike[str] | None = None) -> ImageSplits:
    """Handwritten digits, 60,000 to learn from and 10,000 to be judged by.

    Parameters
    ----------
    data_dir : path, optional
        Folder with the four IDX files, gzipped or plain, in it or in its sub-folder
        ``mnist``. Without it the folder named by the environment variable
        ``SCRATCHNET_DATA`` is read; without that the files are downloaded once into
        the user's cache, and their checksums verified at each load.

    Returns
    -------
    ImageSplits

    Raises
    ------
    FileNotFoundError
        A folder was named and a file is not in it.
    ValueError
        A file is damaged, or the files do not belong together.
    ImportError
        Files must be fetched, and pooch or tqdm is not installed.
    ConnectionError
        No mirror gave the file that its checksum stands for.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner. *Gradient-based learning applied to
    document recognition*. Proceedings of the IEEE 86(11), 1998.

    Examples
    --------
    >>> mnist(data_dir="no such folder")
    Traceback (most recent call last):
    FileNotFoundError: train-images-idx3-ubyte.gz is not in no such folder. ...
    """
    return _load_published("mnist", data_dir)


def fashion_mnist(data_dir: str | os.PathLike[str] | None = None) -> ImageSplits:
    """Pictures of clothes, in the files, sizes and number of classes of MNIST.

    Parameters
    ----------
    data_dir : path, optional
        As for :func:`mnist`; the sub-folder is ``fashion_mnist``.

    Returns
    -------
    ImageSplits
        Classes 0 to 9: T-shirt, trouser, pullover, dress, coat, sandal, shirt,
        sneaker, bag, ankle boot.

    Raises
    ------
    FileNotFoundError, ValueError, ImportError, ConnectionError
        As for :func:`mnist`.

    References
    ----------
    H. Xiao, K. Rasul, R. Vollgraf. *Fashion-MNIST: a novel image dataset for
    benchmarking machine learning algorithms*. arXiv:1708.07747, 2017.

    Examples
    --------
    >>> fashion_mnist(data_dir="no such folder")
    Traceback (most recent call last):
    FileNotFoundError: train-images-idx3-ubyte.gz is not in no such folder. ...
    """
    return _load_published("fashion_mnist", data_dir)


def _load_published(name: str, data_dir: str | os.PathLike[str] | None) -> ImageSplits:
    if data_dir is None:
        data_dir = os.environ.get("SCRATCHNET_DATA") or None
    paths = _fetch(name) if data_dir is None else _find(name, Path(data_dir))
    arrays = [read_idx(path) for path in paths]
    for part in (0, 2):
        _check_pair(paths[part], arrays[part], paths[part + 1], arrays[part + 1])
    train_images, train_labels, test_images, test_labels = arrays
    first_labels = tuple(train_labels[:10].tolist())
    for other, source in _SOURCES.items():
        if other != name and first_labels == source.first_labels:
            raise ValueError(f"expected {name}, but {paths[1]} is of {other}")
    return ImageSplits(
        train_images,
        train_labels.astype(np.int64),
        test_images,
        test_labels.astype(np.int64),
    )


def _check_pair(
    images_path: Path, images: NDArray[Any], labels_path: Path, labels: NDArray[Any]
) -> None:
    if images.dtype != np.uint8 or images.shape[1:] != (28, 28):
        raise ValueError(
            f"{images_path}: expected (N, 28, 28) uint8, got {images.shape} "
            f"{images.dtype}"
        )
    if labels.dtype != np.uint8 or labels.shape != (len(images),):
        raise ValueError(
            f"{labels_path}: expected ({len(images)},) uint8, a label for each of the "
            f"images, got {labels.shape} {labels.dtype}"
        )
    if labels.max(initial=0) > 9:
        raise ValueError(f"{labels_path}: expected labels 0 to 9, got {labels.max()}")


def _find(name: str, folder: Path) -> list[Path]:
    """The four files in the folder, or in its sub-folder of the data set's name."""
    place = folder / name if (folder / name).is_dir() else folder
    paths = []
    for file in _SOURCES[name].digests:
        candidates = [place / file, place / file.removesuffix(".gz")]
        found = [path for path in candidates if path.is_file()]
        if not found:
            expected = ", ".join(_SOURCES[name].digests)
            raise FileNotFoundError(
                f"{file} is not in {place}. {name} is read from {folder} or its "
                f"sub-folder {name}, with or without .gz: {expected}"
            )
        paths.append(found[0])
    return paths


def _fetch(name: str) -> list[Path]:
    """The four files in the user's cache, downloaded where they are not there yet."""
    pooch, _ = import_optional("pooch"), import_optional("tqdm")
    cache = pooch.os_cache("scratchnet") / name
    mirrors, digests, _ = _SOURCES[name]
    return [
        _fetch_file(pooch, cache, mirrors, file, digest)
        for file, digest in digests.items()
    ]


def _fetch_file(
    pooch: ModuleType, cache: Path, mirrors: tuple[str, ...], file: str, digest: str
) -> Path:
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=(10, 30))  # seconds
    failures = []
    for mirror in mirrors:
        url = mirror + file
        try:
            # An intact cached file is taken as it is. A new one enters the cache,
            # by a rename, only when it is whole and its digest right.
            return Path(
                pooch.retrieve(
                    url, digest, fname=file, path=cache, downloader=downloader
                )
            )
        except (OSError, ValueError) as failure:  # requests' errors are OSErrors
            failures.append(f"{url}: {failure}")
    raise ConnectionError(
        f"{file} could not be downloaded. Tried:\n  "
        + "\n  ".join(failures)
        + "\nPut the published files into a folder and name it: data_dir=, --data-dir "
        "or the environment variable SCRATCHNET_DATA."
    )
