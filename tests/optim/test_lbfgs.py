import copy

import numpy as np
import pytest
import torch

from scratchnet.nn import Parameter
from scratchnet.optim import LBFGS

SHAPES = [(2, 3), (), (4,)]
OPTIONS = [
    {"lr": 0.1},
    {"lr": 0.1, "max_iter": 3},
    {"lr": 0.1, "history_size": 2},
    {"lr": 0.1, "max_iter": 9, "max_eval": 4},
    {"lr": 0.05, "tolerance_grad": 0.5, "tolerance_change": 1e-3},
    {"line_search_fn": "strong_wolfe", "max_iter": 4},
    {"line_search_fn": "strong_wolfe", "max_iter": 3, "history_size": 2, "lr": 30.0},
    {"line_search_fn": "strong_wolfe", "max_iter": 3, "lr": 1e-3},
    {"line_search_fn": "strong_wolfe", "max_eval": 3, "lr": 5.0},
]


class Valley:
    """A curved valley over all elements of some parameters, on both sides.

    With x the vector of all elements: sum of w (x - c)^2 + (x_{i+1} - x_i^2)^2.
    """

    def __init__(self, dtype=np.float64, seed=0, **options):
        rng = np.random.default_rng(seed)
        values = [rng.normal(size=shape).astype(dtype) for shape in SHAPES]
        n = sum(v.size for v in values)
        self.w, self.c = rng.uniform(0.1, 1, n).astype(dtype), rng.normal(size=n)
        self.c = self.c.astype(dtype)
        unused = np.ones(2, dtype)
        self.ours = [Parameter(np.asfortranarray(v)) for v in [*values, unused]]
        self.theirs = [torch.nn.Parameter(torch.tensor(v)) for v in [*values, unused]]
        self.optimizer = LBFGS(self.ours, **options)
        self.torch_optimizer = torch.optim.LBFGS(self.theirs, **options)

    def closure(self):
        x = np.concatenate([p.data.ravel() for p in self.ours[:-1]])
        gap = x[1:] - x[:-1] ** 2
        g = 2 * self.w * (x - self.c)
        g[1:] += 2 * gap
        g[:-1] -= 4 * gap * x[:-1]
        start = 0
        for p in self.ours[:-1]:
            p.grad = np.empty_like(p.data)
            p.grad[...] = g[start : start + p.size].reshape(p.shape)
            start += p.size
        return np.sum(self.w * (x - self.c) ** 2) + np.sum(gap**2)

    def torch_closure(self):
        self.torch_optimizer.zero_grad()
        x = torch.cat([p.reshape(-1) for p in self.theirs[:-1]])
        w, c = torch.tensor(self.w), torch.tensor(self.c)
        loss = (w * (x - c) ** 2).sum() + ((x[1:] - x[:-1] ** 2) ** 2).sum()
        loss.backward()
        return loss

    def step(self, tolerance):
        ours = self.optimizer.step(self.closure)
        theirs = self.torch_optimizer.step(self.torch_closure)
        assert ours == pytest.approx(theirs.item(), rel=tolerance)
        for p, q in zip(self.ours, self.theirs, strict=True):
            np.testing.assert_allclose(p.data, q.detach().numpy(), tolerance, tolerance)
        state = self.optimizer.state_dict()["state"][0]
        expected = self.torch_optimizer.state_dict()["state"][0]
        assert set(state) == set(expected)
        assert state["func_evals"] == expected["func_evals"]
        assert state["n_iter"] == expected["n_iter"]
        for name in ("d", "old_dirs", "old_stps", "prev_flat_grad"):
            close(state[name], expected[name], tolerance)
        for name in ("t", "ro", "H_diag", "prev_loss", "al"):
            if name in state:
                close(state[name], expected[name], tolerance)


def close(ours, theirs, tolerance):
    if isinstance(ours, list):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            close(a, b, tolerance)
    elif ours is None:
        assert theirs is None
    else:
        theirs = np.asarray(theirs)
        assert np.shape(ours) == theirs.shape
        error = np.abs(ours - theirs).max()
        assert error <= tolerance * max(1, np.abs(theirs).max())


# Each step builds on the curvature of those before, which multiplies rounding.
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_step_is_that_of_torch(options):
    valley = Valley(**options)
    for _ in range(12):
        valley.step(1e-9)


@pytest.mark.parametrize("options", OPTIONS[:1] + OPTIONS[5:6], ids=str)
def test_float32_stays_float32(options):
    valley = Valley(np.float32, **options)
    for _ in range(2):
        valley.step(1e-3)
    state = valley.optimizer.state_dict()["state"][0]
    arrays = [
        state["d"],
        state["prev_flat_grad"],
        *state["old_dirs"],
        *state["old_stps"],
    ]
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}


