"""The line search of LBFGS: a step that satisfies the strong Wolfe conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from scratchnet.nn.module import Array


class Point(NamedTuple):
    """A step along the direction, and what the objective is there."""

    t: Any
    f: float
    g: Array
    slope: Any


def strong_wolfe(
    evaluate: Callable[[Any], tuple[float, Array]],
    start: Point,
    t: Any,
    d: Array,
    max_evals: int,
    tolerance_change: float = 1e-9,
    c1: float = 1e-4,
    c2: float = 0.9,
) -> tuple[Point, int]:
    r"""Look along `d` for a step, and return its point and the evaluations spent.

    With :math:`f(t)` the objective after a step :math:`t` along the direction, and
    :math:`f'` its slope, the step is to satisfy

    .. math::

        f(t) \le f(0) + c_1 t f'(0), \qquad |f'(t)| \le -c_2 f'(0) :

    far enough down, and flat enough. Steps grow until two of them bracket such a
    point; the bracket then shrinks around it.

    References
    ----------
    Nocedal and Wright, "Numerical Optimization", 2nd ed., algorithms 3.5 and 3.6. The
    order of the tests and the safeguards are those of torch.optim.LBFGS.
    """

    def look(t: Any) -> Point:
        f, g = evaluate(t)
        return Point(t, f, g, g @ d)

    def too_high(point: Point) -> bool:
        return bool(point.f > start.f + c1 * point.t * start.slope)

    def flat(point: Point) -> bool:
        return bool(abs(point.slope) <= -c2 * start.slope)

    # Bracket: step out until the objective or its slope rises.
    previous, point = start, look(t)
    evals, tries = 1, 0
    while tries < max_evals:
        if too_high(point) or (tries > 1 and point.f >= previous.f):
            bracket = [previous, point]
            break
        if flat(point):
            return point, evals
        if point.slope >= 0:
            bracket = [previous, point]
            break
        nearest = point.t + 0.01 * (point.t - previous.t)
        t = cubic_minimum(previous, point, nearest, point.t * 10)
        previous, point = point, look(t)
        evals, tries = evals + 1, tries + 1
    else:
        bracket = [start, point]

    # Zoom: shrink the bracket, keeping the lower of its two ends.
    low, high = _ranked(bracket)
    stalled = False
    while tries < max_evals:
        left, right = sorted(end.t for end in bracket)
        if (right - left) * np.abs(d).max() < tolerance_change:
            break
        t = cubic_minimum(bracket[0], bracket[1], left, right)
        # Too near an end twice running, or beyond it: keep a tenth away.
        margin = 0.1 * (right - left)
        near = bool(min(right - t, t - left) < margin)
        if near and (stalled or t >= right or t <= left):
            t = right - margin if abs(t - right) < abs(t - left) else left + margin
            near = False
        stalled = near

        point = look(t)
        evals, tries = evals + 1, tries + 1
        if too_high(point) or point.f >= bracket[low].f:
            bracket[high] = point
            low, high = _ranked(bracket)
        else:
            if point.slope * (bracket[high].t - bracket[low].t) >= 0:
                bracket[high] = bracket[low]
            bracket[low] = point
            if flat(point):
                break
    return bracket[low], evals


def cubic_minimum(a: Point, b: Point, least: Any, most: Any) -> Any:
    """Return where the cubic through two points with their slopes is lowest.

    The answer is kept between `least` and `most`, and is half way where the cubic has
    no minimum.
    """
    if a.t > b.t:
        a, b = b, a
    d1 = a.slope + b.slope - 3 * (a.f - b.f) / (a.t - b.t)
    square = d1**2 - a.slope * b.slope
    if not square >= 0:
        return (least + most) / 2
    d2 = np.sqrt(square)
    t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    return min(max(t, least), most)


def _ranked(bracket: list[Point]) -> tuple[int, int]:
    """Return which end of the bracket is the lower, and which the higher."""
    return (0, 1) if bracket[0].f <= bracket[1].f else (1, 0)
