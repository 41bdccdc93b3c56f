"""Parameter and Module against torch.nn.Module."""

from __future__ import annotations

import copy
import inspect

import numpy as np
import pytest
import torch

from scratchnet import nn


class Block:
    """A module with everything a module can hold, in either library."""

    def __new__(cls, nn, zeros, parameter):
        class _Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Linear(4, 4)
                self.scale = parameter(zeros(3))
                self.register_parameter("absent", None)
                self.register_buffer("mean", zeros(2))
                self.register_buffer("scratch", zeros(2), persistent=False)
                self.inner = nn.Sequential(
                    nn.Linear(4, 2, bias=False), nn.BatchNorm1d(2)
                )
                self.again = self.first

        return _Block()


@pytest.fixture
def ours():
    return Block(nn, lambda n: np.zeros(n, np.float32), nn.Parameter)


@pytest.fixture
def theirs():
    return Block(torch.nn, torch.zeros, torch.nn.Parameter)


WALKS = ["named_parameters", "named_buffers", "named_modules", "named_children"]


@pytest.mark.parametrize("walk", WALKS)
def test_members_come_in_torchs_order_under_torchs_names(ours, theirs, walk):
    names = [name for name, _ in getattr(ours, walk)()]
    assert names == [name for name, _ in getattr(theirs, walk)()]


@pytest.mark.parametrize("walk", ["named_parameters", "named_buffers"])
def test_walks_take_torchs_options(ours, theirs, walk):
    for options in (
        {"recurse": False},
        {"prefix": "net"},
        {"remove_duplicate": False},
    ):
        names = [name for name, _ in getattr(ours, walk)(**options)]
        assert names == [name for name, _ in getattr(theirs, walk)(**options)]


@pytest.mark.parametrize("options", [{"remove_duplicate": False}, {"prefix": "net"}])
def test_walks_through_modules_take_torchs_options(ours, theirs, options):
    names = [name for name, _ in ours.named_modules(**options)]
    assert names == [name for name, _ in theirs.named_modules(**options)]


def test_modules_met_before_are_passed_over(ours, theirs):
    def unmet(block):
        memo = {block.inner}
        names = [name for name, _ in block.named_modules(memo)]
        return names, len(memo), len(list(block.modules(remove_duplicate=False)))

    assert unmet(ours) == unmet(theirs)


@pytest.mark.parametrize("prefix", ["net", "net."])
def test_a_prefix_stands_before_the_keys_as_in_torch(ours, theirs, prefix):
    assert list(ours.state_dict(prefix=prefix)) == list(
        theirs.state_dict(prefix=prefix)
    )


def test_what_is_assigned_anew_keeps_its_place_as_in_torch():
    def names(n, array):
        net = n.Module()
        net.a, net.b = n.Linear(2, 2), n.Linear(2, 2)
        net.a.weight = n.Parameter(array(2, 2))
        net.a = n.Sequential(net.a)
        net.scale, net.shift = n.Parameter(array(2)), n.Parameter(array(2))
        net.scale = net.shift
        values = n.ParameterList([array(2), array(2)])
        values[0] = n.Parameter(array(3))
        by_name = n.ParameterDict({"x": array(2), "y": array(2)})
        by_name["x"] = n.Parameter(array(3))
        return [
            [name for name, _ in module.named_parameters(remove_duplicate=False)]
            for module in (net, values, by_name)
        ]

    ours = names(nn, lambda *shape: np.zeros(shape, np.float32))
    assert ours == names(torch.nn, torch.zeros)


def test_state_dict_has_torchs_keys_and_shapes(ours, theirs):
    expected = {name: tuple(t.shape) for name, t in theirs.state_dict().items()}
    shapes = {name: array.shape for name, array in ours.state_dict().items()}
    assert list(shapes.items()) == list(expected.items())


def test_state_travels_to_torch_and_back(ours, theirs):
    state = {name: torch.from_numpy(a.copy()) for name, a in ours.state_dict().items()}
    theirs.load_state_dict(state)
    with torch.no_grad():
        theirs.first.weight += 1
    ours.load_state_dict({name: t.numpy() for name, t in theirs.state_dict().items()})
    np.testing.assert_array_equal(ours.first.weight.data, theirs.first.weight.detach())