def test_line_search_reaches_the_minimum():
    valley = Valley(line_search_fn="strong_wolfe", max_iter=300, tolerance_change=1e-14)
    valley.optimizer.step(valley.closure)
    valley.closure()
    assert max(np.abs(p.grad).max() for p in valley.ours[:-1]) < 1e-6


def test_nothing_moves_at_a_minimum(parameter):
    p = parameter(1.0)
    p.grad = np.zeros(1)
    optimizer = LBFGS([p])
    assert optimizer.step(lambda: 3.0) == 3.0
    assert p.data == 1.0
    assert optimizer.state_dict()["state"] == {0: {"func_evals": 1, "n_iter": 0}}


def test_a_slope_too_gentle_to_go_down_is_remembered_as_in_torch(parameter):
    p, q = parameter(1.0), torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    ours, theirs = LBFGS([p]), torch.optim.LBFGS([q])

    def closure():
        p.grad = np.full(1, 1e-5)
        return 3.0

    def torch_closure():
        q.grad = torch.full((1,), 1e-5, dtype=torch.float64)
        return torch.tensor(3.0)

    ours.step(closure)
    theirs.step(torch_closure)
    assert p.data == q.item() == 1.0
    state, expected = ours.state_dict()["state"][0], theirs.state_dict()["state"][0]
    assert set(state) == set(expected)
    for name in ("t", "prev_loss", "n_iter", "func_evals"):
        assert state[name] == expected[name], name


def test_a_short_step_ends_the_iterations_however_steep(parameter):
    p = parameter(1.0)

    def closure():
        p.grad = np.array([1e6])
        return 1e6 * p.data[0]

    optimizer = LBFGS([p], lr=1e-4, tolerance_change=1e-3)
    optimizer.step(closure)
    assert p.data == pytest.approx(1 - 1e-4)
    assert optimizer.state[p]["n_iter"] == 1


def test_states_interchange_with_torch():
    options = {"lr": 0.1, "history_size": 3, "max_iter": 5}
    valley, fresh = Valley(**options), Valley(**options)
    for _ in range(3):
        valley.step(1e-9)
    saved = valley.torch_optimizer.state_dict()
    as_arrays = {
        "param_groups": saved["param_groups"],
        "state": {0: {k: to_array(v) for k, v in saved["state"][0].items()}},
    }
    saved = copy.deepcopy(valley.optimizer.state_dict())
    for name in ("d", "prev_flat_grad", "old_dirs", "old_stps"):
        saved["state"][0][name] = to_tensor(saved["state"][0][name])
    fresh.optimizer.load_state_dict(as_arrays)
    fresh.torch_optimizer.load_state_dict(saved)
    for p, q, new, torch_new in zip(
        valley.ours, valley.theirs, fresh.ours, fresh.theirs, strict=True
    ):
        new.data[...] = q.detach().numpy()
        torch_new.data[...] = torch.tensor(np.array(p.data))
    for _ in range(3):
        valley.step(1e-9)
        fresh.step(1e-9)
    for p, q in zip(valley.ours, fresh.ours, strict=True):
        np.testing.assert_allclose(p.data, q.data, 1e-9)


def to_array(value):
    if isinstance(value, list):
        return [to_array(each) for each in value]
    return value.numpy().copy() if isinstance(value, torch.Tensor) else value


def to_tensor(value):
    if isinstance(value, list):
        return [to_tensor(each) for each in value]
    return torch.tensor(value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"d": np.ones(3)}, r"parameter 0: d expects \(13,\), got \(3,\)"),
        ({"old_stps": [np.ones(2)]}, r"old_stps expects \(13,\), got \(2,\)"),
        ({"ro": []}, "old_dirs, old_stps, ro differ in length"),
        ({"t": None, "ro": None}, "ro, t missing"),
        ({"n_iter": None}, "n_iter missing"),
    ],
)
def test_state_that_does_not_fit_is_refused(change, words):
    valley = Valley(lr=0.1)
    valley.step(1e-9)
    saved = valley.optimizer.state_dict()
    with pytest.raises(ValueError, match=words):
        valley.optimizer.load_state_dict(
            {**saved, "state": {0: {**saved["state"][0], **change}}}
        )


def test_what_it_cannot_do_is_refused(parameter):
    p, q = parameter(1.0), parameter(2.0)
    with pytest.raises(ValueError, match="Invalid learning rate: -1"):
        LBFGS([p], lr=-1)
    with pytest.raises(ValueError, match="doesn't support per-parameter options"):
        LBFGS([{"params": p}, {"params": q}])
    optimizer = LBFGS([p], line_search_fn="weak")
    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):
        optimizer.step(lambda: 0.0)
    p.grad = np.ones(2)
    with pytest.raises(ValueError, match=r"shape \(1,\)"):
        LBFGS([p]).step(lambda: 0.0)
