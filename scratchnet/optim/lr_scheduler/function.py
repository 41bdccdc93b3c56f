"""Rates by a function of one's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from scratchnet.optim.lr_scheduler.scheduler import (
    LRScheduler,
    expect_optimizer,
    for_each_group,
    saved,
)
from scratchnet.optim.optimizer import Optimizer

Factor: TypeAlias = Callable[[int], float]


class LambdaLR(LRScheduler):
    r"""Multiply the rate at the start by a function of the epoch.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    lr_lambda : callable or list of callable
        :math:`f(t)`; a list has one for each group.
    last_epoch : int, default -1
        See `LRScheduler`.

    Raises
    ------
    TypeError
        If `lr_lambda` cannot be called.
    ValueError
        If a list has not one function for each group.

    Notes
    -----
    With :math:`\text{lr}_t` the rate of epoch :math:`t`, and :math:`\text{base}` the
    rate before any schedule,

    .. math:: \text{lr}_t = \text{base} \cdot f(t)

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.lr_scheduler.LambdaLR.html

    Examples
    --------
    >>> import numpy as np
    >>> from scratchnet import nn, optim
    >>> optimizer = optim.SGD([nn.Parameter(np.zeros(2))], lr=1.0)
    >>> scheduler = LambdaLR(optimizer, lambda epoch: 0.5 ** (epoch // 2))
    >>> for epoch in range(5):
    ...     print(*scheduler.get_last_lr(), end=" ")
    ...     optimizer.step()
    ...     scheduler.step()
    1.0 1.0 0.5 0.5 0.25
    """

    _unsaved = (*LRScheduler._unsaved, "lr_lambdas")

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Factor | Sequence[Factor],
        last_epoch: int = -1,
    ) -> None:
        expect_optimizer(optimizer)
        lr_lambdas = for_each_group("lr_lambda", optimizer, lr_lambda)
        for function in lr_lambdas:
            if not callable(function):
                came = type(function).__name__
                raise TypeError(f"lr_lambda should be a function, but got {came}")
        self.lr_lambdas = lr_lambdas
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [
            base_lr * f(self.last_epoch)
            for f, base_lr in zip(self.lr_lambdas, self.base_lrs, strict=True)
        ]

    def state_dict(self) -> dict[str, Any]:
        functions = [saved(function) for function in self.lr_lambdas]
        return {**super().state_dict(), "lr_lambdas": functions}

    def _load(self, state: dict[str, Any]) -> None:
        for function, attributes in zip(
            self.lr_lambdas, state.pop("lr_lambdas"), strict=True
        ):
            if attributes is not None:
                vars(function).update(attributes)
        super()._load(state)


class MultiplicativeLR(LambdaLR):
    r"""Multiply the rate by a function of the epoch, every epoch.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    lr_lambda : callable or list of callable
        :math:`f(t)`; a list has one for each group.
    last_epoch : int, default -1
        See `LRScheduler`.

    Raises
    ------
    TypeError
        If `lr_lambda` cannot be called.
    ValueError
        If a list has not one function for each group.

    Notes
    -----
    With :math:`\text{lr}_t` the rate of epoch :math:`t`, and :math:`\text{base}` the
    rate before any schedule,

    .. math::

        \text{lr}_t = \text{lr}_{t-1} \, f(t)
        = \text{base} \cdot f(1) \, f(2) \cdots f(t)

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.lr_scheduler.MultiplicativeLR.html

    Examples
    --------
    >>> import numpy as np
    >>> from scratchnet import nn, optim
    >>> optimizer = optim.SGD([nn.Parameter(np.zeros(2))], lr=1.0)
    >>> scheduler = MultiplicativeLR(optimizer, lambda epoch: 1 / epoch)
    >>> for epoch in range(4):
    ...     print(*scheduler.get_last_lr(), end=" ")
    ...     optimizer.step()
    ...     scheduler.step()
    1.0 1.0 0.5 0.16666666666666666
    """

    def get_lr(self) -> list[float]:
        lrs = [group["lr"] for group in self.optimizer.param_groups]
        if self._is_initial:
            return lrs
        return [
            lr * f(self.last_epoch) for f, lr in zip(self.lr_lambdas, lrs, strict=True)
        ]
