"""Code as it is shown: each piece with what it rests on, highlighted."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from types import CodeType, FunctionType
from typing import Any

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from parity import registry
from parity.case import Pair
from parity.study.pages import ROOT, subject
from scratchnet.nn import Module, Parameter
from scratchnet.optim import Optimizer

#: Checks have no place beside a layer: functions called ``expect_…``, nor these files.
ELSEWHERE = ("scratchnet.nn._check", "scratchnet.nn.module")


@dataclass(frozen=True)
class Piece:
    """A class or a function, its code without the docstring, and its file."""

    thing: Any
    file: str
    code: str

    @property
    def name(self) -> str:
        return self.thing.__qualname__

    @cached_property
    def html(self) -> Markup:
        """The code, highlighted."""
        code = highlight(self.code, PythonLexer(), HtmlFormatter(nowrap=True))
        return Markup(code.rstrip())


def numpy_side(pair: Pair) -> tuple[Piece, list[Piece]]:
    """Return the NumPy side, and what it rests on: bases, then what they call."""
    thing, bases = subject(pair), registry.bases(pair)
    called = _called([thing, *bases], "scratchnet")
    return _piece(thing), [_piece(each) for each in [*bases, *called]]


def torch_side(pair: Pair) -> tuple[Piece, list[Piece]]:
    """Return the torch twin, and what it calls."""
    called = _called([pair.twin], "parity")
    return _piece(_outermost(pair.twin)), [_piece(each) for each in called]


@cache  # A base is shown beside each of its heirs.
def _piece(thing: Any) -> Piece:
    file = inspect.getsourcefile(inspect.unwrap(thing)) or ""
    return Piece(
        thing,
        file.removeprefix(f"{ROOT}/"),
        without_docstrings(textwrap.dedent(inspect.getsource(thing))).rstrip(),
    )


def without_docstrings(source: str) -> str:
    """Return Python source without its docstrings of several lines.

    One of a single line stays, as does one that is all there is.
    """
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or len(node.body) == 1:
            continue
        first = node.body[0]
        if ast.get_docstring(node) is None or first.lineno == first.end_lineno:
            continue
        end = first.end_lineno or first.lineno
        blank = isinstance(node, ast.ClassDef) and end < len(lines) and not lines[end]
        for number in range(first.lineno - 1, end + blank):
            lines[number] = "\0"
    return "\n".join(line for line in lines if line != "\0")


def _called(things: Iterable[Any], package: str) -> list[Any]:
    """Return what the package has that is used, directly or not."""
    found: dict[Any, None] = dict.fromkeys(things)
    waiting = [function for thing in things for function in _functions(thing)]
    while waiting:
        for used in _used(waiting.pop(0)):
            if _is_shown(used, package) and used not in found:
                found[used] = None
                waiting += _functions(used)
    shown = dict.fromkeys(map(_outermost, found))
    return [each for each in shown if each not in [*map(_outermost, things)]]


def _is_shown(used: Any, package: str) -> bool:
    if isinstance(used, type):
        shown = not issubclass(used, (Module, Parameter, Optimizer, Exception))
    else:
        shown = isinstance(used, FunctionType) and not used.__name__.startswith(
            "expect_"
        )
    module = getattr(used, "__module__", "")
    return shown and module.startswith(f"{package}.") and module not in ELSEWHERE


def _functions(thing: Any) -> Iterator[FunctionType]:
    members = vars(thing).values() if isinstance(thing, type) else [thing]
    for member in members:
        member = getattr(member, "fget", None) or getattr(member, "__func__", member)
        member = inspect.unwrap(member) if callable(member) else member
        if isinstance(member, FunctionType):
            yield member


def _used(function: FunctionType) -> Iterator[Any]:
    """Yield what the names in a function stand for: closed over, or global."""
    function = inspect.unwrap(function)
    yield from (cell.cell_contents for cell in function.__closure__ or ())
    codes = [function.__code__]
    for code in codes:
        codes += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
        for name in code.co_names:
            if name in function.__globals__:
                yield function.__globals__[name]


def _outermost(thing: Any) -> Any:
    """Return what stands in the file: for a function made in another, the other."""
    name, inside, _ = thing.__qualname__.partition(".<locals>")
    return thing.__globals__[name] if inside else thing