def test_loading_keeps_the_arrays_and_their_layout(ours):
    before = ours.first.weight.data
    ours.load_state_dict({name: a + 1 for name, a in ours.state_dict().items()})
    assert ours.first.weight.data is before
    assert before.T.flags.c_contiguous


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda state: state.pop("scale"), "missing scale"),
        (lambda state: state.update(extra=np.zeros(1)), "unexpected extra"),
        (
            lambda state: state.update(scale=np.zeros(4)),
            r"scale expects \(3,\), got \(4,\)",
        ),
        (
            lambda state: state.update(scale=np.zeros(3, complex)),
            "scale expects float32",
        ),
    ],
)
def test_a_bad_state_is_named_and_nothing_loaded(ours, change, named):
    before = {name: array.copy() for name, array in ours.state_dict().items()}
    state = {name: array + 1 for name, array in before.items()}
    change(state)
    with pytest.raises(ValueError, match=named):
        ours.load_state_dict(state)
    for name, array in ours.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_what_does_not_match_is_passed_over_if_not_strict(ours, theirs):
    state = {name: array + 1 for name, array in ours.state_dict().items()}
    left = ours.inner[0].weight.data.copy(), ours.scale.data.copy()
    del state["scale"], state["inner.0.weight"]
    state["extra"] = np.zeros(1, np.float32)
    tensors = {name: torch.as_tensor(array) for name, array in state.items()}
    theirs_found = theirs.load_state_dict(tensors, strict=False)
    found = ours.load_state_dict(state, strict=False)
    assert found == tuple(theirs_found)
    assert found.missing_keys == theirs_found.missing_keys
    assert found.unexpected_keys == ["extra"]
    np.testing.assert_array_equal(ours.inner[0].weight.data, left[0])
    np.testing.assert_array_equal(ours.scale.data, left[1])
    np.testing.assert_array_equal(ours.first.bias.data, state["first.bias"])
    assert ours.load_state_dict(ours.state_dict()) == ([], [])


def test_another_shape_is_refused_strict_or_not(ours):
    state = {name: array + 1 for name, array in ours.state_dict().items()}
    state["scale"] = np.zeros(4)
    before = ours.first.bias.data.copy()
    with pytest.raises(ValueError, match=r"scale expects \(3,\), got \(4,\)"):
        ours.load_state_dict(state, strict=False)
    np.testing.assert_array_equal(ours.first.bias.data, before)


def test_repr_is_torchs(ours, theirs):
    assert repr(ours).replace("_Block", "") == repr(theirs).replace("_Block", "")


def test_train_and_eval_reach_every_module(ours):
    assert ours.training
    assert ours.eval() is ours
    assert not any(module.training for module in ours.modules())
    ours.train()
    assert all(module.training for module in ours.modules())
    with pytest.raises(ValueError, match="training mode expects a bool, got 3"):
        ours.train(3)
    assert ours.training is True


def test_double_and_float_convert_parameters_gradients_and_floating_buffers():
    norm = nn.Linear(2, 2)
    norm.register_buffer("count", np.zeros((), np.int64))
    norm.register_buffer("mean", np.zeros(2, np.float32))
    weight = norm.weight
    weight.grad = np.ones((2, 2), np.float32)
    assert norm.double() is norm
    assert norm.weight is weight
    assert (weight.dtype, weight.grad.dtype, norm.mean.dtype) == (np.float64,) * 3
    assert norm.count.dtype == np.int64
    assert norm.float().weight.dtype == np.float32


def test_zero_grad_forgets_or_zeroes():
    layer = nn.Linear(2, 2)
    layer.weight.grad = np.ones((2, 2), np.float32)
    layer.zero_grad(set_to_none=False)
    np.testing.assert_array_equal(layer.weight.grad, np.zeros((2, 2)))
    assert layer.bias.grad is None
    layer.zero_grad()
    assert layer.weight.grad is None


def test_gradients_accumulate_over_backward_passes(rng):
    layer = nn.Linear(3, 2)
    x, g = rng.standard_normal((2, 5, 3)).astype("f"), np.ones((5, 2), np.float32)
    layer(x[0])
    layer.backward(g)
    once = layer.weight.grad.copy()
    layer.backward(g)
    np.testing.assert_allclose(layer.weight.grad, 2 * once, rtol=1e-6)


def test_a_frozen_parameter_keeps_no_gradient():
    layer = nn.Linear(3, 2).requires_grad_(False)
    layer(np.ones((1, 3), np.float32))
    layer.backward(np.ones((1, 2), np.float32))
    assert layer.weight.grad is None
    layer.requires_grad_()
    layer.backward(np.ones((1, 2), np.float32))
    assert layer.weight.grad is not None


