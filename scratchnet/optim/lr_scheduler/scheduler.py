"""LRScheduler: what every schedule of learning rates is made of."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import wraps
from types import FunctionType, MethodType
from typing import Any

from scratchnet.optim.optimizer import Optimizer

ORDER = "See https://docs.pytorch.org/docs/2.13/optim.html#how-to-adjust-learning-rate"
EPOCH_DEPRECATION_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being "
    "deprecated where possible. Please use `scheduler.step()` to step the scheduler. "
    "If epoch is different from None, the closed form is used instead of the "
    "chainable form, where there is one."
)


class LRScheduler:
    r"""Base of every schedule: sets the learning rates of an optimiser, epoch by epoch.

    Parameters
    ----------
    optimizer : Optimizer
        Whose ``param_groups`` get new learning rates.
    last_epoch : int, default -1
        The last epoch of a run that goes on; -1 starts a new one.

    Attributes
    ----------
    last_epoch : int
        The epoch :math:`t` that the learning rates are set for, from 0.
    base_lrs : list of float
        Each group's ``"initial_lr"``, which is its learning rate before any schedule.

    Raises
    ------
    TypeError
        If `optimizer` is none.
    KeyError
        If a run goes on, and a group has no ``"initial_lr"``.

    Warns
    -----
    UserWarning
        At the first step of all, if the optimiser has not stepped: then the first
        learning rate would never be used.

    Notes
    -----
    A schedule sets the rate of epoch 0 when it is made, and each `step` the next one.
    A subclass defines `get_lr`. Most schedules are recursive, each rate a change of the
    one before: so several of them may work on one optimiser, and what is edited in
    ``param_groups`` lasts. For those, see `RecursiveLR`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.lr_scheduler.LRScheduler.html

    Examples
    --------
    >>> import numpy as np
    >>> from scratchnet import nn, optim
    >>> class Harmonic(LRScheduler):
    ...     def get_lr(self):
    ...         return [base_lr / (self.last_epoch + 1) for base_lr in self.base_lrs]
    >>> optimizer = optim.SGD([nn.Parameter(np.zeros(2))], lr=0.6)
    >>> scheduler = Harmonic(optimizer)
    >>> for epoch in range(3):
    ...     print(scheduler.get_last_lr())
    ...     optimizer.step()
    ...     scheduler.step()
    [0.6]
    [0.3]
    [0.19999999999999998]
    """

    optimizer: Optimizer
    base_lrs: list[float]
    last_epoch: int
    _last_lr: list[float]
    _step_count: int
    _is_initial: bool

    #: What a state dict leaves out.
    _unsaved: tuple[str, ...] = ("optimizer", "_is_initial")

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        expect_optimizer(optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when "
                    "resuming scheduler with last_epoch >= 0: load the optimizer's "
                    "state first"
                )
        self.optimizer = optimizer
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        _take_note_of_steps(optimizer)
        self._initial_step()

    def _initial_step(self) -> None:
        """Set the learning rates of the first epoch."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def _undo_initial_step(self) -> None:
        self.last_epoch -= 1

    def get_last_lr(self) -> list[float]:
        """Return the learning rate of each group, as last set by this schedule."""
        return self._last_lr

    def get_lr(self) -> list[float]:
        """Compute the learning rate of each group for `last_epoch`.

        This is for `step` to call: `get_last_lr` says what the learning rates are.
        """
        raise AttributeError(f"{type(self).__name__} defines no get_lr")

    def _get_closed_form_lr(self) -> list[float]:
        """Compute the same without looking at the rates before, where possible."""
        return self.get_lr()

    def step(self, epoch: int | None = None) -> None:
        """Set the learning rates of the next epoch; deprecated: of `epoch`."""
        if self._step_count == 1:
            if not hasattr(self.optimizer.step, "_takes_note"):
                warnings.warn(
                    "Seems like `optimizer.step()` has been overridden after learning "
                    "rate scheduler initialization. Please, make sure to call "
                    f"`optimizer.step()` before `lr_scheduler.step()`. {ORDER}",
                    stacklevel=2,
                )
            elif not getattr(self.optimizer, "_has_stepped", False):
                warnings.warn(
                    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. "
                    "Call them in the opposite order, or the first value of the "
                    f"learning rate schedule is skipped. {ORDER}",
                    stacklevel=2,
                )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_DEPRECATION_WARNING, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        if epoch is None:
            self.last_epoch += 1
            lrs = self.get_lr()
        else:
            self.last_epoch = epoch
            lrs = self._get_closed_form_lr()
        self._set_lrs(lrs)

    def _set_lrs(self, lrs: list[float]) -> None:
        for group, lr in zip(self.optimizer.param_groups, lrs, strict=True):
            group["lr"] = lr
        self._note_lrs()

    def _note_lrs(self) -> None:
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    # Saving and loading -------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of everything but the optimiser, as plain data.

        Functions are left out; of objects that are called like functions, the
        attributes are kept.
        """
        state = {k: v for k, v in vars(self).items() if k not in self._unsaved}
        return deepcopy(state)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a copy of `state_dict`, which may be torch's.

        What this schedule knows nothing of is left out.

        Raises
        ------
        ValueError
            If something is missing, or there are more or fewer groups. Nothing is
            loaded then.
        """
        own = self.state_dict()
        name = type(self).__name__
        if missing := [key for key in own if key not in state_dict]:
            raise ValueError(f"{name} state lacks {', '.join(missing)}")
        for key in filter(PER_GROUP.__contains__, own):
            n, given = len(own[key]), len(state_dict[key])
            # A group that was added later has a rate, and nothing from the start.
            added = key != "_last_lr" and given < n == len(state_dict["_last_lr"])
            if given != n and not added:
                raise ValueError(f"{name} state expects {n} {key}, got {given}")
        self._load({key: deepcopy(state_dict[key]) for key in own})

    def _load(self, state: dict[str, Any]) -> None:
        vars(self).update(state)


