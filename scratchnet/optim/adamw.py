"""Adam with decoupled decay: the fourth of the four ideas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scratchnet.optim.adam import Adam
from scratchnet.optim.optimizer import Params


class AdamW(Adam):
    r"""Adam whose weight decay shrinks the parameter, and stays out of the averages.

    Parameters
    ----------
    params : iterable
        Of parameters, (name, parameter) pairs or groups: see `Optimizer`.
    weight_decay : float, default 1e-2
        :math:`\lambda`.
    lr, betas, eps, amsgrad, maximize, foreach, capturable, differentiable, fused
        As in `Adam`.

    Raises
    ------
    ValueError
        If an option is out of its range, or `betas` are not both floats.

    Notes
    -----
    With the averages :math:`m_t` and :math:`v_t` of `Adam`, of the parameter's shape,

    .. math::

        p_t = (1 - \text{lr} \, \lambda) \, p_{t-1}
            - \frac{\text{lr}}{1 - \beta_1^t} \cdot
            \frac{m_t}{\sqrt{v_t} / \sqrt{1 - \beta_2^t} + \epsilon}

    In `Adam` the decay is part of the gradient and is divided by the same root: the
    weights with the largest gradients decay least. Here all decay alike.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.AdamW.html

    Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from scratchnet.nn import Parameter
    >>> p = Parameter(np.array([1.0, 1.0]))
    >>> p.grad = np.array([0.0, -1e4])
    >>> AdamW([p], lr=0.1, weight_decay=0.5).step()
    >>> p.data.round(3)
    array([0.95, 1.05])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        super().load_state_dict(state_dict)
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True
