"""Rates along a cosine: once down, or down again and again."""

from __future__ import annotations

import math
from typing import Any

from scratchnet.optim.lr_scheduler.scheduler import LRScheduler, RecursiveLR
from scratchnet.optim.optimizer import Optimizer


class CosineAnnealingLR(RecursiveLR):
    r"""Let the rate fall to `eta_min` in `T_max` epochs along half a cosine.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    T_max : int
        :math:`T`, in epochs. Afterwards the rate rises again for as long.
    eta_min : float, default 0
        :math:`\eta`, the lowest rate.
    last_epoch : int, default -1
        See `LRScheduler`.

    Notes
    -----
    With :math:`\text{lr}_t` the rate of epoch :math:`t`, and :math:`\text{base}` the
    rate before any schedule,

    .. math::

        \begin{aligned}
        \text{lr}_t &= \eta + (\text{lr}_{t-1} - \eta)
            \frac{1 + \cos(\pi t / T)}{1 + \cos(\pi (t - 1) / T)} \\
        &= \eta + (\text{base} - \eta) \frac{1 + \cos(\pi t / T)}{2}
        \end{aligned}

    Just after the lowest point, at :math:`t - 1 = T, 3T, \dots`, the fraction is 0/0,
    and the recursion takes the first step of the closed form:

    .. math::

        \text{lr}_t = \text{lr}_{t-1} + (\text{base} - \eta) \frac{1 - \cos(\pi / T)}{2}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html

    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR
    2017.

    Examples
    --------
    >>> import numpy as np
    >>> from scratchnet import nn, optim
    >>> optimizer = optim.SGD([nn.Parameter(np.zeros(2))], lr=1.0)
    >>> scheduler = CosineAnnealingLR(optimizer, T_max=4)
    >>> for epoch in range(6):
    ...     print(*(round(lr, 3) for lr in scheduler.get_last_lr()), end=" ")
    ...     optimizer.step()
    ...     scheduler.step()
    1.0 0.854 0.5 0.146 0.0 0.146
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_max: int,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def recursion(self, t: int, lr: float, base_lr: float) -> float:
        T, eta = self.T_max, self.eta_min
        if self._is_initial:
            return lr
        if (t - 1 - T) % (2 * T) == 0:
            return lr + (base_lr - eta) * (1 - math.cos(math.pi / T)) / 2
        now, before = math.cos(math.pi * t / T), math.cos(math.pi * (t - 1) / T)
        return (1 + now) / (1 + before) * (lr - eta) + eta

    def closed_form(self, t: int, base_lr: float) -> float:
        T, eta = self.T_max, self.eta_min
        return eta + (base_lr - eta) * (1 + math.cos(math.pi * t / T)) / 2


class CosineAnnealingWarmRestarts(LRScheduler):
    r"""Let the rate fall along half a cosine, over and over, each time from the top.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    T_0 : int
        Epochs until the first restart.
    T_mult : int, default 1
        How many times as long each fall is as the one before.
    eta_min : float, default 0
        :math:`\eta`, which the rate falls towards.
    last_epoch : int, default -1
        See `LRScheduler`.

    Raises
    ------
    ValueError
        If `T_0` or `T_mult` is not a positive integer, or `eta_min` no number, or if
        `step` is asked for a negative epoch.

    Notes
    -----
    With :math:`T_{cur}` the epochs since the last restart, :math:`T_i` those from it to
    the next, :math:`\text{lr}_t` the rate of epoch :math:`t`, and :math:`\text{base}`
    the rate before any schedule,

    .. math::

        \text{lr}_t = \eta + (\text{base} - \eta)
        \frac{1 + \cos(\pi \, T_{cur} / T_i)}{2}

    `step` may be given the epoch without a warning, even a fraction of one.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.html

    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR
    2017.

    Examples
    --------
    >>> import numpy as np
    >>> from scratchnet import nn, optim
    >>> optimizer = optim.SGD([nn.Parameter(np.zeros(2))], lr=1.0)
    >>> scheduler = CosineAnnealingWarmRestarts(optimizer, T_0=2, T_mult=2)
    >>> for epoch in range(7):
    ...     print(*(round(lr, 3) for lr in scheduler.get_last_lr()), end=" ")
    ...     optimizer.step()
    ...     scheduler.step()
    1.0 0.5 1.0 0.854 0.5 0.146 1.0
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        if not isinstance(T_0, int) or T_0 <= 0:
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if not isinstance(T_mult, int) or T_mult < 1:
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, int | float):
            raise ValueError(
                f"Expected float or int eta_min, but got {eta_min} of type "
                f"{type(eta_min)}"
            )
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        eta, falling = self.eta_min, math.cos(math.pi * self.T_cur / self.T_i)
        return [eta + (base - eta) * (1 + falling) / 2 for base in self.base_lrs]

    def step(self, epoch: Any = None) -> None:
        """Set the learning rates of the next epoch, or of `epoch`."""
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            self._jump(epoch)
        self.last_epoch = math.floor(epoch)
        self._set_lrs(self.get_lr())

    def _jump(self, epoch: float) -> None:
        """Find the fall that `epoch` is in, and how far."""
        if epoch < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}")
        T_0, q = self.T_0, self.T_mult
        if epoch < T_0:
            self.T_cur, self.T_i = epoch, T_0
        elif q == 1:
            self.T_cur = epoch % T_0
        else:
            # n falls take T_0 (1 + q + … + q^(n-1)) = T_0 (q^n - 1) / (q - 1) epochs.
            n = int(math.log(epoch / T_0 * (q - 1) + 1, q))
            self.T_cur = epoch - T_0 * (q**n - 1) / (q - 1)
            self.T_i = T_0 * q**n
