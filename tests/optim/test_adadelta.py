import numpy as np
import pytest

from scratchnet.optim import Adadelta

OPTIONS = [
    {},
    {"rho": 0.0},
    {"rho": 1.0},
    {"rho": 0.3, "lr": 0.1},
    {"eps": 0.1},
    {"weight_decay": 0.1},
    {"maximize": True},
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_step_is_that_of_torch(twins, options, dtype):
    twins("Adadelta", dtype=dtype, **options).run()


def test_groups_keep_their_own_options(twins):
    groups = [{"lr": 0.1}, {"rho": 0.5}, {"eps": 0.5}]
    twins("Adadelta", groups).run()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lr": -0.5}, "Invalid learning rate: -0.5"),
        ({"eps": -0.5}, "Invalid epsilon value: -0.5"),
        ({"weight_decay": -0.5}, "Invalid weight_decay value: -0.5"),
        ({"rho": 1.1}, "Invalid rho value: 1.1"),
        ({"rho": -0.1}, "Invalid rho value: -0.1"),
    ],
)
def test_bad_options_are_refused(parameter, options, words):
    with pytest.raises(ValueError, match=words):
        Adadelta([parameter(1.0)], **options)
