"""An optimiser: every parameter and all its state, after each step of a script."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike

import scratchnet as sn
from parity.case import Array, Call, Case, Pair
from parity.script import STEPS, Script
from parity.sides import problem
from parity.sides.problem import Numbers
from parity.sides.tree import map_tree

Trace = dict[str, Array]

#: Optimisers that see all parameters as one vector.
AT_ONCE = ("LBFGS",)


def draw(
    pair: Pair, case: Case, rng: np.random.Generator, edges: bool = True
) -> Numbers:
    """Draw the parameters, and the gradients or what a network learns."""
    return problem.draw(_script(case), rng)


def pool(name: str) -> str:
    """Return `name` without its step, as errors are judged over the whole run."""
    return name.split(" ", 2)[2]


def run_numpy(pair: Pair, case: Case, numbers: Numbers, dtype: DTypeLike) -> Trace:
    """Run scratchnet's optimiser; where it is carried, torch's takes over between."""
    script = _script(case)
    task = problem.IN_NUMPY[script.problem](script, numbers, dtype)

    def build() -> Any:
        # By name, at each run: whoever replaces a class in sn.optim has it judged.
        return _build(getattr(sn.optim, pair.name), case.init, script, task.parameters)

    def carry(optimizer: Any) -> Any:
        copies = [torch.nn.Parameter(torch.tensor(p.data)) for p in task.parameters]
        cls = getattr(torch.optim, pair.name)
        guest = _build(cls, case.init, script, copies)
        guest.load_state_dict(map_tree(_tensor, optimizer.state_dict()))
        optimizer = build()
        optimizer.load_state_dict(map_tree(_array, guest.state_dict()))
        return optimizer

    return _run(pair, script, task, build(), carry)


def run_stock(pair: Pair, case: Case, numbers: Numbers, dtype: DTypeLike) -> Trace:
    """Run torch's own optimiser, in its default implementation."""
    script = _script(case)
    task = problem.IN_TORCH[script.problem](script, numbers, dtype)
    cls = getattr(torch.optim, pair.name)

    def build() -> Any:
        return _build(cls, case.init, script, task.parameters)

    def carry(optimizer: Any) -> Any:
        successor = build()
        successor.load_state_dict(optimizer.state_dict())
        return successor

    return _run(pair, script, task, build(), carry)


def truth(pair: Pair, case: Case, numbers: Numbers) -> Trace:
    """Run torch's own in float64, with what float32 takes for an epsilon not given."""
    if pair.name == "Adafactor":
        eps1, eps2 = case.init.kwargs.get("eps", (None, 1e-3))
        eps1 = float(np.finfo(np.float32).eps) if eps1 is None else eps1
        init = Call(case.init.args, {**case.init.kwargs, "eps": (eps1, eps2)})
        case = replace(case, init=init)
    return run_stock(pair, case, numbers, np.float64)


def run_twin(pair: Pair, case: Case, numbers: Numbers, dtype: DTypeLike) -> Trace:
    """Run the twin, on the parameters and with the options of a stock optimiser."""
    script = _script(case)
    task = problem.IN_TORCH[script.problem](script, numbers, dtype)
    stock = _build(getattr(torch.optim, pair.name), case.init, script, task.parameters)
    kind = _TwinAtOnce if pair.name in AT_ONCE else _Twin
    twin = kind(pair.twin, stock)
    return _run(pair, script, task, twin, kind.carried)


class _Twin:
    """The twin's update with the manners of an optimiser."""

    def __init__(self, update: Callable[..., Any], stock: torch.optim.Optimizer):
        self.update, self.param_groups = update, stock.param_groups
        # Adagrad alone remembers something before its first step.
        self.state: dict[torch.Tensor, dict[str, Any]] = {
            p: dict(stock.state[p]) for g in self.param_groups for p in g["params"]
        }

    def zero_grad(self) -> None:
        for p in self.state:
            p.grad = None

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = closure() if closure else None
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.data = self.update(p.data, p.grad, self.state[p], group)
        return loss

    def state_dict(self) -> dict[str, Any]:
        return {"state": dict(enumerate(self.state.values()))}

    def carried(self) -> _Twin:
        """Convert what is remembered, as torch does on loading."""
        for p, state in self.state.items():
            for name, value in state.items():
                if isinstance(value, torch.Tensor) and name != "step":
                    state[name] = value.to(p.dtype)
        return self


