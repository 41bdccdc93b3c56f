"""Rates that fall when nothing gets better."""

from __future__ import annotations

import math
import warnings
from typing import Any

from scratchnet.optim.lr_scheduler.scheduler import (
    EPOCH_DEPRECATION_WARNING,
    LRScheduler,
    expect_optimizer,
    for_each_group,
)
from scratchnet.optim.optimizer import Optimizer


class ReduceLROnPlateau(LRScheduler):
    r"""Multiply the rate by `factor` when a metric has stopped getting better.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    mode : {"min", "max"}, default "min"
        Whether lower is better, as for a loss, or higher.
    factor : float, default 0.1
        :math:`f`, less than 1.
    patience : int, default 10
        How many epochs without improvement are put up with.
    threshold : float, default 1e-4
        :math:`\theta`: what is no more than that is no improvement.
    threshold_mode : {"rel", "abs"}, default "rel"
        Whether the threshold is relative to the best metric so far.
    cooldown : int, default 0
        For how many epochs after a reduction nothing is counted.
    min_lr : float or list of float, default 0
        :math:`\eta`, the lowest rate; a list has one for each group.
    eps : float, default 1e-8
        Reductions that are no larger are left out.

    Attributes
    ----------
    best : float
        The best metric so far.
    num_bad_epochs, cooldown_counter : int
        Epochs without improvement; epochs left in which none is counted.

    Raises
    ------
    TypeError
        If `optimizer` is none.
    ValueError
        If `factor` is not below 1, if there is no such `mode` or `threshold_mode`, or
        if `min_lr` has not one value for each group.
    RuntimeError
        If groups were added since, and `min_lr` was a list.

    Notes
    -----
    An epoch with the metric :math:`m` is better than the best one, :math:`m^*`, if

    .. math::

        m < \begin{cases}
        m^* (1 - \theta) & \text{rel} \\ m^* - \theta & \text{abs}
        \end{cases} \quad (\text{min}), \qquad
        m > \begin{cases}
        m^* (1 + \theta) & \text{rel} \\ m^* + \theta & \text{abs}
        \end{cases} \quad (\text{max})

    After more than `patience` epochs that are not, :math:`\text{lr} \leftarrow
    \max(f \, \text{lr}, \eta)`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html

    Examples
    --------
    >>> import numpy as np
    >>> from scratchnet import nn, optim
    >>> optimizer = optim.SGD([nn.Parameter(np.zeros(2))], lr=1.0)
    >>> scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.5, 1.0, 1.1):
    ...     optimizer.step()
    ...     scheduler.step(loss)
    ...     print(*scheduler.get_last_lr(), end=" ")
    1.0 1.0 1.0 0.5 0.5 0.5
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        expect_optimizer(optimizer)
        if factor >= 1:
            raise ValueError(f"Factor should be < 1.0, got {factor}")
        if mode not in ("min", "max"):
            raise ValueError(f"mode {mode} is unknown!")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold mode {threshold_mode} is unknown!")
        self.min_lrs = for_each_group("min_lr", optimizer, min_lr)
        self.default_min_lr = None if isinstance(min_lr, list | tuple) else min_lr
        self.optimizer = optimizer
        self.mode = mode
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.cooldown = cooldown
        self.eps = eps
        self.last_epoch = 0
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0
        self._note_lrs()

    def step(self, metrics: Any, epoch: int | None = None) -> None:  # type: ignore[override]
        """Take in the metric of an epoch; reduce the learning rates if it is time."""
        current = float(metrics)
        if epoch is not None:
            warnings.warn(EPOCH_DEPRECATION_WARNING, stacklevel=2)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self._is_better(current):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce_lr()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._note_lrs()

    @property
    def in_cooldown(self) -> bool:
        """Whether the last reduction is too recent to count bad epochs."""
        return self.cooldown_counter > 0

    def _is_better(self, m: float) -> bool:
        best, theta = self.best, self.threshold
        if self.mode == "min":
            return m < (
                best * (1 - theta) if self.threshold_mode == "rel" else best - theta
            )
        return m > (
            best * (theta + 1) if self.threshold_mode == "rel" else best + theta
        )

    def _reduce_lr(self) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            if self.default_min_lr is None:
                raise RuntimeError(
                    f"The number of param groups in the optimizer ({len(groups)}) "
                    "differs from when `ReduceLROnPlateau` was initialized "
                    f"({len(self.min_lrs)}): modify `min_lrs` to match it"
                )
            self.min_lrs = [self.default_min_lr] * len(groups)
        for group, eta in zip(groups, self.min_lrs, strict=True):
            lr = max(group["lr"] * self.factor, eta)
            if group["lr"] - lr > self.eps:
                group["lr"] = lr
