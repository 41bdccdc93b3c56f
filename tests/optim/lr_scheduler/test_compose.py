"""Schedules made of schedules, as torch makes them."""

from __future__ import annotations

import pytest
import torch

from scratchnet import optim
from scratchnet.optim import lr_scheduler

RECURSIVE = [
    *("StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR"),
    *("PolynomialLR", "CosineAnnealingLR", "MultiplicativeLR"),
]
OTHERS = ["LambdaLR", "CosineAnnealingWarmRestarts", "CyclicLR", "OneCycleLR"]


@pytest.mark.parametrize("second", RECURSIVE + OTHERS)
@pytest.mark.parametrize("first", ["LinearLR", "CosineAnnealingLR", "OneCycleLR"])
@pytest.mark.parametrize("milestone", [1, 5, 9])
def test_one_after_the_other(both, schedules, first, second, milestone):
    def build(module, optimizer):
        parts = [
            getattr(module, name)(optimizer, **schedules[name])
            for name in (first, second)
        ]
        return module.SequentialLR(optimizer, parts, milestones=[milestone])

    pair = both(build).run(milestone + 3)
    pair.edit(0.3)
    pair.run(10)


@pytest.mark.parametrize("second", RECURSIVE + OTHERS)
@pytest.mark.parametrize("first", ["LinearLR", "CosineAnnealingLR", "OneCycleLR"])
def test_both_at_once(both, schedules, first, second):
    def build(module, optimizer):
        return module.ChainedScheduler(
            [
                getattr(module, name)(optimizer, **schedules[name])
                for name in (first, second)
            ]
        )

    pair = both(build).run(5)
    pair.edit(0.3)
    pair.run(15)


def test_schedules_that_work_side_by_side_without_knowing(both):
    pair = both("ExponentialLR", gamma=0.9)
    others = [
        module.StepLR(optimizer, 3)
        for module, optimizer in zip(
            (lr_scheduler, torch.optim.lr_scheduler), pair.optimizers, strict=True
        )
    ]
    for _ in range(10):
        for other in others:
            other.optimizer.step()
            other.step()
        ours, theirs = others
        assert ours.get_last_lr() == theirs.get_last_lr()
        pair.step()


def three_in_a_row(module, optimizer):
    return module.SequentialLR(
        optimizer,
        [
            module.LinearLR(optimizer, 0.1, total_iters=4),
            module.CosineAnnealingLR(optimizer, 6),
            module.ExponentialLR(optimizer, 0.5),
        ],
        milestones=[4, 10],
    )


def a_row_in_a_row(module, optimizer):
    inner = three_in_a_row(module, optimizer)
    last = module.StepLR(optimizer, 2)
    return module.SequentialLR(optimizer, [inner, last], milestones=[12])


def a_chain_in_a_row(module, optimizer):
    chain = module.ChainedScheduler(
        [module.ConstantLR(optimizer), module.StepLR(optimizer, 2)]
    )
    last = module.ExponentialLR(optimizer, 0.5)
    return module.SequentialLR(optimizer, [chain, last], milestones=[6])


def a_row_in_a_chain(module, optimizer):
    row = three_in_a_row(module, optimizer)
    return module.ChainedScheduler([row, module.StepLR(optimizer, 3)], optimizer)


@pytest.mark.parametrize(
    "build", [three_in_a_row, a_row_in_a_row, a_chain_in_a_row, a_row_in_a_chain]
)
def test_nested(both, build, unordered):
    both(build).run(20)


def test_the_first_milestone_may_come_at_once(both):
    def build(module, optimizer):
        parts = [
            module.ConstantLR(optimizer, 0.1),
            module.ExponentialLR(optimizer, 0.5),
        ]
        return module.SequentialLR(optimizer, parts, milestones=[0])

    both(build).run(5)


def optimizers(both):
    first, second = both("StepLR", step_size=1), both("StepLR", step_size=1)
    return [*zip(first.optimizers, second.optimizers, strict=True)]


@pytest.mark.parametrize(
    ("build", "error", "words"),
    [
        (
            lambda m, one, other: m.SequentialLR(one, [], []),
            ValueError,
            "at least one",
        ),
        (
            lambda m, one, other: m.SequentialLR(one, [m.StepLR(one, 1)], [1]),
            ValueError,
            "one more than the number of milestone",
        ),
        (
            lambda m, one, other: m.SequentialLR(one, [m.StepLR(other, 1)], []),
            ValueError,
            "same optimizer",
        ),
        (
            lambda m, one, other: m.SequentialLR(one, [m.ReduceLROnPlateau(one)], []),
            ValueError,
            "ReduceLROnPlateau",
        ),
        (lambda m, one, other: m.SequentialLR(one, [3], []), TypeError, "index 0"),
        (lambda m, one, other: m.ChainedScheduler([]), ValueError, "at least one"),
        (
            lambda m, one, other: m.ChainedScheduler([m.StepLR(one, 1), 3]),
            TypeError,
            "index 1",
        ),
        (
            lambda m, one, other: m.ChainedScheduler(
                [m.StepLR(one, 1), m.StepLR(other, 1)]
            ),
            ValueError,
            "same optimizer",
        ),
        (
            lambda m, one, other: m.ChainedScheduler([m.StepLR(one, 1)], other),
            ValueError,
            "same optimizer",
        ),
        (
            lambda m, one, other: m.ChainedScheduler([m.ReduceLROnPlateau(one)]),
            ValueError,
            "ReduceLROnPlateau",
        ),
    ],
)
def test_what_cannot_be_composed(both, build, error, words):
    ours, theirs = optimizers(both)
    for module, (one, other) in (
        (lr_scheduler, ours),
        (torch.optim.lr_scheduler, theirs),
    ):
        before = [group["lr"] for group in one.param_groups]
        with pytest.raises(error, match=words):
            build(module, one, other)
        assert [group["lr"] for group in one.param_groups] == before
    assert isinstance(ours[0], optim.Optimizer)
