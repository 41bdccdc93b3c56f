"""Every number that torch would draw, and every argument that it would refuse."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnet.random import Generator
from tests.random.twins import (
    DTYPES,
    assert_same,
    assert_same_state,
    torch_dtype,
    twins,
)

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
INTEGERS = [np.uint8, np.int8, np.int16, np.int32, np.int64, np.uint32, np.uint64]

# Real numbers


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [(), (0,), (7,), (3, 0, 2), (2, 3, 4)])
def test_rand_has_every_shape(dtype, size):
    ours, theirs = twins()
    expected = torch.rand(size, generator=theirs, dtype=DTYPES[dtype])
    assert_same(ours.rand(size, dtype=dtype), expected)
    assert_same_state(ours, theirs)


def test_a_size_is_integers_or_one_tuple():
    shape = (2, 3)
    assert_same(twins()[0].rand(*shape), torch.from_numpy(twins()[0].rand(list(shape))))
    assert_same(twins()[0].randn(np.int64(5)), torch.from_numpy(twins()[0].randn((5,))))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "low, high",
    [(0, 1), (-1, 1), (-0.0357, 0.0357), (1e-3, 7), (5, 5), (-1e30, 2e30)],
)
def test_uniform_rounds_once_as_torch_does(dtype, low, high):
    ours, theirs = twins(11)
    expected = torch.empty(300, 337, dtype=DTYPES[dtype])
    expected.uniform_(low, high, generator=theirs)
    assert_same(ours.uniform(low, high, (300, 337), dtype), expected)
    assert_same_state(ours, theirs)


def test_uniform_goes_as_far_as_float64():
    ours, theirs = twins()
    expected = torch.empty(1000, dtype=torch.float64)
    expected.uniform_(0, 1e308, generator=theirs)
    assert_same(ours.uniform(0, 1e308, 1000, np.float64), expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_uniform_never_reaches_high(dtype):
    high = 1 + 3 * float(np.finfo(dtype).eps)
    ours, theirs = twins()
    expected = torch.empty(1000, dtype=DTYPES[dtype]).uniform_(
        1, high, generator=theirs
    )
    drawn = ours.uniform(1, high, 1000, dtype)
    assert_same(drawn, expected)
    assert drawn.max() < high


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mean, std", [(0, 1), (3, 0.5), (0.1, 0.3), (2, 0)])
def test_few_normals_are_torchs_to_the_last_bit(dtype, mean, std):
    ours, theirs = twins(4)
    for n in [1, 2, 15, 0, 3, 8, 1] * 20:
        expected = torch.empty(n, dtype=DTYPES[dtype])
        expected.normal_(mean, std, generator=theirs)
        assert_same(ours.normal(mean, std, n, dtype), expected)
        assert_same_state(ours, theirs)


@pytest.mark.parametrize("dtype, ulp", [(np.float32, 4), (np.float64, 2)])
@pytest.mark.parametrize("n", [16, 17, 31, 32, 33, 1000, 50000])
def test_many_normals_are_torchs_to_a_few_units(dtype, ulp, n):
    ours, theirs = twins(9)
    expected = torch.randn(n, generator=theirs, dtype=DTYPES[dtype]).numpy()
    np.testing.assert_array_max_ulp(ours.randn(n, dtype=dtype), expected, maxulp=ulp)
    assert_same_state(ours, theirs)


@pytest.mark.parametrize("dtype", DTYPES)
def test_many_normals_have_mean_and_deviation(dtype):
    ours, theirs = twins(9)
    expected = torch.empty(10, 11, dtype=DTYPES[dtype])
    expected.normal_(-2, 0.01, generator=theirs)
    drawn = ours.normal(-2, 0.01, (10, 11), dtype)
    np.testing.assert_array_max_ulp(drawn, expected.numpy(), maxulp=1)


def test_the_second_normal_waits_through_other_draws_and_dtypes():
    ours, theirs = twins(2)
    assert_same(ours.randn(1), torch.randn(1, generator=theirs))
    ours.randn(16)
    torch.randn(16, generator=theirs)
    expected = torch.randn(1, generator=theirs, dtype=torch.float64)
    assert_same(ours.randn(1, dtype=np.float64), expected)
    assert_same_state(ours, theirs)


@pytest.mark.parametrize("n", [3, 20])
def test_normal_carries_the_infinities_that_torch_carries(n):
    ours, theirs = twins()
    for mean, std in [(0, np.inf), (np.nan, 1), (1e39, 1), (-np.inf, 0)]:
        expected = torch.empty(n).normal_(mean, std, generator=theirs)
        assert_same(ours.normal(mean, std, n), expected)


@pytest.mark.parametrize("p", [0, 0.1, 0.5, 1 - 0.2, 1])
def test_bernoulli_compares_float64_uniforms(p):
    ours, theirs = twins(6)
    # A tensor of probabilities never goes to MKL, whatever the processor.
    probabilities = torch.full((7, 400), p, dtype=torch.float64)
    expected = torch.bernoulli(probabilities, generator=theirs).float()
    assert_same(ours.bernoulli(p, (7, 400)), expected)
    assert_same_state(ours, theirs)


def mkl_draws_masks():
    theirs = torch.Generator()
    words = torch.empty(100).bernoulli_(0.5, generator=theirs)
    return theirs.get_state()[16:24].view(torch.int64).item() != 2 * words.numel()


@pytest.mark.skipif(mkl_draws_masks(), reason="Intel: masks come from MKL's generator")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 5, 1000, 100_000])
def test_bernoulli_draws_dropouts_masks(dtype, n):
    with torch.random.fork_rng():
        torch.manual_seed(8)
        kept = torch.nn.Dropout(0.3)(torch.ones(n, dtype=DTYPES[dtype])) != 0
        after = torch.get_rng_state()
    ours = Generator().manual_seed(8)
    assert_same(ours.bernoulli(1 - 0.3, n, bool), kept)
    assert ours.get_state().tobytes() == after.numpy().tobytes()


# Integers


@pytest.mark.parametrize(
    "low, high",
    [
        (0, 1),
        (-5, 17),
        (0, 2**28 - 1),
        (0, 2**28),
        (-(2**31), 2**31),
        (0, 2**32 + 1),
        (-3, 2**62),
        (0, INT_MAX),
        (INT_MIN, INT_MAX),
    ],
)
def test_randint_draws_torchs_integers(low, high):
    ours, theirs = twins(12)
    expected = torch.randint(low, high, (1000,), generator=theirs)
    assert_same(ours.randint(low, high, (1000,)), expected)
    assert_same_state(ours, theirs)


def test_randint_reaches_past_torchs_to_all_of_int64():
    ours, theirs = twins(12)
    expected = torch.empty(500, dtype=torch.int64)
    expected.random_(INT_MIN, None, generator=theirs)
    assert_same(ours.randint(INT_MIN, 2**63, (500,)), expected)
    # What torch.utils.data draws its seeds with.
    assert_same(ours.randint(2**63, (500,)), expected.random_(generator=theirs))
    assert_same_state(ours, theirs)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_randint_fills_every_integer_type(dtype):
    bounds = np.iinfo(dtype)
    for low, high in [(1, 100), (bounds.min, min(bounds.max + 1, INT_MAX))]:
        ours, theirs = twins(1)
        expected = torch.randint(
            low, high, (50, 2), generator=theirs, dtype=torch_dtype(dtype)
        )
        assert_same(ours.randint(low, high, (50, 2), dtype=dtype), expected)
        assert_same_state(ours, theirs)


def test_randint_reads_its_arguments_as_torch_does():
    for arguments in [
        {"args": (9, (4,))},
        {"args": (2, 9, (4,))},
        {"args": (9,), "size": (4,)},
        {"args": (), "high": 9, "size": (4,)},
        {"args": (2,), "high": 9, "size": (4,)},
        {"args": (), "low": 2, "high": 9, "size": (2, 2)},
        {"args": (9, ())},
        {"args": (9, (0,))},
    ]:
        ours, theirs = twins()
        args = arguments.pop("args")
        expected = torch.randint(*args, **arguments, generator=theirs)
        assert_same(ours.randint(*args, **arguments), expected)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10, 625, 60_000])
def test_randperm_is_torchs(n):
    ours, theirs = twins(7)
    assert_same(ours.randperm(n), torch.randperm(n, generator=theirs))
    assert_same_state(ours, theirs)


@pytest.mark.parametrize("n, dtype", [(256, np.uint8), (128, np.int8), (9, np.int32)])
def test_randperm_fits_its_type(n, dtype):
    ours, theirs = twins(7)
    expected = torch.randperm(n, generator=theirs, dtype=torch_dtype(dtype))
    assert_same(ours.randperm(n, dtype=dtype), expected)


# Any calls in any order

REAL = st.sampled_from(list(DTYPES))
COUNT = st.integers(0, 40) | st.sampled_from([311, 623, 624, 1250])
CALLS = st.one_of(
    st.tuples(st.just("rand"), COUNT, REAL),
    st.tuples(st.just("uniform"), COUNT, REAL),
    st.tuples(st.just("normal"), COUNT, REAL),
    st.tuples(st.just("randint"), COUNT, st.integers(1, INT_MAX)),
    st.tuples(st.just("randperm"), COUNT, st.none()),
    st.tuples(st.just("exchange"), st.none(), st.none()),
)


def call(ours, theirs, name, n, detail):
    if name == "rand":
        expected = torch.rand(n, generator=theirs, dtype=DTYPES[detail])
        assert_same(ours.rand(n, dtype=detail), expected)
    elif name == "uniform":
        expected = torch.empty(n, dtype=DTYPES[detail])
        expected.uniform_(-0.3, 0.7, generator=theirs)
        assert_same(ours.uniform(-0.3, 0.7, n, detail), expected)
    elif name == "normal":
        expected = torch.randn(n, generator=theirs, dtype=DTYPES[detail]).numpy()
        np.testing.assert_array_max_ulp(ours.randn(n, dtype=detail), expected, 4)
    elif name == "randint":
        expected = torch.randint(detail, (n,), generator=theirs)
        assert_same(ours.randint(detail, (n,)), expected)
    elif name == "randperm":
        assert_same(ours.randperm(n), torch.randperm(n, generator=theirs))
    else:
        mine = ours.get_state()
        ours.set_state(theirs.get_state().numpy())
        theirs.set_state(torch.from_numpy(mine))


@settings(max_examples=60, deadline=None)
@given(st.integers(INT_MIN, 2**64 - 1), st.lists(CALLS, max_size=12))
def test_any_sequence_of_calls_keeps_step_with_torch(seed, calls):
    ours, theirs = twins(seed)
    for arguments in calls:
        call(ours, theirs, *arguments)
        assert_same_state(ours, theirs)


# Refusals


@pytest.mark.parametrize(
    "refused, error, message",
    [
        (lambda g: g.manual_seed(2**64), ValueError, "seed"),
        (lambda g: g.manual_seed(-(2**63) - 1), ValueError, "seed"),
        (lambda g: g.manual_seed(1.0), TypeError, "float"),
        (lambda g: g.manual_seed("1"), TypeError, "str"),
        (lambda g: g.rand(), TypeError, "size"),
        (lambda g: g.rand(-1), ValueError, "-1"),
        (lambda g: g.rand((2, -3)), ValueError, r"\(2, -3\)"),
        (lambda g: g.rand(2.0), TypeError, "float"),
        (lambda g: g.rand((2,), 3), TypeError, "tuple"),
        (lambda g: g.rand(3, dtype=np.int64), TypeError, "int64"),
        (lambda g: g.randn(3, dtype=np.float16), TypeError, "float16"),
        (lambda g: g.uniform(2, 1, 3), ValueError, "low=2"),
        (lambda g: g.uniform(2, 1, 0), ValueError, "low=2"),
        (lambda g: g.uniform(0, np.nan, 3), ValueError, "high=nan"),
        (lambda g: g.uniform(0, np.inf, 3), ValueError, "high=inf"),
        (lambda g: g.uniform(-np.inf, 0, 3), ValueError, "low=-inf"),
        (lambda g: g.uniform(0, 1e39, 3), ValueError, "float32"),
        (lambda g: g.uniform(-3e38, 3e38, 3), ValueError, "high - low"),
        (lambda g: g.normal(0, -1, 3), ValueError, "std"),
        (lambda g: g.normal(0, np.nan, 20), ValueError, "std"),
        (lambda g: g.normal("a", 1, 20), ValueError, "string"),
        (lambda g: g.normal(0, 1, 3, np.int32), TypeError, "int32"),
        (lambda g: g.bernoulli(1.1, 3), ValueError, "1.1"),
        (lambda g: g.bernoulli(-0.1, 3), ValueError, "-0.1"),
        (lambda g: g.bernoulli(np.nan, 3), ValueError, "nan"),
        (lambda g: g.bernoulli(0.5, 3, "no type"), TypeError, "no type"),
        (lambda g: g.randint(5, 5, (2,)), ValueError, "low=5, high=5"),
        (lambda g: g.randint(0, (2,)), ValueError, "low=0, high=0"),
        (lambda g: g.randint(5), TypeError, "size"),
        (lambda g: g.randint(1, 5), TypeError, "size"),
        (lambda g: g.randint(5, 3), TypeError, "size"),
        (lambda g: g.randint(1.5, (3,)), TypeError, "float"),
        (lambda g: g.randint(0, 257, (2,), dtype=np.uint8), ValueError, "uint8"),
        (lambda g: g.randint(-1, 5, (2,), dtype=np.uint8), ValueError, "uint8"),
        (lambda g: g.randint(0, 2**63 + 1, (2,)), ValueError, "int64"),
        (lambda g: g.randint(0, 9, (2,), dtype=np.float32), TypeError, "float32"),
        (lambda g: g.randperm(-1), ValueError, "-1"),
        (lambda g: g.randperm(214_748_364), ValueError, "214748364"),
        (lambda g: g.randperm(2.0), TypeError, "float"),
        (lambda g: g.randperm(257, dtype=np.uint8), ValueError, "uint8"),
        (lambda g: g.randperm(5, dtype=bool), TypeError, "bool"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_drawn(refused, error, message):
    ours = Generator().manual_seed(3)
    ours.randn(1)
    before = ours.get_state()
    with pytest.raises(error, match=message):
        refused(ours)
    np.testing.assert_array_equal(ours.get_state(), before)
