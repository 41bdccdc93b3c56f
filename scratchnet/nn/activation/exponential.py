"""Exponential linear units: a straight line that bends down to a floor."""

from __future__ import annotations

import numpy as np

from scratchnet.nn.activation.elementwise import Elementwise
from scratchnet.nn.module import Array


class _ExponentialUnit(Elementwise):
    r"""Keep what is positive, and let the rest decay.

    .. math::

        \begin{aligned}
        f(x) &= \lambda \Big(
            \max(x, 0) + \alpha \big(e^{\min(x, 0) / \beta} - 1\big) \Big) \\
        f'(x) &= \lambda \Big(
            [x > 0] + [x \le 0] \frac{\alpha}{\beta} e^{\min(x, 0) / \beta} \Big)
        \end{aligned}
    """

    #: The constants; a class has its own where they differ.
    alpha, beta, scale = 1.0, 1.0, 1.0

    def f(self, x: Array) -> Array:
        # np.minimum and np.maximum would take twice as long.
        decayed = np.expm1(np.clip(x, -np.inf, 0) / self.beta)
        return self.scale * (np.clip(x, 0, np.inf) + self.alpha * decayed)

    def df(self, x: Array, y: Array) -> Array:
        slope = self.alpha / self.beta
        decay = slope * np.exp(np.clip(x, -np.inf, 0) / self.beta)  # slope where x > 0
        return self.scale * (decay + np.multiply(x > 0, 1 - slope, dtype=x.dtype))


class ELU(_ExponentialUnit):
    r"""Exponential linear unit.

    Parameters
    ----------
    alpha : float, default 1.0
        The depth of the floor.
    inplace : bool, default False
        Accepted as in torch; the caller's array is never modified.

    Notes
    -----
    For :math:`x` of any shape,

    .. math::

        f(x) = \begin{cases} x & x > 0 \\ \alpha (e^x - 1) & x \le 0 \end{cases}
        \qquad
        f'(x) = \begin{cases} 1 & x > 0 \\ \alpha e^x & x \le 0 \end{cases}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ELU.html

    .. [1] Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network
       learning by exponential linear units (ELUs)", arXiv:1511.07289, 2015.

    Examples
    --------
    >>> ELU(alpha=2.0)(np.array([-1000.0, 0.0, 3.0]))
    array([-2.,  0.,  3.])
    """

    settings = ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace


class CELU(_ExponentialUnit):
    r"""Exponential linear unit without a bend at zero, whatever the floor.

    Parameters
    ----------
    alpha : float, default 1.0
        The depth of the floor; not 0.
    inplace : bool, default False
        Accepted as in torch; the caller's array is never modified.

    Raises
    ------
    ValueError
        If `alpha` is 0, when the layer is called.

    Notes
    -----
    For :math:`x` of any shape,

    .. math::

        f(x) = \begin{cases}
            x & x > 0 \\ \alpha (e^{x / \alpha} - 1) & x \le 0
        \end{cases} \qquad
        f'(x) = \begin{cases} 1 & x > 0 \\ e^{x / \alpha} & x \le 0 \end{cases}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.CELU.html

    .. [1] Barron, "Continuously differentiable exponential linear units",
       arXiv:1704.07483, 2017.

    Examples
    --------
    >>> CELU(alpha=2.0)(np.array([-1000.0, 0.0, 3.0]))
    array([-2.,  0.,  3.])
    """

    settings = ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = self.beta = alpha
        self.inplace = inplace

    def f(self, x: Array) -> Array:
        if self.alpha == 0:
            raise ValueError("CELU expects alpha other than 0")
        return super().f(x)


class SELU(_ExponentialUnit):
    r"""Exponential linear unit that keeps mean 0 and variance 1 through the layers.

    Parameters
    ----------
    inplace : bool, default False
        Accepted as in torch; the caller's array is never modified.

    Notes
    -----
    For :math:`x` of any shape, :math:`\alpha \approx 1.6733` and
    :math:`\lambda \approx 1.0507`,

    .. math::

        f(x) = \lambda \begin{cases} x & x > 0 \\ \alpha (e^x - 1) & x \le 0 \end{cases}
        \qquad
        f'(x) = \lambda \begin{cases} 1 & x > 0 \\ \alpha e^x & x \le 0 \end{cases}

    The constants are those for which standard normal input has standard normal
    moments afterwards.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.SELU.html

    .. [1] Klambauer et al., "Self-normalizing neural networks", arXiv:1706.02515,
       2017.

    Examples
    --------
    >>> SELU()(np.array([-1000.0, 0.0, 1.0])).round(4)
    array([-1.7581,  0.    ,  1.0507])
    """

    alpha = 1.6732632423543772848170429916717
    scale = 1.0507009873554804934193349852946

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace
