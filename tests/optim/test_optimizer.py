import copy
import inspect
import pickle

import numpy as np
import pytest
import torch

from scratchnet import optim
from scratchnet.nn import Parameter
from scratchnet.optim import SGD, Adam, Optimizer

OPTIONS = {
    "SGD": {"lr": 0.01, "momentum": 0.9},
    "Adam": {"lr": 0.01, "amsgrad": True},
    "AdamW": {"weight_decay": 0.1},
    "NAdam": {"lr": 0.01},
    "RAdam": {"lr": 0.01, "betas": (0.9, 0.99)},
    "Adamax": {"lr": 0.01},
    "Adagrad": {"lr": 0.1, "initial_accumulator_value": 0.5},
    "Adadelta": {"lr": 0.5},
    "RMSprop": {"lr": 0.01, "momentum": 0.5, "centered": True},
    "Rprop": {"lr": 0.01},
    "ASGD": {"lr": 0.01, "lambd": 0.1, "t0": 3},
    "Adafactor": {"lr": 0.1, "weight_decay": 0.1},
}


@pytest.mark.parametrize("name", [*OPTIONS, "LBFGS", "Optimizer"])
def test_arguments_are_those_of_torch(name):
    ours = inspect.signature(getattr(optim, name)).parameters.values()
    theirs = inspect.signature(getattr(torch.optim, name)).parameters.values()
    assert [(p.name, p.default, p.kind) for p in ours] == [
        (p.name, p.default, p.kind) for p in theirs
    ]


@pytest.mark.parametrize("name", OPTIONS)
def test_state_dicts_interchange_with_torch(interchange, name):
    interchange(name, **OPTIONS[name])


@pytest.mark.parametrize("name", OPTIONS)
def test_options_of_an_implementation_change_nothing(twins, name):
    arguments = inspect.signature(getattr(optim, name)).parameters
    choices = {"foreach", "fused", "capturable", "differentiable"} & set(arguments)
    plain = twins(name, **OPTIONS[name])
    chosen = twins(name, **OPTIONS[name])
    chosen.optimizer.param_groups[0].update(dict.fromkeys(choices, True))
    for step in range(3):
        plain.step(step)
        chosen.step(step)
    for p, q in zip(plain.ours, chosen.ours, strict=True):
        np.testing.assert_array_equal(p.data, q.data)


@pytest.mark.parametrize("name", OPTIONS)
def test_huge_gradients_end_in_infinity_without_a_word(twins, name):
    options = dict(OPTIONS[name])
    # The variance is inf - inf here; torch multiplies and subtracts in one rounding.
    options.pop("centered", None)
    pair = twins(name, dtype=np.float32, **options)
    for g in (1e30, -3e38, 0, np.inf, np.nan, 1):
        for p, q in zip(pair.ours, pair.theirs, strict=True):
            p.grad = np.full_like(p.data, g)
            q.grad = torch.full_like(q, g)
        pair.optimizer.step()
        pair.torch_optimizer.step()
        pair.check()


@pytest.mark.parametrize("scale", [0, 1e-9, 1e9])
@pytest.mark.parametrize("name", OPTIONS)
def test_gradients_all_of_one_magnitude(twins, name, scale):
    twins(name, scale=scale, **OPTIONS[name]).run()


@pytest.mark.parametrize("name", OPTIONS)
def test_numpy_options_do_not_widen_float32(twins, name):
    pair = twins(name, dtype=np.float32, **OPTIONS[name])
    for group in pair.optimizer.param_groups:
        for key, value in group.items():
            if isinstance(value, float):
                group[key] = np.float64(value)
            elif key in ("betas", "etas", "step_sizes"):
                group[key] = tuple(map(np.float64, value))
    pair.run(4)


@pytest.mark.parametrize("name", OPTIONS)
def test_frozen_and_empty_parameters_are_left_alone(name):
    frozen = Parameter(np.ones(3), requires_grad=False)
    frozen.accumulate_grad(np.ones(3))
    empty = Parameter(np.zeros((0, 3)))
    empty.grad = np.zeros((0, 3))
    optimizer = getattr(optim, name)([frozen, empty], **OPTIONS[name])
    optimizer.step()
    np.testing.assert_array_equal(frozen.data, np.ones(3))


# What is optimised ------------------------------------------------------------


