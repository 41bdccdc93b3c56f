"""Pair and Case: what is compared, as data.

A case says how a layer is built and what it is given, once, for both sides:

>>> case = Case(call(5, 3, bias=False), call(normal(4, 5)))
>>> str(case)
'(5, 3, bias=False) on (normal(4, 5))'

Random numbers are described, not drawn: `Draw` objects stand where arrays will be,
and the engine draws them from the case's own seed.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Call:
    """The arguments of one call, kept for later."""

    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        shown = [_show(value) for value in self.args]
        shown += [f"{name}={_show(value)}" for name, value in self.kwargs.items()]
        return f"({', '.join(shown)})"


def call(*args: Any, **kwargs: Any) -> Call:
    """Return the arguments as a `Call`."""
    return Call(args, kwargs)


@dataclass(frozen=True)
class Draw:
    """An array to be drawn: how, of which shape, and with which values planted.

    `edges` are written over random elements, one element each: exact zeros, bounds,
    infinities. With `ties` the numbers are rounded first, so that many are equal.
    Central differences, which cannot cross a kink, go without both.
    """

    label: str
    shape: tuple[int, ...]
    sample: Callable[[np.random.Generator, tuple[int, ...]], Array]
    edges: tuple[float, ...] = ()
    ties: bool = False

    def __call__(self, rng: np.random.Generator, edges: bool = True) -> Array:
        array = np.asarray(self.sample(rng, self.shape))
        if edges and self.ties:
            array = np.round(array)
        if edges and self.edges and array.size > len(self.edges):
            where = rng.choice(array.size, len(self.edges), replace=False)
            array.flat[where] = self.edges
        return array

    def __str__(self) -> str:
        planted = f", edges={self.edges}" if self.edges not in ((), (0.0,)) else ""
        return f"{self.label}({', '.join(map(str, self.shape))}{planted})"


def normal(
    *shape: int,
    scale: float = 1.0,
    edges: tuple[float, ...] = (0.0,),
    ties: bool = False,
) -> Draw:
    """Describe normal numbers of the given standard deviation."""

    def sample(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return scale * rng.standard_normal(shape)

    label = ("" if scale == 1 else f"{scale:g}*") + ("ties" if ties else "normal")
    return Draw(label, shape, sample, edges, ties)


def uniform(
    *shape: int, low: float = 0.0, high: float = 1.0, edges: tuple[float, ...] = ()
) -> Draw:
    """Describe numbers uniform in [low, high)."""
    label = "uniform" if (low, high) == (0, 1) else f"uniform[{low:g}, {high:g}]"
    return Draw(label, shape, lambda rng, shape: rng.uniform(low, high, shape), edges)


def integers(*shape: int, low: int = 0, high: int) -> Draw:
    """Describe int64 numbers from `low` to below `high`."""
    label = f"integers[{low}, {high})"
    return Draw(label, shape, lambda rng, shape: rng.integers(low, high, shape))


def booleans(*shape: int, p: float = 0.5) -> Draw:
    """Describe booleans that are True with probability `p`."""
    return Draw("booleans", shape, lambda rng, shape: rng.random(shape) < p)


def probabilities(*shape: int, dim: int = 1) -> Draw:
    """Describe positive numbers that sum to one along `dim`."""

    def sample(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        drawn = rng.exponential(size=shape)
        return drawn / drawn.sum(axis=dim, keepdims=True)

    return Draw("probabilities", shape, sample)


def fixed(values: Any) -> Draw:
    """Describe one array, written out."""
    array = np.asarray(values)
    shown = f"{array.tolist()}"
    label = shown if len(shown) <= 48 else f"{shown[:47]}…"
    return Draw(f"fixed{label}", array.shape, lambda rng, shape: array.copy())


@dataclass(frozen=True)
class Build:
    """A module as an argument, built on either side from that side's namespace."""

    build: Callable[[Any], Any]
    label: str

    def __str__(self) -> str:
        return self.label


def build(function: Callable[[Any], Any], label: str) -> Build:
    """Describe ``function(nn)``, for example ``lambda nn: nn.Linear(4, 8)``."""
    return Build(function, label)


@dataclass(frozen=True)
class Case:
    """One construction and one call, to be run on every side.

    Parameters
    ----------
    init : Call
        What the class is constructed with.
    inputs : Call
        What the instance is called with.
    note : str
        What the case is there for, where its arguments do not say it.
    training : bool
        Whether the layer is in training mode.
    differences : bool
        Whether central differences take part; False needs a `because`.
    float32 : bool
        Whether float32 takes part; False needs a `because`.
    tolerance : float, optional
        In place of the float64 gate; needs a `because`.
    because : str
        Why this case is judged otherwise.
    """

    init: Call = field(default_factory=Call)
    inputs: Call = field(default_factory=Call)
    note: str = ""
    training: bool = True
    differences: bool = True
    float32: bool = True
    tolerance: float | None = None
    because: str = ""

    def __post_init__(self) -> None:
        judged_alike = self.tolerance is None and self.differences and self.float32
        if not (judged_alike or self.because):
            raise ValueError(f"{self}: say why it is judged otherwise")

    def __str__(self) -> str:
        mode = "" if self.training else " in eval mode"
        note = f", {self.note}" if self.note else ""
        return f"{self.init} on {self.inputs}{mode}{note}"


@dataclass(frozen=True)
class Fault:
    """A mistake of a kind that learners make, to be put in on purpose and caught.

    Parameters
    ----------
    pair : str
        The name of the pair whose cases must catch it.
    what : str
        The mistake, in words.
    right, wrong : str
        Source text that occurs once in its file, and what stands there instead.
    module : str, optional
        Where the text is, if not in the file of the class.
    """

    pair: str
    what: str
    right: str
    wrong: str
    module: str = ""


@dataclass(frozen=True)
class Pair:
    """A piece of scratchnet, its torch twin, and the cases that compare them.

    Parameters
    ----------
    name : str
        The name of the class, the same in scratchnet and in torch.
    twin : callable
        For a layer ``twin(layer, *inputs)``: the forward pass in plain tensor
        operations, with the parameters and settings of the stock torch `layer`.
    cases : sequence of Case
    predictions : tuple of int, optional
        For a loss: which of its inputs have a gradient, by position.
    namespace : str
        Where both classes live: "nn", "optim", …
    """

    name: str
    twin: Callable[..., Any]
    cases: Sequence[Case]
    predictions: tuple[int, ...] | None = None
    namespace: str = "nn"

    def rng(self, case: Case, seed: int) -> np.random.Generator:
        """Return the random numbers of `case`: its own, whatever ran before it."""
        return np.random.default_rng([seed, zlib.crc32(f"{self.name}{case}".encode())])


def distinct(cases: Iterable[Case]) -> list[Case]:
    """Return the cases, those once that a product of options names several times."""
    return list({str(case): case for case in cases}.values())


def in_eval(cases: Iterable[Case]) -> Iterator[Case]:
    """Yield the cases again, in evaluation mode."""
    return (replace(case, training=False) for case in cases)


def _show(value: Any) -> str:
    if isinstance(value, tuple | list):
        inner = ", ".join(map(_show, value))
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, FunctionType):
        return value.__name__
    return str(value) if isinstance(value, Draw | Build) else repr(value)
