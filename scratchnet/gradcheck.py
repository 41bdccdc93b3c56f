"""Central differences: a judge of backward passes that knows nothing of torch."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scratchnet import random
from scratchnet.nn.module import Module, Parameter

Array = NDArray[Any]


def gradcheck(
    module: Module,
    inputs: Array | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    fast_mode: bool = False,
    seed: int = 0,
) -> bool:
    r"""Check the backward pass of `module` against its own forward pass.

    Parameters
    ----------
    module : Module
        A layer or loss, in float64.
    inputs : ndarray or sequence
        What it is called with; floating-point arrays are float64. The last ones, for
        which ``backward`` returns nothing, are left alone: targets and masks. None in
        the place of a gradient claims that it is zero.
    eps : float, default 1e-6
        Step of the differences.
    atol, rtol : float, default 1e-5 and 1e-3
        Absolute and relative tolerance.
    raise_exception : bool, default True
        False returns the verdict instead of raising.
    fast_mode : bool, default False
        One random direction for each array instead of every element.
    seed : int, default 0
        Of the random gradient sent into ``backward``.

    Returns
    -------
    bool
        Whether every derivative agrees.

    Raises
    ------
    ValueError
        Where one does not: its array, its index and both values. If a parameter's
        earlier gradient is lost, an input is written to, or there are more gradients
        than inputs.
    TypeError
        If an input or a parameter is not float64.

    Notes
    -----
    With a fixed random :math:`u` of the output's shape, :math:`L = \sum u \, y` has
    the derivatives that ``backward(u)`` claims. For each element :math:`\theta`

    .. math::

        \frac{\partial L}{\partial \theta} \approx
        \frac{L(\theta + \varepsilon) - L(\theta - \varepsilon)}{2 \varepsilon}

    with an error of order :math:`\varepsilon^2`; in fast mode for each array
    :math:`\theta` along one random direction. The random state is the same at each
    forward pass, so that dropout can be checked. A wrong forward pass cannot be seen.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.autograd.gradcheck.gradcheck.html

    Examples
    --------
    >>> from scratchnet import nn
    >>> gradcheck(nn.Linear(5, 3).double(), np.random.randn(4, 5))
    True
    """
    if not eps > 0:
        raise ValueError(f"gradcheck expects eps above 0, got {eps}")
    arrays = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
    state = random.get_rng_state()
    try:
        problem = Problem(module, arrays, np.random.default_rng(seed))
        faults = list(_faults(problem, eps, atol, rtol, fast_mode))
    finally:
        random.set_rng_state(state)
    if faults and raise_exception:
        rest = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise ValueError(f"{type(module).__name__} {faults[0]}{rest}")
    return not faults


def _faults(
    problem: Problem, eps: float, atol: float, rtol: float, fast_mode: bool
) -> Iterator[str]:
    """Yield what is wrong whatever the numbers, and each derivative that disagrees."""
    yield from problem.misdeeds()
    for name, array, claimed in problem.claims():
        moves: list[tuple[str, float, Array]]
        if claimed.shape != array.shape or claimed.dtype != array.dtype:
            yield (
                f"gradient of {name} expects {array.shape} in {array.dtype}, "
                f"got {claimed.shape} in {claimed.dtype}"
            )
            continue
        if fast_mode:
            direction = problem.rng.standard_normal(array.shape)
            moves = [("", float(np.sum(claimed * direction)), direction)]
        else:
            moves = [
                (str(list(index)), float(claimed[index]), _unit(array.shape, index))
                for index in np.ndindex(array.shape)
            ]
        for where, value, direction in moves:
            measured = problem.slope([(array, direction)], eps)
            if not abs(value - measured) <= atol + rtol * abs(measured):
                yield (
                    f"gradient of {name}{where}: backward gives {value:.9g}, "
                    f"central differences {measured:.9g}"
                )


class Problem:
    """A module, its inputs, and a random gradient to be sent back through it.

    Attributes
    ----------
    inputs : list
        Copies of the inputs, free to be nudged.
    value : float
        :math:`L` at the inputs.
    written_to : bool
        Whether the first forward pass changed the inputs.
    """

    def __init__(
        self,
        module: Module,
        inputs: Sequence[Any],
        rng: np.random.Generator,
        predictions: Sequence[int] | None = None,
    ) -> None:
        self.module, self.rng = module, rng
        # Which inputs backward speaks of: a loss leaves its target out.
        self.predictions = predictions or getattr(module, "predictions", None)
        self.inputs = [_map(_copy, given) for given in inputs]
        for name, parameter in module.named_parameters():
            if parameter.dtype != np.float64:
                raise TypeError(
                    f"gradcheck expects float64, got {name} {parameter.dtype}"
                )
        self.state = random.get_rng_state()
        self.buffers = [(buffer, buffer.copy()) for buffer in module.buffers()]
        untouched = [_map(_copy, given) for given in self.inputs]
        output = self.forward()
        self.written_to = not _alike(untouched, self.inputs)
        self.inputs = untouched
        self.upstream = _map(self._draw, output)
        self.value = self.loss(output)

    def _draw(self, output: Any) -> Any:
        if not np.issubdtype(np.asarray(output).dtype, np.floating):
            return None
        return self.rng.standard_normal(np.shape(output))

    def forward(self) -> Any:
        """Run the module as if for the first time: same random state and buffers.

        The generator is left as the module leaves it.
        """
        random.set_rng_state(self.state)
        output = self.module(*self.inputs)
        for buffer, before in self.buffers:
            buffer[...] = before
        return output

    def loss(self, output: Any) -> float:
        r"""Return :math:`L = \sum u \, y`."""
        pairs = zip(_leaves(self.upstream), _leaves(output), strict=True)
        return float(sum(np.sum(u * y) for u, y in pairs if u is not None))

    def claims(self) -> Iterator[tuple[str, Array, Array]]:
        """Yield each array that backward speaks of, with its gradient, zeros for None.

        The gradients that the parameters had before are put back.
        """
        with self._gradients_put_back() as parameters:
            self.module.zero_grad()
            found = self._inputs_with(self.backward())
            for name, p in parameters.items():
                if p.requires_grad:
                    found.append((name, p.data, p.grad))
        for name, x, grad in found:
            yield name, x, np.zeros_like(x) if grad is None else np.asarray(grad)

    def misdeeds(self) -> Iterator[str]:
        """Yield what the module does that the numbers do not show."""
        inputs = [_map(_copy, given) for given in self.inputs]
        with self._gradients_put_back() as parameters:
            for p in parameters.values():
                p.grad = np.full(p.shape, np.nan)
            grads = self.backward()
            # NaN, whatever is added to it, stays NaN.
            lost = [
                name
                for name, p in parameters.items()
                if p.grad is None or not np.isnan(p.grad).all()
            ]
        if lost:
            yield (
                f"backward writes over an earlier gradient of {', '.join(lost)}: "
                "add to it, with accumulate_grad"
            )
        if self.written_to or not _alike(inputs, self.inputs):
            yield "forward or backward writes to an input: make a new array instead"
        if len(grads) > (most := self._most_gradients()):
            yield f"backward gives {len(grads)} gradients, for {most} inputs"

    @contextmanager
    def _gradients_put_back(self) -> Iterator[dict[str, Parameter]]:
        """Lend the parameters, and give each the gradient back that it had before."""
        parameters = dict(self.module.named_parameters())
        before = {name: p.grad for name, p in parameters.items()}
        try:
            yield parameters
        finally:
            for name, p in parameters.items():
                p.grad = before[name]

    def _most_gradients(self) -> float:
        """Return how many inputs the module may be differentiated by."""
        if self.predictions is not None:
            return len(self.predictions)
        taken = inspect.signature(self.module.forward).parameters.values()
        several = any(p.kind is p.VAR_POSITIONAL for p in taken)
        return np.inf if several else len(taken)

    def backward(self) -> tuple[Any, ...]:
        """Run the module forward and back; return the gradients of the inputs."""
        self.forward()
        upstream = self.upstream
        upstream = upstream if isinstance(upstream, tuple) else (upstream,)
        grads = self.module.backward(*upstream)
        return tuple(grads) if isinstance(grads, tuple | list) else (grads,)

    def _inputs_with(self, grads: tuple[Any, ...]) -> list[tuple[str, Array, Any]]:
        """Return the name of each floating-point input, the input, and its gradient."""
        found = []
        places = self.predictions or range(len(self.inputs))
        for i, grad in zip(places, grads, strict=False):
            name = "input" if len(self.inputs) == 1 else f"input {i}"
            given = list(_leaves(self.inputs[i]))
            nothing = [None] * len(given)
            pairs = zip(given, nothing if grad is None else _leaves(grad), strict=False)
            found += [(name, x, g) for x, g in pairs if _is_floating(x)]
        return found

    def slope(self, moves: Sequence[tuple[Array, Array]], eps: float) -> float:
        """Return the derivative of the loss when each array moves along a direction."""
        kept = [array.copy() for array, _ in moves]
        losses = []
        try:
            for step in (eps, -eps):
                for (array, direction), start in zip(moves, kept, strict=True):
                    array[...] = start + step * direction
                losses.append(self.loss(self.forward()))
        finally:
            for (array, _), start in zip(moves, kept, strict=True):
                array[...] = start
        return (losses[0] - losses[1]) / (2 * eps)


def _is_floating(given: Any) -> bool:
    return isinstance(given, np.ndarray | np.generic) and given.dtype.kind == "f"


def _copy(given: Any) -> Any:
    if not isinstance(given, np.ndarray | np.floating):
        return given
    if _is_floating(given) and given.dtype != np.float64:
        raise TypeError(f"gradcheck expects float64 inputs, got {given.dtype}")
    return np.array(given)


def _unit(shape: tuple[int, ...], index: tuple[int, ...]) -> Array:
    direction = np.zeros(shape)
    direction[index] = 1
    return direction


def _map(function: Callable[[Any], Any], tree: Any) -> Any:
    if isinstance(tree, tuple | list):
        parts = [_map(function, part) for part in tree]
        return parts if isinstance(tree, list) else tuple(parts)
    return function(tree)


def _leaves(tree: Any) -> Iterator[Any]:
    if isinstance(tree, tuple | list):
        for part in tree:
            yield from _leaves(part)
    else:
        yield tree


def _alike(before: Any, after: Any) -> bool:
    """Whether no leaf has changed."""
    pairs = zip(_leaves(before), _leaves(after), strict=True)
    return all(np.array_equal(a, b, equal_nan=_is_floating(a)) for a, b in pairs)
