"""A layer or a loss: outputs, gradients and buffers of one call."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike

import scratchnet as sn
from parity import measure
from parity.case import Array, Call, Case, Pair
from parity.sides.mask import one_mask
from parity.sides.tree import (
    copied,
    drawn,
    is_floating,
    leaves,
    map_tree,
    rounded,
    to_numpy,
    to_torch,
)
from scratchnet.gradcheck import Problem

Trace = dict[str, Array]


@dataclass(frozen=True)
class Numbers:
    """Everything that a case draws: the same numbers for every side."""

    init: Call
    inputs: Call
    state: dict[str, Array]
    seed: int
    upstream: Any = None
    #: The inputs of an earlier call on the same layer, which may leave nothing behind.
    earlier: Call | None = None

    def rounded(self) -> Numbers:
        """Return the nearest numbers that float32 can hold; no call comes before."""
        parts = ("init", "inputs", "state", "upstream")
        nearest = {part: rounded(getattr(self, part)) for part in parts}
        return replace(self, **nearest, earlier=None)


def draw(
    pair: Pair, case: Case, rng: np.random.Generator, edges: bool = True
) -> Numbers:
    """Draw arguments, parameters, running statistics and upstream gradients.

    Parameters and running statistics are random, not the ones and zeros that layers
    start from; the upstream gradient is random too, as the gradient of ``sum()``
    through a softmax or a norm is zero however wrong the backward pass.
    """
    numbers = Numbers(
        drawn(case.init, rng, edges), drawn(case.inputs, rng, edges), {}, _seed(rng)
    )
    stock = _build_torch(pair, case, numbers, np.float64)
    for name, tensor in stock.state_dict().items():
        array = tensor.numpy().copy()
        if name.endswith("running_var"):
            array = rng.uniform(0.5, 2.0, array.shape)
        elif name.endswith("running_mean") or name in dict(stock.named_parameters()):
            array = rng.standard_normal(array.shape) / 2
        numbers.state[name] = array
    output, _ = _forward(stock, numbers, np.float64, stock, pair.predictions)
    upstream = map_tree(
        lambda y: rng.standard_normal(y.shape) if is_floating(y) else None, output
    )
    # From numbers of its own, so that it changes none of the others.
    earlier = drawn(case.inputs, np.random.default_rng(numbers.seed), edges=False)
    return replace(numbers, upstream=upstream, earlier=earlier)


def run_numpy(pair: Pair, case: Case, numbers: Numbers, dtype: DTypeLike) -> Trace:
    """Run scratchnet's layer."""
    layer = _build_numpy(pair, case, numbers, dtype)
    alone = None
    if numbers.earlier is not None:
        _call_earlier(layer, numbers, dtype)
        alone = _without_input_grad(pair, layer, numbers, dtype)
    output, grads = _forward_and_back(layer, numbers, dtype)
    trace = dict(leaves(output, "output"))
    if grads is not None:
        _expect_one_for_each_input(pair, grads)
        _expect_none_for_integers(numbers.inputs.args, grads)
        given = dict(enumerate(numbers.inputs.args))
        for i, grad in zip(pair.predictions or count(), grads, strict=False):
            # A first state that is left out has a gradient too; torch has it nowhere.
            if given.get(i) is not None:
                trace.update(leaves(grad, _input_name(i)))
        learned = _parameter_grads(layer)
        trace.update(learned)
        if alone is not None:
            _expect_the_same(alone, learned)
    trace.update(layer.named_buffers())
    return trace


def _forward_and_back(
    layer: sn.nn.Module, numbers: Numbers, dtype: DTypeLike, **options: bool
) -> tuple[Any, tuple[Any, ...] | None]:
    """Return the outputs, and the gradients of the inputs if there are any."""
    output = _call(layer, numbers.inputs, numbers, dtype)
    upstream = to_numpy(numbers.upstream, dtype, sn.nn)
    if not any(is_floating(leaf) for _, leaf in leaves(output, "output")):
        return output, None
    returned = copied(output)
    several = isinstance(upstream, tuple)
    grads = layer.backward(*(upstream if several else [upstream]), **options)
    _expect_arrays("backward", grads)
    _expect_untouched(output, returned)
    return returned, grads if isinstance(grads, tuple) else (grads,)


