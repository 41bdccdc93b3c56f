"""States: saved, loaded, carried between the libraries."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch

import scratchnet as sn
from scratchnet import optim
from scratchnet.nn import Parameter
from scratchnet.optim import lr_scheduler

#: What torch writes down and nobody needs: flags that are only set during a step.
FLAGS = {"_get_lr_called_within_step", "_is_initial"}


def halves(both, name, **options):
    """Return a pair in the middle of a run, and a new one like it."""
    pair = both(name, **options)
    for epoch in range(7):
        pair.step(*[1.0 + epoch % 3] * (name == "ReduceLROnPlateau"))
    pair.edit(0.7)
    return pair, both(name, **options)


def interchanged(pair, fresh):
    """Swap the states of the libraries, both of optimisers and of schedules."""
    for i in (0, 1):
        state = copy.deepcopy(pair.optimizers[1 - i].state_dict())
        fresh.optimizers[i].load_state_dict(state)
        state = copy.deepcopy(pair.schedulers[1 - i].state_dict())
        fresh.schedulers[i].load_state_dict(state)
    return fresh


def row(module, optimizer):
    parts = [
        module.LinearLR(optimizer, 0.1, total_iters=4),
        module.LambdaLR(optimizer, lambda t: 1 / (t + 1)),
        module.CyclicLR(optimizer, 0.1, 0.3, 4),
    ]
    return module.SequentialLR(optimizer, parts, milestones=[4, 9])


def chain(module, optimizer):
    return module.ChainedScheduler(
        [module.CosineAnnealingLR(optimizer, 5), module.StepLR(optimizer, 3)]
    )


EVERY = [
    *("LambdaLR", "MultiplicativeLR", "StepLR", "MultiStepLR", "ConstantLR"),
    *("LinearLR", "ExponentialLR", "PolynomialLR", "CosineAnnealingLR"),
    *("CosineAnnealingWarmRestarts", "CyclicLR", "OneCycleLR", "ReduceLROnPlateau"),
    *(row, chain),
]


@pytest.mark.parametrize("schedule", EVERY)
def test_states_interchange_with_torch(both, schedule):
    options = {"patience": 1} if schedule == "ReduceLROnPlateau" else {}
    pair, fresh = halves(both, schedule, **options)
    fresh = interchanged(pair, fresh)
    for epoch in range(9):
        metric = [2.0 - epoch % 4] * (schedule == "ReduceLROnPlateau")
        pair.step(*metric)
        fresh.step(*metric)
        assert pair.schedulers[0].get_last_lr() == fresh.schedulers[0].get_last_lr()


def without_flags(state):
    state = {k: v for k, v in state.items() if k not in FLAGS}
    if "_schedulers" in state:
        state["_schedulers"] = [without_flags(s) for s in state["_schedulers"]]
    return state


@pytest.mark.parametrize("schedule", EVERY)
def test_states_hold_what_torchs_hold(both, schedule):
    pair, _ = halves(both, schedule)
    ours, theirs = [scheduler.state_dict() for scheduler in pair.schedulers]
    assert without_flags(ours) == ours == without_flags(theirs)
    json.dumps(ours)


@pytest.mark.parametrize("schedule", EVERY)
def test_states_are_copies(both, schedule):
    pair, _ = halves(both, schedule)
    scheduler = pair.schedulers[0]
    state = scheduler.state_dict()
    before = copy.deepcopy(state)
    pair.step(*[1.0] * (schedule == "ReduceLROnPlateau"))
    assert state == before
    scheduler.load_state_dict(state)
    # Whoever scribbles on a state, saved or loaded, does the schedule no harm.
    state["_last_lr"][0] = scheduler.state_dict()["_last_lr"][0] = 3.0
    assert scheduler.state_dict() == before


@pytest.mark.parametrize("schedule", EVERY)
def test_states_that_lack_something_change_nothing(both, schedule):
    pair, fresh = halves(both, schedule)
    state = pair.schedulers[0].state_dict()
    scheduler = fresh.schedulers[0]
    before = scheduler.state_dict()
    for key in state:
        with pytest.raises(ValueError, match=rf"lacks {key}|schedulers, got 0"):
            scheduler.load_state_dict({k: v for k, v in state.items() if k != key})
        assert scheduler.state_dict() == before
    scheduler.load_state_dict({**state, "something else": 3})
    assert scheduler.state_dict() == state


def test_a_part_that_lacks_something_changes_nothing(both):
    pair, fresh = halves(both, row)
    state = pair.schedulers[0].state_dict()
    del state["_schedulers"][1]["last_epoch"]
    before = fresh.schedulers[0].state_dict()
    with pytest.raises(ValueError, match="LambdaLR state lacks last_epoch"):
        fresh.schedulers[0].load_state_dict(state)
    assert fresh.schedulers[0].state_dict() == before
    assert fresh.schedulers[0]._schedulers[0].state_dict() == before["_schedulers"][0]


@pytest.mark.parametrize(
    ("name", "words"),
    [("StepLR", "2 base_lrs, got 3"), ("OneCycleLR", "2 base_lrs, got 3")],
)
def test_states_of_more_groups_are_refused(both, name, words):
    state = both(name, lrs=(0.1, 0.2, 0.3)).schedulers[0].state_dict()
    with pytest.raises(ValueError, match=f"{name} state expects {words}"):
        both(name).schedulers[0].load_state_dict(state)


def test_functions_are_left_out_but_objects_kept(both, damped):
    pair = both("LambdaLR", lr_lambda=[lambda t: 0.5**t, damped(0.4)])
    ours, theirs = [scheduler.state_dict() for scheduler in pair.schedulers]
    assert ours["lr_lambdas"] == theirs["lr_lambdas"] == [None, {"strength": 0.4}]
    other = damped(0.9)
    fresh = both("LambdaLR", lr_lambda=[lambda t: 0.5**t, other]).schedulers[0]
    fresh.load_state_dict(ours)
    assert other.strength == 0.4
    # What is saved is a copy.
    pair.schedulers[0].lr_lambdas[1].strength = 0.1
    assert ours["lr_lambdas"][1] == {"strength": 0.4}


def test_scales_of_ones_own_are_kept_likewise(both, damped):
    for scale, kept in ((damped(0.4), {"strength": 0.4}), (lambda x: 1.0, None)):
        pair = both("CyclicLR", scale_fn=scale)
        ours, theirs = [scheduler.state_dict() for scheduler in pair.schedulers]
        assert ours["_scale_fn_custom"] == theirs["_scale_fn_custom"] == kept
    other = damped(0.9)
    fresh = both("CyclicLR", scale_fn=other).schedulers[0]
    fresh.load_state_dict(
        both("CyclicLR", scale_fn=damped(0.4)).schedulers[0].state_dict()
    )
    assert other.strength == 0.4


def test_a_copy_of_an_optimizer_steps_itself(both):
    optimizer = both("StepLR").optimizers[0]
    twin = copy.deepcopy(optimizer)
    scheduler = lr_scheduler.ExponentialLR(twin, 0.5)
    twin.step()
    scheduler.step()
    assert twin._has_stepped
    assert not hasattr(optimizer, "_has_stepped")


def test_states_can_be_saved_by_torch(both, tmp_path):
    pair, fresh = halves(both, "MultiStepLR")
    state = pair.schedulers[0].state_dict()
    torch.save(state, tmp_path / "state.pt")
    loaded = torch.load(tmp_path / "state.pt", weights_only=True)
    fresh.schedulers[0].load_state_dict(loaded)
    assert fresh.schedulers[0].state_dict() == state


@pytest.mark.parametrize("name", ["ExponentialLR", "ReduceLROnPlateau"])
def test_a_run_that_gained_a_group_goes_on(name):
    def group(lr):
        return {"params": [Parameter(np.zeros(1))], "lr": lr}

    def goes_on(scheduler):
        rates = []
        for _ in range(15):
            scheduler.optimizer.step()
            scheduler.step(*metric)
            rates.append([g["lr"] for g in scheduler.optimizer.param_groups])
        return rates

    made = getattr(lr_scheduler, name)
    metric, options = (
        ([1.0], {}) if name == "ReduceLROnPlateau" else ([], {"gamma": 0.9})
    )
    first = made(optim.SGD([group(0.5)], lr=1.0), **options)
    first.optimizer.step()
    first.step(*metric)
    first.optimizer.add_param_group(group(0.2))
    first.optimizer.step()
    first.step(*metric)
    second = made(optim.SGD([group(1.0), group(1.0)], lr=1.0), **options)
    second.optimizer.load_state_dict(first.optimizer.state_dict())
    second.load_state_dict(first.state_dict())
    assert goes_on(second) == goes_on(first)


def test_milestones_come_back_from_a_file(tmp_path):
    def fresh():
        return lr_scheduler.MultiStepLR(
            optim.SGD([Parameter(np.zeros(1))], lr=1.0), [2, 2, 4], gamma=0.5
        )

    whole, half = fresh(), fresh()
    sn.save(half.state_dict(), tmp_path / "state.sn")
    other = fresh()
    other.load_state_dict(sn.load(tmp_path / "state.sn"))
    for _ in range(5):
        for scheduler in (whole, other):
            scheduler.optimizer.step()
            scheduler.step()
        assert other.get_last_lr() == whole.get_last_lr()
        with pytest.warns(UserWarning, match="epoch parameter"):
            other.step(other.last_epoch)
        assert other.get_last_lr() == whole.get_last_lr()