def test_parameters_come_in_many_forms(parameter):
    a, b, c = parameter(1.0), parameter(2.0), parameter(3.0)
    assert SGD(iter([a, b])).param_groups[0]["params"] == [a, b]
    assert SGD({"params": p} for p in (a, b)).param_groups[1]["params"] == [b]
    assert SGD([{"params": a, "lr": 5.0}, {"params": [b, c]}]).param_groups[0] == {
        **SGD([a], lr=5.0).param_groups[0]
    }
    named = SGD([("first", a), ("second", b)])
    assert named.param_groups[0]["param_names"] == ["first", "second"]
    assert named.state_dict()["param_groups"][0]["params"] == [0, 1]


def test_a_given_group_is_not_modified(parameter):
    group = {"params": iter([parameter(1.0)]), "lr": 1.0}
    optimizer = SGD([group])
    optimizer.param_groups[0]["lr"] = 2.0
    assert set(group) == {"params", "lr"} and group["lr"] == 1.0


@pytest.mark.parametrize(
    ("words", "params"),
    [
        ("an iterable of", lambda a, b: a),
        ("empty parameter list", lambda a, b: []),
        ("one of the params is", lambda a, b: [a, 3.0]),
        ("one of the params is str", lambda a, b: {"weight": a}),
        ("param_group must be a dict", lambda a, b: [{"params": a}, b]),
        ("ordered collections", lambda a, b: [{"params": {a, b}}]),
        ("Some param names are missing", lambda a, b: [("a", a), b]),
        (
            "more than one parameter group",
            lambda a, b: [{"params": a}, {"params": [a]}],
        ),
        (
            "with/without names. cannot add param group without names",
            lambda a, b: [{"params": [("a", a)]}, {"params": b}],
        ),
        (
            "with/without names. cannot add param group with names",
            lambda a, b: [{"params": a}, {"params": [("b", b)]}],
        ),
        ("group with duplicate parameters", lambda a, b: [a, b, a]),
    ],
)
def test_what_cannot_be_optimised_is_refused_as_in_torch(parameter, words, params):
    a, b = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))
    with pytest.raises((TypeError, ValueError, UserWarning), match=words) as theirs:
        torch.optim.SGD(params(a, b))
    with pytest.raises(theirs.type, match=words):
        SGD(params(parameter(1.0), parameter(2.0)))


@pytest.mark.parametrize("name", [*OPTIONS, "LBFGS"])
def test_a_learning_rate_is_one_number(parameter, name):
    with pytest.raises(ValueError, match="lr must be 1-element"):
        getattr(torch.optim, name)([torch.zeros(1)], lr=torch.zeros(2))
    with pytest.raises(ValueError, match=r"lr must be 1-element, got shape \(2,\)"):
        getattr(optim, name)([parameter(1.0)], lr=np.zeros(2))


def test_a_refused_group_leaves_the_optimizer_as_it_was(parameter):
    a = parameter(1.0)
    optimizer = SGD([a])
    with pytest.raises(ValueError, match="more than one"):
        optimizer.add_param_group({"params": [parameter(2.0), a]})
    assert [group["params"] for group in optimizer.param_groups] == [[a]]


# The step ---------------------------------------------------------------------


def test_closure_is_called_first_and_its_loss_returned(parameter):
    p = parameter(1.0)

    def closure():
        p.grad = 2 * p.data
        return 7.0

    assert SGD([p], lr=0.25).step(closure) == 7.0
    assert p.data == 0.5
    assert SGD([p]).step() is None


@pytest.mark.parametrize(
    "g",
    [np.ones(3), np.ones((2, 1)), np.ones(2, np.float32), np.float64(1), [1.0, 1.0]],
)
def test_a_gradient_that_does_not_fit_moves_nothing(parameter, g):
    p, q = parameter(1.0), parameter(1.0, 2.0)
    p.grad, q.grad = np.ones(1), g
    optimizer = SGD([p, q], lr=1.0, momentum=0.9)
    with pytest.raises(ValueError, match=r"shape \(2,\) and float64 expects"):
        optimizer.step()
    assert p.data == 1.0
    assert not optimizer.state


def test_a_parameter_that_cannot_move_keeps_the_others_from_moving(parameter):
    p, q = parameter(1.0), parameter(2.0)
    p.grad, q.grad = np.ones(1), np.ones(1)
    q.data.flags.writeable = False
    optimizer = SGD([p, q], lr=1.0, momentum=0.9)
    with pytest.raises(ValueError, match=r"a parameter of shape \(1,\) is read-only"):
        optimizer.step()
    assert p.data == 1.0
    assert not optimizer.state
    q.grad = None  # It is not to move.
    optimizer.step()
    assert p.data == 0.0


def test_a_parameter_without_a_past_may_be_loaded(parameter):
    p = parameter(1.0)
    p.grad = np.ones(1)
    optimizer = Adam([p], lr=0.1)
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": {0: {}}, "param_groups": groups})
    optimizer.step()
    assert p.data == pytest.approx(0.9)


