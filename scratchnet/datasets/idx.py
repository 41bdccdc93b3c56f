"""The IDX format, in which MNIST and the sets modelled on it are published."""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_IDX_DTYPES = {
    0x08: "u1",
    0x09: "i1",
    0x0B: ">i2",
    0x0C: ">i4",
    0x0D: ">f4",
    0x0E: ">f8",
}
_GZIP_MAGIC = b"\x1f\x8b"
_PIECE = 1 << 20  # bytes


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    r"""Read an IDX file, the format in which MNIST is published, gzipped or plain.

    Parameters
    ----------
    path : path
        Whether it is gzipped is told by its first bytes, not by its name.

    Returns
    -------
    ndarray
        In the declared shape and type, in this machine's byte order.

    Raises
    ------
    ValueError
        The file is not IDX, is cut short, or goes on after its last item.
    OSError
        The file cannot be opened.

    Notes
    -----
    All numbers are big-endian:

    ======================  ============================================
    two bytes               zero
    one byte                type: 8 uint8, 9 int8, 11 int16, 12 int32,
                            13 float32, 14 float64
    one byte                rank :math:`r \geq 1`
    :math:`r` times uint32  sizes
    the rest                the items, last index fastest
    ======================  ============================================

    A file is not believed: memory grows with the bytes that are there, and stops at
    the size declared.

    References
    ----------
    Y. LeCun, C. Cortes, C. Burges. *The MNIST database of handwritten digits*, 1998.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "three-idx1-ubyte")
    ...     _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4]))
    ...     read_idx(path)
    array([5, 0, 4], dtype=uint8)
    """
    if Path(path).exists() and not Path(path).is_file():  # A pipe may never end.
        raise OSError(f"expected a file to read, {path} is none")
    with Path(path).open("rb") as file:
        gzipped = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        file.seek(0)
        try:
            if not gzipped:
                return _parse_idx(file)
            with gzip.GzipFile(fileobj=file) as stream:
                return _parse_idx(stream)
        except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as fault:
            raise ValueError(f"{path} is not a whole IDX file: {fault}") from fault


def _parse_idx(stream: BinaryIO | gzip.GzipFile) -> NDArray[Any]:
    zero, code, rank = struct.unpack(">HBB", _read_exactly(stream, 4, "magic number"))
    if zero != 0 or code not in _IDX_DTYPES or rank == 0:
        raise ValueError(
            "expected a magic number 00 00, type 08 09 0b 0c 0d or 0e, rank 01 or "
            f"more, got {zero:04x} {code:02x} {rank:02x}"
        )
    shape = struct.unpack(f">{rank}I", _read_exactly(stream, 4 * rank, "sizes"))
    dtype = np.dtype(_IDX_DTYPES[code])
    what = f"{shape} items of {dtype.name}"
    data = _read_exactly(stream, math.prod(shape) * dtype.itemsize, what)
    if stream.read(1):  # this also has gzip verify its checksum
        raise ValueError(f"expected nothing after {what}, but more follows")
    items: NDArray[Any] = np.ndarray(shape, dtype, data)
    return items.astype(dtype.newbyteorder("="), copy=False)


def _read_exactly(stream: BinaryIO | gzip.GzipFile, size: int, what: str) -> bytearray:
    data = bytearray()
    while piece := stream.read(min(size - len(data), _PIECE)):
        data += piece
    if len(data) != size:
        raise ValueError(f"expected {size} bytes of {what}, got {len(data)}")
    return data
