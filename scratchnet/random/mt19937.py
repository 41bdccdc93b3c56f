"""The Mersenne Twister mt19937: a stream of 32-bit words from one seed.

NumPy makes the words; how torch spreads a seed, and counts what was drawn, is here.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

N = 624  # words of state


class MT19937:
    r"""A stream of words.

    Parameters
    ----------
    words : ndarray of uint32, shape (624,)
        The latest block of the stream, before tempering.
    position : int, default 0
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
        self._bits = np.random.MT19937()
        self.restore(words, position)

    def restore(self, words: NDArray[np.uint32], position: int) -> None:
        """Go on from another state, in a third of the time that a new stream takes."""
        state: Any = {"key": words, "pos": position or N}
        self._bits.state = {"bit_generator": "MT19937", "state": state}
        self._drawn = position > 0

    @property
    def words(self) -> NDArray[np.uint32]:
        return self._bits.state["state"]["key"]

    @property
    def position(self) -> int:
        return self._bits.state["state"]["pos"] if self._drawn else 0

    def draw32(self, n: int) -> NDArray[np.uint32]:
        """Draw the next n words."""
        self._drawn |= n > 0
        return self._bits.random_raw(n).astype(np.uint32)

    def draw64(self, n: int) -> NDArray[np.uint64]:
        """Draw the next 2n words as n of 64 bits, the high half first."""
        self._drawn |= n > 0
        high, low = self._bits.random_raw(2 * n).reshape(n, 2).T
        return high << np.uint64(32) | low


def seed_words(seed: int) -> NDArray[np.uint32]:
    """Spread the low 32 bits of a seed over the `N` words of the state."""
    words = [seed % 2**32]
    for i in range(1, N):
        words.append((1812433253 * (words[-1] ^ words[-1] >> 30) + i) % 2**32)
    return np.array(words, np.uint32)