def test_zero_grad(parameter):
    p, q = parameter(1.0), parameter(2.0)
    p.grad = np.ones(1)
    optimizer = SGD([p, q])
    optimizer.zero_grad(set_to_none=False)
    assert p.grad == 0 and q.grad is None
    optimizer.zero_grad()
    assert p.grad is None


def test_an_optimizer_without_update_says_so(parameter):
    p = parameter(1.0)
    p.grad = np.ones(1)
    with pytest.raises(AttributeError, match="Optimizer defines no update"):
        Optimizer([p], {}).step()


# Saving and loading -----------------------------------------------------------


@pytest.fixture
def trained(parameter):
    p, q = parameter(1.0, 2.0), parameter(3.0)
    optimizer = Adam([{"params": [p]}, {"params": [q], "lr": 0.5}])
    p.grad, q.grad = np.ones(2), np.ones(1)
    optimizer.step()
    return optimizer


def test_loaded_state_is_a_copy(trained):
    saved = trained.state_dict()
    saved["param_groups"][0]["milestones"] = [1]
    trained.load_state_dict(saved)
    trained.step()
    trained.param_groups[0]["milestones"].append(2)
    assert saved["param_groups"][0]["milestones"] == [1]
    assert saved["state"][0]["step"] == 1
    assert trained.state_dict()["state"][0]["step"] == 2
    assert saved["state"][0]["exp_avg"][0] == pytest.approx(0.1)


def test_loading_keeps_the_parameters_and_names(parameter):
    p, q = parameter(1.0), parameter(2.0)
    saved = SGD([p], lr=3.0).state_dict()
    optimizer = SGD([("weight", q)])
    optimizer.load_state_dict(saved)
    (group,) = optimizer.param_groups
    assert group["params"] == [q]
    assert group["param_names"] == ["weight"]
    assert group["lr"] == 3.0


def test_numbers_stand_for_arrays_without_shape(trained):
    saved = copy.deepcopy(trained.state_dict())
    saved["state"][0]["step"] = 1
    trained.load_state_dict(saved)
    step = trained.state_dict()["state"][0]["step"]
    assert (step.shape, step.dtype, step) == ((), np.float32, 1)


def entry(number, **changes):
    """Return what makes these changes to the state of one parameter."""
    return lambda saved: saved["state"].setdefault(number, {}).update(changes)


@pytest.mark.parametrize(
    ("words", "damage"),
    [
        (
            "different number of parameter groups: expected 2, got 1",
            lambda saved: saved["param_groups"].pop(),
        ),
        (
            "size of optimizer's group: expected 1 parameters, got 2",
            lambda saved: saved["param_groups"][1]["params"].append(2),
        ),
        ("group lacks lr", lambda saved: saved["param_groups"][1].pop("lr")),
        ("parameter 5, which is no group's", entry(5, step=1)),
        ("parameter 1: exp_avg missing", entry(1, exp_avg=None)),
        (r"parameter 0: exp_avg expects \(2,\), got \(3,\)", entry(0, exp_avg=[1] * 3)),
        (r"parameter 0: step expects \(\), got \(2,\)", entry(0, step=[1, 2])),
        (r"parameter 0: foreign expects \(2,\), got \(\)", entry(0, foreign=1)),
        ("parameter 0: exp_avg expects numbers, got <U5", entry(0, exp_avg="wrong")),
        ("exp_avg expects numbers, got complex128", entry(0, exp_avg=[1j, 2])),
    ],
)
def test_a_state_dict_that_does_not_fit_is_refused(trained, words, damage):
    before = copy.deepcopy(trained.state_dict())
    saved = copy.deepcopy(before)
    saved["param_groups"][0]["lr"] = 9.0
    saved["state"][0]["step"] += 5
    damage(saved)
    with pytest.raises(ValueError, match=words):
        trained.load_state_dict(saved)
    after = trained.state_dict()
    assert after["param_groups"] == before["param_groups"]
    np.testing.assert_equal(after["state"], before["state"])


def test_repr_is_that_of_torch(twins):
    pair = twins("SGD", [{"lr": 0.5}, {}])
    assert repr(pair.optimizer) == repr(pair.torch_optimizer)


def test_a_pickled_optimizer_goes_on(trained):
    twin = pickle.loads(pickle.dumps(trained))
    for optimizer in (twin, trained):
        optimizer.step()
    for a, b in zip(trained.param_groups, twin.param_groups, strict=True):
        np.testing.assert_array_equal(a["params"][0].data, b["params"][0].data)
    assert twin.state_dict()["state"][0]["step"] == 2
