"""The Mersenne Twister mt19937: a stream of 32-bit words from one seed."""

import numpy as np
from numpy.typing import NDArray

N = 624  # words of state
M = 397  # how far the middle word of the recurrence stands from the first
UPPER, LOWER = np.uint32(0x80000000), np.uint32(0x7FFFFFFF)
TWIST = np.uint32(0x9908B0DF)
# A new word needs the one made N - M words before it, so no more than that many
# can be made at once.
RUNS = [slice(start, min(start + N - M, N - 1)) for start in range(0, N - 1, N - M)]


class MT19937:
    r"""A stream of words.

    Parameters
    ----------
    words : ndarray of uint32, shape (624,)
        The latest block of the stream, before tempering.
    position : int
        Where in the block the next word stands, from 1 to 624. 0 says, as in torch,
        that nothing was drawn since seeding: the seed's own words never are.

    Notes
    -----
    The state is 624 words of 32 bits. A seed's low 32 bits are the first, and

    .. math::

        x_i = 1812433253\,(x_{i-1} \oplus (x_{i-1} \gg 30)) + i \pmod{2^{32}},
        \qquad 0 < i < 624.

    From then on each new word joins the top bit of one word to the low 31 bits of
    the next, and is

    .. math::

        \begin{aligned}
        y_k &= (x_k \wedge \mathtt{80000000}) \vee
               (x_{k+1} \wedge \mathtt{7fffffff}) \\
        x_{k+624} &= x_{k+397} \oplus (y_k \gg 1) \oplus
               (y_k \wedge 1)\,\mathtt{9908b0df}.
        \end{aligned}

    What is drawn is the word after tempering:

    .. math::

        \begin{aligned}
        y &\leftarrow x \oplus (x \gg 11) \\
        y &\leftarrow y \oplus ((y \ll 7) \wedge \mathtt{9d2c5680}) \\
        y &\leftarrow y \oplus ((y \ll 15) \wedge \mathtt{efc60000}) \\
        y &\leftarrow y \oplus (y \gg 18).
        \end{aligned}

    References
    ----------
    M. Matsumoto and T. Nishimura, "Mersenne Twister: a 623-dimensionally
    equidistributed uniform pseudo-random number generator", ACM Transactions on
    Modeling and Computer Simulation 8(1), 1998.

    Examples
    --------
    The first word of the authors' own reference output:

    >>> int(MT19937(seed_words(5489)).draw32(1)[0])
    3499211612
    """

    def __init__(self, words: NDArray[np.uint32], position: int = 0) -> None:
        self.words = words
        self.position = position

    def draw32(self, n: int) -> NDArray[np.uint32]:
        """Draw the next n words."""
        if n == 0:
            return np.empty(0, np.uint32)
        start = self.position or N
        blocks = max(0, -(-(start + n - N) // N))
        x = extend(self.words, blocks)
        self.words = x[-N:].copy()
        self.position = start + n - N * blocks
        return temper(x[start : start + n])

    def draw64(self, n: int) -> NDArray[np.uint64]:
        """Draw the next 2n words as n of 64 bits, the high half first."""
        high, low = self.draw32(2 * n).reshape(n, 2).T.astype(np.uint64)
        return high << np.uint64(32) | low


def seed_words(seed: int) -> NDArray[np.uint32]:
    """Spread the low 32 bits of a seed over the `N` words of the state."""
    words = [seed % 2**32]
    for i in range(1, N):
        words.append((1812433253 * (words[-1] ^ words[-1] >> 30) + i) % 2**32)
    return np.array(words, np.uint32)


def extend(words: NDArray[np.uint32], blocks: int) -> NDArray[np.uint32]:
    """Continue the recurrence from `N` words by `blocks` times `N` more."""
    steps = -(-N * blocks // (N - 1))
    x = np.empty(N + steps * (N - 1), np.uint32)
    x[:N] = words
    for k in range(0, N * blocks, N - 1):
        y = x[k : k + N - 1] & UPPER
        y |= x[k + 1 : k + N] & LOWER
        twisted = (y >> np.uint32(1)) ^ (y & np.uint32(1)) * TWIST
        middle, new = x[k + M :], x[k + N :]
        for run in RUNS:
            np.bitwise_xor(middle[run], twisted[run], out=new[run])
    return x[: N * (blocks + 1)]


def temper(x: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Mix each word's bits, so that every one of them is equidistributed."""
    y = x ^ (x >> np.uint32(11))
    y ^= (y << np.uint32(7)) & np.uint32(0x9D2C5680)
    y ^= (y << np.uint32(15)) & np.uint32(0xEFC60000)
    y ^= y >> np.uint32(18)
    return y
