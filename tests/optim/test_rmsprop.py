import numpy as np
import pytest

from scratchnet.optim import RMSprop

OPTIONS = [
    {},
    {"alpha": 0.0},
    {"alpha": 0.3, "lr": 0.1},
    {"eps": 0.1},
    {"centered": True},
    {"momentum": 0.9},
    {"momentum": 0.5, "centered": True, "weight_decay": 0.1, "alpha": 0.9},
    {"weight_decay": 0.1},
    {"maximize": True},
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_step_is_that_of_torch(twins, options, dtype):
    twins("RMSprop", dtype=dtype, **options).run()


def test_groups_keep_their_own_options(twins):
    groups = [{"lr": 0.1}, {"centered": True}, {"momentum": 0.5}]
    twins("RMSprop", groups).run()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lr": -0.5}, "Invalid learning rate: -0.5"),
        ({"eps": -0.5}, "Invalid epsilon value: -0.5"),
        ({"weight_decay": -0.5}, "Invalid weight_decay value: -0.5"),
        ({"momentum": -1.0}, "Invalid momentum value: -1.0"),
        ({"alpha": -0.1}, "Invalid alpha value: -0.1"),
    ],
)
def test_bad_options_are_refused(parameter, options, words):
    with pytest.raises(ValueError, match=words):
        RMSprop([parameter(1.0)], **options)