def test_backward_before_forward_is_refused():
    with pytest.raises(
        RuntimeError, match="Linear.backward needs a forward pass first"
    ):
        nn.Linear(3, 2).backward(np.zeros((1, 2), np.float32))


def test_a_gradient_of_another_shape_is_refused_and_nothing_accumulated():
    layer = nn.Linear(3, 2)
    layer(np.ones((4, 3), np.float32))
    with pytest.raises(
        ValueError, match=r"Linear.backward expects .*\(4, 2\), got \(2, 4\)"
    ):
        layer.backward(np.ones((2, 4), np.float32))
    assert layer.weight.grad is None


def test_forward_called_directly_can_go_backward():
    layer = nn.Linear(3, 2)
    layer(np.ones((4, 3), np.float32))
    layer.forward(np.ones((5, 3), np.float32))
    assert layer.backward(np.ones((5, 2), np.float32)).shape == (5, 3)


def test_members_are_attributes_that_can_be_replaced_and_deleted(ours):
    new = nn.Parameter(np.ones(3, np.float32))
    ours.scale = new
    assert dict(ours.named_parameters())["scale"] is new
    ours.mean = np.ones(2, np.float32)
    np.testing.assert_array_equal(ours.state_dict()["mean"], np.ones(2))
    ours.absent = new
    assert "absent" in ours.state_dict()
    del ours.absent
    assert not hasattr(ours, "absent")
    ours.inner = None
    assert "inner.0.weight" not in ours.state_dict()
    assert {"first", "scale", "mean"} <= set(dir(ours))


def test_a_parameter_is_not_overwritten_by_an_array(ours):
    with pytest.raises(TypeError, match="scale is a parameter"):
        ours.scale = np.zeros(3)


def test_members_need_init_first():
    class Forgetful(nn.Module):
        def __init__(self):
            self.layer = nn.Tanh()

    with pytest.raises(AttributeError, match=r"call super\(\).__init__\(\) before"):
        Forgetful()


def test_missing_attribute_is_named(ours):
    with pytest.raises(AttributeError, match="no attribute 'wieght'"):
        _ = ours.wieght


def test_modules_can_be_copied(ours):
    twin = copy.deepcopy(ours)
    twin.scale.data += 1
    assert ours.scale.data[0] == 0
    assert twin.again is twin.first


def test_apply_visits_children_first():
    seen = []
    model = nn.Sequential(nn.Tanh(), nn.Sequential(nn.ReLU()))
    model.apply(lambda module: seen.append(type(module).__name__))
    assert seen == ["Tanh", "ReLU", "Sequential", "Sequential"]


def test_ordinary_attributes_are_deleted_too(ours):
    ours.note = "here"
    del ours.note
    assert not hasattr(ours, "note")
    with pytest.raises(AttributeError):
        del ours.note


def test_settings_of_several_lines_are_printed_as_torch_does():
    def build(nn):
        class Wordy(nn.Module):
            def extra_repr(self):
                return "one=1\ntwo=2"

        return Wordy()

    assert repr(build(nn)) == repr(build(torch.nn))


#: Bases, whose arguments are the affair of what is made of them.
BASES = {"Module", "RNNBase", "RNNCellBase"}
#: What only torch takes, and what it takes in place of named arguments.
TORCHS_OWN = {"self", "device", "dtype", "args", "kwargs"}
PUBLIC = sorted({*torch.nn.modules.__all__} & {*nn.__all__} - BASES)


def arguments(function):
    """Names and defaults, in order; a function goes by its name."""
    parameters = inspect.signature(function).parameters.values()
    return [
        (p.name, getattr(p.default, "__name__", p.default))
        for p in parameters
        if p.name not in TORCHS_OWN
    ]


@pytest.mark.parametrize("name", PUBLIC)
def test_arguments_are_torchs_in_name_order_and_default(name):
    ours, theirs = getattr(nn, name), getattr(torch.nn, name)
    if name not in {"RNN", "GRU", "LSTM"}:  # torch hides theirs behind *args
        assert arguments(ours.__init__) == arguments(theirs.__init__)
    if theirs.forward is not torch.nn.Module.forward:
        assert arguments(ours.forward) == arguments(theirs.forward)


