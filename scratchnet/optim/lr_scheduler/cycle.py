"""Rates that rise before they fall, while momentum does the opposite."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from scratchnet.optim.lr_scheduler.scheduler import (
    LRScheduler,
    expect_optimizer,
    for_each_group,
    saved,
)
from scratchnet.optim.optimizer import Group, Optimizer


class CyclicLR(LRScheduler):
    r"""Let the rate rise and fall between two bounds, in straight lines.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    base_lr, max_lr : float or list of float
        Lowest and highest rate; lists have one for each group.
    step_size_up, step_size_down : int
        Steps of the rise and of the fall; 2000, and as many for the fall, by default.
    mode : {"triangular", "triangular2", "exp_range"}, default "triangular"
        How the height of the cycles changes: not at all; halved with each cycle;
        multiplied by `gamma` with each step.
    gamma : float, default 1
        :math:`\gamma`, for "exp_range".
    scale_fn : callable, optional
        :math:`s`, in place of a `mode`.
    scale_mode : {"cycle", "iterations"}, default "cycle"
        Whether `scale_fn` is called with the cycle, from 1, or with the step, from 0.
    cycle_momentum : bool, default True
        Whether momentum, or Adam's first beta, falls and rises the other way round.
    base_momentum, max_momentum : float or list of float, default 0.8 and 0.9
        Lowest and highest momentum.
    last_epoch : int, default -1
        See `LRScheduler`; here epochs are steps, batch by batch.

    Raises
    ------
    ValueError
        If a list has not one value for each group, if there is no such `mode`, or if
        the optimiser has no momentum to cycle.

    Notes
    -----
    With :math:`T` the steps of a whole cycle, :math:`r` the part of them that rises,
    :math:`c` the cycle that step :math:`t` is in and :math:`x` how much of it is over,

    .. math::

        \begin{aligned}
        c &= \lfloor 1 + t / T \rfloor, \qquad x = 1 + t / T - c, \qquad
        h = \begin{cases} x / r & x \le r \\ (x - 1) / (r - 1) & x > r \end{cases} \\
        \text{lr}_t &= \text{base} + (\text{max} - \text{base}) \, h \, s, \qquad
        \text{momentum}_t = \text{max} - (\text{max} - \text{base}) \, h \, s
        \end{aligned}

    where :math:`s` is 1, :math:`1 / 2^{c-1}` or :math:`\gamma^t`, by `mode`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.lr_scheduler.CyclicLR.html

    Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from scratchnet import nn, optim
    >>> optimizer = optim.SGD([nn.Parameter(np.zeros(2))], lr=1.0, momentum=0.9)
    >>> scheduler = CyclicLR(optimizer, base_lr=1.0, max_lr=3.0, step_size_up=2)
    >>> for step in range(6):
    ...     print(*scheduler.get_last_lr(), end=" ")
    ...     optimizer.step()
    ...     scheduler.step()
    1.0 2.0 3.0 2.0 1.0 2.0
    """

    _unsaved = (*LRScheduler._unsaved, "_scale_fn_custom")

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        expect_optimizer(optimizer)
        base_lrs = for_each_group("base_lr", optimizer, base_lr)
        self.max_lrs = for_each_group("max_lr", optimizer, max_lr)
        up = float(step_size_up)
        down = up if step_size_down is None else float(step_size_down)
        self.total_size = up + down
        self.step_ratio = up / self.total_size
        if mode not in _SCALES and scale_fn is None:
            raise ValueError(
                f"mode is invalid and scale_fn is None: expected one of "
                f"{', '.join(_SCALES)}, got {mode}"
            )
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else _SCALES[mode]
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = _uses_beta1(optimizer)
            self.base_momentums = for_each_group(
                "base_momentum", optimizer, base_momentum
            )
            self.max_momentums = for_each_group("max_momentum", optimizer, max_momentum)
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, base_lrs, strict=True):
                group["lr"] = lr
            if cycle_momentum:
                _start_momentum(optimizer, self.base_momentums, self.max_momentums)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """Return :math:`s`, for the cycle or the step `x`."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        return 1 / 2 ** (x - 1) if self.mode == "triangular2" else self.gamma**x

    def get_lr(self) -> list[float]:
        t, T, r = self.last_epoch, self.total_size, self.step_ratio
        c = math.floor(1 + t / T)
        x = 1 + t / T - c
        h = x / r if x <= r else (x - 1) / (r - 1)
        s = self.scale_fn(c if self.scale_mode == "cycle" else t)
        if self.cycle_momentum:
            for group, low, high in zip(
                self.optimizer.param_groups,
                self.base_momentums,
                self.max_momentums,
                strict=True,
            ):
                _set_momentum(group, high - (high - low) * h * s, self.use_beta1)
        bounds = zip(self.base_lrs, self.max_lrs, strict=True)
        return [low + (high - low) * h * s for low, high in bounds]

    def state_dict(self) -> dict[str, Any]:
        custom = saved(self._scale_fn_custom)
        return {**super().state_dict(), "_scale_fn_custom": custom}

    def _load(self, state: dict[str, Any]) -> None:
        attributes = state.pop("_scale_fn_custom")
        if attributes is not None:
            vars(self._scale_fn_custom).update(attributes)
        super()._load(state)


