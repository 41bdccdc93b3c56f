"""A schedule: the learning rate, and the momentum, of every group at every epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike

import scratchnet as sn
from parity.case import Array, Case, Pair
from parity.course import Course, Schedule
from parity.optim.lr_scheduler.compose import TWINS
from parity.sides.tree import map_tree

Trace = dict[str, Array]

#: Learning rates are Python's own floats, which are float64.
FLOAT32 = False


@dataclass(frozen=True)
class Numbers:
    """What a schedule may look at: the metric of each epoch."""

    metrics: Array


def draw(
    pair: Pair, case: Case, rng: np.random.Generator, edges: bool = True
) -> Numbers:
    """Draw metrics that get better for a while, and not steadily."""
    epochs = np.arange(_course(case).epochs)
    falling = 2 + 0.9**epochs + 0.02 * rng.standard_normal(len(epochs))
    return Numbers(5 - falling if "max" in case.init.args else falling)


def run_numpy(pair: Pair, case: Case, numbers: Numbers, dtype: DTypeLike) -> Trace:
    """Run scratchnet's schedule; where it is carried, torch's takes over between."""
    course = _course(case)
    sides = [_Side(sn.optim, pair, case)]
    for epoch in range(course.epochs):
        if epoch in course.carried_after:
            guest = torch.optim if sides[-1].optim is sn.optim else sn.optim
            sides.append(_Side(guest, pair, case, origin=sides[-1]))
        sides[-1].live(epoch, numbers)
    return _trace([record for side in sides for record in side.records])


def run_stock(pair: Pair, case: Case, numbers: Numbers, dtype: DTypeLike) -> Trace:
    """Run torch's own schedule."""
    side = _Side(torch.optim, pair, case)
    for epoch in range(_course(case).epochs):
        side.live(epoch, numbers)
    return _trace(side.records)


def run_twin(pair: Pair, case: Case, numbers: Numbers, dtype: DTypeLike) -> Trace:
    """Run the twin: a generator for each group.

    It yields the rate of an epoch, or rate and momentum, and is sent the rate as it is
    when the epoch is over.
    """
    course = _course(case)
    composed = course.composed(pair.name, case.init)
    twin = pair.twin if composed.name == pair.name else TWINS[composed.name]
    records = [
        list(_live_twin(course, twin, _for_group(i, composed), lr, numbers))
        for i, lr in enumerate(course.lrs)
    ]
    return _trace(list(zip(*records, strict=True)))


class _Side:
    """An optimiser of scratchnet's or torch's, its schedule, and what they were."""

    def __init__(
        self, optim: Any, pair: Pair, case: Case, origin: _Side | None = None
    ) -> None:
        course = _course(case)
        self.optim, self.course = optim, course
        self.records: list[list[tuple[float, float]]] = []
        groups = [{"params": [_parameter(optim)], "lr": lr} for lr in course.lrs]
        self.optimizer = getattr(optim, course.optimizer)(groups, **course.options)
        composed = course.composed(pair.name, case.init)
        self.scheduler = self.build(composed)
        self.metric = pair.name == "ReduceLROnPlateau"
        if origin:
            self.optimizer.load_state_dict(origin.optimizer.state_dict())
            self.scheduler.load_state_dict(origin.scheduler.state_dict())

    def build(self, described: Any) -> Any:
        """Build a schedule, and those among its arguments first."""
        if not isinstance(described, Schedule):
            return described
        init = map_tree(self.build, described.init)
        # By name, at each run: whoever replaces a class in sn.optim has it judged.
        cls = getattr(self.optim.lr_scheduler, described.name)
        if described.name == "ChainedScheduler":
            return cls(*init.args, **init.kwargs)
        return cls(self.optimizer, *init.args, **init.kwargs)

    def live(self, epoch: int, numbers: Numbers) -> None:
        """Note rates and momenta, then go on to the next epoch."""
        groups = self.optimizer.param_groups
        self.records.append([(group["lr"], _momentum(group)) for group in groups])
        if epoch == self.course.edited_after:
            for group in groups:
                group["lr"] *= 0.3
        self.optimizer.step()
        self.scheduler.step(*[numbers.metrics[epoch]] * self.metric)


def _live_twin(
    course: Course,
    twin: Callable[..., Any],
    described: Schedule,
    lr: float,
    numbers: Numbers,
) -> Iterator[tuple[float, float]]:
    extra = [numbers.metrics] * (described.name == "ReduceLROnPlateau")
    args, kwargs = described.init.args, described.init.kwargs
    rates = twin(lr, lr, *extra, *args, **kwargs)
    given = next(rates)
    for epoch in range(course.epochs):
        momentum = 0.9 if course.optimizer == "Adam" else course.options["momentum"]
        lr, momentum = given if isinstance(given, tuple) else (given, momentum)
        yield lr, momentum
        given = rates.send(lr * 0.3 if epoch == course.edited_after else lr)


def _for_group(i: int, described: Any) -> Any:
    """Return a description for one group: lists hold one value for each."""
    if isinstance(described, Schedule):
        init = described.init
        args = tuple(_for_group(i, value) for value in init.args)
        kwargs = {key: _for_group(i, value) for key, value in init.kwargs.items()}
        return Schedule(described.name, type(init)(args, kwargs))
    if isinstance(described, tuple):
        return tuple(_for_group(i, part) for part in described)
    return described[i] if isinstance(described, list) else described


def _trace(records: list[Any]) -> Trace:
    """Return rates and momenta by group, from (rate, momentum) by epoch and group."""
    kinds = np.array(records, float).transpose(2, 1, 0)
    return {
        f"{what} of group {i}": rates
        for what, groups in zip(("lr", "momentum"), kinds, strict=True)
        for i, rates in enumerate(groups)
    }


def _course(case: Case) -> Course:
    (course,) = case.inputs.args
    return course


def _parameter(optim: Any) -> Any:
    if optim is torch.optim:
        return torch.nn.Parameter(torch.zeros(1))
    return sn.nn.Parameter(np.zeros(1))


def _momentum(group: dict[str, Any]) -> float:
    return group["betas"][0] if "betas" in group else group["momentum"]
