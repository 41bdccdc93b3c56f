import numpy as np
import pytest

from scratchnet.optim import Adam, AdamW

OPTIONS = [
    {},
    {"weight_decay": 0},
    {"lr": 0.1, "weight_decay": 0.5},
    {"amsgrad": True, "betas": (0.8, 0.5)},
    {"maximize": True, "eps": 1e-3},
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_step_is_that_of_torch(twins, options, dtype):
    twins("AdamW", dtype=dtype, **options).run()


def test_groups_keep_their_own_options(twins):
    groups = [{"lr": 0.1}, {"weight_decay": 0.3}, {"amsgrad": True}]
    twins("AdamW", groups).run()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lr": -0.5}, "Invalid learning rate: -0.5"),
        ({"eps": -0.5}, "Invalid epsilon value: -0.5"),
        ({"weight_decay": -0.5}, "Invalid weight_decay value: -0.5"),
        ({"betas": (0.9, 0.9, 0.9)}, "betas expects two numbers"),
        ({"betas": (1.0, 0.9)}, "Invalid beta parameter at index 0: 1.0"),
        ({"betas": (0.9, 1.5)}, "Invalid beta parameter at index 1: 1.5"),
    ],
)
def test_bad_options_are_refused(parameter, options, words):
    with pytest.raises(ValueError, match=words):
        AdamW([parameter(1.0)], **options)


def test_adam_state_is_taken_over_with_decoupled_decay(parameter):
    p = parameter(1.0)
    optimizer = AdamW([p])
    optimizer.load_state_dict(Adam([p], weight_decay=0.25).state_dict())
    (group,) = optimizer.param_groups
    assert group["weight_decay"] == 0.25
    assert group["decoupled_weight_decay"] is True
