"""Random numbers as torch's CPU generator draws them."""

import math
import operator
import secrets
from collections.abc import Sequence
from typing import Any, Self, SupportsIndex

import numpy as np
from numpy.typing import DTypeLike, NDArray

from scratchnet.random._check import floating, integer, shape_of
from scratchnet.random.mt19937 import MT19937, seed_words
from scratchnet.random.state import pack, unpack
from scratchnet.random.transforms import Array, box_muller, multiply_add

Size = SupportsIndex | Sequence[SupportsIndex]

DEFAULT_SEED = 67280421310721
# From so many values on, torch takes 64 bits, lest the remainder favour the low ones.
WIDE_RANGE = 2**28
LONGEST_PERMUTATION = (2**32 - 1) // 20 - 1


class Generator:
    """A stream of random numbers, number for number that of ``torch.Generator``.

    A new one has torch's default seed, 67280421310721. Each method takes from the
    stream what torch's takes, so the same calls in the same order give the same
    numbers. Sizes are integers or one tuple of them.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.Generator.html

    Examples
    --------
    >>> generator = Generator().manual_seed(0)
    >>> generator.rand(3)
    array([0.4962566 , 0.7682218 , 0.08847743], dtype=float32)
    """

    def __init__(self) -> None:
        self._initial_seed = DEFAULT_SEED
        self._stream = MT19937(seed_words(DEFAULT_SEED))
        self._next_normal: float | None = None

    def manual_seed(self, seed: SupportsIndex) -> Self:
        """Start the stream of a seed, and return the generator.

        Parameters
        ----------
        seed : int
            From -2**63 to 2**64 - 1. A negative one stands for itself plus 2**64.
            Seeds with the same low 32 bits start the same stream.

        Raises
        ------
        TypeError
            If the seed is no integer.
        ValueError
            If the seed is out of range.

        Examples
        --------
        >>> Generator().manual_seed(-1).initial_seed() == 2**64 - 1
        True
        """
        seed = operator.index(seed)
        if not -(2**63) <= seed < 2**64:
            raise ValueError(f"a seed is in [-2**63, 2**64), got {seed}")
        self._initial_seed = seed % 2**64
        self._stream.restore(seed_words(seed), 0)
        self._next_normal = None
        return self

    def initial_seed(self) -> int:
        """Return the seed that the stream was started with, from 0 to 2**64 - 1.

        Examples
        --------
        >>> Generator().initial_seed()
        67280421310721
        """
        return self._initial_seed

    def seed(self) -> int:
        """Start the stream of a seed that nobody can foresee, and return that seed.

        Examples
        --------
        >>> generator = Generator()
        >>> generator.seed() == generator.initial_seed()
        True
        """
        return self.manual_seed(secrets.randbits(64)).initial_seed()

    def get_state(self) -> NDArray[np.uint8]:
        """Return all that the next draws depend on, in torch's own format.

        Returns
        -------
        ndarray of uint8, shape (5056,)
            By way of ``torch.from_numpy``, a state for ``torch.set_rng_state``.

        Examples
        --------
        >>> generator = Generator()
        >>> state = generator.get_state()
        >>> before = generator.rand(5)
        >>> generator.set_state(state)
        >>> bool((generator.rand(5) == before).all())
        True
        """
        return pack(self._initial_seed, self._stream, self._next_normal)

    def set_state(self, state: NDArray[np.uint8]) -> None:
        """Go on from a state that `get_state`, or torch's, returned.

        Parameters
        ----------
        state : ndarray of uint8, shape (5056,)
            The state. It is copied.

        Raises
        ------
        TypeError
            If `state` is no array of uint8.
        ValueError
            If it has another shape, or its bytes are no generator's.
        """
        self._initial_seed, words, position, self._next_normal = unpack(state)
        self._stream.restore(words, position)

    def _draw_unit(self, n: int, dtype: np.dtype[Any]) -> Array:
        """Draw n numbers of [0, 1): the low 24 or 53 bits, as a fraction."""
        if dtype == np.float32:
            bits = self._stream.draw32(n) & np.uint32(2**24 - 1)
            return bits.astype(dtype) * np.float32(2**-24)
        return (self._stream.draw64(n) & np.uint64(2**53 - 1)) * 2.0**-53

    def rand(self, *size: Size, dtype: DTypeLike = np.float32) -> Array:
        """Draw uniformly from [0, 1).

        Parameters
        ----------
        *size : int or tuple of int
            The shape of the result.
        dtype : dtype, default float32
            float32 takes one word a number, float64 two.

        Examples
        --------
        >>> Generator().manual_seed(0).rand(2, 2)
        array([[0.4962566 , 0.7682218 ],
               [0.08847743, 0.13203049]], dtype=float32)
        """
        shape = shape_of(size)
        return self._draw_unit(math.prod(shape), floating(dtype)).reshape(shape)

    def randn(self, *size: Size, dtype: DTypeLike = np.float32) -> Array:
        """Draw from the standard normal distribution, as `normal` does.

        Parameters
        ----------
        *size : int or tuple of int
            The shape of the result.
        dtype : dtype, default float32
            float32 or float64.

        Examples
        --------
        >>> Generator().manual_seed(0).randn(3).round(4)
        array([ 1.541 , -0.2934, -2.1788], dtype=float32)
        """
        return self.normal(0.0, 1.0, shape_of(size), dtype)

    def uniform(
        self, low: float, high: float, size: Size, dtype: DTypeLike = np.float32
    ) -> Array:
        r"""Draw uniformly from [low, high), as torch's ``uniform_``.

        Parameters
        ----------
        low, high : float
            The bounds, low <= high, both finite in `dtype`.
        size : int or tuple of int
            The shape of the result.
        dtype : dtype, default float32
            float32 or float64.

        Raises
        ------
        ValueError
            If the bounds, or their difference, do not fit into `dtype`.

        Notes
        -----
        With :math:`u` from `rand`, the result is :math:`u\,(high - low) + low`
        rounded once; what rounds up to `high` itself becomes `low`.

        Examples
        --------
        >>> Generator().manual_seed(0).uniform(-1, 1, 3)
        array([-0.00748682,  0.5364436 , -0.82304513], dtype=float32)
        """
        shape, dtype = shape_of((size,)), floating(dtype)
        largest = float(np.finfo(dtype).max)
        if not (-largest <= low <= high <= largest and high - low <= largest):
            raise ValueError(
                f"uniform expects low <= high and high - low, all finite in {dtype}, "
                f"got low={low}, high={high}"
            )
        u = self._draw_unit(math.prod(shape), dtype)
        low, high = dtype.type(low), dtype.type(high)
        x = multiply_add(u, high - low, low)
        x[x == high] = low
        return x.reshape(shape)

    @np.errstate(over="ignore", invalid="ignore")
    def normal(
        self, mean: float, std: float, size: Size, dtype: DTypeLike = np.float32
    ) -> Array:
        r"""Draw from a normal distribution, as torch's ``normal_``.

        Parameters
        ----------
        mean, std : float
            The mean, and the standard deviation, which is not negative.
        size : int or tuple of int
            The shape of the result.
        dtype : dtype, default float32
            float32 or float64.

        Raises
        ------
        ValueError
            If `std` is negative or NaN.

        Notes
        -----
        Box and Muller make two independent normals of two uniforms:

        .. math::

            r = \sqrt{-2 \ln (1 - u_1)}, \qquad
            z_1 = r \cos 2 \pi u_2, \qquad z_2 = r \sin 2 \pi u_2.

        From 16 numbers on, all uniforms are drawn first, and in each run of 16 the
        first eight are :math:`u_1`, the other eight :math:`u_2`. Where the last
        run is short, the final 16 numbers are drawn anew and turned together.
        Fewer than 16 are made pair by pair in float64, with :math:`u_2` drawn
        before :math:`u_1`, and a :math:`z_2` left over is kept for the next call.
        The result is :math:`mean + std\,z`. It differs from torch's by a few units
        in the last place where the two libraries' logarithm and cosine do.

        Examples
        --------
        >>> Generator().manual_seed(0).normal(10, 2, 3).round(3)
        array([13.082,  9.413,  5.642], dtype=float32)
        """
        shape, dtype = shape_of((size,)), floating(dtype)
        if not std >= 0:
            raise ValueError(f"normal expects std >= 0, got {std}")
        n = math.prod(shape)
        real = np.float64 if n < 16 else dtype.type
        mean, std = real(mean), real(std)
        if n < 16:
            z = np.array([self._draw_normal() for _ in range(n)], real)
        else:
            z = self._draw_unit(n, dtype)
            box_muller(z[: n - n % 16])
            if n % 16:
                z[-16:] = box_muller(self._draw_unit(16, dtype))
        return multiply_add(z, std, mean).astype(dtype, copy=False).reshape(shape)

    def _draw_normal(self) -> float:
        """Draw one standard normal, and keep its twin for the next time."""
        if self._next_normal is not None:
            z, self._next_normal = self._next_normal, None
            return z
        u2, u1 = self._draw_unit(2, np.dtype(np.float64)).tolist()
        r, theta = math.sqrt(-2 * math.log1p(-u1)), 2 * math.pi * u2
        self._next_normal = r * math.sin(theta)
        return r * math.cos(theta)

    def randint(
        self,
        low: SupportsIndex = 0,
        high: Any = None,
        size: Sequence[SupportsIndex] | None = None,
        *,
        dtype: DTypeLike = np.int64,
    ) -> Array:
        """Draw integers uniformly from low, …, high - 1.

        Parameters
        ----------
        low : int, default 0
            The smallest value; ``randint(high, size)`` takes it to be 0.
        high : int
            One more than the largest value.
        size : tuple of int
            The shape of the result.
        dtype : dtype, default int64
            An integer type.

        Raises
        ------
        ValueError
            If there is no such integer, or `dtype` does not hold them all.

        Notes
        -----
        A word's remainder by high - low, plus low; from 2**28 values on, a 64-bit
        word's. Where all 2**64 integers are asked for, the word itself.

        Examples
        --------
        >>> Generator().manual_seed(0).randint(5, 8, (6,))
        array([7, 5, 7, 5, 6, 5])
        """
        if size is None:
            low, high, size = 0, low, high
        elif high is None:
            low, high = 0, low
        if not isinstance(size, Sequence):
            raise TypeError(f"randint expects its size as a tuple, got {size}")
        low, high, shape = operator.index(low), operator.index(high), shape_of((size,))
        if low >= high:
            raise ValueError(f"randint expects low < high, got low={low}, high={high}")
        dtype, values, n = integer(dtype, low, high), high - low, math.prod(shape)
        draw = self._stream.draw64 if values >= WIDE_RANGE else self._stream.draw32
        x = draw(n).astype(np.uint64)
        if values < 2**64:
            x = x % np.uint64(values) + np.uint64(low % 2**64)
        return x.astype(dtype).reshape(shape)

    def randperm(self, n: int, *, dtype: DTypeLike = np.int64) -> Array:
        """Draw a permutation of 0, …, n - 1, every one equally likely.

        Parameters
        ----------
        n : int
            How many; at most 214,748,363, where torch turns to another method.
        dtype : dtype, default int64
            An integer type.

        Raises
        ------
        ValueError
            If `n` is out of range, or `dtype` does not hold n - 1.

        Notes
        -----
        Fisher and Yates: entry i, from the first to the last but one, changes
        places with one of the n - i entries from i on; a word's remainder says which.

        Examples
        --------
        >>> Generator().manual_seed(0).randperm(6)
        array([2, 5, 3, 0, 1, 4])
        """
        n = operator.index(n)
        if not 0 <= n <= LONGEST_PERMUTATION:
            raise ValueError(
                f"randperm expects 0 <= n <= {LONGEST_PERMUTATION}, got {n}"
            )
        dtype = integer(dtype, 0, n)
        first = np.arange(max(n - 1, 0))
        partners = first + self._stream.draw32(len(first)) % (n - first)
        order = list(range(n))
        for i, j in enumerate(partners.tolist()):
            order[i], order[j] = order[j], order[i]
        return np.array(order, dtype)

    def bernoulli(self, p: float, size: Size, dtype: DTypeLike = np.float32) -> Array:
        """Draw ones with probability p, and zeros, as torch's ``bernoulli_(p)``.

        Parameters
        ----------
        p : float
            The probability of a one, from 0 to 1.
        size : int or tuple of int
            The shape of the result.
        dtype : dtype, default float32
            Any numeric type, or bool; it does not change what is drawn.

        Raises
        ------
        ValueError
            If `p` is no probability.

        Notes
        -----
        A one stands where a float64 uniform is less than p. Dropout's masks are
        drawn so. They are torch's, except where torch runs with MKL on an Intel
        processor: there it hands the work to a generator of MKL's.

        Examples
        --------
        >>> Generator().manual_seed(0).bernoulli(0.5, 6)
        array([0., 0., 1., 0., 0., 0.], dtype=float32)
        """
        if not 0 <= p <= 1:
            raise ValueError(f"bernoulli expects 0 <= p <= 1, got {p}")
        shape, dtype = shape_of((size,)), np.dtype(dtype)
        u = self._draw_unit(math.prod(shape), np.dtype(np.float64))
        return (u < p).astype(dtype).reshape(shape)
