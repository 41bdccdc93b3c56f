"""Transformed digits keep their ink, stay inside the frame and come from the seed."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.affine import SCALE, SHEAR, SIZE, TURN, affine, random_maps, warp
from scratchnet import datasets


@pytest.fixture(scope="module")
def images():
    return datasets.load("mnist5k").train_images[:300]


def test_ink_grows_by_the_determinant_and_none_is_lost(images):
    maps = random_maps(len(images), np.random.default_rng(0))
    ink = affine(images, seed=0).sum(axis=(1, 2, 3))
    before = images.sum(axis=(1, 2)) / 255
    np.testing.assert_allclose(ink / before, np.linalg.det(maps), rtol=0.06)


def test_maps_have_the_published_bounds():
    maps = random_maps(20_000, np.random.default_rng(0))
    # The second column is the horizontal scale times (-sin, cos) of the turn.
    turn = np.arctan2(-maps[:, 0, 1], maps[:, 1, 1])
    x = np.hypot(maps[:, 0, 1], maps[:, 1, 1])
    y = np.linalg.det(maps) / x
    along = np.einsum("ni,ni->n", maps[:, :, 0], maps[:, :, 1]) / x
    for values, low, high in (
        (turn, -TURN, TURN),
        (x, *SCALE),
        (y, *SCALE),
        (along / y, -SHEAR, SHEAR),
    ):
        assert low <= values.min() < low + 0.01 * (high - low)
        assert high - 0.01 * (high - low) < values.max() <= high


@pytest.mark.parametrize("place", [0, 1])
def test_ink_touches_the_edges_and_goes_no_further(images, place):
    few = images[:20]
    same = np.broadcast_to(np.eye(2), (20, 2, 2))
    warped = warp(few, same, np.full((20, 2, 1), place))[:, 0]
    for before, after in zip(few, warped, strict=True):
        rows, columns = np.nonzero(before)
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        box = before[rows.min() :, columns.min() :][:height, :width] / np.float32(255)
        top, left = place * (SIZE - height), place * (SIZE - width)
        found = after[top : top + height, left : left + width]
        np.testing.assert_allclose(found, box, atol=1e-6)
        np.testing.assert_allclose(after.sum(), box.sum(), rtol=1e-5)


def test_the_seed_decides_and_centred_moves_alone(images):
    once, again, other = (affine(images[:50], seed) for seed in (0, 0, 1))
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)
    centred = affine(images[:50], 0, centred=True)
    np.testing.assert_allclose(
        centred.sum(axis=(1, 2, 3)), once.sum(axis=(1, 2, 3)), rtol=0.06
    )
    rows = centred.max(axis=(1, 3)) > 0
    above, below = rows.argmax(axis=1), rows[:, ::-1].argmax(axis=1)
    assert np.abs(above - below).max() <= 1
