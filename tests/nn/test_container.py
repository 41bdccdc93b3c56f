"""Containers of modules and of parameters, against torch's."""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import manual_seed, nn


def chain(nn):
    return nn.Sequential(
        nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2)
    )


EDITS = [
    lambda s, nn: s.append(nn.Sigmoid()),
    lambda s, nn: s.extend([nn.Sigmoid(), nn.ReLU()]),
    lambda s, nn: s.insert(1, nn.Sigmoid()),
    lambda s, nn: s.insert(5, nn.Sigmoid()),
    lambda s, nn: s.__setitem__(-1, nn.Sigmoid()),
    lambda s, nn: s.__delitem__(0),
    lambda s, nn: s.__delitem__(slice(1, 3)),
]


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("kind", ["Sequential", "ModuleList"])
def test_editing_leaves_what_torch_leaves(edit, kind):
    def edited(nn):
        modules = list(chain(nn))
        held = (
            nn.Sequential(*modules) if kind == "Sequential" else nn.ModuleList(modules)
        )
        edit(held, nn)
        return held

    ours, theirs = edited(nn), edited(torch.nn)
    assert repr(ours) == repr(theirs)
    assert [k for k, _ in ours.named_children()] == [
        k for k, _ in theirs.named_children()
    ]


@pytest.mark.parametrize("where", [0, -1, 3, slice(1, 4), slice(None, None, 2)])
def test_indexing(where):
    assert repr(chain(nn)[where]) == repr(chain(torch.nn)[where])


@pytest.mark.parametrize("where", [5, -6])
def test_an_index_out_of_range_is_refused(where):
    with pytest.raises(IndexError, match="Sequential of 5 has no"):
        chain(nn)[where]


@pytest.mark.parametrize("where", [6, -6])
def test_modules_are_inserted_where_torch_inserts_them(where):
    for n in (nn, torch.nn):
        model = chain(n)
        with pytest.raises(IndexError):
            model.insert(where, n.ReLU())
        assert len(model) == 5
    listed = nn.ModuleList(chain(nn))
    assert type(listed.insert(6, nn.Sigmoid())[5]) is nn.Sigmoid


def test_named_stages_keep_their_names():
    model = nn.Sequential({"first": nn.Linear(2, 2), "then": nn.ReLU()})
    assert list(model.state_dict()) == ["first.weight", "first.bias"]


def test_only_modules_are_held():
    for build in (
        lambda: nn.Sequential(nn.Tanh(), np.tanh),
        lambda: nn.ModuleList([1]),
        lambda: nn.ModuleDict({"a": None}),
    ):
        with pytest.raises(TypeError, match="expects modules, got"):
            build()


def test_without_the_input_gradient_the_parameters_learn_the_same(rng):
    for model in (chain(nn), nn.Sequential(nn.Flatten(), *chain(nn))):
        x, g = (rng.standard_normal((5, n)).astype("f") for n in (4, 2))
        model(x)
        assert model.backward(g).shape == (5, 4)
        expected = [p.grad for p in model.parameters()]
        model.zero_grad()
        assert model.backward(g, input_grad=False) is None
        for p, grad in zip(model.parameters(), expected, strict=True):
            np.testing.assert_array_equal(p.grad, grad)


def test_backward_stops_before_the_first_module_that_learns(rng):
    class Untouchable(nn.Tanh):
        def backward(self, grad_output, input_grad=True):
            raise AssertionError("nobody needs this gradient")

    model = nn.Sequential(Untouchable(), nn.Linear(4, 2))
    model(rng.standard_normal((5, 4)).astype("f"))
    model.backward(np.ones((5, 2), "f"), input_grad=False)
    assert model[1].weight.grad is not None


def test_nothing_to_learn_and_no_input_gradient_is_no_work():
    model = nn.Sequential(nn.Tanh())
    model(np.ones(3))
    assert model.backward(np.ones(3), input_grad=False) is None


