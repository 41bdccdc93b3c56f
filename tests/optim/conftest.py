"""Torch's optimisers beside ours, fed gradients of every awkward magnitude."""

import copy

import numpy as np
import pytest
import torch

from scratchnet import optim
from scratchnet.nn import Parameter

SHAPES = [(3, 4), (5,), (), (2, 3, 2)]
MAGNITUDES = [0, 1e-8, 1e-3, 1, 1e4]
TOLERANCE = {np.float64: 1e-12, np.float32: 4e-6}


class Narrow(np.ndarray):
    """An array from which no float64 array may be computed."""

    def __array_finalize__(self, parent):
        assert self.dtype != np.float64


class Twins:
    """One of our optimisers and torch's, on parameters of equal values.

    Parameters are dealt out to the groups in turn; `groups` are the options in which
    these differ, `options` those of the constructor. With a `scale`, all gradients
    are of that magnitude.
    """

    def __init__(self, name, groups=({},), dtype=np.float64, scale=None, **options):
        self.dtype, self.scale = dtype, scale
        self.rng = np.random.default_rng(0)
        values = [self.rng.normal(size=shape).astype(dtype) for shape in SHAPES]
        self.largest = {f"parameter {i}": np.abs(v) for i, v in enumerate(values)}
        # Linear's weight lies transposed in memory: so does the first one here.
        values[0] = np.asfortranarray(values[0])
        kept = [v.view(Narrow) if dtype == np.float32 else v for v in values]
        self.ours = [Parameter(v) for v in kept]
        self.theirs = [torch.nn.Parameter(torch.tensor(v)) for v in values]
        self.arrays = [p.data for p in self.ours]

        def deal(params):
            n = len(groups)
            return [{"params": params[i::n], **group} for i, group in enumerate(groups)]

        self.optimizer = getattr(optim, name)(deal(self.ours), **options)
        self.torch_optimizer = getattr(torch.optim, name)(deal(self.theirs), **options)

    def set_gradients(self, step):
        """Draw gradients: some coordinates are always 0 or tiny, or flip their sign."""
        for i, (p, q) in enumerate(zip(self.ours, self.theirs, strict=True)):
            g = self.rng.normal(size=p.shape) * self.rng.choice(MAGNITUDES, p.shape)
            if self.scale is not None:
                g = self.rng.normal(size=p.shape) * self.scale
            elif g.size > 4:
                g.flat[:4] = 0, 1e-8, 1e4 * (-1) ** step, 0.1
            if i == 1 and step in (0, 1, 6):
                p.grad = q.grad = None
            else:
                p.grad = np.empty_like(p.data)
                p.grad[...] = g
                q.grad = torch.tensor(np.array(p.grad))

    def step(self, step):
        self.set_gradients(step)
        before = [copy.deepcopy(p.grad) for p in self.ours]
        self.optimizer.step()
        self.torch_optimizer.step()
        for p, g in zip(self.ours, before, strict=True):
            np.testing.assert_array_equal(p.grad, g)

    def run(self, steps=14, first=0):
        """Step, and compare everything after each step; halve the lr on the way."""
        for step in range(first, first + steps):
            self.step(step)
            self.check()
            if step == 7:
                for each in (self.optimizer, self.torch_optimizer):
                    for group in each.param_groups:
                        group["lr"] *= 0.5
        return self

    def check(self):
        for i, (p, q) in enumerate(zip(self.ours, self.theirs, strict=True)):
            assert p.data is self.arrays[i]
            assert p.data.dtype == self.dtype
            self.close(p.data, q.detach().numpy(), f"parameter {i}")
        ours = self.optimizer.state_dict()
        theirs = to_numpy(self.torch_optimizer.state_dict())
        assert ours["param_groups"] == theirs["param_groups"]
        assert list(ours["state"]) == list(theirs["state"])
        for number, entry in ours["state"].items():
            expected = theirs["state"][number]
            assert list(entry) == list(expected)
            for name, value in entry.items():
                assert value.shape == expected[name].shape
                assert value.dtype == expected[name].dtype, name
                self.close(value, expected[name], f"{name} {number}")
                if value.ndim == 2 and value.shape == SHAPES[0]:
                    assert value.flags.f_contiguous

    def close(self, ours, theirs, name):
        """Judge each coordinate by the largest magnitude that it has had so far."""
        finite = np.isfinite(theirs)
        np.testing.assert_array_equal(ours[~finite], theirs[~finite], name)
        magnitude = np.where(finite, np.abs(theirs), 0)
        largest = np.maximum(self.largest.get(name, 0), magnitude)
        self.largest[name] = largest
        error = np.abs(np.asarray(ours)[finite] - theirs[finite])
        bound = TOLERANCE[self.dtype] * largest[finite]
        assert (error <= bound).all(), (name, ours, theirs)


def to_numpy(state):
    """Copy a state dict, turning tensors to arrays."""
    return _convert(state, torch.Tensor, lambda value: value.detach().numpy().copy())


def to_torch(state):
    """Copy a state dict, turning arrays to tensors."""
    return _convert(state, np.ndarray, lambda value: torch.tensor(np.array(value)))


def _convert(value, kind, convert):
    if isinstance(value, kind):
        return convert(value)
    if isinstance(value, dict):
        return {k: _convert(v, kind, convert) for k, v in value.items()}
    if isinstance(value, list):
        return [_convert(v, kind, convert) for v in value]
    return value


@pytest.fixture(scope="session")
def twins():
    return Twins


@pytest.fixture(scope="session")
def interchange():
    """Swap the states of two twins after some steps, and see both carry on alike."""

    def swap(name, **options):
        first = Twins(name, **options).run(5)
        second = Twins(name, **options)
        for a, b, c, d in zip(
            first.ours, first.theirs, second.ours, second.theirs, strict=True
        ):
            c.data[...] = b.detach().numpy()
            d.data[...] = torch.tensor(np.array(a.data))
        second.optimizer.load_state_dict(to_numpy(first.torch_optimizer.state_dict()))
        second.torch_optimizer.load_state_dict(to_torch(first.optimizer.state_dict()))
        second.check()
        second.rng = copy.deepcopy(first.rng)
        second.run(7, first=5)
        first.run(7, first=5)
        for p, q in zip(first.ours, second.ours, strict=True):
            # Scalars that torch keeps in float32 are the parameter's dtype once loaded.
            np.testing.assert_allclose(p.data, q.data, 1e-6)

    return swap


@pytest.fixture(scope="session")
def parameter():
    def make(*values, dtype=np.float64):
        return Parameter(np.array(values, dtype))

    return make
