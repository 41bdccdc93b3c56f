"""Parameter: an array and its gradient."""

from __future__ import annotations

import numpy as np
import pytest

from scratchnet import nn


@pytest.mark.parametrize("data", [np.zeros(3, int), [1.0, 2.0], None])
def test_a_parameter_is_a_floating_point_array(data):
    with pytest.raises(TypeError, match="Parameter expects a floating-point array"):
        nn.Parameter(data)


def test_a_parameter_refuses_a_gradient_of_another_shape():
    parameter = nn.Parameter(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"shape \(2, 3\) expects .* got \(3, 2\)"):
        parameter.accumulate_grad(np.zeros((3, 2)))
    assert parameter.grad is None


def test_a_gradient_takes_the_parameters_dtype():
    parameter = nn.Parameter(np.zeros(2, np.float32))
    parameter.accumulate_grad(np.ones(2))
    parameter.accumulate_grad(np.ones(2))
    assert parameter.grad.dtype == np.float32
