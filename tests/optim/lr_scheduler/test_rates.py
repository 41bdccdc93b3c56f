"""The rates themselves, epoch by epoch, to the last bit."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import optim
from scratchnet.nn import Parameter
from scratchnet.optim import lr_scheduler

NAMES = [
    *("LambdaLR", "MultiplicativeLR", "StepLR", "MultiStepLR", "ConstantLR"),
    *("LinearLR", "ExponentialLR", "PolynomialLR", "CosineAnnealingLR"),
    *("CosineAnnealingWarmRestarts", "CyclicLR", "OneCycleLR"),
]
named = pytest.mark.parametrize("name", NAMES)


def test_all_of_torchs_schedules_are_there():
    assert set(lr_scheduler.__all__) == set(torch.optim.lr_scheduler.__all__)


@pytest.mark.parametrize("name", lr_scheduler.__all__)
def test_signatures_are_torchs(name):
    def plain(function):
        parameters = inspect.signature(function).parameters.values()
        return [(p.name, p.default, p.kind) for p in parameters]

    ours = getattr(lr_scheduler, name)
    theirs = getattr(torch.optim.lr_scheduler, name)
    assert plain(ours) == plain(theirs)
    assert plain(ours.step) == plain(theirs.step)


@named
def test_rates(both, name):
    both(name).run(30)


@named
def test_rates_that_are_edited_stay_edited_where_they_do_in_torch(both, name):
    pair = both(name)
    for epoch in range(30):
        pair.step()
        if epoch in (3, 8, 9):
            pair.edit(0.3)


@named
@given(data=st.data())
def test_rates_whatever_happens(both, name, data):
    pair = both(name, lrs=data.draw(st.lists(st.floats(1e-5, 1.0), min_size=1)))
    for event in data.draw(st.lists(st.floats(0.5, 2.0) | st.none(), max_size=30)):
        if event is None:
            pair.step()
        else:
            pair.edit(event)


@named
@pytest.mark.filterwarnings("ignore:The epoch parameter")
def test_an_epoch_out_of_turn(both, name):
    pair = both(name).run(3)
    for epoch in (9, None, 2, None, None, 25, 0, None):
        pair.step(epoch)


@named
@pytest.mark.parametrize("last_epoch", [0, 2, 4, 5, 11])
@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
def test_a_run_that_goes_on(both, schedules, name, last_epoch):
    started = both(name).run(last_epoch)

    def go_on(module, optimizer):
        source = started.optimizers[optimizer.__module__.startswith("torch")]
        for group, old in zip(optimizer.param_groups, source.param_groups, strict=True):
            group.update({k: v for k, v in old.items() if k != "params"})
        cls = getattr(module, name)
        return cls(optimizer, **schedules[name], last_epoch=last_epoch)

    both(go_on).run(12)


@named
def test_a_run_that_goes_on_needs_the_rates_it_started_with(schedules, name):
    for library, parameter in (
        (torch.optim, torch.nn.Parameter(torch.zeros(1))),
        (optim, Parameter(np.zeros(1))),
    ):
        optimizer = library.SGD([parameter], lr=0.5, momentum=0.7)
        schedule = getattr(library.lr_scheduler, name)
        with pytest.raises(KeyError, match=r"initial_lr|max_lr"):
            schedule(optimizer, **schedules[name], last_epoch=3)


def test_fractions_of_an_epoch(both):
    for T_mult in (1, 2, 3):
        pair = both("CosineAnnealingWarmRestarts", T_mult=T_mult)
        for epoch in np.linspace(0, 40, 97).tolist():
            pair.step(epoch)
        pair.run(5)


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad"])
@pytest.mark.parametrize("name", ["CyclicLR", "OneCycleLR"])
def test_momentum_goes_by_several_names(both, name, optimizer):
    cycles = optimizer != "Adagrad"
    both(name, optimizer=optimizer, cycle_momentum=cycles).run(20)


@pytest.mark.parametrize(
    "options",
    [
        {"mode": "triangular2"},
        {"mode": "exp_range", "gamma": 0.95},
        {"scale_fn": lambda x: 1 / x, "mode": "none of them"},
        {"scale_fn": lambda x: 0.9**x, "scale_mode": "iterations"},
        {"base_lr": [0.1, 0.2], "max_lr": [0.3, 0.8], "max_momentum": [0.8, 0.99]},
        {"step_size_up": 1, "step_size_down": 9},
    ],
)
def test_cycles(both, options):
    both("CyclicLR", **options).run(30)


@pytest.mark.parametrize(
    "options",
    [
        {"total_steps": None, "epochs": 5, "steps_per_epoch": 8},
        {"anneal_strategy": "linear", "three_phase": True},
        {"three_phase": True, "pct_start": 0.45},
        {"max_lr": [0.1, 0.7], "base_momentum": [0.1, 0.2]},
        {"div_factor": 3.0, "final_div_factor": 7.0},
        {"pct_start": 0.0},
        {"pct_start": 1.0},
    ],
)
def test_one_cycle(both, options):
    both("OneCycleLR", **options).run(39)


def test_one_cycle_ends(both):
    pair = both("OneCycleLR", total_steps=4).run(4)
    for optimizer, scheduler in zip(pair.optimizers, pair.schedulers, strict=True):
        optimizer.step()
        with pytest.raises(ValueError, match="Tried to step 5 times"):
            scheduler.step()


METRICS = [3.0, 2.0, 1.99995, 2.5, 2.5, 1.0, np.nan, 1.1, 1.0, 0.99999, 0.9, 0.91, -1.0]


@pytest.mark.parametrize(
    "options",
    [
        {"patience": 0},
        {"patience": 1, "factor": 0.5, "cooldown": 2},
        {"patience": 2, "mode": "max"},
        {"patience": 1, "threshold": 0.1, "threshold_mode": "abs"},
        {"patience": 1, "threshold": 0.1, "threshold_mode": "abs", "mode": "max"},
        {"patience": 0, "min_lr": 0.01},
        {"patience": 0, "min_lr": [0.1, 1e-5], "eps": 1e-3},
    ],
)
def test_plateaus(both, options):
    pair = both("ReduceLROnPlateau", **options)
    for metric in METRICS + [-m for m in METRICS]:
        pair.step(metric)
        ours, theirs = pair.schedulers
        for name in ("best", "num_bad_epochs", "cooldown_counter", "in_cooldown"):
            assert getattr(ours, name) == getattr(theirs, name)


def test_plateaus_take_any_number(both):
    pair = both("ReduceLROnPlateau", patience=0)
    for metric in (np.float32(1.5), np.array(2.0), 3, True):
        pair.step(metric)


def test_groups_added_to_a_plateau_later(both):
    for options in ({"min_lr": 0.01}, {"min_lr": [0.01, 0.01]}):
        pair = both("ReduceLROnPlateau", patience=0, **options)
        for optimizer, p in zip(
            pair.optimizers,
            (Parameter(np.zeros(1)), torch.nn.Parameter(torch.zeros(1))),
            strict=True,
        ):
            optimizer.add_param_group({"params": [p], "lr": 0.9})
        pair.step(1.0)
        if options["min_lr"] == 0.01:
            pair.step(2.0)
        else:
            for scheduler in pair.schedulers:
                with pytest.raises(RuntimeError, match="number of param groups"):
                    scheduler.step(2.0)


def test_a_schedule_of_ones_own(both):
    def build(module, optimizer):
        class Harmonic(module.LRScheduler):
            def get_lr(self):
                return [base_lr / (self.last_epoch + 1) for base_lr in self.base_lrs]

        return Harmonic(optimizer)

    both(build).run(5)


def test_a_base_has_no_rates():
    optimizer = optim.SGD([Parameter(np.zeros(1))], lr=0.1)
    with pytest.raises(AttributeError, match="LRScheduler defines no get_lr"):
        lr_scheduler.LRScheduler(optimizer)


@pytest.mark.parametrize(
    "name",
    [
        "StepLR",
        "MultiStepLR",
        "ExponentialLR",
        "LinearLR",
        "ConstantLR",
        "PolynomialLR",
        "CosineAnnealingLR",
    ],
)
def test_groups_added_to_a_schedule_later(both, name):
    options = {"T_max": 20} if name == "CosineAnnealingLR" else {}
    pair = both(name, **options).run(3)
    for optimizer, p in zip(
        pair.optimizers,
        (Parameter(np.zeros(1)), torch.nn.Parameter(torch.zeros(1))),
        strict=True,
    ):
        optimizer.add_param_group({"params": [p], "lr": 0.9})
    for _ in range(15):
        pair.step()
    assert len(pair.schedulers[0].get_last_lr()) == 3