def test_a_module_whose_backward_knows_no_input_grad_fits_in(rng):
    class Twice(nn.Module):
        def forward(self, x):
            return 2 * x

        def backward(self, grad_output):
            return 2 * grad_output

    model = nn.Sequential(Twice(), nn.Linear(4, 2))
    model(rng.standard_normal((5, 4)).astype("f"))
    g = np.ones((5, 2), "f")
    np.testing.assert_allclose(model.backward(g), 2 * (g @ model[1].weight.data))


def test_an_empty_list_is_printed_as_torchs():
    assert repr(nn.ModuleList()) == repr(torch.nn.ModuleList())


def test_module_list_adds_up():
    modules = nn.ModuleList([nn.Tanh()])
    modules += [nn.ReLU()]
    assert repr(modules + nn.ModuleList([nn.Tanh()])) == repr(
        torch.nn.ModuleList([torch.nn.Tanh(), torch.nn.ReLU(), torch.nn.Tanh()])
    )


def test_module_dict_behaves_as_torchs():
    def fill(nn):
        held = nn.ModuleDict({"a": nn.Linear(1, 2)})
        held["b"] = nn.ReLU()
        held.update([("c", nn.Tanh()), ("b", nn.Sigmoid())])
        del held["c"]
        return held

    ours, theirs = fill(nn), fill(torch.nn)
    assert repr(ours) == repr(theirs)
    assert list(ours) == list(ours.keys()) == list(theirs)
    assert [repr(m) for m in ours.values()] == [repr(m) for m in theirs.values()]
    assert [k for k, _ in ours.items()] == [k for k, _ in theirs.items()]
    assert "b" in ours
    assert len(ours) == 2
    assert repr(ours.pop("b")) == "Sigmoid()"
    ours.clear()
    assert repr(ours) == "ModuleDict()"


@pytest.mark.parametrize(
    ("name", "error"),
    [(1, TypeError), ("a.b", KeyError), ("", KeyError), ("keys", KeyError)],
)
def test_a_name_that_could_not_be_reached_is_refused_as_in_torch(name, error):
    for library in (nn, torch.nn):
        held = library.ModuleDict()
        with pytest.raises(error):
            held[name] = library.Tanh()
        assert len(held) == 0


def array(library, *shape):
    return np.zeros(shape, "f") if library is nn else torch.zeros(shape)


def shown(container):
    """Print as we do: torch says torch.float32, or torch.FloatTensor in a dict."""
    said = repr(container).replace("torch.FloatTensor", "float32")
    return said.replace("torch.", "")


PARAMETER_LISTS = [
    lambda n: n.ParameterList(),
    lambda n: n.ParameterList([array(n, 2, 3)]),
    lambda n: n.ParameterList([array(n, 2), n.Parameter(array(n, 3)), "text", None]),
    lambda n: n.ParameterList(array(n, i + 1) for i in range(5))[1:4],
    lambda n: n.ParameterList(array(n, i + 1) for i in range(5))[::-2],
    lambda n: n.ParameterList([array(n, 1)]).append(array(n, 2)).extend([array(n, 3)]),
    lambda n: n.Sequential(n.ParameterList([array(n, 1), array(n, 2)]), n.Tanh()),
]


