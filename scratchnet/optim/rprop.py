"""Steps that know only the gradient's sign."""

from __future__ import annotations

import numpy as np

from scratchnet.nn.module import Array
from scratchnet.optim._shared import count_step, expect_nonnegative
from scratchnet.optim.optimizer import Group, Optimizer, Params, State


class Rprop(Optimizer):
    r"""Give each coordinate a step of its own, longer while the sign stays the same.

    Parameters
    ----------
    params : iterable
        Of parameters, (name, parameter) pairs or groups: see `Optimizer`.
    lr : float, default 1e-2
        The first step.
    etas : (float, float), default (0.5, 1.2)
        :math:`\eta_-` in (0, 1) and :math:`\eta_+` above 1: factors for the step.
    step_sizes : (float, float), default (1e-6, 50)
        The shortest and the longest step.
    capturable, foreach, maximize, differentiable
        See `Optimizer`.

    Raises
    ------
    ValueError
        If an option is out of its range.

    Notes
    -----
    With the parameter :math:`p`, its gradient :math:`g_t` at step :math:`t`, the one
    before, :math:`h` (``prev``), and the step :math:`s` (``step_size``), of one shape,

    .. math::

        \begin{aligned}
        s_t &= \operatorname{clip}\left(s_{t-1} \cdot \begin{cases}
            \eta_+ & g_t h_{t-1} > 0 \\
            \eta_- & g_t h_{t-1} < 0 \\
            1 & g_t h_{t-1} = 0
        \end{cases}\right) & s_0 &= \text{lr} \\
        h_t &= \begin{cases}
            0 & g_t h_{t-1} < 0 \\
            g_t & \text{otherwise}
        \end{cases} & h_0 &= 0 \\
        p_t &= p_{t-1} - s_t \operatorname{sign} h_t
        \end{aligned}

    A coordinate whose gradient turned waits a step. Signs of mini-batch gradients turn
    by chance, so this is for whole batches.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.Rprop.html

    Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning:
    the RPROP algorithm", ICNN 1993.

    Examples
    --------
    >>> from scratchnet.nn import Parameter
    >>> p = Parameter(np.array([1.0, 1.0]))
    >>> p.grad = np.array([1e-4, -1e4])
    >>> Rprop([p], lr=0.1).step()
    >>> p.data.round(3)
    array([0.9, 1.1])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        expect_nonnegative(lr=lr)
        if not 0 < etas[0] < 1 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def init_state(self, p: Array, group: Group) -> State:
        return {
            "step": np.zeros((), np.float32),
            "prev": np.zeros_like(p),
            "step_size": np.full_like(p, group["lr"]),
        }

    def update(self, p: Array, g: Array, state: State, group: Group) -> None:
        h, s = state["prev"], state["step_size"]
        (eta_minus, eta_plus), (shortest, longest) = group["etas"], group["step_sizes"]
        count_step(state)
        agreement = g * h
        np.multiply(s, eta_plus, out=s, where=agreement > 0)
        np.multiply(s, eta_minus, out=s, where=agreement < 0)
        np.clip(s, shortest, longest, out=s)
        h[...] = np.where(agreement < 0, 0, g)
        np.subtract(p, s, out=p, where=h > 0)
        np.add(p, s, out=p, where=h < 0)
