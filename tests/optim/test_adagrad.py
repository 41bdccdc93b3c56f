import numpy as np
import pytest

from scratchnet.optim import Adagrad

OPTIONS = [
    {},
    {"lr": 0.1, "lr_decay": 0.3},
    {"initial_accumulator_value": 0.1},
    {"eps": 0.1},
    {"weight_decay": 0.1},
    {"maximize": True},
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_step_is_that_of_torch(twins, options, dtype):
    twins("Adagrad", dtype=dtype, **options).run()


def test_groups_keep_their_own_options(twins):
    groups = [{"lr": 0.1}, {"lr_decay": 0.1}, {"eps": 0.5}]
    twins("Adagrad", groups).run()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lr": -0.5}, "Invalid learning rate: -0.5"),
        ({"eps": -0.5}, "Invalid epsilon value: -0.5"),
        ({"weight_decay": -0.5}, "Invalid weight_decay value: -0.5"),
        ({"lr_decay": -0.5}, "Invalid lr_decay value: -0.5"),
        (
            {"initial_accumulator_value": -1},
            "Invalid initial_accumulator_value",
        ),
    ],
)
def test_bad_options_are_refused(parameter, options, words):
    with pytest.raises(ValueError, match=words):
        Adagrad([parameter(1.0)], **options)
