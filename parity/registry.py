"""Every pair, and finding some of them by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from operator import attrgetter
from typing import Any

import scratchnet
from parity import nn, optim
from parity.case import Fault, Pair

PAIRS: tuple[Pair, ...] = (*nn.PAIRS, *optim.PAIRS)
FAULTS: tuple[Fault, ...] = (*nn.FAULTS, *optim.FAULTS)
#: What every layer and every optimiser is made from has no place beside one of them.
ROOTS = (scratchnet.nn.Module, scratchnet.optim.Optimizer, object)


def stem(pair: Pair) -> str:
    """Return the file of the pair, ``linear`` for ``parity/nn/linear.py``."""
    return pair.twin.__module__.split(".", 2)[-1]


def owner(pair: Pair) -> Any:
    """Return the module of scratchnet's that what is compared belongs to."""
    return attrgetter(pair.namespace)(scratchnet)


def bases(pair: Pair) -> list[type]:
    """Return the classes that it is made from, nearest first, but for the roots."""
    piece = getattr(owner(pair), pair.name)
    mro = piece.__mro__[1:] if isinstance(piece, type) else ()
    return [base for base in mro if base not in ROOTS]


def choose(names: Iterable[str]) -> list[Pair]:
    """Return the pairs meant by `names`: classes, files or namespaces, in any case.

    Raises
    ------
    LookupError
        If a name means nothing; it says what is spelled alike.
    """
    chosen: dict[int, Pair] = {}
    for name in names:
        # Linear is the class, linear the file with Identity and Bilinear beside it.
        found = [pair for pair in PAIRS if name == pair.name]
        found = found or [pair for pair in PAIRS if name.lower() in _known_as(pair)]
        if not found:
            known = {alias for pair in PAIRS for alias in (pair.name, *_known_as(pair))}
            near = difflib.get_close_matches(name, known, n=3)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise LookupError(f"There is nothing called {name!r}.{hint}")
        chosen.update((id(pair), pair) for pair in found)
    return list(chosen.values())


def _known_as(pair: Pair) -> set[str]:
    folder = stem(pair).partition(".")[0]
    names = {
        pair.namespace,
        stem(pair),
        folder,
        f"{pair.namespace}.{pair.name.lower()}",
    }
    return names | {pair.name.lower()}
