"""Letters as numbers: what to expect of a count, and how to draw the next letter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.libraries import Array

Letters = NDArray[np.int64]
IGNORED = -100  # what CrossEntropyLoss passes over


def encode(text: str, alphabet: str) -> Letters:
    """Return the place in the alphabet of each letter.

    >>> encode("aback", "abck")
    array([0, 1, 0, 2, 3])
    """
    return np.array([alphabet.index(letter) for letter in text])


def decode(text: Letters, alphabet: str) -> str:
    """Return the letters at these places.

    >>> decode(np.array([0, 1, 0, 2, 3]), "abck")
    'aback'
    """
    return "".join(alphabet[i] for i in text)


def runs(text: Letters, n: int) -> Letters:
    """Return all runs of `n` letters that follow one another.

    >>> runs(np.array([1, 2, 3, 4]), 3)
    array([[1, 2, 3],
           [2, 3, 4]])
    """
    return np.lib.stride_tricks.sliding_window_view(text, n)


def read_and_follow(texts: list[Letters]) -> tuple[Letters, Letters]:
    """Return the letters to read and those that follow, a text a row, filled up.

    >>> read, follow = read_and_follow([np.array([0, 2, 0]), np.array([0, 1, 3, 0])])
    >>> read
    array([[0, 2, 0],
           [0, 1, 3]])
    >>> follow
    array([[   2,    0, -100],
           [   1,    3,    0]])
    """
    shape = (len(texts), max(map(len, texts)) - 1)
    read, follow = np.zeros(shape, np.int64), np.full(shape, IGNORED)
    for i, text in enumerate(texts):
        read[i, : len(text) - 1], follow[i, : len(text) - 1] = text[:-1], text[1:]
    return read, follow


def counted_bits(known: Letters, unseen: Letters, letters: int) -> float:
    r"""Return the bits a letter that counting runs of letters leaves to be told.

    Each run's last letter is foretold from those before it. Counts of long runs are
    few, so they are blended with those of shorter ones (Witten and Bell, 1991):
    where :math:`c_{hx}` counts the letter :math:`x` after :math:`h`, and
    :math:`k_h` the different letters after it,

    .. math:: p(x \mid h) = \frac{c_{hx} + k_h \, p(x \mid h')}{\sum_x c_{hx} + k_h}

    with :math:`h'` one letter shorter. Runs have the shape (N, n), and are told apart
    by numbers, of which letters are the digits: only those that occur are counted.

    >>> runs = np.array([[0, 1], [1, 0], [0, 1], [1, 0]])
    >>> counted_bits(runs, runs[:, 1:], 2)  # without a context, either may follow
    1.0
    >>> counted_bits(runs, runs, 2) < 0.5
    True
    """
    p = np.full(len(unseen), 1 / letters)
    for n in range(1, unseen.shape[1] + 1):
        place = letters ** np.arange(n)[::-1]
        run, asked = (np.sort(known[:, -n:] @ place), unseen[:, -n:] @ place)
        count = times(asked, run)
        kinds = times(asked // letters, np.unique(run) // letters)
        total = times(asked // letters, run // letters) + kinds
        p = np.where(total > 0, (count + kinds * p) / np.maximum(total, 1), p)
    return float(-np.log2(p).mean())


def times(asked: Letters, numbers: Letters) -> Letters:
    """Return how often each number asked for is among others, which are in order.

    >>> times(np.array([7, 3, 4]), np.array([3, 3, 7]))
    array([1, 2, 0])
    """
    first, beyond = (np.searchsorted(numbers, asked, s) for s in ("left", "right"))
    return beyond - first


def bits(logits: Array, target: Letters) -> float:
    """Return the mean cross-entropy in bits, of letters that are not `IGNORED`.

    >>> bits(np.zeros((2, 8)), np.array([5, IGNORED]))
    3.0
    """
    logits, target = logits[target != IGNORED], target[target != IGNORED]
    top = logits.max(axis=1)
    log_sums = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    surprise = log_sums - logits[np.arange(len(target)), target]
    return float(surprise.mean() / np.log(2))


def draw_letters(
    logits: Array, temperature: float, rng: np.random.Generator
) -> Letters:
    """Draw from softmax(logits / temperature), a row at a time.

    The largest of logits plus Gumbel noise is such a draw (Gumbel, 1954).

    >>> draw_letters(np.array([[0.0, 9.0]]), 0.1, np.random.default_rng(0))
    array([1])
    """
    return np.argmax(logits / temperature + rng.gumbel(size=logits.shape), axis=1)
