"""Sequential, ModuleList and ModuleDict against torch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scratchnet import nn


def chain(nn):
    return nn.Sequential(
        nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2)
    )


EDITS = [
    lambda s, nn: s.append(nn.Sigmoid()),
    lambda s, nn: s.extend([nn.Sigmoid(), nn.ReLU()]),
    lambda s, nn: s.insert(1, nn.Sigmoid()),
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
