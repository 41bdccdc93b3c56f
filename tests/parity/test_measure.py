"""The one comparator, on differences of known size."""

from __future__ import annotations

import numpy as np
import pytest

import scratchnet as sn
from parity.diagnosis import diagnose, diagnose_error
from parity.measure import compare, float32_gate, magnitude

TRUTH = np.array([[1.0, -4.0], [0.0, 2.0]])


def test_equal_is_zero():
    assert compare(TRUTH.copy(), TRUTH).error == 0


def test_the_error_is_the_largest_difference_over_the_largest_magnitude():
    ours = TRUTH + np.array([[0, 0], [0, 1e-9]])
    found = compare(ours, TRUTH)
    assert found.error == pytest.approx(1e-9 / 4, rel=1e-6)
    assert found.index == (1, 1)
    assert (found.ours, found.theirs) == (ours[1, 1], 2.0)
    assert found.ulps == pytest.approx(1e-9 / np.spacing(2.0), rel=1e-6)
    assert "[1, 1]: expected 2.0, got 2.000000001" in str(found)


def test_one_unit_in_the_last_place_is_seen():
    ours = TRUTH.copy()
    ours[1, 1] = np.nextafter(2, 3)
    assert compare(ours, TRUTH).ulps == 1
    assert compare(ours, TRUTH).error > 0


@pytest.mark.parametrize(
    ("ours", "said"),
    [
        (TRUTH.ravel(), r"expected shape (2, 2), got shape (4,)"),
        (TRUTH.astype("f"), "expected float64, got float32"),
        ([1.0], "expected array (2, 2), got list"),
    ],
)
def test_another_shape_or_dtype_is_infinitely_wrong(ours, said):
    found = compare(ours, TRUTH)
    assert found.error == np.inf
    assert str(found) == said


@pytest.mark.parametrize(
    ("ours", "theirs", "alike"),
    [
        (np.nan, np.nan, True),
        (np.inf, np.inf, True),
        (np.inf, -np.inf, False),
        (np.nan, np.inf, False),
        (0.0, np.nan, False),
        (np.nan, 0.0, False),
        (1e308, np.inf, False),
    ],
)
def test_nan_and_infinity_must_be_alike(ours, theirs, alike):
    found = compare(np.array([ours, 1.0]), np.array([theirs, 1.0]))
    assert (found.error == 0) == alike
    assert alike or found.error == np.inf


def test_integers_are_equal_or_not():
    assert compare(np.array([1, 2]), np.array([1, 2])).error == 0
    assert compare(np.array([1, 3]), np.array([1, 2])).error == 1


def test_empty_and_scalar_arrays_are_compared():
    assert compare(np.zeros((0, 3)), np.zeros((0, 3))).error == 0
    assert compare(np.float64(1.5), np.array(1.0)).error == 0.5


def test_zeros_are_judged_by_their_absolute_error():
    assert compare(np.array([1e-3]), np.array([0.0])).error == 1e-3


def test_the_float32_gate_is_four_times_torchs_error_or_one_unit():
    assert float32_gate(1e-6) == 4e-6
    assert float32_gate(0.0) == np.finfo(np.float32).eps


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        (lambda a: -a, "The sign is flipped."),
        (lambda a: a / 64, "Every element is 1/64 of what it should be."),
        (lambda a: 2 * a, "Every element is 2 times what it should be."),
        (lambda a: a.T.copy(), "The transpose of this is right."),
        (lambda a: a / -64, "Every element is -1/64 of what it should be."),
        (lambda a: 3e7 * a, "Every element is 3e+07 times what it should be."),
        (lambda a: a + 0.5, "Every element is too large by 0.5."),
        (lambda a: a - 0.5, "Every element is too small by 0.5."),
        (lambda a: np.where(a > 4, a, np.nan), "2 of 9 are NaN: is 0 divided by 0"),
        (lambda a: a * (1 + 1e-8), "It is off by 1e-08 at most: is eps"),
        (lambda a: a * (1 + 2e-6), "Every element is 1.000002 times what it should"),
        (lambda a: np.sqrt(a**2 + 1e-3), "It is off by 6e-06 at most: is eps"),
        (lambda a: 0 * a, "All of it is zero."),
        (lambda a: a.ravel(), "The numbers are right, the shape is not."),
        (lambda a: a.sum(axis=0), "Some elements are missing"),
        (lambda a: np.stack([a, a]), "There are too many elements"),
        (
            lambda a: a * [[1.0, 2, 3]],
            "Along dimension 1, each has a factor of its own: 1, 2, 3.",
        ),
        (
            lambda a: a + a.mean(axis=0),
            "All along dimension 0 it is off by the same amount",
        ),
        (lambda a: a[::-1], "Reversed along dimension 0, it is right."),
        (lambda a: a[::-1, ::-1], "Reversed along dimension 0 and 1, it is right."),
        (lambda a: a[:, [0, 2, 1]], "In another order along dimension 1, it is right."),
        (
            lambda a: a * np.sign(a - 2.5),
            "The magnitudes are right, some signs are not.",
        ),
        (lambda a: np.where(a == a.max(), 0, a), "8 of 9 elements are right."),
    ],
)
def test_common_mistakes_are_recognised(mistake, said):
    truth = np.square(np.arange(1.0, 10)).reshape(3, 3)
    assert said in diagnose(mistake(truth), truth)


