"""Recurrent networks: a gate at a time, a step at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, in_eval, normal

State = tuple[Tensor, ...]
INF = float("inf")
RECURRENCE = "scratchnet.nn.rnn.recurrence"
STACK = "scratchnet.nn.rnn.stack"
# Most of the batch stays as it is: gradients that vanish everywhere are rounding noise.
HUGE = (1e4, -1e4, 0.0)
LARGE = (30.0, -30.0, 0.0)


# One step -----------------------------------------------------------------------


def gates(layer: torch.nn.Module, suffix: str, x: Tensor, h: Tensor) -> Iterator[State]:
    """Yield, for each gate, its part of the input's and of the state's product."""
    W_x, W_h, b_x, b_h = (
        getattr(layer, f"{name}{suffix}", None)
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    for first in range(0, len(W_x), layer.hidden_size):
        rows = slice(first, first + layer.hidden_size)
        from_x, from_h = x @ W_x[rows].T, h @ W_h[rows].T
        if b_x is not None:
            from_x, from_h = from_x + b_x[rows], from_h + b_h[rows]
        yield from_x, from_h


def elman_step(layer: torch.nn.Module, suffix: str, x: Tensor, state: State) -> State:
    ((a, b),) = gates(layer, suffix, x, *state)
    if layer.nonlinearity == "relu":
        return (torch.where(a + b > 0, a + b, 0),)
    return (torch.tanh(a + b),)


def lstm_step(layer: torch.nn.Module, suffix: str, x: Tensor, state: State) -> State:
    h, c = state
    i, f, g, o = (a + b for a, b in gates(layer, suffix, x, h))
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    h = torch.sigmoid(o) * torch.tanh(c)
    W_hr = getattr(layer, f"weight_hr{suffix}", None)
    return (h if W_hr is None else h @ W_hr.T, c)


def gru_step(layer: torch.nn.Module, suffix: str, x: Tensor, state: State) -> State:
    (h,) = state
    (r_x, r_h), (z_x, z_h), (n_x, n_h) = gates(layer, suffix, x, h)
    r, z = torch.sigmoid(r_x + r_h), torch.sigmoid(z_x + z_h)
    n = torch.tanh(n_x + r * n_h)
    return ((1 - z) * n + z * h,)


# Cells and layers ---------------------------------------------------------------


def cell(step: Callable[..., State], states: int) -> Callable[..., Any]:
    """Return the twin of a cell: one step."""

    def twin(layer: torch.nn.Module, x: Tensor, hx: Any = None) -> Any:
        if hx is None:
            hx = (x.new_zeros(*x.shape[:-1], layer.hidden_size),) * states
        after = step(layer, "", x, hx if isinstance(hx, tuple) else (hx,))
        return after if states > 1 else after[0]

    return twin


def unrolled(step: Callable[..., State], states: int) -> Callable[..., Any]:
    """Return the twin of a layer: steps over time, directions, layers."""

    def twin(layer: torch.nn.Module, x: Tensor, hx: Any = None) -> Any:
        time = 1 if layer.batch_first and x.dim() == 3 else 0
        inputs, last = list(x.unbind(time)), []
        for n, side in product(range(layer.num_layers), range(1 + layer.bidirectional)):
            suffix = f"_l{n}" + "_reverse" * side
            if side == 0:
                inputs = dropped(layer, inputs) if n else inputs
                outputs: list[list[Tensor]] = []
            state = first_state(layer, inputs[0], hx, len(last), states)
            run = []
            for x_t in reversed(inputs) if side else inputs:
                state = step(layer, suffix, x_t, state)
                run.append(state[0])
            last.append(state)
            outputs.append(run[::-1] if side else run)
            if side == layer.bidirectional:
                inputs = [torch.cat(sides, -1) for sides in zip(*outputs, strict=True)]
        final = tuple(torch.stack(parts) for parts in zip(*last, strict=True))
        return torch.stack(inputs, time), final if states > 1 else final[0]

    return twin


def first_state(
    layer: torch.nn.Module, x: Tensor, hx: Any, index: int, states: int
) -> State:
    """Return the given state of one direction of one layer, or zeros."""
    if hx is not None:
        return tuple(h[index] for h in (hx if isinstance(hx, tuple) else (hx,)))
    sizes = (layer.proj_size or layer.hidden_size, layer.hidden_size)[:states]
    return tuple(x.new_zeros(*x.shape[:-1], size) for size in sizes)


def dropped(layer: torch.nn.Module, inputs: list[Tensor]) -> list[Tensor]:
    """Return the sequence after dropout, one mask for all of it."""
    p = layer.dropout
    if not layer.training or p == 0:
        return inputs
    x = torch.stack(inputs)
    mask = torch.zeros_like(x) if p == 1 else torch.empty_like(x).bernoulli_(1 - p)
    return list((x * mask / (1 - p if p < 1 else 1)).unbind())


# Cases --------------------------------------------------------------------------


def cell_cases(pair: bool = False, inits: tuple[Any, ...] = ()) -> list[Case]:
    """Return the cases of a cell, whose state may be a `pair`."""

    def state(*shape: int, **kind: Any) -> Any:
        h = normal(*shape, **kind)
        return (h, h) if pair else h

    calls = [
        (call(5, 4), call(normal(3, 5), state(3, 4)), ""),
        (call(5, 4), call(normal(3, 5)), "from zeros"),
        (call(5, 10), call(normal(5), state(10)), "no batch"),
        (call(5, 4), call(normal(5)), "no batch, from zeros"),
        (call(5, 4, bias=False), call(normal(3, 5), state(3, 4)), ""),
        (call(5, 4, bias=False), call(normal(5), state(4)), "no batch"),
        (call(5, 4), call(normal(0, 5), state(0, 4)), "empty batch"),
        (call(1, 1), call(normal(1, 1), state(1, 1)), ""),
        (call(5, 4), call(normal(3, 5), hx=state(3, 4)), "state by keyword"),
        (call(5, 4), call(normal(3, 5, scale=1e-8), state(3, 4, scale=1e-8)), ""),
        (call(5, 4), call(normal(3, 5, scale=5), state(3, 4)), "gates open and shut"),
        (call(5, 4), call(normal(3, 5, edges=HUGE), state(3, 4)), ""),
        (call(5, 4), call(normal(3, 5, edges=(INF,)), state(3, 4)), ""),
        (call(5, 4), call(normal(3, 5), state(3, 4, edges=LARGE)), ""),
        (call(28, 128), call(normal(16, 28), state(16, 128)), ""),
    ]
    cases = [Case(init, inputs, note=note) for init, inputs, note in calls]
    return cases + [Case(init, call(normal(3, 5), state(3, 4))) for init in inits]


def layer_cases(pair: bool = False, **extra: tuple[Any, ...]) -> list[Case]:
    """Return the cases of a layer, whose state may be a `pair`.

    `extra` holds further settings and the values that each of them takes.
    """

    def state(*shape: int, settings: dict[str, Any], **kind: Any) -> Any:
        h = normal(*shape[:-1], settings.get("proj_size") or shape[-1], **kind)
        return (h, normal(*shape, **kind)) if pair else h

    cases = []
    sides = {"bias": (True, False), "bidirectional": (False, True), **extra}
    for settings in combinations(num_layers=(2,), batch_first=(False, True), **sides):
        batch, runs = 3 + settings["batch_first"], 2 + 2 * settings["bidirectional"]
        batched = state(runs, batch, 6, settings=settings)
        single = state(runs, 6, settings=settings)
        cases += [
            Case(call(4, 6, **settings), call(normal(4, 3, 4), batched)),
            Case(call(4, 6, **settings), call(normal(5, 4), single), note="no batch"),
            Case(
                call(4, 6, **settings), call(normal(5, 4)), note="no batch, from zeros"
            ),
        ]
    for settings in combinations(**sides):
        given = state(1 + settings["bidirectional"], 3, 6, settings=settings)
        cases.append(Case(call(4, 6, **settings), call(normal(5, 3, 4), given)))
    for settings in combinations(**extra):
        size, one = call(5, 6, **settings), {"settings": settings}
        cases += [
            Case(size, call(normal(6, 3, 5)), note="from zeros"),
            Case(size, call(normal(1, 3, 5), state(1, 3, 6, **one)), note="one step"),
            Case(
                size, call(normal(6, 1, 5), state(1, 1, 6, **one)), note="one sequence"
            ),
            Case(
                size, call(normal(6, 0, 5), state(1, 0, 6, **one)), note="empty batch"
            ),
            Case(
                size, call(normal(6, 3, 5), hx=state(1, 3, 6, **one)), note="by keyword"
            ),
            Case(size, call(normal(6, 3, 5, scale=1e-8)), note="tiny"),
            Case(size, call(normal(6, 3, 5, scale=5)), note="gates open and shut"),
            Case(size, call(normal(6, 3, 5, edges=HUGE))),
            Case(size, call(normal(6, 3, 5), state(1, 3, 6, edges=LARGE, **one))),
            Case(call(4, 6, 3, **settings), call(normal(5, 2, 4)), note="three layers"),
        ]
        if settings.get("nonlinearity") != "relu":
            cases.append(Case(size, call(normal(6, 3, 5, edges=(INF, -INF)))))
    return cases


def combinations(**choices: tuple[Any, ...]) -> Iterator[dict[str, Any]]:
    """Yield one dict of settings for each combination of choices."""
    for values in product(*choices.values()):
        yield dict(zip(choices, values, strict=True))


def dropout_cases(**extra: Any) -> list[Case]:
    """Return the cases of dropout between layers, in training and in evaluation."""
    cases = [
        Case(call(5, 6, num_layers=n, dropout=p, **settings, **extra), call(inputs))
        for n, p in ((2, 0.5), (3, 0.3), (2, 1.0), (2, 0.0))
        for settings, inputs in (
            ({}, normal(4, 3, 5)),
            ({"batch_first": True, "bidirectional": True}, normal(3, 4, 5)),
        )
    ]
    unbatched = Case(call(5, 6, 2, dropout=0.5, **extra), call(normal(6, 5)))
    return [*cases, unbatched, *in_eval(cases[:2])]


PAIRS = (
    Pair(
        "RNNCell",
        cell(elman_step, 1),
        cell_cases(
            inits=(
                call(5, 4, nonlinearity="relu"),
                call(5, 4, False, "relu"),
                call(5, 4, True, "tanh"),
            )
        ),
    ),
    Pair("LSTMCell", cell(lstm_step, 2), cell_cases(pair=True)),
    Pair("GRUCell", cell(gru_step, 1), cell_cases()),
    Pair(
        "RNN",
        unrolled(elman_step, 1),
        [
            *layer_cases(nonlinearity=("tanh", "relu")),
            *dropout_cases(),
            Case(
                call(28, 16), call(normal(28, 4, 28, scale=0.1)), note="rows of a digit"
            ),
        ],
    ),
    Pair(
        "LSTM",
        unrolled(lstm_step, 2),
        [
            *layer_cases(pair=True, proj_size=(0, 3)),
            *dropout_cases(),
            *dropout_cases(proj_size=3),
            Case(
                call(28, 16), call(normal(28, 4, 28, scale=0.1)), note="rows of a digit"
            ),
        ],
    ),
    Pair(
        "GRU",
        unrolled(gru_step, 1),
        [
            *layer_cases(),
            *dropout_cases(),
            Case(
                call(28, 16), call(normal(28, 4, 28, scale=0.1)), note="rows of a digit"
            ),
        ],
    ),
)

FAULTS = (
    Fault(
        "LSTM",
        "cell state's own gradient forgotten",
        "grad_c = grad_c + grad_h * o",
        "grad_c = grad_h * o",
    ),
    Fault(
        "LSTM",
        "gates in the order i, f, o, g",
        "g, o = np.tanh(a_h[2]), sigmoid(a_h[3])",
        "o, g = sigmoid(a_h[2]), np.tanh(a_h[3])",
    ),
    Fault(
        "LSTM",
        "forget gate's gradient by the new cell state",
        "grad_c * c * f * (1 - f)",
        "grad_c * (f * c + i * g) * f * (1 - f)",
    ),
    Fault(
        "LSTMCell", "update gate for forget gate", "0.0, grad_c * f", "0.0, grad_c * i"
    ),
    Fault(
        "GRU",
        "reset gate left out of the product's gradient",
        "grad_a_h[2] = grad_u",
        "grad_a_h[2] = grad_n",
    ),
    Fault(
        "GRU",
        "update gate the other way round",
        "n + z * (h - n)",
        "h + z * (n - h)",
    ),
    Fault(
        "GRUCell",
        "direct way from state to state forgotten",
        "return (into_h,)",
        "return (0.0,)",
    ),
    Fault("RNN", "derivative not squared", "1 - h * h", "1 - h"),
    Fault(
        "RNN",
        "gradient of the output at other times forgotten",
        "grad_h = grad_h + grad_y[t].T",
        "grad_h = grad_y[t].T",
        RECURRENCE,
    ),
    Fault(
        "RNN",
        "recurrent weights' gradient by the state after the step",
        "self.x, self.h_before = x, y[:-1]",
        "self.x, self.h_before = x, y[1:]",
        RECURRENCE,
    ),
    Fault(
        "RNN",
        "reverse outputs left in reverse",
        "return y[1:][self.order], tuple",
        "return y[1:], tuple",
        RECURRENCE,
    ),
    Fault(
        "LSTM",
        "projection's gradient with times reversed",
        "grad_projected[::-1]",
        "grad_projected",
        RECURRENCE,
    ),
    Fault(
        "RNNCell",
        "gradient let through at zero",
        "else h > 0",
        "else h >= 0",
    ),
    Fault(
        "GRU",
        "dropout before the first layer too",
        "self.dropout > 0 and layers",
        "self.dropout > 0",
        STACK,
    ),
)
