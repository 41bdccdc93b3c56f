"""Rates that fall: in steps, exponentially, along a power of the time left."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable

from scratchnet.optim.lr_scheduler.scheduler import RecursiveLR
from scratchnet.optim.optimizer import Optimizer


class StepLR(RecursiveLR):
    r"""Multiply the rate by `gamma` every `step_size` epochs.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    step_size : int
        :math:`s`, in epochs.
    gamma : float, default 0.1
        :math:`\gamma`.
    last_epoch : int, default -1
        See `LRScheduler`.

    Notes
    -----
    With :math:`\text{lr}_t` the rate of epoch :math:`t`, and :math:`\text{base}` the
    rate before any schedule,

    .. math::

        \begin{aligned}
        \text{lr}_t &= \begin{cases}
            \gamma \, \text{lr}_{t-1} & t > 0 \text{ and } s \mid t \\
            \text{lr}_{t-1} & \text{otherwise}
        \end{cases} \\
        &= \text{base} \cdot \gamma^{\lfloor t / s \rfloor}
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.lr_scheduler.StepLR.html

    Examples
    --------
    >>> import numpy as np
    >>> from scratchnet import nn, optim
    >>> optimizer = optim.SGD([nn.Parameter(np.zeros(2))], lr=1.0)
    >>> scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
    >>> for epoch in range(5):
    ...     print(*scheduler.get_last_lr(), end=" ")
    ...     optimizer.step()
    ...     scheduler.step()
    1.0 1.0 0.5 0.5 0.25
    """

    def __init__(
        self,
        optimizer: Optimizer,
        step_size: int,
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def recursion(self, t: int, lr: float, base_lr: float) -> float:
        return lr * self.gamma if t > 0 and t % self.step_size == 0 else lr

    def closed_form(self, t: int, base_lr: float) -> float:
        return base_lr * self.gamma ** (t // self.step_size)


class MultiStepLR(RecursiveLR):
    r"""Multiply the rate by `gamma` at each of some epochs.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    milestones : iterable of int
        The epochs :math:`m`; one that is named twice counts twice.
    gamma : float, default 0.1
        :math:`\gamma`.
    last_epoch : int, default -1
        See `LRScheduler`.

    Notes
    -----
    With :math:`\text{lr}_t` the rate of epoch :math:`t`, and :math:`\text{base}` the
    rate before any schedule,

    .. math::

        \text{lr}_t = \text{lr}_{t-1} \, \gamma^{\#\{m = t\}}
        = \text{base} \cdot \gamma^{\#\{m \le t\}}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.lr_scheduler.MultiStepLR.html

    Examples
    --------
    >>> import numpy as np
    >>> from scratchnet import nn, optim
    >>> optimizer = optim.SGD([nn.Parameter(np.zeros(2))], lr=1.0)
    >>> scheduler = MultiStepLR(optimizer, [1, 4], gamma=0.5)
    >>> for epoch in range(5):
    ...     print(*scheduler.get_last_lr(), end=" ")
    ...     optimizer.step()
    ...     scheduler.step()
    1.0 0.5 0.5 0.5 0.25
    """

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def recursion(self, t: int, lr: float, base_lr: float) -> float:
        # Asked as a dict: that is what a checkpoint makes of a Counter.
        return lr * self.gamma ** self.milestones.get(t, 0)

    def closed_form(self, t: int, base_lr: float) -> float:
        milestones = sorted(Counter(self.milestones).elements())
        return base_lr * self.gamma ** bisect_right(milestones, t)


class ExponentialLR(RecursiveLR):
    r"""Multiply the rate by `gamma` every epoch.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    gamma : float
        :math:`\gamma`.
    last_epoch : int, default -1
        See `LRScheduler`.

    Notes
    -----
    With :math:`\text{lr}_t` the rate of epoch :math:`t`, and :math:`\text{base}` the
    rate before any schedule,

    .. math::

        \text{lr}_t = \gamma \, \text{lr}_{t-1} = \text{base} \cdot \gamma^t

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.lr_scheduler.ExponentialLR.html

    Examples
    --------
    >>> import numpy as np
    >>> from scratchnet import nn, optim
    >>> optimizer = optim.SGD([nn.Parameter(np.zeros(2))], lr=1.0)
    >>> scheduler = ExponentialLR(optimizer, gamma=0.5)
    >>> for epoch in range(4):
    ...     print(*scheduler.get_last_lr(), end=" ")
    ...     optimizer.step()
    ...     scheduler.step()
    1.0 0.5 0.25 0.125
    """

    def __init__(
        self, optimizer: Optimizer, gamma: float, last_epoch: int = -1
    ) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def recursion(self, t: int, lr: float, base_lr: float) -> float:
        return lr if self._is_initial else lr * self.gamma

    def closed_form(self, t: int, base_lr: float) -> float:
        return base_lr * self.gamma**t


class PolynomialLR(RecursiveLR):
    r"""Let the rate fall to zero along a power of the time that is left.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    total_iters : int, default 5
        :math:`T`, in epochs.
    power : float, default 1
        :math:`q`; 1 is a straight line.
    last_epoch : int, default -1
        See `LRScheduler`.

    Notes
    -----
    With :math:`\text{lr}_t` the rate of epoch :math:`t`, and :math:`\text{base}` the
    rate before any schedule,

    .. math::

        \begin{aligned}
        \text{lr}_t &= \text{lr}_{t-1}
            \left( \frac{1 - t/T}{1 - (t-1)/T} \right)^q \quad (0 < t \le T) \\
        &= \text{base} \cdot \left( 1 - \frac{\min(t, T)}{T} \right)^q
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.lr_scheduler.PolynomialLR.html

    Examples
    --------
    >>> import numpy as np
    >>> from scratchnet import nn, optim
    >>> optimizer = optim.SGD([nn.Parameter(np.zeros(2))], lr=1.0)
    >>> scheduler = PolynomialLR(optimizer, total_iters=4)
    >>> for epoch in range(6):
    ...     print(*scheduler.get_last_lr(), end=" ")
    ...     optimizer.step()
    ...     scheduler.step()
    1.0 0.75 0.5 0.25 0.0 0.0
    """

    def __init__(
        self,
        optimizer: Optimizer,
        total_iters: int = 5,
        power: float = 1.0,
        last_epoch: int = -1,
    ) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def recursion(self, t: int, lr: float, base_lr: float) -> float:
        T = self.total_iters
        if self._is_initial or t > T:
            return lr
        return lr * ((1 - t / T) / (1 - (t - 1) / T)) ** self.power

    def closed_form(self, t: int, base_lr: float) -> float:
        T = self.total_iters
        return base_lr * (1 - min(T, t) / T) ** self.power
