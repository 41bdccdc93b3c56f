"""What schedules refuse, and what they warn of."""

from __future__ import annotations

from types import MethodType

import numpy as np
import pytest
import torch

from scratchnet import optim
from scratchnet.nn import Parameter
from scratchnet.optim import lr_scheduler


def optimizers(name="SGD", **options):
    ours = [{"params": [Parameter(np.zeros(1))], "lr": lr} for lr in (0.5, 0.1)]
    theirs = [
        {"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in (0.5, 0.1)
    ]
    return getattr(optim, name)(ours, **options), getattr(torch.optim, name)(
        theirs, **options
    )


def modules():
    return zip((lr_scheduler, torch.optim.lr_scheduler), optimizers(), strict=True)


@pytest.mark.parametrize(
    ("name", "options", "error", "words"),
    [
        ("LambdaLR", {"lr_lambda": [abs]}, ValueError, "lr_lambda has 1 values"),
        (
            "MultiplicativeLR",
            {"lr_lambda": [abs]},
            ValueError,
            "lr_lambda has 1 values",
        ),
        ("MultiplicativeLR", {"lr_lambda": 0.5}, TypeError, "should be a function"),
        ("LambdaLR", {"lr_lambda": 0.5}, TypeError, "should be a function"),
        ("ConstantLR", {"factor": 1.1}, ValueError, "between 0 and 1"),
        ("ConstantLR", {"factor": -0.1}, ValueError, "between 0 and 1"),
        ("LinearLR", {"start_factor": 0.0}, ValueError, "Starting multiplicative"),
        ("LinearLR", {"start_factor": 1.1}, ValueError, "Starting multiplicative"),
        ("LinearLR", {"end_factor": -0.1}, ValueError, "Ending multiplicative"),
        ("LinearLR", {"end_factor": 1.1}, ValueError, "Ending multiplicative"),
        ("CosineAnnealingWarmRestarts", {"T_0": 0}, ValueError, "positive integer T_0"),
        ("CosineAnnealingWarmRestarts", {"T_0": 2.0}, ValueError, "integer T_0"),
        ("CosineAnnealingWarmRestarts", {"T_0": 2, "T_mult": 0}, ValueError, "T_mult"),
        ("CosineAnnealingWarmRestarts", {"T_0": 2, "T_mult": 1.5}, ValueError, "T_mu"),
        ("CosineAnnealingWarmRestarts", {"T_0": 2, "eta_min": "0"}, ValueError, "eta"),
        ("OneCycleLR", {"max_lr": 1.0}, ValueError, "total_steps OR"),
        ("OneCycleLR", {"max_lr": 1.0, "epochs": 3}, ValueError, "total_steps OR"),
        ("OneCycleLR", {"max_lr": 1.0, "total_steps": 0}, ValueError, "total_steps"),
        ("OneCycleLR", {"max_lr": 1.0, "total_steps": 2.5}, ValueError, "total_steps"),
        *(
            (
                "OneCycleLR",
                {"max_lr": 1.0, "epochs": epochs, "steps_per_epoch": steps},
                ValueError,
                "Expected positive integer",
            )
            for epochs, steps in ((0, 3), (3, 0), (1.5, 3), (3, 1.5))
        ),
        *(
            (
                "OneCycleLR",
                {"max_lr": 1.0, "total_steps": 9, **options},
                ValueError,
                words,
            )
            for options, words in (
                ({"pct_start": 1}, "pct_start"),
                ({"pct_start": 1.5}, "pct_start"),
                ({"pct_start": -0.5}, "pct_start"),
                ({"anneal_strategy": "sin"}, "anneal_strategy"),
                ({"max_lr": [1.0]}, "same length"),
                ({"base_momentum": [0.1]}, "same length"),
                ({"max_momentum": [0.1, 0.2, 0.3]}, "same length"),
            )
        ),
        *(
            ("CyclicLR", {"base_lr": 0.1, "max_lr": 1.0, **options}, ValueError, words)
            for options, words in (
                ({"mode": "square"}, "mode is invalid"),
                ({"base_lr": [0.1]}, "base_lr must have the same length"),
                ({"max_lr": [0.1] * 3}, "max_lr must have the same length"),
                ({"base_momentum": [0.1]}, "same length"),
                ({"max_momentum": (0.1,)}, "same length"),
            )
        ),
        ("ReduceLROnPlateau", {"factor": 1.0}, ValueError, "Factor should be < 1.0"),
        ("ReduceLROnPlateau", {"mode": "mean"}, ValueError, "mode mean is unknown"),
        ("ReduceLROnPlateau", {"threshold_mode": "r"}, ValueError, "threshold mode r"),
        ("ReduceLROnPlateau", {"min_lr": [0.1]}, ValueError, "min_lr has 1 values"),
    ],
)
def test_refused_before_anything_changes(name, options, error, words):
    (ours, one), (theirs, other) = modules()
    with pytest.raises(error):
        getattr(theirs, name)(other, **options)
    before = [dict(group) for group in one.param_groups]
    with pytest.raises(error, match=words):
        getattr(ours, name)(one, **options)
    assert [dict(group) for group in one.param_groups] == before


@pytest.mark.parametrize("name", ["CyclicLR", "OneCycleLR"])
def test_momentum_that_is_not_there_cannot_cycle(name):
    options = {"max_lr": 1.0}
    options |= {"base_lr": 0.1} if name == "CyclicLR" else {"total_steps": 9}
    for module, optimizer in zip(
        (lr_scheduler, torch.optim.lr_scheduler), optimizers("Adagrad"), strict=True
    ):
        with pytest.raises(ValueError, match="must support momentum or beta1"):
            getattr(module, name)(optimizer, **options)


@pytest.mark.parametrize("name", lr_scheduler.__all__)
def test_only_optimizers_have_learning_rates(name):
    arguments = {
        "ChainedScheduler": ([3],),
        "SequentialLR": (3, [3], []),
        "CyclicLR": (3, 0.1, 1.0),
        "OneCycleLR": (3, 1.0, 9),
        "ExponentialLR": (3, 0.5),
        "LambdaLR": (3, abs),
        "MultiplicativeLR": (3, abs),
        "MultiStepLR": (3, [2]),
        **dict.fromkeys(["StepLR", "CosineAnnealingLR"], (3, 2)),
        "CosineAnnealingWarmRestarts": (3, 2),
    }.get(name, (3,))
    with pytest.raises(TypeError, match=r"not an Optimizer|`optimizer` as its attr"):
        getattr(lr_scheduler, name)(*arguments)


def test_a_negative_epoch():
    for module, optimizer in modules():
        scheduler = module.CosineAnnealingWarmRestarts(optimizer, 2)
        with pytest.raises(ValueError, match="non-negative epoch, but got -1"):
            scheduler.step(-1)
        assert scheduler.last_epoch == 0


# Warnings ---------------------------------------------------------------------


def test_the_schedule_must_not_step_first():
    for module, optimizer in modules():
        scheduler = module.StepLR(optimizer, 3)
        with pytest.warns(UserWarning, match="before `optimizer.step") as seen:
            scheduler.step()
        assert seen[0].filename == __file__
        assert "how-to-adjust-learning-rate" in str(seen[0].message)
        # Once is enough.
        scheduler.step()


def test_steps_before_the_schedule_was_made_do_not_count():
    for module, optimizer in modules():
        optimizer.step()
        scheduler = module.StepLR(optimizer, 3)
        with pytest.warns(UserWarning, match="before `optimizer.step"):
            scheduler.step()


def test_no_warning_in_the_right_order():
    for module, optimizer in modules():
        first, second = (
            module.StepLR(optimizer, 3),
            module.ExponentialLR(optimizer, 0.9),
        )
        assert optimizer.step() is None
        assert optimizer.step(lambda: 3.5) == 3.5
        first.step()
        second.step()


def test_steps_that_are_overridden_cannot_be_noted():
    for module, optimizer in modules():
        scheduler = module.StepLR(optimizer, 3)
        optimizer.step = MethodType(lambda self: None, optimizer)
        optimizer.step()
        with pytest.warns(UserWarning, match="has been overridden") as seen:
            scheduler.step()
        assert seen[0].filename == __file__


def test_lbfgs_steps_are_noted(rng):
    p = Parameter(rng.normal(size=2))
    optimizer = optim.LBFGS([p])

    def closure():
        p.grad = 2 * p.data
        return float((p.data**2).sum())

    scheduler = lr_scheduler.StepLR(optimizer, 1)
    optimizer.step(closure)
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] == 0.1


def test_the_epoch_is_deprecated():
    for module, optimizer in modules():
        for scheduler, arguments in (
            (module.StepLR(optimizer, 3), (5,)),
            (module.ReduceLROnPlateau(optimizer), (1.0, 5)),
        ):
            optimizer.step()
            with pytest.warns(UserWarning, match="The epoch parameter") as seen:
                scheduler.step(*arguments)
            assert seen[0].filename == __file__
            assert scheduler.last_epoch == 5