def _call(layer: sn.nn.Module, inputs: Call, numbers: Numbers, dtype: DTypeLike) -> Any:
    """Return what a layer makes of `inputs`, once it looks as it should."""
    given = to_numpy(inputs, dtype, sn.nn)
    sn.manual_seed(numbers.seed)
    with one_mask(numbers.seed):
        output = layer(*given.args, **given.kwargs)
    _expect_arrays("forward", output)
    _expect_like(numbers.upstream, output)
    return output


def _parameter_grads(layer: sn.nn.Module) -> Trace:
    return {
        f"grad {name}": parameter.grad
        for name, parameter in layer.named_parameters()
        if parameter.grad is not None
    }


def _without_input_grad(
    pair: Pair, layer: sn.nn.Module, numbers: Numbers, dtype: DTypeLike
) -> Trace | None:
    """Return the parameters' gradients when the inputs' are not asked for.

    None of a loss, or where the backward pass knows no ``input_grad``.
    """
    known = inspect.signature(layer.backward).parameters
    if pair.predictions is not None or "input_grad" not in known:
        return None
    _forward_and_back(layer, numbers, dtype, input_grad=False)
    grads = _parameter_grads(layer)
    _as_new(layer, numbers)
    return grads


def _as_new(layer: sn.nn.Module, numbers: Numbers) -> None:
    """Forget the gradients of a layer, and put its state back."""
    layer.zero_grad()
    layer.load_state_dict(numbers.state)


def _expect_the_same(alone: Trace, learned: Trace) -> None:
    """Refuse parameters' gradients that differ when the inputs' are not asked for."""
    for name, grad in learned.items():
        difference = measure.compare(alone.get(name), grad)
        if not difference.error <= measure.FLOAT64_GATE:
            raise ValueError(f"backward with input_grad=False gives another {name}")


def _expect_arrays(method: str, returned: Any) -> None:
    """Refuse what is neither arrays nor tuples of them; None stands for nothing."""
    if isinstance(returned, tuple):
        for part in returned:
            _expect_arrays(method, part)
    elif not isinstance(returned, np.ndarray | np.generic | None):
        kind = f"{type(returned).__module__}.{type(returned).__name__}"
        raise TypeError(
            f"{method} expects to return NumPy arrays, in a tuple if there are "
            f"several, got {kind.removeprefix('builtins.')}"
        )


def _expect_like(upstream: Any, output: Any) -> None:
    """Refuse an output that is not like the gradient that is drawn for it."""
    expected, came = _count(upstream), _count(output)
    if came != expected:
        raise ValueError(
            f"forward expects to return {expected}, got {came}: what backward needs "
            "is kept on self"
        )
    parts = zip(_parts(upstream), _parts(output), strict=True)
    for like, y in parts:
        if isinstance(y, tuple):
            _expect_like(like, y)
        elif like is not None and not is_floating(y):
            kind = y.dtype if hasattr(y, "dtype") else type(y).__name__
            raise TypeError(f"forward expects to return floating numbers, got {kind}")
        elif like is not None and y.shape != like.shape:
            raise ValueError(
                f"forward expects to return the shape {like.shape}, got {y.shape}"
            )


def _parts(tree: Any) -> tuple[Any, ...]:
    return tree if isinstance(tree, tuple) else (tree,)


def _count(tree: Any) -> str:
    return f"a tuple of {len(tree)}" if isinstance(tree, tuple) else "one array"


def _expect_untouched(output: Any, returned: Any) -> None:
    """Refuse a backward pass that writes to what the forward pass returned."""
    before = dict(leaves(returned, "output"))
    for name, array in leaves(output, "output"):
        if not np.array_equal(array, before[name], equal_nan=is_floating(array)):
            raise ValueError(
                f"backward writes to the {name} that forward returned: make a new "
                "array instead"
            )


def _expect_one_for_each_input(pair: Pair, grads: tuple[Any, ...]) -> None:
    """Refuse more gradients than there are inputs to be differentiated by."""
    if pair.predictions is not None:
        most = len(pair.predictions)
    else:
        most = len(inspect.signature(getattr(torch.nn, pair.name).forward).parameters)
        most -= 1  # self
    if len(grads) > most:
        raise ValueError(
            f"backward expects to return at most {most} gradients, one for each "
            f"input, got {len(grads)}: those of parameters go to accumulate_grad"
        )


