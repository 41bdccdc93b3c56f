import numpy as np
import pytest

from scratchnet.nn import Parameter
from scratchnet.optim import Adafactor

OPTIONS = [
    {},
    {"lr": 0.5},
    {"beta2_decay": -0.3},
    {"eps": (1e-2, 0.5)},
    {"eps": (0, 0)},
    {"d": 3.0},
    {"weight_decay": 0.1, "lr": 0.1},
    {"maximize": True},
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_step_is_that_of_torch(twins, options, dtype):
    twins("Adafactor", dtype=dtype, **options).run()


def test_groups_keep_their_own_options(twins):
    groups = [{"lr": 0.1}, {"weight_decay": 0.1}, {"d": 2.0, "eps": (None, 0.1)}]
    twins("Adafactor", groups).run()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lr": -0.5}, "Learning rate should be >= 0 but is: -0.5"),
        ({"beta2_decay": 0.8}, "beta2_decay should be <= 0 but is: 0.8"),
        ({"eps": (-1e-30, 1e-3)}, "epsilon1 should be >= 0 but is: -1e-30"),
        ({"eps": (None, -1e-3)}, "epsilon2 should be >= 0 but is: -0.001"),
        ({"d": 0.0}, "Clipping threshold d should be >= 1 but is: 0.0"),
        ({"weight_decay": -1}, "weight_decay should be >= 0 but is: -1"),
    ],
)
def test_bad_options_are_refused(parameter, options, words):
    with pytest.raises(ValueError, match=words):
        Adafactor([parameter(1.0)], **options)


@pytest.mark.parametrize(
    "options",
    [{"lr": 0.0}, {"beta2_decay": 0.0}, {"eps": (0.0, 0.0)}, {"d": 1.0}],
    ids=str,
)
def test_options_at_their_limits_are_taken(twins, options):
    twins("Adafactor", **options).run()


def test_state_of_another_shape_is_refused():
    p = Parameter(np.ones((2, 3)))
    p.grad = np.ones((2, 3))
    optimizer = Adafactor([p])
    optimizer.step()
    saved = optimizer.state_dict()
    entry = {**saved["state"][0], "row_var": np.ones((2, 3))}
    with pytest.raises(ValueError, match=r"row_var expects \(2, 1\), got \(2, 3\)"):
        optimizer.load_state_dict({**saved, "state": {0: entry}})
