"""Files as they are published, in small."""

import gzip

import numpy as np

FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
CODES = {"u1": 8, "i1": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14}


def idx(array, code=None):
    """The bytes of an IDX file, written from the format's description."""
    array = np.asarray(array)
    big = array.astype(array.dtype.newbyteorder(">"))
    code = CODES[big.dtype.str.lstrip("|")] if code is None else code
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, code, array.ndim]) + sizes + big.tobytes()


def small_files(n_train=6, n_test=4, seed=0):
    random = np.random.RandomState(seed)
    return {
        FILES[0]: random.randint(0, 256, (n_train, 28, 28)).astype(np.uint8),
        FILES[1]: random.randint(0, 10, n_train).astype(np.uint8),
        FILES[2]: random.randint(0, 256, (n_test, 28, 28)).astype(np.uint8),
        FILES[3]: random.randint(0, 10, n_test).astype(np.uint8),
    }


def write_files(folder, arrays, plain=False):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        if plain:
            (folder / name.removesuffix(".gz")).write_bytes(idx(array))
        else:
            (folder / name).write_bytes(gzip.compress(idx(array)))
