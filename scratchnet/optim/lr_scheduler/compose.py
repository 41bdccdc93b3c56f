"""Several schedules: one after the other, or all at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from scratchnet.optim.lr_scheduler.plateau import ReduceLROnPlateau
from scratchnet.optim.lr_scheduler.scheduler import LRScheduler
from scratchnet.optim.optimizer import Optimizer


class _Composed(LRScheduler):
    """Base of the schedules that are made of others."""

    _schedulers: Sequence[LRScheduler]
    _unsaved = (*LRScheduler._unsaved, "_schedulers")

    def _undo_initial_step(self) -> None:
        for scheduler in self._schedulers:
            scheduler._undo_initial_step()

    def _expect_schedulers(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None
    ) -> None:
        """Refuse what cannot be composed."""
        name = type(self).__name__
        if len(schedulers) < 1:
            raise ValueError(
                f"{name} expects at least one scheduler, but got no scheduler."
            )
        for i, scheduler in enumerate(schedulers):
            kind = type(scheduler).__name__
            if not hasattr(scheduler, "optimizer"):
                raise TypeError(
                    f"{name} at index {i} should have `optimizer` as its attribute, "
                    f"got {kind}"
                )
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError(
                    f"{name} does not support `ReduceLROnPlateau` scheduler as it "
                    "requires additional kwargs to be specified when calling `step`, "
                    f"but got one at index {i} in the given schedulers sequence."
                )
            if scheduler.optimizer is not (optimizer or schedulers[0].optimizer):
                raise ValueError(
                    f"{name} expects all schedulers to belong to the same optimizer, "
                    f"but got scheduler {kind} at index {i} of another."
                )

    def state_dict(self) -> dict[str, Any]:
        states = [scheduler.state_dict() for scheduler in self._schedulers]
        return {**super().state_dict(), "_schedulers": states}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        # What came before is put back if one of the schedules refuses its part.
        states = state_dict.get("_schedulers", ())
        if len(states) != len(self._schedulers):
            raise ValueError(
                f"{type(self).__name__} state expects {len(self._schedulers)} "
                f"schedulers, got {len(states)}"
            )
        before = self.state_dict()
        try:
            super().load_state_dict(state_dict)
        except Exception:
            self._load(before)
            raise

    def _load(self, state: dict[str, Any]) -> None:
        states = state.pop("_schedulers")
        for scheduler, given in zip(self._schedulers, states, strict=True):
            scheduler.load_state_dict(given)
        super()._load(state)


class SequentialLR(_Composed):
    r"""Follow one schedule after the other.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    schedulers : list of LRScheduler
        What to follow, in order; all made for `optimizer`.
    milestones : list of int
        The epochs at which the second and the later ones take over.
    last_epoch : int, default -1
        See `LRScheduler`.

    Raises
    ------
    TypeError
        If one of `schedulers` has no optimiser.
    ValueError
        If there is none, if one is a `ReduceLROnPlateau` or another optimiser's, or if
        there is not one milestone fewer.

    Notes
    -----
    When a schedule is made, it sets the rate of its epoch 0. So each of `schedulers`
    has done that already: all this is undone, and the first one starts again. A later
    one, :math:`k`, starts from its epoch 0 in its closed form, at its milestone
    :math:`m_k`, whatever the rate is by then:

    .. math::

        \text{lr}_t = \text{lr}^{(k)}_{t - m_k}, \qquad m_k \le t < m_{k+1}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.lr_scheduler.SequentialLR.html

    Examples
    --------
    >>> import numpy as np
    >>> from scratchnet import nn, optim
    >>> from scratchnet.optim.lr_scheduler import ConstantLR, ExponentialLR
    >>> optimizer = optim.SGD([nn.Parameter(np.zeros(2))], lr=1.0)
    >>> first = ConstantLR(optimizer, factor=0.1, total_iters=9)
    >>> second = ExponentialLR(optimizer, gamma=0.5)
    >>> scheduler = SequentialLR(optimizer, [first, second], milestones=[2])
    >>> for epoch in range(5):
    ...     print(*scheduler.get_last_lr(), end=" ")
    ...     optimizer.step()
    ...     scheduler.step()
    0.1 0.1 1.0 0.5 0.25
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: list[LRScheduler],
        milestones: list[int],
        last_epoch: int = -1,
    ) -> None:
        self._expect_schedulers(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "Sequential Schedulers expects number of schedulers provided to be one "
                "more than the number of milestone points, but got number of "
                f"schedulers {len(schedulers)} and the number of milestones to be "
                f"equal to {len(milestones)}"
            )
        self._schedulers = schedulers
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        self._undo_initial_step()
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def step(self) -> None:  # type: ignore[override]
        """Set the learning rates of the next epoch."""
        self.last_epoch += 1
        k = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[k]
        if k > 0 and self._milestones[k - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


class ChainedScheduler(_Composed):
    r"""Follow several schedules at once, each working on what the ones before made.

    Parameters
    ----------
    schedulers : sequence of LRScheduler
        What to follow.
    optimizer : Optimizer, optional
        Whose learning rates to set; the first schedule's if not given.

    Raises
    ------
    TypeError
        If one of `schedulers` has no optimiser.
    ValueError
        If there is none, or if one is a `ReduceLROnPlateau` or another optimiser's.

    Notes
    -----
    With :math:`r^{(k)}_t` the recursion of schedule :math:`k` at epoch :math:`t`,

    .. math::

        \text{lr}_t = r^{(n)}_t( \cdots r^{(2)}_t( r^{(1)}_t( \text{lr}_{t-1} )))

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.lr_scheduler.ChainedScheduler.html

    Examples
    --------
    >>> import numpy as np
    >>> from scratchnet import nn, optim
    >>> from scratchnet.optim.lr_scheduler import ConstantLR, ExponentialLR
    >>> optimizer = optim.SGD([nn.Parameter(np.zeros(2))], lr=1.0)
    >>> first = ConstantLR(optimizer, factor=0.5, total_iters=2)
    >>> second = ExponentialLR(optimizer, gamma=0.5)
    >>> scheduler = ChainedScheduler([first, second], optimizer)
    >>> for epoch in range(4):
    ...     print(*scheduler.get_last_lr(), end=" ")
    ...     optimizer.step()
    ...     scheduler.step()
    0.5 0.25 0.25 0.125
    """

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None
    ) -> None:
        self._expect_schedulers(schedulers, optimizer)
        self._schedulers = schedulers
        self.optimizer = optimizer or schedulers[0].optimizer
        self._note_lrs()

    def step(self) -> None:  # type: ignore[override]
        """Set the learning rates of the next epoch."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._note_lrs()
