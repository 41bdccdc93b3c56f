import numpy as np
import pytest

from scratchnet.optim import ASGD

OPTIONS = [
    {},
    {"lambd": 0.1},
    {"lambd": 0.5, "alpha": 0.3, "lr": 0.1},
    {"t0": 4},
    {"t0": 0, "weight_decay": 0.1},
    {"weight_decay": 0.1},
    {"maximize": True},
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_step_is_that_of_torch(twins, options, dtype):
    twins("ASGD", dtype=dtype, **options).run()


def test_groups_keep_their_own_options(twins):
    groups = [{"lr": 0.1}, {"t0": 3}, {"lambd": 0.1}]
    twins("ASGD", groups).run()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lr": -0.5}, "Invalid learning rate: -0.5"),
        ({"weight_decay": -0.5}, "Invalid weight_decay value: -0.5"),
    ],
)
def test_bad_options_are_refused(parameter, options, words):
    with pytest.raises(ValueError, match=words):
        ASGD([parameter(1.0)], **options)
