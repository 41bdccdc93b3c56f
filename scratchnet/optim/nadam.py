"""Adam with Nesterov's look ahead."""

from __future__ import annotations

import numpy as np

from scratchnet.nn.module import Array
from scratchnet.optim._shared import count_step, expect_betas, expect_nonnegative, lerp_
from scratchnet.optim.optimizer import Group, Optimizer, Params, State


class NAdam(Optimizer):
    r"""Adam whose step already counts the velocity that the next one will have.

    Parameters
    ----------
    params : iterable
        Of parameters, (name, parameter) pairs or groups: see `Optimizer`.
    lr : float, default 2e-3
        Learning rate.
    betas : (float, float), default (0.9, 0.999)
        :math:`\beta_1, \beta_2` in [0, 1): how much the averages keep of the past.
    eps : float, default 1e-8
        :math:`\epsilon`, added to the root.
    momentum_decay : float, default 4e-3
        :math:`\psi`: how fast the share of the velocity rises to :math:`\beta_1`.
    weight_decay, decoupled_weight_decay, maximize
    foreach, capturable, differentiable
        See `Optimizer`.

    Raises
    ------
    ValueError
        If an option is out of its range.

    Notes
    -----
    With the averages of `Adam` and the number :math:`\Pi_t` (``mu_product``),

    .. math::

        \begin{aligned}
        \mu_t &= \beta_1 \left(1 - \tfrac{1}{2} \, 0.96^{t \psi}\right)
            \qquad \Pi_t = \mu_1 \cdots \mu_t \\
        r_t &= \sqrt{v_t / (1 - \beta_2^t)} + \epsilon \\
        p_t &= p_{t-1}
            - \text{lr} \, \frac{1 - \mu_t}{1 - \Pi_t} \cdot \frac{g_t}{r_t}
            - \text{lr} \, \frac{\mu_{t+1}}{1 - \Pi_{t+1}} \cdot \frac{m_t}{r_t}
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.NAdam.html

    Dozat, "Incorporating Nesterov Momentum into Adam", ICLR workshop 2016.

    Examples
    --------
    >>> from scratchnet.nn import Parameter
    >>> p = Parameter(np.array([1.0, 1.0]))
    >>> p.grad = np.array([1e-4, -1e4])
    >>> NAdam([p], lr=0.1).step()
    >>> p.data.round(3)
    array([0.894, 1.106])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        expect_nonnegative(lr=lr, eps=eps)
        expect_betas(betas)
        expect_nonnegative(weight_decay=weight_decay, momentum_decay=momentum_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def init_state(self, p: Array, group: Group) -> State:
        return {
            "step": np.zeros((), np.float32),
            "mu_product": np.ones((), np.float32),
            "exp_avg": np.zeros_like(p),
            "exp_avg_sq": np.zeros_like(p),
        }

    def update(self, p: Array, g: Array, state: State, group: Group) -> None:
        lr, (beta1, beta2), eps = group["lr"], group["betas"], group["eps"]
        m, v, psi = state["exp_avg"], state["exp_avg_sq"], group["momentum_decay"]
        t = count_step(state)
        mu = beta1 * (1 - 0.5 * 0.96 ** (t * psi))
        mu_next = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * psi))
        state["mu_product"] *= mu
        product = float(state["mu_product"])
        lerp_(m, g, 1 - beta1)
        v *= beta2
        v += (1 - beta2) * g * g
        root = np.sqrt(v / (1 - beta2**t)) + eps
        p -= lr * (1 - mu) / (1 - product) * g / root
        p -= lr * mu_next / (1 - product * mu_next) * m / root