@pytest.mark.parametrize("build", PARAMETER_LISTS)
def test_parameter_lists_are_torchs(build):
    ours, theirs = build(nn), build(torch.nn)
    assert shown(ours) == shown(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [(k, p.shape) for k, p in ours.named_parameters()] == [
        (k, tuple(p.shape)) for k, p in theirs.named_parameters()
    ]


def test_a_parameter_list_is_read_and_written_like_a_list():
    first = nn.Parameter(np.ones(2))
    held = nn.ParameterList([first, np.zeros(3)])
    assert held[0] is held[-2] is first
    assert [p.shape for p in held] == [(2,), (3,)]
    held[-1] = np.full(4, 7.0)
    assert isinstance(held[1], nn.Parameter)
    assert held[1].shape == (4,)
    held += [np.ones(5)]
    assert len(held) == 3
    for where in (3, -4):
        with pytest.raises(IndexError, match=f"ParameterList of 3 has no {where}"):
            held[where]
        with pytest.raises(IndexError, match="ParameterList of 3 has no"):
            held[where] = np.ones(1)


@pytest.mark.parametrize("values", [3, np.zeros(3)])
def test_a_parameter_list_is_made_of_an_iterable(values):
    with pytest.raises(TypeError, match="ParameterList expects an iterable of values"):
        nn.ParameterList(values)
    with pytest.raises(TypeError):
        torch.nn.ParameterList(
            torch.from_numpy(values) if isinstance(values, np.ndarray) else values
        )


def test_integers_are_not_learned():
    with pytest.raises(TypeError, match="expects a floating-point array, got int64"):
        nn.ParameterList([np.zeros(3, int)])
    with pytest.raises(TypeError, match="expects a floating-point array, got int64"):
        nn.ParameterDict({"a": np.zeros(3, int)})


PARAMETER_DICTS = [
    lambda n: n.ParameterDict(),
    lambda n: n.ParameterDict({"b": array(n, 2), "a": array(n, 3)}),
    lambda n: n.ParameterDict(OrderedDict(b=array(n, 2), a=array(n, 3))),
    lambda n: n.ParameterDict([("b", array(n, 2)), ("a", "text"), ("c", None)]),
    lambda n: n.ParameterDict(n.ParameterDict([("b", array(n, 2)), ("a", 1)])),
    lambda n: n.ParameterDict({"a": array(n, 2)}) | n.ParameterDict({"c": 1, "b": 2}),
    lambda n: n.ParameterDict().fromkeys(["b", "a"], array(n, 1)),
    lambda n: n.ParameterDict({"a": array(n, 1)}).copy(),
    lambda n: n.Sequential(n.ParameterDict({"a": array(n, 1), "b": 2}), n.Tanh()),
]


@pytest.mark.parametrize("build", PARAMETER_DICTS)
def test_parameter_dicts_are_torchs(build):
    ours, theirs = build(nn), build(torch.nn)
    assert shown(ours) == shown(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [(k, p.shape) for k, p in ours.named_parameters()] == [
        (k, tuple(p.shape)) for k, p in theirs.named_parameters()
    ]


def test_a_parameter_dict_is_read_and_written_like_a_dict():
    def used(n):
        held = n.ParameterDict([("b", array(n, 2)), ("a", array(n, 3))])
        held["c"] = array(n, 4)
        held["b"] = n.Parameter(array(n, 5))
        seen = [list(held), list(reversed(held)), len(held), "a" in held, "z" in held]
        seen += [held.get("z"), held.get("z", 4), tuple(held.get("a").shape)]
        seen += [tuple(held.setdefault("d", array(n, 6)).shape), held.setdefault("e")]
        seen += [tuple(held.setdefault("d", array(n, 7)).shape)]
        seen += [tuple(held.pop("b").shape), tuple(held["d"].shape)]
        del held["e"]
        key, value = held.popitem()
        seen += [key, tuple(value.shape), list(held.keys())]
        seen += [[tuple(p.shape) for p in held.values()]]
        seen += [[(k, tuple(p.shape)) for k, p in held.items()]]
        held |= n.ParameterDict({"x": array(n, 1)})
        seen += [list(held), [k for k, _ in held.named_parameters()]]
        held.clear()
        return [*seen, len(held), list(held.parameters())]

    assert used(nn) == used(torch.nn)


def test_a_copy_shares_the_parameters():
    held = nn.ParameterDict({"a": np.zeros(2)})
    assert held.copy()["a"] is held["a"]


@pytest.mark.parametrize(
    ("name", "error"),
    [(1, TypeError), ("a.b", KeyError), ("", KeyError), ("keys", KeyError)],
)
def test_a_parameter_that_could_not_be_reached_is_refused_as_in_torch(name, error):
    held = nn.ParameterDict()
    with pytest.raises(error):
        held[name] = np.zeros(2)
    assert len(held) == 0
    with pytest.raises(error):
        torch.nn.ParameterDict()[name] = torch.zeros(2)


def test_what_is_not_in_a_parameter_dict():
    held = nn.ParameterDict()
    for missing in (lambda: held["a"], lambda: held.pop("a"), held.popitem):
        with pytest.raises(KeyError):
            missing()
    with pytest.raises(KeyError):
        del held["a"]
    with pytest.raises(KeyError):
        held["update"]
    with pytest.raises(TypeError, match="ParameterDict expects a mapping, or"):
        nn.ParameterDict(3)


@given(
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=5),
    batch=st.integers(0, 4),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**16),
)
def test_a_chain_of_any_sizes_and_any_upstream_gradient(sizes, batch, dtype, seed):
    def build(nn):
        layers = [nn.Identity()]
        for n_in, n_out in pairwise(sizes):
            layers += [nn.Linear(n_in, n_out), nn.Tanh()]
        return nn.Sequential(*layers)

    rng = np.random.default_rng(seed)
    manual_seed(seed)
    torch.manual_seed(seed)
    ours, theirs = build(nn), build(torch.nn)
    if dtype is np.float64:
        ours.double(), theirs.double()
    ends = sizes[0], sizes[-1]
    x, g = (rng.standard_normal((batch, n)).astype(dtype) for n in ends)
    torch_x = torch.from_numpy(x).requires_grad_()
    expected = theirs(torch_x)
    expected.backward(torch.from_numpy(g))
    results = [(ours(x), expected.detach()), (ours.backward(g), torch_x.grad)]
    parameters = zip(ours.parameters(), theirs.parameters(), strict=True)
    for a, b in [*results, *((p.grad, q.grad) for p, q in parameters)]:
        assert a.dtype == dtype
        np.testing.assert_allclose(a, b.numpy(), rtol=0, atol=60 * np.finfo(dtype).eps)


