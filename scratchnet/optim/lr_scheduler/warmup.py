"""Rates that start low: a constant fraction, or a fraction that grows."""

from __future__ import annotations

from scratchnet.optim.lr_scheduler.scheduler import RecursiveLR
from scratchnet.optim.optimizer import Optimizer


class ConstantLR(RecursiveLR):
    r"""Keep the rate at a fraction, `factor`, for the first `total_iters` epochs.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    factor : float, default 1/3
        :math:`f` in [0, 1].
    total_iters : int, default 5
        :math:`T`, in epochs.
    last_epoch : int, default -1
        See `LRScheduler`.

    Raises
    ------
    ValueError
        If `factor` is out of its range.

    Notes
    -----
    With :math:`\text{lr}_t` the rate of epoch :math:`t`, and :math:`\text{base}` the
    rate before any schedule,

    .. math::

        \text{lr}_t = \begin{cases}
            f \, \text{lr}_{t-1} & t = 0 \\
            \frac1f \, \text{lr}_{t-1} & t = T \\
            \text{lr}_{t-1} & \text{otherwise}
        \end{cases} \quad = \quad \begin{cases}
            f \cdot \text{base} & t < T \\
            \text{base} & t \ge T
        \end{cases}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.lr_scheduler.ConstantLR.html

    Examples
    --------
    >>> import numpy as np
    >>> from scratchnet import nn, optim
    >>> optimizer = optim.SGD([nn.Parameter(np.zeros(2))], lr=1.0)
    >>> scheduler = ConstantLR(optimizer, factor=0.5, total_iters=2)
    >>> for epoch in range(4):
    ...     print(*scheduler.get_last_lr(), end=" ")
    ...     optimizer.step()
    ...     scheduler.step()
    0.5 0.5 1.0 1.0
    """

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1.0 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 <= factor <= 1:
            raise ValueError(
                "Constant multiplicative factor expected to be between 0 and 1, "
                f"got {factor}"
            )
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def recursion(self, t: int, lr: float, base_lr: float) -> float:
        if t == 0:
            return lr * self.factor
        return lr * (1 / self.factor) if t == self.total_iters else lr

    def closed_form(self, t: int, base_lr: float) -> float:
        return base_lr * (self.factor + (t >= self.total_iters) * (1 - self.factor))


class LinearLR(RecursiveLR):
    r"""Move a factor on the rate from one value to another, in equal steps.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    start_factor, end_factor : float, default 1/3 and 1
        :math:`a` in (0, 1] and :math:`b` in [0, 1].
    total_iters : int, default 5
        :math:`T`, in epochs.
    last_epoch : int, default -1
        See `LRScheduler`.

    Raises
    ------
    ValueError
        If a factor is out of its range.

    Notes
    -----
    With :math:`\text{lr}_t` the rate of epoch :math:`t`, and :math:`\text{base}` the
    rate before any schedule,

    .. math::

        \begin{aligned}
        \text{lr}_0 &= a \, \text{lr}_{-1}, \qquad
        \text{lr}_t = \text{lr}_{t-1}
            \left( 1 + \frac{b - a}{T a + (t - 1)(b - a)} \right) \quad (0 < t \le T) \\
        \text{lr}_t &= \text{base} \cdot
            \left( a + (b - a) \frac{\min(t, T)}{T} \right)
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.lr_scheduler.LinearLR.html

    Examples
    --------
    >>> import numpy as np
    >>> from scratchnet import nn, optim
    >>> optimizer = optim.SGD([nn.Parameter(np.zeros(2))], lr=1.0)
    >>> scheduler = LinearLR(optimizer, start_factor=0.25, total_iters=3)
    >>> for epoch in range(5):
    ...     print(*scheduler.get_last_lr(), end=" ")
    ...     optimizer.step()
    ...     scheduler.step()
    0.25 0.5 0.75 1.0 1.0
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1:
            raise ValueError(
                "Starting multiplicative factor expected to be greater than 0 and less "
                f"or equal to 1, got {start_factor}"
            )
        if not 0 <= end_factor <= 1:
            raise ValueError(
                "Ending multiplicative factor expected to be between 0 and 1, "
                f"got {end_factor}"
            )
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def recursion(self, t: int, lr: float, base_lr: float) -> float:
        a, b, T = self.start_factor, self.end_factor, self.total_iters
        if t == 0:
            return lr * a
        if self._is_initial or t > T:
            return lr
        return lr * (1 + (b - a) / (T * a + (t - 1) * (b - a)))

    def closed_form(self, t: int, base_lr: float) -> float:
        a, b, T = self.start_factor, self.end_factor, self.total_iters
        return base_lr * (a + (b - a) * min(T, t) / T)