def _expect_none_for_integers(inputs: tuple[Any, ...], grads: tuple[Any, ...]) -> None:
    """Refuse the gradient of what cannot be differentiated by: indices, masks."""
    for i, (given, grad) in enumerate(zip(inputs, grads, strict=False)):
        whole = isinstance(given, np.ndarray) and not is_floating(given)
        if whole and grad is not None:
            raise ValueError(
                f"backward expects to return None for input {i}, which is of "
                f"{given.dtype}, got an array of shape {np.shape(grad)}"
            )


def _call_earlier(layer: sn.nn.Module, numbers: Numbers, dtype: DTypeLike) -> None:
    """Run a layer forward and back on other inputs, and put its state back.

    Raises
    ------
    ValueError
        If the backward pass writes over gradients that are there already.
    """
    earlier = replace(numbers, seed=numbers.seed + 1)
    output = _call(layer, earlier.earlier, earlier, dtype)
    if any(is_floating(leaf) for _, leaf in leaves(output, "output")):
        for parameter in layer.parameters():
            parameter.grad = np.full(parameter.shape, np.nan, dtype)
        ones = map_tree(lambda y: np.ones_like(y) if is_floating(y) else None, output)
        layer.backward(*(ones if isinstance(ones, tuple) else [ones]))
        # NaN, whatever is added to it, stays NaN.
        lost = [
            name
            for name, parameter in layer.named_parameters()
            if parameter.grad is None or not np.isnan(parameter.grad).all()
        ]
        if lost:
            raise ValueError(
                f"backward writes over an earlier gradient of {', '.join(lost)}: "
                "add to it, with accumulate_grad"
            )
    _as_new(layer, numbers)


def run_stock(pair: Pair, case: Case, numbers: Numbers, dtype: DTypeLike) -> Trace:
    """Run torch's own layer, differentiated by autograd."""
    layer = _build_torch(pair, case, numbers, dtype)
    return _run_torch(pair, numbers, dtype, layer, layer)


def run_twin(pair: Pair, case: Case, numbers: Numbers, dtype: DTypeLike) -> Trace:
    """Run the twin: tensor operations, differentiated by autograd."""
    layer = _build_torch(pair, case, numbers, dtype)
    return _run_torch(
        pair,
        numbers,
        dtype,
        layer,
        lambda *args, **kwargs: pair.twin(layer, *args, **kwargs),
    )


def differences(
    pair: Pair, case: Case, numbers: Numbers, rng: np.random.Generator, directions: int
) -> tuple[float, str]:
    """Return the worst error of scratchnet's gradients along random directions.

    Each direction moves every input and every parameter at once.
    """
    layer = _build_numpy(pair, case, numbers, np.float64)
    inputs = to_numpy(numbers.inputs, np.float64, sn.nn)
    sn.manual_seed(numbers.seed)
    problem = Problem(
        _WithKeywords(layer, inputs.kwargs), inputs.args, rng, pair.predictions
    )
    claims = list(problem.claims())
    worst, shown = 0.0, ""
    for _ in range(directions if claims else 0):
        moves = [(array, rng.standard_normal(array.shape)) for _, array, _ in claims]
        # Small numbers want small steps, lest a bend be crossed; a loss of small
        # numbers wants larger ones, lest the difference drown. A wrong gradient
        # agrees with neither; one that agrees with the first needs no second.
        small = [(array, _scale(array) * direction) for array, direction in moves]
        error, said = _along(problem, claims, small)
        if error > measure.DIFFERENCES_GATE:
            error, said = min((error, said), _along(problem, claims, moves))
        if not error <= worst:
            worst, shown = error, said
    return worst, shown


def _along(
    problem: Problem,
    claims: list[tuple[str, Array, Array]],
    moves: list[tuple[Array, Array]],
) -> tuple[float, str]:
    """Return how far the claimed slope along `moves` is from the measured one."""
    terms = [np.sum(g * v) for (_, _, g), (_, v) in zip(claims, moves, strict=True)]
    claimed, measured = float(sum(terms)), problem.slope(moves, eps=1e-6)
    sizes = [np.linalg.norm(v) for _, v in moves]
    floor = 1e-3 * abs(problem.value) * min(1.0, float(np.linalg.norm(sizes)))
    scale = float(np.linalg.norm(terms)) + floor
    error = abs(claimed - measured) / (scale or 1.0)
    said = f"backward gives {claimed:.9g}, central differences {measured:.9g}"
    return error if error == error else np.inf, said