def test_one_module_in_two_places_is_refused_by_the_backward_pass():
    relu = nn.ReLU()
    model = nn.Sequential(nn.Linear(3, 3), relu, nn.Linear(3, 3), relu)
    y = model(np.ones((2, 3), np.float32))
    with pytest.raises(RuntimeError, match="a module of its own in each place"):
        model.backward(np.ones_like(y))
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("library", [nn, torch.nn])
def test_a_sequential_with_names_keeps_them(library):
    model = library.Sequential(OrderedDict(a=library.ReLU(), b=library.Tanh()))
    model[0] = library.Sigmoid()
    model.append(library.ReLU())
    model.extend([library.Tanh()])
    model += library.Sequential(library.Sigmoid())
    names = [name for name, _ in model.named_children()]
    assert names == ["a", "b", "2", "3", "4"]
    kinds = [type(module).__name__ for module in model]
    assert kinds == ["Sigmoid", "Tanh", "ReLU", "Tanh", "Sigmoid"]
    assert type(model.pop(1)).__name__ == "Tanh"
    assert len(model) == 4
    both = model + library.Sequential(library.Tanh())
    assert (len(both), len(model), type(both)) == (5, 4, library.Sequential)


def test_what_is_refused_changes_nothing():
    choices = nn.ModuleDict({"a": nn.ReLU()})
    with pytest.raises(TypeError, match="expects modules, got int"):
        choices.update({"b": nn.Tanh(), "c": 3})
    assert list(choices) == ["a"]
    model = nn.Sequential(nn.ReLU())
    with pytest.raises(TypeError, match="expects modules, got int"):
        model.extend([nn.Tanh(), 3])
    assert len(model) == 1
    factors = nn.ParameterList([np.ones(2)])
    with pytest.raises(TypeError, match="floating-point"):
        factors.extend([np.ones(2), np.ones(2, int)])
    assert len(factors) == 1
