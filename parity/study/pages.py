"""What is on which page: one page for each file of twins, in reading order."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from parity import registry
from parity.case import Fault, Pair

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Page:
    """The pieces of one file.

    Parameters
    ----------
    name : str
        The file in any of the trees: "nn.loss.classification".
    pairs : tuple of Pair
    """

    name: str
    pairs: tuple[Pair, ...]

    @property
    def namespace(self) -> str:
        """The folder that the file is in: "nn" or "optim"."""
        return self.name.partition(".")[0]

    @property
    def stem(self) -> str:
        """The rest of its name: "loss.classification"."""
        return self.name.partition(".")[2]

    @property
    def cases(self) -> int:
        """How many cases there are on the page."""
        return sum(len(pair.cases) for pair in self.pairs)

    @property
    def path(self) -> str:
        """Where the page lies in the site."""
        return self.name.replace(".", "/") + ".html"

    @property
    def root(self) -> str:
        """The way back to the index."""
        return "../" * self.name.count(".")

    @cached_property
    def title(self) -> str:
        """What the file is about: the first sentence of its docstring."""
        module = importlib.import_module(f"scratchnet.{self.name}")
        first = (inspect.getdoc(module) or "").partition("\n\n")[0]
        return " ".join(first.split()).rstrip(".")

    @property
    def files(self) -> list[str]:
        """The file in each of the trees: the code, the twins, the tests."""
        path = Path(self.name.replace(".", "/"))
        tests = [
            f"tests/{place}"
            for part in [path, *path.parents[:-2]]
            for place in (part.with_name(f"test_{part.name}.py"), part)
            if (ROOT / "tests" / place).exists()
        ]
        return [_file(f"scratchnet/{path}"), _file(f"parity/{path}"), *tests[:1]]


def subject(pair: Pair) -> Any:
    """Return the class or function of scratchnet's that the pair is about."""
    return getattr(registry.owner(pair), pair.name)


def faults(pair: Pair) -> list[Fault]:
    """Return the mistakes that the cases of the pair are known to catch."""
    return [fault for fault in registry.FAULTS if fault.pair == pair.name]


def holding(pairs: Iterable[Pair]) -> list[Page]:
    """Return the pages with any of `pairs`, each of them whole."""
    wanted = {_name(pair) for pair in pairs}
    by_name = sorted(registry.PAIRS, key=_place)
    pages = [Page(name, tuple(group)) for name, group in groupby(by_name, _name)]
    return [page for page in pages if page.name in wanted]


def _name(pair: Pair) -> str:
    return pair.twin.__module__.removeprefix("parity.")


def _place(pair: Pair) -> int:
    """Return the place of the pair's file: where the registry first comes to it."""
    return next(n for n, p in enumerate(registry.PAIRS) if _name(p) == _name(pair))


def _file(path: str) -> str:
    return f"{path}.py" if (ROOT / f"{path}.py").exists() else path
