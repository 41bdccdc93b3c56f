import numpy as np
import pytest

from scratchnet.optim import Rprop

OPTIONS = [
    {},
    {"etas": (0.3, 3.0)},
    {"step_sizes": (0.05, 0.06)},
    {"lr": 0.1, "step_sizes": (1e-3, 0.2)},
    {"maximize": True},
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_step_is_that_of_torch(twins, options, dtype):
    twins("Rprop", dtype=dtype, **options).run()


def test_groups_keep_their_own_options(twins):
    groups = [{"lr": 0.1}, {"etas": (0.1, 2.0)}, {"step_sizes": (0.1, 0.2)}]
    twins("Rprop", groups).run()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lr": -0.5}, "Invalid learning rate: -0.5"),
        ({"etas": (1.0, 0.5)}, "Invalid eta values: 1.0, 0.5"),
        ({"etas": (0.0, 1.2)}, "Invalid eta values: 0.0, 1.2"),
    ],
)
def test_bad_options_are_refused(parameter, options, words):
    with pytest.raises(ValueError, match=words):
        Rprop([parameter(1.0)], **options)
