"""Every experiment on a tiny configuration: does the claim point the right way?"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from matplotlib import pyplot as plt

from benchmarks.experiment import one_side
from benchmarks.libraries import LIBRARIES


@pytest.fixture
def run_sides():
    """A function that runs both sides here, and tries the figure and the findings."""

    def run(module: ModuleType, config: Any) -> dict[str, Any]:
        found = {side: one_side(module.__name__, side, config) for side in LIBRARIES}
        assert module.conclude(config, found)
        figure = module.draw(config, found)
        figure.canvas.draw()
        plt.close(figure)
        return found

    return run
