import numpy as np
import pytest

from scratchnet.optim import NAdam

OPTIONS = [
    {},
    {"betas": (0.0, 0.0)},
    {"betas": (0.3, 0.7), "lr": 0.1},
    {"eps": 0.1},
    {"momentum_decay": 0.5},
    {"weight_decay": 0.1},
    {"maximize": True},
    {"weight_decay": 0.1, "decoupled_weight_decay": True},
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_step_is_that_of_torch(twins, options, dtype):
    twins("NAdam", dtype=dtype, **options).run()


def test_groups_keep_their_own_options(twins):
    groups = [{"lr": 0.1}, {"momentum_decay": 0.1}, {"betas": (0.5, 0.9)}]
    twins("NAdam", groups).run()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lr": -0.5}, "Invalid learning rate: -0.5"),
        ({"eps": -0.5}, "Invalid epsilon value: -0.5"),
        ({"weight_decay": -0.5}, "Invalid weight_decay value: -0.5"),
        ({"betas": (0.9, 0.9, 0.9)}, "betas expects two numbers"),
        ({"betas": (1.0, 0.9)}, "Invalid beta parameter at index 0: 1.0"),
        ({"betas": (0.9, 1.5)}, "Invalid beta parameter at index 1: 1.5"),
        ({"momentum_decay": -0.2}, "Invalid momentum_decay value: -0.2"),
    ],
)
def test_bad_options_are_refused(parameter, options, words):
    with pytest.raises(ValueError, match=words):
        NAdam([parameter(1.0)], **options)
