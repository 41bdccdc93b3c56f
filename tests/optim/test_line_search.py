import numpy as np
import pytest
import torch
from torch.optim.lbfgs import _strong_wolfe

from scratchnet.optim._line_search import Point, cubic_minimum, strong_wolfe


def landscape(seed):
    """Return a wavy function of one variable, and its slope."""
    rng = np.random.default_rng(seed)
    height, pace = rng.normal(size=4), rng.uniform(0.3, 6, size=4)
    phase, bowl = rng.uniform(0, 6, size=4), rng.choice([0, 0.01, 1])

    def f(x):
        return float(np.sum(height * np.sin(pace * x + phase)) + bowl * x**2)

    def slope(x):
        return float(np.sum(height * pace * np.cos(pace * x + phase)) + 2 * bowl * x)

    return f, slope


@pytest.mark.parametrize("max_evals", [0, 1, 3, 25])
@pytest.mark.parametrize("first", [1e-3, 0.5, 20.0])
def test_every_point_looked_at_is_that_of_torch(first, max_evals):
    # The last four step too near the right end of a bracket, or beyond it.
    for seed in (*range(60), 98, 308, 351, 399):
        f, slope = landscape(seed)
        down = -slope(0.0)
        ours, theirs = [], []

        def evaluate(t, seen=ours, f=f, slope=slope, down=down):
            seen.append(t)
            return f(t * down), np.array([slope(t * down)])

        def torch_evaluate(x, t, d, seen=theirs, f=f, slope=slope, down=down):
            seen.append(float(t))
            return f(seen[-1] * down), torch.tensor(np.array([slope(seen[-1] * down)]))

        d, g = np.array([down]), np.array([-down])
        start = Point(0, f(0.0), g, g @ d)
        point, evals = strong_wolfe(evaluate, start, first, d, max_evals)
        d, g = torch.tensor(d), torch.tensor(g)
        loss, _, t, torch_evals = _strong_wolfe(
            torch_evaluate, None, first, d, f(0.0), g, g.dot(d), max_ls=max_evals
        )
        np.testing.assert_allclose(ours, theirs, 1e-7)
        assert evals == torch_evals == len(ours)
        np.testing.assert_allclose([point.t, point.f], [float(t), loss], 1e-7)


def test_a_bracket_too_short_to_matter_is_left():
    f, slope = landscape(1)
    d = np.array([-slope(0.0)])

    def evaluate(t):
        return f(t * d[0]), np.array([slope(t * d[0])])

    start = Point(0, f(0.0), -d, -(d @ d))
    _, evals = strong_wolfe(evaluate, start, 20.0, d, 25, tolerance_change=1e9)
    assert evals == 1


def test_cubic_minimum():
    def point(t):
        return Point(t, t**3 - 3 * t, np.zeros(1), np.float64(3 * t**2 - 3))

    assert cubic_minimum(point(0.0), point(3.0), 0.0, 3.0) == pytest.approx(1)
    assert cubic_minimum(point(3.0), point(0.0), 0.0, 3.0) == pytest.approx(1)
    assert cubic_minimum(point(0.0), point(3.0), 1.5, 3.0) == 1.5
    climb = [Point(t, t + t**3, np.zeros(1), np.float64(1 + 3 * t**2)) for t in (-1, 1)]
    assert cubic_minimum(*climb, -1, 3) == 1