#: The modes of `CyclicLR`, and whether their scale depends on the cycle or the step.
_SCALES = {"triangular": "cycle", "triangular2": "cycle", "exp_range": "iterations"}


class OneCycleLR(LRScheduler):
    r"""Let the rate rise to `max_lr` once, then fall to next to nothing.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    max_lr : float or list of float
        Highest rate; a list has one for each group.
    total_steps, epochs, steps_per_epoch : int, optional
        How many steps there are in all: given as such, or as a product.
    pct_start : float, default 0.3
        The part of them that rises.
    anneal_strategy : {"cos", "linear"}, default "cos"
        Whether along half cosines or straight lines.
    cycle_momentum : bool, default True
        Whether momentum, or Adam's first beta, falls and rises the other way round.
    base_momentum, max_momentum : float or list of float, default 0.85 and 0.95
        Lowest and highest momentum.
    div_factor, final_div_factor : float, default 25 and 1e4
        Highest rate over that of the start, and that over the one of the end.
    three_phase : bool, default False
        Whether the rate first falls as it rose, and only then to the end.
    last_epoch : int, default -1
        See `LRScheduler`; here epochs are steps, batch by batch.

    Raises
    ------
    ValueError
        If an option is out of its range, if a list has not one value for each group, if
        the optimiser has no momentum to cycle, or at a step beyond the last.

    Notes
    -----
    In a phase that leads from :math:`a` at step :math:`t_a` to :math:`b` at step
    :math:`t_b`, both rate and momentum are

    .. math::

        y_t = \begin{cases}
        b + \frac{a - b}{2} (1 + \cos \pi p) & \text{cos} \\
        a + (b - a) \, p & \text{linear}
        \end{cases} \qquad p = \frac{t - t_a}{t_b - t_a}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.lr_scheduler.OneCycleLR.html

    Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using
    Large Learning Rates", 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from scratchnet import nn, optim
    >>> optimizer = optim.SGD([nn.Parameter(np.zeros(2))], momentum=0.9)
    >>> scheduler = OneCycleLR(optimizer, 1.0, total_steps=6, pct_start=0.5)
    >>> for step in range(6):
    ...     print(*(round(lr, 2) for lr in scheduler.get_last_lr()), end=" ")
    ...     optimizer.step()
    ...     scheduler.step()
    0.04 0.52 1.0 0.75 0.25 0.0
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        expect_optimizer(optimizer)
        if total_steps is not None:
            _expect_positive(total_steps=total_steps)
            self.total_steps = total_steps
        elif epochs is not None and steps_per_epoch is not None:
            _expect_positive(epochs=epochs, steps_per_epoch=steps_per_epoch)
            self.total_steps = epochs * steps_per_epoch
        else:
            raise ValueError(
                "You must define either total_steps OR (epochs AND steps_per_epoch)"
            )
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(
                f"Expected float between 0 and 1 pct_start, but got {pct_start}"
            )
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                "anneal_strategy must be one of 'cos' or 'linear', instead got "
                f"{anneal_strategy}"
            )
        self._anneal_func_type = anneal_strategy
        rise, end = float(pct_start * self.total_steps) - 1, self.total_steps - 1
        if three_phase:
            fall = float(2 * pct_start * self.total_steps) - 2
            self._schedule_phases = [
                _phase(rise, "initial_lr", "max_lr", "max_momentum", "base_momentum"),
                _phase(fall, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
                _phase(end, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
            ]
        else:
            self._schedule_phases = [
                _phase(rise, "initial_lr", "max_lr", "max_momentum", "base_momentum"),
                _phase(end, "max_lr", "min_lr", "base_momentum", "max_momentum"),
            ]
        max_lrs = for_each_group("max_lr", optimizer, max_lr)
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = _uses_beta1(optimizer)
            low = for_each_group("base_momentum", optimizer, base_momentum)
            high = for_each_group("max_momentum", optimizer, max_momentum)
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, max_lrs, strict=True):
                group["initial_lr"] = lr / div_factor
                group["max_lr"] = lr
                group["min_lr"] = group["initial_lr"] / final_div_factor
            if cycle_momentum:
                _start_momentum(optimizer, low, high)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        t = self.last_epoch
        if t > self.total_steps:
            raise ValueError(
                f"Tried to step {t} times. The specified number of total steps is "
                f"{self.total_steps}"
            )
        t_a, *phases = 0.0, *self._schedule_phases
        while t > phases[0]["end_step"] and len(phases) > 1:
            t_a = phases.pop(0)["end_step"]
        phase = phases[0]
        p = (t - t_a) / (phase["end_step"] - t_a)
        lrs = []
        for group in self.optimizer.param_groups:
            a, b = group[phase["start_lr"]], group[phase["end_lr"]]
            lrs.append(self._anneal(a, b, p))
            if self.cycle_momentum:
                a, b = group[phase["start_momentum"]], group[phase["end_momentum"]]
                _set_momentum(group, self._anneal(a, b, p), self.use_beta1)
        return lrs

    def _anneal(self, a: float, b: float, p: float) -> float:
        if self._anneal_func_type == "cos":
            return b + (a - b) / 2 * (math.cos(math.pi * p) + 1)
        return (b - a) * p + a


def _phase(
    end_step: float,
    start_lr: str,
    end_lr: str,
    start_momentum: str,
    end_momentum: str,
) -> dict[str, Any]:
    return {
        "end_step": end_step,
        "start_lr": start_lr,
        "end_lr": end_lr,
        "start_momentum": start_momentum,
        "end_momentum": end_momentum,
    }


def _expect_positive(**counts: Any) -> None:
    for name, count in counts.items():
        if not isinstance(count, int) or count <= 0:
            raise ValueError(f"Expected positive integer {name}, but got {count}")


def _uses_beta1(optimizer: Optimizer) -> bool:
    """Whether momentum goes by the name of a first beta."""
    if not {"momentum", "betas"} & optimizer.defaults.keys():
        raise ValueError(
            "optimizer must support momentum or beta1 with `cycle_momentum` option "
            f"enabled, got {type(optimizer).__name__}"
        )
    return "betas" in optimizer.defaults


def _start_momentum(optimizer: Optimizer, low: list[float], high: list[float]) -> None:
    """Set momentum to its highest value, and let each group know both bounds."""
    for group, base, top in zip(optimizer.param_groups, low, high, strict=True):
        _set_momentum(group, top, "betas" in optimizer.defaults)
        group["max_momentum"] = top
        group["base_momentum"] = base


def _set_momentum(group: Group, momentum: float, use_beta1: bool) -> None:
    if use_beta1:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum
