"""The curve of an activation and of its derivative, as points for an SVG."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parity.case import Array, Pair
from parity.study.pages import subject

SPAN = 4.0  # x from -4 to 4, and y in the same units
WIDTH, HEIGHT = 320, 240
UNIT = WIDTH / (2 * SPAN)


@dataclass(frozen=True)
class Curve:
    """Two paths in the coordinates of the drawing, and whose they are."""

    label: str
    function: str
    derivative: str


def draw(pair: Pair) -> Curve | None:
    """Return the curves of a pair that treats each number by itself, else None."""
    cls = subject(pair)
    if not getattr(cls, "__module__", "").startswith("scratchnet.nn.activation"):
        return None
    layer = cls(*pair.cases[0].init.args, **pair.cases[0].init.kwargs).double().eval()
    x = np.linspace(-SPAN, SPAN, 801)
    try:
        alone = np.concatenate([layer(number) for number in np.split(x[::100], 9)])
        y = layer(x)
    except (IndexError, ValueError):  # It wants more than one number, or more axes.
        return None
    if not np.array_equal(y[::100], alone):
        return None
    return Curve(repr(layer), _path(x, y), _path(x, layer.backward(np.ones_like(y))))


def _path(x: Array, y: Array) -> str:
    """Return an SVG path, lifted where the curve jumps."""
    jumps = np.abs(np.diff(y, prepend=y[0])) > 10 * (x[1] - x[0])
    across, down = (x + SPAN) * UNIT, HEIGHT / 2 - y * UNIT
    drawn = np.abs(y) <= 2 * SPAN
    commands = np.where(jumps | ~np.roll(drawn, 1), "M", "L")
    commands[np.argmax(drawn)] = "M"
    points = zip(commands, across, down, drawn, strict=True)
    return "".join(f"{c}{a:.1f} {d:.1f}" for c, a, d, inside in points if inside)