class _TwinAtOnce(_Twin):
    """The same for an optimiser that moves all parameters as one vector."""

    def step(self, closure: Callable[[], Any]) -> Any:
        losses = []

        def evaluate(x: torch.Tensor) -> tuple[float, torch.Tensor]:
            self._place(x)
            losses.append(closure())
            grads = [
                torch.zeros_like(p) if p.grad is None else p.grad for p in self.state
            ]
            return _number(losses[-1]).item(), torch.cat([g.flatten() for g in grads])

        x = torch.cat([p.data.flatten() for p in self.state])
        state = next(iter(self.state.values()))
        self._place(self.update(x, evaluate, state, self.param_groups[0]))
        return losses[0]

    def _place(self, x: torch.Tensor) -> None:
        parts = x.split([p.numel() for p in self.state])
        for p, part in zip(self.state, parts, strict=True):
            p.data = part.reshape(p.shape)


def _run(
    pair: Pair,
    script: Script,
    task: Any,
    optimizer: Any,
    carry: Callable[[Any], Any],
) -> Trace:
    """Follow the script; return what there is after each step."""
    trace: Trace = {}
    at_once = pair.name in AT_ONCE
    for step in range(1, STEPS + 1):
        loss = _step(optimizer, task, step, script.closure or at_once)
        trace[f"step {step} loss"] = _number(loss)
        for i, p in enumerate(task.parameters):
            trace[f"step {step} parameter {i}"] = _array(p.data)
        for i, state in optimizer.state_dict()["state"].items():
            for name, value in state.items():
                trace[f"step {step} {name} {i}"] = _remembered(value, at_once)
        if step == script.new_lr_after:
            for group in optimizer.param_groups:
                group["lr"] /= 2
        if step == script.carried_after:
            optimizer = carry(optimizer)
    return trace


def _step(optimizer: Any, task: Any, step: int, by_closure: bool) -> Any:
    """Take one step; return the loss before it."""

    def closure() -> Any:
        optimizer.zero_grad()
        loss = task.evaluate(step)
        return 0.0 if loss is None else loss

    if by_closure:
        loss = optimizer.step(closure)
        if loss is None:
            raise TypeError("step expects to return the closure's loss, got None")
        return loss
    loss = closure()
    optimizer.step()
    return loss


def _build(
    cls: Callable[..., Any], init: Call, script: Script, parameters: Iterable[Any]
) -> Any:
    first, *others = parameters
    groups = [{"params": [first, *others]}]
    if script.second_group:
        groups = [{"params": [first]}, {"params": others, **script.second_group}]
    return cls(groups, *init.args, **init.kwargs)


def _script(case: Case) -> Script:
    (script,) = case.inputs.args
    return script


def _array(leaf: Any) -> Any:
    """Return a copy of a tensor or array as an array; all else as it is."""
    if isinstance(leaf, torch.Tensor):
        return leaf.detach().numpy().copy()
    return leaf.copy() if isinstance(leaf, np.ndarray) else leaf


def _tensor(leaf: Any) -> Any:
    return torch.tensor(leaf) if isinstance(leaf, np.ndarray) else leaf


def _number(value: Any) -> Array:
    """Return a number, in whatever it came, in float64."""
    return np.asarray(_array(value), np.float64)


def _remembered(value: Any, at_once: bool) -> Array:
    """Return a piece of state as an array."""
    if isinstance(value, list):
        # The history of LBFGS, without places yet to be filled.
        known = [_remembered(entry, at_once) for entry in value if entry is not None]
        return np.array(known)
    if at_once and np.ndim(value) == 0:
        # For LBFGS torch has tensors and plain numbers, as it happens.
        return _number(value)
    # torch counts in float32.
    return np.asarray(value, np.float32) if isinstance(value, int) else _array(value)
