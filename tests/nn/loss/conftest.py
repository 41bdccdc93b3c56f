"""The one comparison every loss is put through: ours beside torch's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from scratchnet.nn import loss as losses

Array = np.ndarray[Any, Any]
EPS32 = float(np.finfo(np.float32).eps)


@pytest.fixture(scope="session")
def agree() -> Callable[..., None]:
    """``agree(name, settings, *inputs)``; see `_agree`."""
    return _agree


def _agree(
    name: str,
    settings: dict[str, Any],
    *inputs: Any,
    predictions: Sequence[int] = (0,),
    float32: bool = True,
) -> None:
    """Assert that a loss and its gradients are torch's, in float64 and float32.

    Errors are taken relative to the largest magnitude in the array. In float64 ours
    must lie within 1e-12 of torch's. In float32 both are judged against torch's
    float64: our error may be four times torch's own, or four units in the last place.
    That is left out with ``float32=False``, for inputs drawn anew in each run: among
    enough of them one cancels to a gradient so small that luck decides.
    The upstream gradient is random. `predictions` are the inputs that have a gradient.
    """
    truth = _torch(name, settings, inputs, predictions, np.float64)
    ours = _ours(name, settings, inputs, predictions, np.float64)
    _compare(ours, truth, [1e-12] * len(truth))
    if not float32:
        return

    single = _torch(name, settings, inputs, predictions, np.float32)
    errors = [
        _error(theirs, exact) for theirs, exact in zip(single, truth, strict=True)
    ]
    ours = _ours(name, settings, inputs, predictions, np.float32)
    _compare(ours, truth, [4 * max(error, EPS32) for error in errors])


def _ours(
    name: str, settings: dict[str, Any], inputs: Any, predictions: Any, dtype: Any
) -> list[Array]:
    inputs = [_as(dtype, value) for value in inputs]
    before = [np.copy(value) for value in inputs]
    criterion = getattr(losses, name)(**{k: _as(dtype, v) for k, v in settings.items()})
    output = criterion(*inputs)
    upstream = _upstream(np.shape(output), dtype)
    grads = criterion.backward(upstream)
    grads = grads if isinstance(grads, tuple) else (grads,)
    for value, copy in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(value, copy, err_msg=f"{name} modified an input")
    for array, like in zip(grads, [inputs[i] for i in predictions], strict=True):
        assert array.shape == np.shape(like)
    for array in (output, *grads):
        assert array.dtype == dtype
    return [output, *grads]


def _torch(
    name: str, settings: dict[str, Any], inputs: Any, predictions: Any, dtype: Any
) -> list[Array]:
    tensors = [_tensor(_as(dtype, value)) for value in inputs]
    for i in predictions:
        tensors[i].requires_grad_()
    made = {k: _tensor(_as(dtype, v)) for k, v in settings.items()}
    output = getattr(torch.nn, name)(**made)(*tensors)
    output.backward(torch.as_tensor(_upstream(tuple(output.shape), dtype)))
    return [output.detach().numpy(), *(tensors[i].grad.numpy() for i in predictions)]


def _as(dtype: Any, value: Any) -> Any:
    """Convert floating-point arrays to `dtype`; leave the rest as it is."""
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "f":
        return value.astype(dtype)
    return value


def _tensor(value: Any) -> Any:
    """Return an array as a tensor of its own; classes as the int64 torch asks for."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.astype(np.int64) if value.dtype.kind in "iu" else value
        return torch.from_numpy(np.array(value))
    return value


def _upstream(shape: tuple[int, ...], dtype: Any) -> Array:
    return np.asarray(np.random.default_rng(7).normal(size=shape), dtype)


def _compare(ours: list[Array], truth: list[Array], limits: list[float]) -> None:
    for value, exact, limit in zip(ours, truth, limits, strict=True):
        assert np.shape(value) == exact.shape
        odd = ~np.isfinite(exact)
        np.testing.assert_array_equal(np.asarray(value)[odd], exact[odd])
        error = _error(value, exact)
        assert error <= limit, f"{error} > {limit}\nours:\n{value}\ntorch:\n{exact}"


def _error(value: Any, exact: Array) -> float:
    """Return the largest difference over the largest magnitude, where finite."""
    finite = np.isfinite(exact)
    exact = exact[finite]
    if exact.size == 0:
        return 0.0
    difference = np.abs(np.asarray(value, np.float64)[finite] - exact).max()
    return float(difference / max(np.abs(exact).max(), np.finfo(np.float64).tiny))
