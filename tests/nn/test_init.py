"""Initialisers beside torch's: the same seed, the same numbers, the same refusals."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import scratchnet as sn
from scratchnet.nn import Parameter, init

# (name, arguments, shape, float32 tolerance over the largest magnitude)
DRAWS = [
    ("uniform_", (), (), 0),
    ("uniform_", (-0.3, 2.0), (4, 5), 0),
    ("normal_", (), (3, 5), 3e-6),
    ("normal_", (5.0, 0.1), (7, 9), 3e-6),
    ("trunc_normal_", (), (4, 30), 3e-6),
    ("trunc_normal_", (0.0, 0.02, -0.02, 0.04), (60, 30), 3e-6),
    ("trunc_normal_", (0.0, 1.0, 2.0, 3.0), (20, 30), 3e-6),
    ("trunc_normal_", (1.0, 3.0, 0.5, 0.75), (3,), 3e-6),
    # 37 % and 23 % of the distribution: on either side of where the method changes.
    ("trunc_normal_", (0.0, 1.0, -0.2, 0.8), (20, 30), 3e-6),
    ("trunc_normal_", (0.0, 1.0, -0.1, 0.5), (20, 30), 3e-6),
    ("xavier_uniform_", (), (6, 3), 0),
    ("xavier_uniform_", (1.7,), (6, 3, 2, 5), 0),
    ("xavier_normal_", (5 / 3,), (6, 3, 2), 3e-6),
    ("kaiming_uniform_", (), (6, 3), 0),
    ("kaiming_uniform_", (0.3, "FAN_OUT"), (6, 3, 5), 0),
    ("kaiming_uniform_", (0, "fan_out", "selu"), (6, 3, 5), 0),
    ("kaiming_normal_", (0, "fan_in", "relu"), (6, 3, 3, 3), 3e-6),
    ("kaiming_normal_", (0, "fan_out", "tanh"), (2, 9), 3e-6),
    ("orthogonal_", (), (5, 5), 1e-5),
    ("orthogonal_", (), (9, 4), 1e-5),
    ("orthogonal_", (2.5,), (4, 3, 5), 1e-5),
    ("orthogonal_", (), (2, 3), 1e-5),
    ("sparse_", (0.3,), (10, 7), 3e-6),
    ("sparse_", (0.55, 2.0), (3, 4), 3e-6),
]
FIXED = [
    ("constant_", (0.3,), (2, 3)),
    ("ones_", (), (4,)),
    ("zeros_", (), ()),
    ("eye_", (), (3, 5)),
    ("eye_", (), (5, 3)),
    ("dirac_", (), (4, 2, 3)),
    ("dirac_", (2,), (6, 2, 4, 5)),
    ("dirac_", (3,), (6, 5, 1, 2, 3)),
    ("dirac_", (), (0, 2, 3)),
    ("orthogonal_", (), (0, 3)),
]


def filled(name, arguments, shape, dtype, array=None, **kwargs):
    """Return the tensors that one seed gives on both sides."""
    array = np.full(shape, np.nan, dtype) if array is None else array
    theirs = torch.full(shape, np.nan, dtype=getattr(torch, np.dtype(dtype).name))
    sn.manual_seed(7)
    torch.manual_seed(7)
    returned = getattr(init, name)(array, *arguments, **kwargs)
    getattr(torch.nn.init, name)(theirs, *arguments)
    assert returned is array
    return np.asarray(array), theirs.numpy()


def close(ours, theirs, tolerance):
    np.testing.assert_allclose(
        ours, theirs, rtol=0, atol=tolerance * np.abs(theirs).max(initial=0)
    )


@pytest.mark.parametrize(("name", "arguments", "shape", "tolerance"), DRAWS)
def test_one_seed_gives_torchs_numbers(name, arguments, shape, tolerance):
    close(*filled(name, arguments, shape, np.float32), tolerance)
    # The streams stand at the same place afterwards.
    assert sn.rand(1) == torch.rand(1).numpy()
    close(*filled(name, arguments, shape, np.float64), 1e-12)
    assert sn.rand(1) == torch.rand(1).numpy()


@pytest.mark.parametrize(("name", "arguments", "shape"), FIXED)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_not_drawn_is_torchs(name, arguments, shape, dtype):
    np.testing.assert_array_equal(*filled(name, arguments, shape, dtype))


@pytest.mark.parametrize(
    ("name", "arguments", "shape"), [draw[:3] for draw in DRAWS] + FIXED
)
def test_memory_order_does_not_matter(name, arguments, shape):
    contiguous, _ = filled(name, arguments, shape, np.float32)
    transposed = Parameter(np.full(shape[::-1], np.nan, np.float32).T)
    array = transposed.data
    filled(name, arguments, shape, np.float32, transposed)
    assert transposed.data is array
    np.testing.assert_array_equal(array, contiguous)
    every_other = np.zeros((*shape, 2), np.float32)[..., 0]
    ours, _ = filled(name, arguments, shape, np.float32, every_other)
    np.testing.assert_array_equal(ours, contiguous)


@pytest.mark.parametrize(
    ("name", "arguments", "shape"), [draw[:3] for draw in DRAWS if draw[0] != "sparse_"]
)
def test_numbers_come_from_the_generator_given(name, arguments, shape):
    expected, _ = filled(name, arguments, shape, np.float64)
    generator = sn.Generator().manual_seed(7)
    state = sn.get_rng_state()
    ours = getattr(init, name)(np.empty(shape), *arguments, generator=generator)
    np.testing.assert_array_equal(ours, expected)
    np.testing.assert_array_equal(sn.get_rng_state(), state)


def test_sparse_draws_its_zeros_from_the_default_generator_as_torch_does():
    sn.manual_seed(1)
    torch.manual_seed(1)
    ours = init.sparse_(np.empty((6, 5)), 0.5, generator=sn.Generator().manual_seed(2))
    theirs = torch.nn.init.sparse_(
        torch.empty(6, 5, dtype=torch.float64),
        0.5,
        generator=torch.Generator().manual_seed(2),
    )
    close(ours, theirs.numpy(), 1e-12)


@pytest.mark.parametrize("name", init.__all__)
def test_signatures_are_torchs(name):
    def plain(function):
        parameters = inspect.signature(function).parameters.values()
        return [(p.name, p.default, p.kind) for p in parameters]

    assert plain(getattr(init, name)) == plain(getattr(torch.nn.init, name))


@given(
    nonlinearity=st.sampled_from(
        [
            *("linear", "conv1d", "conv2d", "conv3d", "sigmoid", "tanh", "relu"),
            *("conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "selu"),
        ]
    ),
    slope=st.none() | st.integers(-3, 3) | st.floats(-10, 10),
)
def test_gains_are_torchs(nonlinearity, slope):
    theirs = torch.nn.init.calculate_gain
    assert init.calculate_gain(nonlinearity) == theirs(nonlinearity)
    assert init.calculate_gain("leaky_relu", slope) == theirs("leaky_relu", slope)


@given(rows=st.integers(1, 8), columns=st.integers(1, 8))
def test_orthogonal_rows_or_columns(rows, columns):
    W = init.orthogonal_(np.empty((rows, columns)), gain=3)
    small = W @ W.T if rows < columns else W.T @ W
    np.testing.assert_allclose(small, 9 * np.eye(len(small)), atol=1e-12)


@given(
    std=st.floats(0.5, 2),
    a=st.floats(-3, 3),
    width=st.floats(0, 3),
    mean=st.floats(-3, 3),
)
@pytest.mark.filterwarnings("ignore:mean is more than 2 std")
def test_truncated_normals_stay_inside(std, a, width, mean):
    for dtype in (np.float32, np.float64):
        x = init.trunc_normal_(np.empty(30, dtype), mean, std, a, a + width)
        assert (x >= dtype(a)).all()
        assert (x <= dtype(a + width)).all()


REFUSED = [
    ("xavier_uniform_", (3,), ()),
    ("xavier_normal_", (), ()),
    ("kaiming_uniform_", (3,), ()),
    ("kaiming_normal_", (3,), ()),
    ("kaiming_uniform_", (3, 4), (0, "fan_sum")),
    ("kaiming_normal_", (3, 4), (0, "average")),
    ("kaiming_normal_", (3, 4), (0, "fan_in", "gelu")),
    ("kaiming_uniform_", (3, 4), (True,)),
    ("kaiming_uniform_", (3, 4), ("0.2",)),
    ("eye_", (3,), ()),
    ("eye_", (3, 3, 3), ()),
    ("dirac_", (3, 3), ()),
    ("dirac_", (3, 3, 3, 3, 3, 3), ()),
    ("dirac_", (4, 3, 3), (3,)),
    ("orthogonal_", (3,), ()),
    ("sparse_", (3,), (0.1,)),
    ("sparse_", (3, 3, 3), (0.1,)),
]
# Torch refuses these with a RuntimeError, or in the middle of the work.
REFUSED_EARLIER = [
    ("uniform_", (3,), (1.0, 0.0)),
    ("uniform_", (3,), (0.0, float("inf"))),
    ("normal_", (3,), (0.0, -1.0)),
    ("trunc_normal_", (3,), (0.0, 0.0)),
    ("trunc_normal_", (3,), (0.0, 1.0, 2.0, 1.0)),
    ("sparse_", (3, 3), (0.1, -1.0)),
    ("dirac_", (4, 3, 3), (0,)),
]


WORDS = (
    r"dimensions(| are supported), got|divisible by groups, got|expects .*, got|"
    r"negative_slope .* not a valid number|Unsupported nonlinearity|Mode .* supported"
)


@pytest.mark.parametrize(("name", "shape", "arguments"), REFUSED + REFUSED_EARLIER)
def test_refused_before_anything_changes(name, shape, arguments):
    if (name, shape, arguments) in REFUSED:
        with pytest.raises(ValueError):
            getattr(torch.nn.init, name)(torch.empty(shape), *arguments)
    array, state = np.full(shape, 9.0), sn.get_rng_state()
    with pytest.raises(ValueError, match=WORDS):
        getattr(init, name)(array, *arguments)
    assert (array == 9).all()
    np.testing.assert_array_equal(sn.get_rng_state(), state)


@pytest.mark.parametrize(
    ("tensor", "error"),
    [
        ([[1.0, 2.0]], TypeError),
        (np.zeros((3, 3), np.float16), TypeError),
        (np.zeros((3, 3), int), TypeError),
        (np.broadcast_to(np.zeros(3), (3, 3)), ValueError),
    ],
)
@pytest.mark.parametrize(
    "name", ["uniform_", "normal_", "trunc_normal_", "orthogonal_"]
)
def test_tensors_that_cannot_be_filled_cost_no_numbers(tensor, error, name):
    state = sn.get_rng_state()
    with pytest.raises(error):
        getattr(init, name)(tensor)
    np.testing.assert_array_equal(sn.get_rng_state(), state)


@pytest.mark.parametrize("name", ["kaiming_uniform_", "kaiming_normal_"])
def test_empty_tensors_are_left_alone_with_a_warning(name):
    array = np.empty((0, 3))
    for module, tensor in ((torch.nn.init, torch.empty(0, 3)), (init, array)):
        with pytest.warns(UserWarning, match="zero-element tensors is a no-op") as seen:
            getattr(module, name)(tensor)
        assert seen[0].filename == __file__


def test_a_mean_far_outside_is_worth_a_warning():
    for module, tensor in ((torch.nn.init, torch.empty(3)), (init, np.empty(3))):
        with pytest.warns(UserWarning, match="mean is more than 2 std") as seen:
            module.trunc_normal_(tensor, mean=5)
    assert seen[0].filename == __file__


@pytest.mark.parametrize(
    "outside",
    [
        (-2.0, 1.0, 0.0, 3.0),
        (5.0, 1.0, 0.0, 3.0),
        (-1.0, 0.5, 0.0, 3.0),
        (4.0, 0.5, 0.0, 3.0),
    ],
)
def test_a_mean_less_far_is_not(outside):
    mean, std, a, b = outside
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        init.trunc_normal_(np.empty(3), mean, std, a, b)
    for module, tensor in ((torch.nn.init, torch.empty(3)), (init, np.empty(3))):
        with pytest.warns(UserWarning, match="mean is more than 2 std"):
            module.trunc_normal_(tensor, 1.001 * mean, std, a, b)
