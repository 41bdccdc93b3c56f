"""Optimizer: what every optimiser is made of.

An optimiser holds its parameters in groups that share their options, and beside
each parameter the arrays it remembers it by. A subclass says what it remembers in
`Optimizer.init_state` and how a parameter moves in `Optimizer.update`; walking
through the parameters, weight decay, saving and loading are here.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from itertools import chain
from typing import Any, TypeAlias

import numpy as np

from scratchnet.nn.module import Array, Parameter
from scratchnet.optim._shared import expect_numbers

Group: TypeAlias = dict[str, Any]
State: TypeAlias = dict[str, Any]
Params: TypeAlias = (
    Iterable[Parameter] | Iterable[tuple[str, Parameter]] | Iterable[Group]
)


class Optimizer:
    r"""Base of every optimiser.

    Parameters
    ----------
    params : iterable
        Of parameters, of (name, parameter) pairs, or of dicts: groups with
        ``"params"`` and the options in which they differ from `defaults`.
    defaults : dict
        Options of the groups that do not give their own.

    Attributes
    ----------
    param_groups : list of dict
        Each group's ``"params"`` and options; change them between steps as you like.
    state : dict
        For each parameter that has moved, what the optimiser remembers.

    Raises
    ------
    TypeError
        If `params` is one parameter, or holds something else than parameters.
    ValueError
        If there is no parameter, if one is in two groups, or if only some have names.

    Notes
    -----
    With :math:`L` the loss, :math:`p` a parameter, :math:`\lambda` its group's
    ``weight_decay`` (default 0) and :math:`\text{lr}` the learning rate, the gradient
    that `update` receives is

    .. math::

        g = \pm \frac{\partial L}{\partial p} + \lambda p,

    minus where the group says ``maximize``. Where it says ``decoupled_weight_decay``,
    the decay leaves the gradient alone and shrinks the parameter instead, before the
    update:

    .. math::

        p \leftarrow (1 - \text{lr} \, \lambda) \, p

    ``foreach``, ``fused``, ``capturable`` and ``differentiable`` choose an
    implementation in torch. They are kept in the groups, so that state dicts
    interchange, and change nothing.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/optim.html

    Examples
    --------
    >>> class SignDescent(Optimizer):
    ...     def update(self, p, g, state, group):
    ...         p -= group["lr"] * np.sign(g)
    >>> p = Parameter(np.array([1.0, 2.0]))
    >>> p.grad = np.array([0.3, -7.0])
    >>> SignDescent([p], {"lr": 0.5}).step()
    >>> p.data
    array([0.5, 2.5])
    """

    state: defaultdict[Parameter, State]

    def __init__(self, params: Params, defaults: Mapping[str, Any]) -> None:
        if isinstance(params, Parameter):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of "
                "Parameters or dicts, but got Parameter"
            )
        groups: list[Any] = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        self.defaults = dict(defaults)
        self.state = defaultdict(dict)
        self.param_groups: list[Group] = []
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, param_group: Group) -> None:
        """Add a group of parameters, with options of its own where it gives them."""
        if not isinstance(param_group, dict):
            raise TypeError(
                f"param_group must be a dict, but got {type(param_group).__name__}"
            )
        params, names = _unpack(param_group["params"])
        group = {**param_group, "params": params}
        if names:
            group["param_names"] = names
        group = {**group, **{k: v for k, v in self.defaults.items() if k not in group}}

        if len(set(params)) < len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters",
                stacklevel=3,
            )
        for other in self.param_groups:
            if ("param_names" in group) != ("param_names" in other):
                raise ValueError(
                    "all optimizer param groups should be with/without names. cannot "
                    f"add param group {'with' if names else 'without'} names to the "
                    "optimizer"
                )
            if not set(params).isdisjoint(other["params"]):
                raise ValueError(
                    "some parameters appear in more than one parameter group"
                )
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget every gradient, or with ``set_to_none=False`` fill it with zeros."""
        for p in chain.from_iterable(group["params"] for group in self.param_groups):
            if set_to_none:
                p.grad = None
            elif p.grad is not None:
                p.grad = np.zeros_like(p.grad)

    # The step -----------------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter that has a gradient.

        A `closure`, which computes the loss and the gradients anew, is called first,
        and what it returns is returned.

        Raises
        ------
        ValueError
            If a gradient has not its parameter's shape and dtype, or a parameter is
            read-only; nothing moves.
        """
        loss = None if closure is None else closure()
        for group in self.param_groups:
            for p in group["params"]:
                expect_matching_grad(p)
        # As in torch, a gradient too large ends in inf or nan without a word.
        with np.errstate(all="ignore"):
            for group in self.param_groups:
                options = {key: _plain(value) for key, value in group.items()}
                for p in group["params"]:
                    if p.grad is not None:
                        state = self.state.get(p) or self.init_state(p.data, options)
                        g = self.descent(p.data, p.grad, options)
                        self.update(p.data, g, state, options)
                        if state:
                            self.state[p] = state
        return loss

    def descent(self, p: Array, g: Array, group: Group) -> Array:
        """Return the gradient to step down, decay included; decoupled, it moves `p`."""
        if group.get("maximize", False):
            g = -g
        decay = group.get("weight_decay", 0)
        if decay != 0 and group.get("decoupled_weight_decay", False):
            p *= 1 - group["lr"] * decay
        elif decay != 0:
            g = g + decay * p
        return g

    def init_state(self, p: Array, group: Group) -> State:
        """Return what is remembered of a parameter that has not moved yet."""
        return {}

    def update(self, p: Array, g: Array, state: State, group: Group) -> None:
        """Move `p` and renew `state` in place; every optimiser defines its own."""
        raise AttributeError(f"{type(self).__name__} defines no update")

    # Saving and loading -------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return ``"state"`` and ``"param_groups"``, parameters numbered in order.

        The arrays are the optimiser's own, as in torch: copy them to keep a snapshot.
        Names and shapes are torch's, and so is the float32 ``"step"`` of shape ():
        an array for each tensor.
        """
        number: dict[Parameter, int] = {}
        groups, start = [], 0
        for group in self.param_groups:
            for i, p in enumerate(group["params"], start):
                number.setdefault(p, i)
            start += len(group["params"])
            groups.append({**group, "params": [number[p] for p in group["params"]]})
        state = {number[p]: entry for p, entry in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a copy of the state and options in `state_dict`.

        Values are converted to the dtype of the parameter they belong to.

        Raises
        ------
        ValueError
            If groups, parameters or options differ in number, or if state is missing
            or has another shape. Nothing is loaded then.
        """
        given_groups = state_dict["param_groups"]
        if len(given_groups) != len(self.param_groups):
            raise ValueError(
                "loaded state dict has a different number of parameter groups: "
                f"expected {len(self.param_groups)}, got {len(given_groups)}"
            )
        by_number: dict[Any, tuple[Parameter, Group]] = {}
        groups = []
        for own, given in zip(self.param_groups, given_groups, strict=True):
            if len(given["params"]) != len(own["params"]):
                raise ValueError(
                    "loaded state dict contains a parameter group that doesn't match "
                    f"the size of optimizer's group: expected {len(own['params'])} "
                    f"parameters, got {len(given['params'])}"
                )
            if missing := [name for name in self.defaults if name not in given]:
                raise ValueError(f"loaded parameter group lacks {', '.join(missing)}")
            names = {key: own[key] for key in ("param_names",) if key in own}
            group = {**names, **deepcopy(dict(given)), "params": own["params"]}
            groups.append(group)
            for number, p in zip(given["params"], own["params"], strict=True):
                by_number[number] = p, group

        state: defaultdict[Parameter, State] = defaultdict(dict)
        for number, entry in state_dict["state"].items():
            if number not in by_number:
                raise ValueError(
                    f"loaded state of parameter {number}, which is no group's"
                )
            p, group = by_number[number]
            try:
                state[p] = self.load_entry(p.data, entry, group)
            except ValueError as error:
                raise ValueError(
                    f"loaded state of parameter {number}: {error}"
                ) from None
        self.param_groups, self.state = groups, state

    def load_entry(self, p: Array, entry: Mapping[str, Any], group: Group) -> State:
        """Return a copy of the state of one parameter, once it fits."""
        fresh = self.init_state(p, group) if entry else {}
        if missing := [name for name in fresh if entry.get(name) is None]:
            raise ValueError(f"{', '.join(missing)} missing")
        state = {}
        for name, value in entry.items():
            if value is not None:
                # An option since switched off may have left an array like p behind.
                like = fresh.get(name, p)
                state[name] = np.empty_like(like, None if name == "step" else p.dtype)
                state[name][...] = expect_numbers(name, value, like.shape)
        return state

    def __repr__(self) -> str:
        groups = [
            "".join(f"    {k}: {group[k]}\n" for k in sorted(group) if k != "params")
            for group in self.param_groups
        ]
        body = "\n".join(f"Parameter Group {i}\n{g}" for i, g in enumerate(groups))
        return f"{type(self).__name__} (\n{body})"


def _unpack(params: Any) -> tuple[list[Parameter], list[str]]:
    """Return a group's parameters, and their names if they came with names."""
    if isinstance(params, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but "
            "the ordering of a set will change between runs. Please use a list instead."
        )
    entries = [params] if isinstance(params, Parameter) else list(params)
    names = [entry[0] for entry in entries if isinstance(entry, tuple)]
    found = [entry[1] if isinstance(entry, tuple) else entry for entry in entries]
    if names and len(names) < len(found):
        raise ValueError(
            "all optimizer params should be with/without names. "
            "Some param names are missing"
        )
    for p in found:
        if not isinstance(p, Parameter):
            raise TypeError(
                "optimizer can only optimize Parameters, "
                f"but one of the params is {type(p).__name__}"
            )
    return found, names


def expect_matching_grad(p: Parameter) -> None:
    """Refuse a gradient unlike its parameter, or a parameter that cannot move."""
    g = p.grad
    if g is None:
        return
    if not p.data.flags.writeable:
        raise ValueError(f"a parameter of shape {p.shape} is read-only")
    dtype = getattr(g, "dtype", type(g).__name__)
    if dtype != p.dtype or g.shape != p.shape:
        raise ValueError(
            f"a parameter of shape {p.shape} and {p.dtype} expects a gradient "
            f"like it, got {np.shape(g)} and {dtype}"
        )


def _plain(option: Any) -> Any:
    """Return an option as Python's own: NumPy's float64 would widen float32 arrays."""
    if isinstance(option, tuple):
        return tuple(map(_plain, option))
    return option.item() if isinstance(option, np.generic | np.ndarray) else option
