import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnet.optim import Adam

OPTIONS = [
    {},
    {"betas": (0.0, 0.0)},
    {"betas": (0.3, 0.7)},
    {"eps": 0.1},
    {"weight_decay": 0.1},
    {"weight_decay": 0.1, "decoupled_weight_decay": True},
    {"amsgrad": True},
    {"amsgrad": True, "betas": (0.9, 0.5)},
    {"maximize": True, "weight_decay": 0.1},
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_step_is_that_of_torch(twins, options, dtype):
    twins("Adam", lr=0.01, dtype=dtype, **options).run()


def test_groups_keep_their_own_options(twins):
    groups = [{"lr": 0.1}, {"betas": (0.5, 0.9), "amsgrad": True}, {"eps": 1e-3}]
    twins("Adam", groups, lr=0.01).run()


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_options(twins, data):
    fraction = st.floats(0, 1, exclude_max=True, allow_subnormal=False)
    twins(
        "Adam",
        lr=data.draw(fraction),
        betas=(data.draw(st.floats(0, 0.99)), data.draw(st.floats(0, 0.999))),
        eps=data.draw(st.floats(1e-12, 1)),
        weight_decay=data.draw(fraction),
        amsgrad=data.draw(st.booleans()),
        maximize=data.draw(st.booleans()),
        decoupled_weight_decay=data.draw(st.booleans()),
    ).run()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lr": -1e-2}, "Invalid learning rate: -0.01"),
        ({"eps": -1e-8}, "Invalid epsilon value: -1e-08"),
        ({"weight_decay": -1}, "Invalid weight_decay value: -1"),
        ({"betas": (0.9, 0.9, 0.9)}, "betas expects two numbers"),
        ({"betas": (1.0, 0.0)}, "Invalid beta parameter at index 0: 1.0"),
        ({"betas": (0.9, -0.1)}, "Invalid beta parameter at index 1: -0.1"),
        ({"betas": (0, 0.9)}, "betas must be both floats"),
    ],
)
def test_bad_options_are_refused(parameter, options, words):
    with pytest.raises(ValueError, match=words):
        Adam([parameter(1.0)], **options)
