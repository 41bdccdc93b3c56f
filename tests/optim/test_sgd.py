import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnet.optim import SGD

OPTIONS = [
    {},
    {"momentum": 0.9},
    {"momentum": 0.9, "dampening": 0.3},
    {"momentum": 0.9, "nesterov": True},
    {"weight_decay": 0.1},
    {"maximize": True},
    {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1, "maximize": True},
    {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1, "maximize": True},
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_step_is_that_of_torch(twins, options, dtype):
    twins("SGD", lr=0.01, dtype=dtype, **options).run()


def test_groups_keep_their_own_options(twins):
    groups = [{"lr": 0.1}, {"momentum": 0.5}, {"weight_decay": 0.2, "maximize": True}]
    twins("SGD", groups, lr=0.01).run()


def test_momentum_switched_on_and_off(twins):
    pair = twins("SGD", lr=0.01)
    for first, momentum in ((0, 0), (4, 0.9), (8, 0), (12, 0.5)):
        for each in (pair.optimizer, pair.torch_optimizer):
            each.param_groups[0]["momentum"] = momentum
        pair.run(4, first)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_options(twins, data):
    fraction = st.floats(0, 1, allow_subnormal=False)
    momentum = data.draw(fraction)
    nesterov = momentum > 0 and data.draw(st.booleans())
    twins(
        "SGD",
        lr=data.draw(fraction),
        momentum=momentum,
        dampening=0 if nesterov else data.draw(fraction),
        weight_decay=data.draw(fraction),
        nesterov=nesterov,
        maximize=data.draw(st.booleans()),
    ).run()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lr": -0.5}, "Invalid learning rate: -0.5"),
        ({"momentum": -0.5}, "Invalid momentum value: -0.5"),
        ({"weight_decay": -0.5}, "Invalid weight_decay value: -0.5"),
        ({"nesterov": True}, "Nesterov momentum requires a momentum"),
        (
            {"nesterov": True, "momentum": 0.9, "dampening": 0.1},
            "Nesterov momentum requires a momentum and zero dampening",
        ),
    ],
)
def test_bad_options_are_refused(parameter, options, words):
    with pytest.raises(ValueError, match=words):
        SGD([parameter(1.0)], **options)
