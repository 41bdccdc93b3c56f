"""Save what was learned, and load it again: safely, and all or nothing."""

from __future__ import annotations

import json
import math
import os
import shutil
import uuid
import zipfile
from itertools import zip_longest
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

__all__ = ["load", "save"]

_STRUCTURE = "structure.json"
_NUMBERS = "biufc"  # the dtype kinds of booleans, integers, floats and complex numbers


def save(obj: object, path: str | os.PathLike[str]) -> None:
    """Save a state dict, or anything built of arrays and plain Python values.

    The file at `path` is replaced in one step once the new one is safely on disk: a
    save that fails or is interrupted leaves the old file as it was. Who may read it
    stays as it was.

    Parameters
    ----------
    obj : object
        Arrays and NumPy scalars of numbers or booleans, None, bool, int, float and
        str, and dicts (keys: str or int), lists and tuples of these.
    path : path
        The file to write, under any name.

    Raises
    ------
    TypeError
        Something in `obj` is of another type; it is named. Or `obj` holds itself, or
        is nested too deep. Nothing is written.
    OSError
        The file cannot be written.

    Notes
    -----
    The file is one of NumPy's ``.npz``: an uncompressed zip archive with the arrays as
    ``array_0.npy``, ``array_1.npy``, … beside ``structure.json``, which says where
    each belongs. Nothing is pickled. In the JSON a list stands for a list, and an
    object of one member for what JSON lacks:

    ===================================  =======================================
    ``{"dict": [[key, value], …]}``      a dict, whose keys may be integers
    ``{"tuple": [value, …]}``            a tuple
    ``{"array": n}``                     ``array_n.npy``
    ``{"scalar": n}``                    the NumPy scalar in ``array_n.npy``
    ===================================  =======================================

    Examples
    --------
    >>> import tempfile
    >>> state = {"weight": np.eye(2), "betas": (0.9, 0.999), "state": {0: None}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(state, Path(folder, "model.npz"))
    ...     load(Path(folder, "model.npz"))
    {'weight': array([[1., 0.],
           [0., 1.]]), 'betas': (0.9, 0.999), 'state': {0: None}}
    """
    arrays: list[NDArray[Any]] = []
    try:
        structure = json.dumps(_encode(obj, arrays, "obj"))
    except (ValueError, RecursionError) as error:  # Endless, or an endless integer.
        raise TypeError(f"obj: expected what JSON can hold, but {error}") from error
    path = Path(os.path.realpath(path))  # A link stays one: what it names is replaced.
    if not path.parent.is_dir():
        raise FileNotFoundError(f"expected a folder to write to, {path.parent} is none")
    replaces = path.exists()
    if replaces and not path.is_file():
        raise FileExistsError(f"expected a file to write to, {path} is none")
    temporary = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as file:
            if replaces:
                shutil.copymode(path, temporary)
            with zipfile.ZipFile(file, "w") as archive:
                archive.writestr(_STRUCTURE, structure)
                for n, array in enumerate(arrays):
                    with archive.open(_entry(n), "w", force_zip64=True) as entry:
                        npy.write_array(entry, array, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def load(path: str | os.PathLike[str]) -> Any:
    """Load what :func:`save` saved, from a file that need not be trusted.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    object
        Equal to what was saved: arrays in their dtype, shape and memory order, dicts
        in their order. An array that was saved in two places becomes two arrays.

    Raises
    ------
    ValueError
        The file is damaged, or was not written by :func:`save`.
    OSError
        The file cannot be opened.

    Notes
    -----
    Nothing in the file is run, and memory grows with its size and with nothing that it
    only declares: compressed entries are refused, and what an entry declares is
    compared with its length before it is read.
    """
    if Path(path).exists() and not Path(path).is_file():  # A pipe may never end.
        raise OSError(f"expected a file to read, {path} is none")
    with Path(path).open("rb") as file:
        try:
            return _read(file)
        # zipfile, json and NumPy answer damaged input with errors of a dozen kinds.
        except Exception as fault:
            raise ValueError(f"{path} was not written by save: {fault!r}") from fault


def _entry(n: int) -> str:
    return f"array_{n}.npy"


def _encode(node: object, arrays: list[NDArray[Any]], where: str) -> Any:
    """Turn the object into what JSON can say, with its arrays put aside."""
    # First, since np.float64 is a float and np.str_ a str.
    if isinstance(node, np.generic) or type(node) is np.ndarray:
        array = np.asarray(node)
        if array.dtype.kind not in _NUMBERS:
            raise TypeError(f"{where}: expected numbers or booleans, got {array.dtype}")
        arrays.append(array)
        kind = "scalar" if isinstance(node, np.generic) else "array"
        return {kind: len(arrays) - 1}
    if node is None or type(node) in (bool, int, float, str):
        return node
    if isinstance(node, dict):
        for key in node:
            if type(key) not in (str, int):
                raise TypeError(f"{where}: expected keys of str or int, got {key!r}")
        items = node.items()
        pairs = [[k, _encode(v, arrays, f"{where}[{k!r}]")] for k, v in items]
        return {"dict": pairs}
    if isinstance(node, (list, tuple)) and type(node) in (list, tuple):
        values = [_encode(v, arrays, f"{where}[{i}]") for i, v in enumerate(node)]
        return values if isinstance(node, list) else {"tuple": values}
    raise TypeError(
        f"{where}: expected an array, a number, str, bool, None, dict, list or tuple, "
        f"got {type(node).__name__}"
    )


def _decode(node: Any, arrays: dict[int, NDArray[Any]]) -> Any:
    """Turn JSON back into the object; each array is taken once."""
    if isinstance(node, list):
        return [_decode(value, arrays) for value in node]
    if not isinstance(node, dict):
        return node
    match list(node.items()):
        case [("dict", list(pairs))]:
            return {_key(key): _decode(value, arrays) for key, value in pairs}
        case [("tuple", list(values))]:
            return tuple(_decode(value, arrays) for value in values)
        case [("array", int(n))] if n in arrays:
            return arrays.pop(n)
        case [("scalar", int(n))] if n in arrays and arrays[n].ndim == 0:
            return arrays.pop(n)[()]
    raise ValueError(f"{_STRUCTURE} has an unknown or repeated part: {node!s:.80}")


def _key(key: object) -> str | int:
    if not isinstance(key, str | int):
        raise ValueError(f"expected keys of str or int, got {key!s:.80}")
    return key


def _read(file: BinaryIO) -> Any:
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        _check_entries(entries, os.fstat(file.fileno()).st_size)
        arrays = {n: _read_array(archive, _entry(n)) for n in range(len(entries) - 1)}
        obj = _decode(json.loads(archive.read(_STRUCTURE)), arrays)
    if arrays:
        raise ValueError(
            f"{_STRUCTURE} does not say where {_entry(min(arrays))} belongs"
        )
    return obj


def _check_entries(entries: list[zipfile.ZipInfo], file_size: int) -> None:
    names = sorted(entry.filename for entry in entries)
    expected = sorted([_STRUCTURE, *(_entry(n) for n in range(len(entries) - 1))])
    for wanted, name in zip_longest(expected, names, fillvalue=""):
        if name != wanted:
            raise ValueError(f"expected the entries … {wanted!r} …, got {name[:80]!r}")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise ValueError("expected uncompressed entries")
    if any(entry.file_size != entry.compress_size for entry in entries):
        raise ValueError("expected entries as long uncompressed as they are stored")
    if sum(entry.file_size for entry in entries) > file_size:
        raise ValueError(f"its entries declare more than the file's {file_size} bytes")


def _read_array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(name) as entry:
        if npy.read_magic(entry) != (1, 0):
            raise ValueError(f"{name}: expected version 1.0 of the .npy format")
        shape, _, dtype = npy.read_array_header_1_0(entry)
        stored = archive.getinfo(name).file_size - entry.tell()
    if dtype.kind not in _NUMBERS:
        raise ValueError(f"{name}: expected numbers or booleans, got {dtype}")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != stored:
        raise ValueError(f"{name}: declares {shape} {dtype}, but has {stored} bytes")
    with archive.open(name) as entry:
        array: NDArray[Any] = npy.read_array(entry, allow_pickle=False)
    return array