def test_an_unknown_mistake_is_met_with_silence():
    truth = np.arange(1.0, 10).reshape(3, 3)
    assert diagnose(truth**2 + 1, truth) == ""


def test_marks_need_more_than_one_number_to_a_slice():
    truth = np.array([[1.0, 4, 9]])
    assert diagnose(np.array([[2.0, 6, 14]]), truth) == ""


def test_nothing_at_all_is_not_too_much():
    truth = np.ones((3, 4))
    assert diagnose(truth[:0], truth) == ""
    assert diagnose(truth, truth[:0]) == ""


def test_nothing_is_guessed_of_what_are_no_numbers():
    truth = np.ones(3)
    assert diagnose(np.array([1.0, 1.0, None]), truth) == ""
    assert diagnose(np.array(["a", "b", "c"]), truth) == ""


@pytest.mark.parametrize(
    ("came", "said"),
    [
        ((3, 2), "Is a transpose missing?"),
        ((1, 2, 3), "The number of elements is right, the shape is not."),
        ((6,), "The number of elements is right, the shape is not."),
        ((4, 2, 3), "Is a sum over a dimension missing?"),
        ((3,), ""),
    ],
)
def test_a_parameters_gradient_of_another_shape(came, said):
    with pytest.raises(ValueError) as refused:
        sn.nn.Parameter(np.ones((2, 3))).accumulate_grad(np.ones(came))
    assert diagnose_error(refused.value) == said


def test_a_gradient_that_is_none_yet_is_not_added_to():
    parameter = sn.nn.Parameter(np.ones(3))
    with pytest.raises(TypeError) as refused:
        parameter.grad += np.ones(3)
    assert "use accumulate_grad" in diagnose_error(refused.value)


@pytest.mark.parametrize(
    ("ours", "said"),
    [
        (1.2194, ""),
        (4.0, "Every element is 2 times what it should be."),
        (0.5, "Every element is 1/4 of what it should be."),
        (-2.0, "The sign is flipped."),
    ],
)
def test_of_a_single_number_only_plain_factors_are_told(ours, said):
    assert diagnose(np.array(ours), np.array(2.0)) == said


def test_factors_of_slices_want_two_numbers_in_one():
    truth = np.array([[0.0, 0, 0], [1, 2, 3], [0, 0, 0]])
    said = diagnose(truth * [1.1, 0.3, 1.7], truth)
    assert "factor" not in said


def test_what_is_wrong_where_the_truth_is_zero_is_counted():
    truth = np.array([0.0, 1.0, 2.0, 0.0])
    wrong = truth + np.array([3, 0, 0, 0])
    assert diagnose(wrong, truth) == "3 of 4 elements are right."


def test_only_a_read_only_array_of_numpys_is_said_to_be_an_input():
    hint = "What comes in is written to: make a new array instead."
    with pytest.raises(ValueError) as written:
        np.broadcast_to(1.0, 3)[0] = 2
    assert diagnose_error(written.value) == hint
    assert diagnose_error(ValueError("output array is read-only")) == hint
    assert diagnose_error(ValueError("state: seen is read-only")) == ""


def test_an_infinity_leaves_the_scale_to_the_finite_numbers():
    assert magnitude(np.array([np.inf, -1e-3])) == 1e-3
    assert magnitude(np.array([np.inf, np.nan])) == 0


def test_units_are_told_of_what_can_be_counted():
    assert "units in the last place" in str(compare(TRUTH + 1e-9, TRUTH))
    assert str(compare(TRUTH + np.nan, TRUTH)) == "[0, 0]: expected 1.0, got nan"
