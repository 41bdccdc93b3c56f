"""The way to the files through mirrors, good and bad, on this machine."""

import gzip
import hashlib
import socket
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pooch
import pytest

from scratchnet import datasets
from scratchnet.datasets import published
from tests.datasets.files import FILES, idx, small_files, write_files


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
    with pytest.raises(
        ImportError, match=f"{package} is needed for this: pip install {package}"
    ):
        datasets.mnist()


@pytest.mark.parametrize("name", published._SOURCES)
def test_the_published_sources_are_complete(name):
    source = published._SOURCES[name]
    assert tuple(source.digests) == FILES
    assert len(set(source.digests.values())) == 4
    assert all(len(digest) == 64 for digest in source.digests.values())
    assert len(source.mirrors) == 2
    assert all(mirror.endswith("/") for mirror in source.mirrors)
