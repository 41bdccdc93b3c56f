"""IDX files that are whole, and files that are not."""

import gzip
import os
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scratchnet import datasets
from tests.datasets.files import CODES, idx


def header(*sizes, code=8):
    return struct.pack(f">HBB{len(sizes)}I", 0, code, len(sizes), *sizes)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("idx") / "file"


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@given(
    array=st.sampled_from(sorted(CODES)).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(max_dims=4, min_side=0))
    )
)
def test_read_idx_gives_the_array_that_was_written(scratch, compress, array):
    scratch.write_bytes(compress(idx(array)))
    read = datasets.read_idx(scratch)
    assert read.dtype == array.dtype.newbyteorder("=")
    assert read.dtype.isnative
    assert read.flags.writeable
    np.testing.assert_array_equal(read, array, strict=False)
    assert read.shape == array.shape


BAD = {
    "empty": (b"", "expected 4 bytes of magic number, got 0"),
    "text": (b"label,pixel\n", "expected a magic number"),
    "nonzero start": (b"\1\0\x08\1\0\0\0\1\0", "got 0100 08 01"),
    "unknown type": (idx([1], code=10), "got 0000 0a 01"),
    "rank zero": (b"\0\0\x08\0\7", "got 0000 08 00"),
    "sizes cut short": (header(3, 4)[:-1], "expected 8 bytes of sizes, got 7"),
    "items missing": (header(3) + b"ab", "expected 3 bytes of .3,. items of uint8"),
    "items of a wider type missing": (
        header(3, code=12) + bytes(11),
        "expected 12 bytes of .3,. items of int32, got 11",
    ),
    "too many items": (header(3) + b"abcd", "expected nothing after .3,. items"),
    "trailing zero": (header(0) + b"\0", "expected nothing after"),
    "rank beyond NumPy's": (header(*[1] * 255) + b"a", "maximum supported dimension"),
}


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize("case", BAD)
def test_bad_idx_is_refused_by_name_and_fault(tmp_path, compress, case):
    content, fault = BAD[case]
    path = tmp_path / "labels"
    path.write_bytes(compress(content))
    with pytest.raises(ValueError, match=fault) as error:
        datasets.read_idx(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("keep", range(1, 30))
def test_truncated_gzip_is_refused(tmp_path, keep):
    path = tmp_path / "labels.gz"
    path.write_bytes(gzip.compress(idx(np.arange(9, dtype=np.uint8)))[:-keep])
    with pytest.raises(ValueError, match=r"labels\.gz is not a whole IDX file"):
        datasets.read_idx(path)


def test_gzip_that_cannot_be_unpacked_is_refused(tmp_path):
    path = tmp_path / "labels.gz"
    path.write_bytes(gzip.compress(b"")[:10] + b"\xff" * 20)
    with pytest.raises(ValueError, match="whole IDX file: .* invalid block type"):
        datasets.read_idx(path)


def test_gzip_with_a_wrong_checksum_is_refused(tmp_path):
    content = bytearray(gzip.compress(idx(np.arange(9, dtype=np.uint8))))
    content[-8] ^= 1
    path = tmp_path / "labels.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="CRC check failed"):
        datasets.read_idx(path)


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("sizes", "body"),
    [
        ((2**32 - 1, 28, 28), bytes(100)),  # declares far more than there is
        ((10,), bytes(64 << 20)),  # holds far more than it declares
    ],
)
def test_memory_is_bounded_by_what_is_declared_and_there(
    tmp_path, compress, sizes, body
):
    path = tmp_path / "images"
    path.write_bytes(compress(header(*sizes) + body))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="expected"):
            datasets.read_idx(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="expected a file to read"):
        datasets.read_idx(tmp_path / "pipe")