class RecursiveLR(LRScheduler):
    """Base of the schedules whose rate follows from the rate before.

    A subclass defines `recursion`, which is what counts, and `closed_form`, for those
    who ask for an epoch out of turn. Both give the same rates as long as no one else
    changes them.
    """

    def recursion(self, t: int, lr: float, base_lr: float) -> float:
        """Return the rate of epoch `t`, where `lr` is the one before."""
        raise AttributeError(f"{type(self).__name__} defines no recursion")

    def closed_form(self, t: int, base_lr: float) -> float:
        """Return the rate of epoch `t`, where `base_lr` was the one at the start."""
        raise AttributeError(f"{type(self).__name__} defines no closed_form")

    def get_lr(self) -> list[float]:
        groups = self.optimizer.param_groups
        return [
            self.recursion(self.last_epoch, group["lr"], base_lr)
            for group, base_lr in zip(groups, self._starts(), strict=True)
        ]

    def _get_closed_form_lr(self) -> list[float]:
        return [self.closed_form(self.last_epoch, b) for b in self._starts()]

    def _starts(self) -> list[float]:
        """Return each group's rate at the start: its own, if it was added since."""
        added = self.optimizer.param_groups[len(self.base_lrs) :]
        return [*self.base_lrs, *(group["lr"] for group in added)]


#: What is kept for each parameter group.
PER_GROUP = {
    "base_lrs",
    "base_momentums",
    "lr_lambdas",
    "max_lrs",
    "max_momentums",
    "min_lrs",
    "_last_lr",
}


def expect_optimizer(optimizer: Any) -> None:
    """Refuse what is no optimiser."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def for_each_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """Return a list with one value for each group, given such a list or one value."""
    n = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [value] * n
    if len(value) != n:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. "
            f"{name} has {len(value)} values, param_groups has {n}."
        )
    return list(value)


def saved(function: Callable[..., Any] | None) -> dict[str, Any] | None:
    """Return what a state dict keeps of a function: nothing, but of objects, all."""
    plain = function is None or isinstance(function, FunctionType)
    return None if plain else deepcopy(getattr(function, "__dict__", None))


def _take_note_of_steps(optimizer: Optimizer) -> None:
    """Let the optimiser remember that it has stepped."""
    if hasattr(optimizer.step, "_takes_note"):
        return
    step = optimizer.step.__func__  # type: ignore[attr-defined]

    @wraps(step)
    def noted(self: Any, *args: Any, **kwargs: Any) -> Any:
        self._has_stepped = True
        return step(self, *args, **kwargs)

    noted._takes_note = True  # type: ignore[attr-defined]
    # A method, not a closure over `optimizer`: a copy of it then steps itself.
    optimizer.step = MethodType(noted, optimizer)  # type: ignore[method-assign]