def test_inputs_can_be_given_by_name():
    x = np.ones((2, 3), np.float32)
    layer = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
    np.testing.assert_array_equal(layer(input=x), layer(x))
    pair = nn.Bilinear(3, 3, 2)
    np.testing.assert_array_equal(pair(input2=2 * x, input1=x), pair(x, 2 * x))


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (lambda m: m.register_parameter("w", [1.0]), "w expects Parameter or None"),
        (lambda m: m.register_buffer("w", [1.0]), "w expects ndarray or None"),
        (lambda m: m.register_module("w", 3), "w expects Module or None, got int"),
        (lambda m: setattr(m, "layer", abs), "layer expects Module or None"),
        (lambda m: setattr(m, "mean", 3.0), "mean expects ndarray or None, got float"),
    ],
)
def test_members_are_what_they_are_called(file, said):
    module = nn.Module()
    module.layer = nn.Linear(2, 2)
    module.register_buffer("mean", np.zeros(2))
    before = repr(module), list(module.state_dict())
    with pytest.raises(TypeError, match=said):
        file(module)
    assert (repr(module), list(module.state_dict())) == before


@pytest.mark.parametrize("kind", ["parameter", "buffer", "module"])
@pytest.mark.parametrize(
    "name", [3, "", "a.b", "forward", "scale", "mean", "inner", "training"]
)
def test_names_that_torch_refuses_are_refused(ours, theirs, kind, name):
    try:
        getattr(theirs, f"register_{kind}")(name, None)
    except (TypeError, KeyError) as error:
        with pytest.raises(type(error), match="a name|already has an attribute"):
            getattr(ours, f"register_{kind}")(name, None)
    else:
        getattr(ours, f"register_{kind}")(name, None)
    assert list(ours.state_dict()) == list(theirs.state_dict())


@pytest.mark.parametrize("later", ["number", "parameter", "module"])
@pytest.mark.parametrize("first", ["number", "parameter", "buffer", "module"])
def test_a_name_may_be_given_to_something_else_where_it_may_in_torch(first, later):
    def state_after(n, array):
        things = {
            "number": 3,
            "parameter": n.Parameter(array(2)),
            "module": n.Linear(2, 2),
        }
        module = n.Module()
        if first == "buffer":
            module.register_buffer("it", array(2))
        else:
            module.it = things[first]
        try:
            module.it = things[later]
        except TypeError:
            return "refused"
        assert module.it is things[later]
        return list(module.state_dict()), [name for name, _ in module.named_children()]

    ours = state_after(nn, lambda n: np.zeros(n, np.float32))
    assert ours == state_after(torch.nn, torch.zeros)


def test_nothing_is_loaded_where_one_parameter_is_read_only():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight.data.flags.writeable = False
    before = {name: value.copy() for name, value in model.state_dict().items()}
    with pytest.raises(ValueError, match="1.weight is read-only"):
        model.load_state_dict({name: value + 1 for name, value in before.items()})
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_a_parameter_without_dimensions_keeps_an_array_for_its_gradient():
    p = nn.Parameter(np.array(3.0))
    p.accumulate_grad(2.0)
    p.accumulate_grad(2.0)
    assert isinstance(p.grad, np.ndarray)
    nn.utils.clip_grad_norm_([p], 1.0)
    np.testing.assert_allclose(p.grad, 1.0, rtol=1e-6)


@pytest.mark.parametrize("module", [nn.ReLU(), nn.Linear(3, 2), nn.Sequential()])
def test_no_gradient_at_all_is_refused(module):
    module(np.ones((2, 3), np.float32))
    with pytest.raises(ValueError, match=r"expects a gradient of .*, got None"):
        module.backward(None)


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.LayerNorm(3), (2, 3)),
        (nn.BatchNorm1d(3), (4, 3)),
        (nn.GroupNorm(1, 3), (2, 3)),
        (nn.RMSNorm(3), (2, 3)),
        (nn.InstanceNorm1d(3), (2, 3, 4)),
        (nn.Upsample(scale_factor=2, mode="bilinear"), (1, 1, 3, 3)),
    ],
)
def test_the_inputs_gradient_has_its_dtype_whatever_comes(module, shape, rng):
    y = module(rng.standard_normal(shape).astype(np.float32))
    whole = rng.integers(-3, 3, y.shape)
    grads = [module.backward(whole.astype(kind)) for kind in ("f4", "f8", "i8")]
    assert {grad.dtype for grad in grads} == {np.dtype(np.float32)}
    for grad in grads[1:]:
        np.testing.assert_allclose(grad, grads[0], rtol=1e-5, atol=1e-6)
