"""Schedules of both libraries side by side."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from scratchnet import optim
from scratchnet.nn import Parameter


def halved(t):
    return 0.5 ** (t // 3)


class Damped:
    """A factor with a memory, which state dicts keep."""

    def __init__(self, strength):
        self.strength = strength

    def __call__(self, t):
        return 1 - self.strength / (t + 2)


#: Of every schedule on one optimiser: some options.
SCHEDULES = {
    "LambdaLR": {"lr_lambda": halved},
    "MultiplicativeLR": {"lr_lambda": Damped(0.3)},
    "StepLR": {"step_size": 4, "gamma": 0.6},
    "MultiStepLR": {"milestones": [2, 5, 5, 11], "gamma": 0.6},
    "ConstantLR": {"factor": 0.3, "total_iters": 6},
    "LinearLR": {"start_factor": 0.2, "end_factor": 0.9, "total_iters": 7},
    "ExponentialLR": {"gamma": 0.9},
    "PolynomialLR": {"total_iters": 14, "power": 1.5},
    "CosineAnnealingLR": {"T_max": 5, "eta_min": 0.002},
    "CosineAnnealingWarmRestarts": {"T_0": 3, "T_mult": 2, "eta_min": 0.002},
    "CyclicLR": {
        "base_lr": 0.01,
        "max_lr": 0.3,
        "step_size_up": 4,
        "step_size_down": 3,
    },
    "OneCycleLR": {"max_lr": 0.4, "total_steps": 40},
}


class Both:
    """An optimiser and a schedule of each library, which must agree to the last bit.

    A schedule is a name of `SCHEDULES`, or a function of module and optimiser.
    """

    def __init__(self, schedule, lrs=(0.5, 0.02), optimizer="SGD", **options):
        values = dict(SCHEDULES.get(schedule, {}) if isinstance(schedule, str) else {})
        values.update(options)
        self.optimizers, self.schedulers = [], []
        settings = {"momentum": 0.7} if optimizer == "SGD" else {}
        for library, parameter in (
            (optim, lambda: Parameter(np.zeros(1))),
            (torch.optim, lambda: torch.nn.Parameter(torch.zeros(1))),
        ):
            groups = [{"params": [parameter()], "lr": lr} for lr in lrs]
            made = getattr(library, optimizer)(groups, **settings)
            self.optimizers.append(made)
            if isinstance(schedule, str):
                cls = getattr(library.lr_scheduler, schedule)
                self.schedulers.append(cls(made, **values))
            else:
                self.schedulers.append(schedule(library.lr_scheduler, made))

    def step(self, *args):
        for optimizer, scheduler in zip(self.optimizers, self.schedulers, strict=True):
            optimizer.step()
            scheduler.step(*args)
        self.check()

    def edit(self, factor):
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] *= factor

    def check(self):
        ours, theirs = (
            [
                {k: v for k, v in group.items() if k != "params"}
                for group in optimizer.param_groups
            ]
            for optimizer in self.optimizers
        )
        assert ours == theirs
        ours, theirs = self.schedulers
        assert ours.get_last_lr() == theirs.get_last_lr()
        assert getattr(ours, "last_epoch", None) == getattr(theirs, "last_epoch", None)

    def run(self, epochs):
        self.check()
        for _ in range(epochs):
            self.step()
        return self


@pytest.fixture(scope="session")
def both():
    return Both


@pytest.fixture(scope="session")
def schedules():
    return SCHEDULES


@pytest.fixture(scope="session")
def damped():
    return Damped


@pytest.fixture
def unordered():
    """Let schedules step before the optimiser without a word."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*lr_scheduler.step.*")
        yield