def _scale(array: Array) -> float:
    """Return the largest magnitude, 1 at most."""
    largest = np.max(np.abs(array), where=np.isfinite(array), initial=0.0)
    return float(min(largest, 1.0))


class _WithKeywords(sn.nn.Module):
    """A layer with its keyword arguments already given."""

    def __init__(self, layer: sn.nn.Module, kwargs: dict[str, Any]) -> None:
        super().__init__()
        self.layer = layer
        self.kwargs = kwargs

    def forward(self, *inputs: Any) -> Any:
        return self.layer(*inputs, **self.kwargs)

    def backward(self, *grad_outputs: Any) -> Any:
        return self.layer.backward(*grad_outputs)


def _build_numpy(
    pair: Pair, case: Case, numbers: Numbers, dtype: DTypeLike
) -> sn.nn.Module:
    # Copies may be written to: a layer may keep what it is made of, as torch's do.
    init = copied(to_numpy(numbers.init, dtype, sn.nn))
    # By name, at each run: whoever replaces a class in scratchnet.nn has it judged.
    layer = getattr(sn.nn, pair.name)(*init.args, **init.kwargs)
    layer = layer.double() if dtype == np.float64 else layer.float()
    if layer.state_dict().keys() != numbers.state.keys():
        expected, came = map(_shown, (numbers.state, layer.state_dict()))
        raise ValueError(
            f"{pair.name} expects to hold {expected}, filed as Parameter or with "
            f"register_buffer, got {came}"
        )
    layer.load_state_dict(numbers.state)
    return layer.train(case.training)


def _shown(state: dict[str, Array]) -> str:
    """Return the names and shapes in a state."""
    return ", ".join(f"{name} {array.shape}" for name, array in state.items()) or "none"


def _build_torch(
    pair: Pair, case: Case, numbers: Numbers, dtype: DTypeLike
) -> torch.nn.Module:
    init = to_torch(numbers.init, dtype)
    layer = getattr(torch.nn, pair.name)(*init.args, **init.kwargs)
    layer = layer.double() if dtype == np.float64 else layer.float()
    if numbers.state:
        layer.load_state_dict(
            {k: torch.from_numpy(v) for k, v in numbers.state.items()}
        )
    return layer.train(case.training)


def _forward(
    layer: torch.nn.Module,
    numbers: Numbers,
    dtype: DTypeLike,
    forward: Callable[..., Any],
    predictions: tuple[int, ...] | None = None,
) -> tuple[Any, list[tuple[str, torch.Tensor]]]:
    """Return the outputs, and the inputs that autograd shall differentiate."""
    inputs = to_torch(numbers.inputs, dtype)
    wanted = [
        (name, leaf.requires_grad_())
        for i, given in enumerate(inputs.args)
        for name, leaf in leaves(given, _input_name(i))
        if is_floating(leaf) and (predictions is None or i in predictions)
    ]
    # Copies, as autograd lets no layer with inplace=True write to a leaf.
    args, kwargs = copied(inputs.args), copied(inputs.kwargs)
    # Not torch.manual_seed, which formats a stack trace for GPUs: 2 ms a call.
    torch.default_generator.manual_seed(numbers.seed)
    return forward(*args, **kwargs), wanted


def _run_torch(
    pair: Pair,
    numbers: Numbers,
    dtype: DTypeLike,
    layer: torch.nn.Module,
    forward: Callable[..., Any],
) -> Trace:
    output, wanted = _forward(layer, numbers, dtype, forward, pair.predictions)
    trace = {name: y.detach().numpy() for name, y in leaves(output, "output")}
    upstream = dict(leaves(to_torch(numbers.upstream, dtype), "output"))
    ways = [
        (y, upstream[name]) for name, y in leaves(output, "output") if y.requires_grad
    ]
    if ways:
        torch.autograd.backward(*zip(*ways, strict=True))
    wanted += [(f"grad {name}", p) for name, p in layer.named_parameters()]
    for name, tensor in wanted:
        if tensor.grad is not None:
            trace[name] = tensor.grad.numpy()
    trace.update((name, buffer.numpy()) for name, buffer in layer.named_buffers())
    return trace


def _input_name(position: int) -> str:
    return f"grad input {position}"


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))
