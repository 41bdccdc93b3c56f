"""Course: what a schedule of learning rates is put through, as data.

A `Case` says with which options a schedule is made; its course, on what optimiser it
works, beside what others, and what happens on the way. The learning rates of every
epoch are compared.

>>> str(Case(call(gamma=0.9), call(EDITED)))
'(gamma=0.9) on (the rates cut after epoch 25)'
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from parity.case import Call, Case, Pair, call

Rates: TypeAlias = Generator[Any, float, None]
Twin: TypeAlias = Callable[..., Rates]


@dataclass(frozen=True, repr=False)
class Schedule:
    """A schedule as an argument, built on either side from that side's namespace."""

    name: str
    init: Call

    def __str__(self) -> str:
        return f"{self.name}{self.init}"

    __repr__ = __str__


def schedule(name: str, *args: Any, **kwargs: Any) -> Schedule:
    """Describe a schedule, all but its optimiser."""
    return Schedule(name, Call(args, kwargs))


@dataclass(frozen=True, repr=False)
class Course:
    """A run without a network: rates are all that is asked for.

    Parameters
    ----------
    label : str
        What it is, in words.
    lrs : tuple of float
        The learning rate of each parameter group.
    optimizer : str
        The name of the class.
    options : dict
        What it is made with.
    epochs : int
        How many.
    edited_after : int, optional
        The epoch after which every rate is cut to 0.3 of itself.
    carried_after : tuple of int
        The epochs after which schedule and optimiser go, through state dicts, to torch
        and back.
    chained_to, preceded_by : Schedule, optional
        What else works on the rates: at the same time, or until epoch 7.
    """

    label: str
    lrs: tuple[float, ...] = (0.5,)
    optimizer: str = "SGD"
    options: Mapping[str, Any] = field(default_factory=lambda: {"momentum": 0.5})
    epochs: int = 60
    edited_after: int | None = None
    carried_after: tuple[int, ...] = ()
    chained_to: Schedule | None = None
    preceded_by: Schedule | None = None

    def __str__(self) -> str:
        return self.label

    __repr__ = __str__

    def composed(self, name: str, init: Call) -> Schedule:
        """Return the schedule, with the others that work on the rates."""
        own = Schedule(name, init)
        if self.chained_to:
            return schedule("ChainedScheduler", (own, self.chained_to))
        if self.preceded_by:
            both = (self.preceded_by, own)
            return schedule("SequentialLR", both, milestones=(7,))
        return own


ALONE = Course("one group")
GROUPS = Course("three groups", lrs=(0.5, 0.02, 1e-4))
EDITED = Course("the rates cut after epoch 25", edited_after=25)
CARRIED = Course("carried to torch and back", carried_after=(20, 40))
CHAINED = Course(
    "chained to an exponential", chained_to=schedule("ExponentialLR", 0.97)
)
PRECEDED = Course(
    "from epoch 7 on", preceded_by=schedule("ConstantLR", 0.1, total_iters=100)
)
ADAM = Course("with Adam's betas", optimizer="Adam", options={})

BY_ITSELF = (ALONE, GROUPS, EDITED, CARRIED)
EVERYWHERE = (*BY_ITSELF, CHAINED, PRECEDED)


def on(courses: tuple[Course, ...], *inits: Call) -> Iterator[Case]:
    """Yield the first of `inits` on every course, and the others on the first one."""
    yield from (Case(inits[0], call(course)) for course in courses)
    yield from (Case(init, call(courses[0])) for init in inits[1:])


def pair(name: str, twin: Twin, *cases: Case) -> Pair:
    """Return the pair of a schedule."""
    return Pair(name, twin, cases, namespace="optim.lr_scheduler")
