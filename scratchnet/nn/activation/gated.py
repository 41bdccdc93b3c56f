"""Gated activations: the input, let through by a gate between closed and open."""

from __future__ import annotations

import math

import numpy as np

from scratchnet.nn._check import expect_floating
from scratchnet.nn.activation.gaussian import normal
from scratchnet.nn.activation.smooth import sigmoid
from scratchnet.nn.module import Array, Module


class _SelfGated(Module):
    r"""Let the input through a gate that it opens itself.

    .. math::

        y = x \, a(x), \qquad
        \frac{\partial L}{\partial x} =
            \big(a(x) + x \, a'(x)\big) \frac{\partial L}{\partial y}
    """

    def gate(self, x: Array) -> tuple[Array, Array]:
        """Return :math:`a(x)` and :math:`a'(x)`, new arrays that share exponentials."""
        raise AttributeError(f"{type(self).__name__} defines no gate")

    # Where a gate overflows, its limit is the answer; inf times 0 is NaN, as in torch.
    @np.errstate(all="ignore")
    def forward(self, input: Array) -> Array:
        x = input
        expect_floating(self, x)
        a, dy = self.gate(x)
        # What a' becomes, a + x a', in place: 0.85 of the time.
        dy *= x
        dy += a
        self.save_for_backward(dy)
        return x * a

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        (dy,) = self.saved_for(grad_output)
        return grad_output * dy if input_grad else None


class GELU(_SelfGated):
    r"""Gaussian error linear unit: the gate is the normal distribution.

    Parameters
    ----------
    approximate : {"none", "tanh"}, default "none"
        "tanh" puts a hyperbolic tangent in the distribution's place.

    Raises
    ------
    ValueError
        If `approximate` is something else, when the layer is called.

    Notes
    -----
    For :math:`x` of any shape, :math:`\varphi` and :math:`\Phi` being the standard
    normal density and distribution,

    .. math::

        f(x) = x \, \Phi(x), \qquad f'(x) = \Phi(x) + x \, \varphi(x)

    and with ``approximate="tanh"``

    .. math::

        \begin{aligned}
        f(x) &= \frac{x}{2} (1 + t), \qquad
            t = \tanh\Big(\sqrt{2 / \pi} \, (x + 0.044715 \, x^3)\Big) \\
        f'(x) &= \frac{1 + t}{2} +
            \frac{x}{2} (1 - t^2) \sqrt{2 / \pi} \, (1 + 3 \cdot 0.044715 \, x^2)
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.GELU.html

    .. [1] Hendrycks and Gimpel, "Gaussian error linear units (GELUs)",
       arXiv:1606.08415, 2016.

    Examples
    --------
    >>> GELU()(np.array([-1.0, 0.0, 1.0])).round(6)
    array([-0.158655,  0.      ,  0.841345])
    >>> GELU(approximate="tanh")(np.array([-1.0, 0.0, 1.0])).round(6)
    array([-0.158808,  0.      ,  0.841192])
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def gate(self, x: Array) -> tuple[Array, Array]:
        if self.approximate == "none":
            density, distribution = normal(x)
            return distribution, density
        if self.approximate == "tanh":
            c, xx = math.sqrt(2 / math.pi), x * x
            t = np.tanh(c * x * (1 + 0.044715 * xx))
            dt = (1 - t * t) * c * (1 + 3 * 0.044715 * xx)
            return 0.5 * (1 + t), 0.5 * dt
        raise ValueError(
            f"GELU expects approximate 'none' or 'tanh', got {self.approximate!r}"
        )

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class SiLU(_SelfGated):
    r"""Sigmoid linear unit, also called swish: the gate is the logistic function.

    Parameters
    ----------
    inplace : bool, default False
        Accepted as in torch; the caller's array is never modified.

    Notes
    -----
    For :math:`x` of any shape,

    .. math::

        f(x) = x \, \sigma(x), \qquad
        f'(x) = \sigma(x) + x \, \sigma(x) (1 - \sigma(x))

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.SiLU.html

    .. [1] Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural network
       function approximation in reinforcement learning", arXiv:1702.03118, 2017.

    Examples
    --------
    >>> SiLU()(np.array([-1000.0, 0.0, 1000.0]))
    array([  -0.,    0., 1000.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def gate(self, x: Array) -> tuple[Array, Array]:
        s = sigmoid(x)
        return s, s * (1 - s)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class Mish(_SelfGated):
    r"""The gate is the hyperbolic tangent of a smooth rectifier.

    Parameters
    ----------
    inplace : bool, default False
        Accepted as in torch; the caller's array is never modified.

    Notes
    -----
    For :math:`x` of any shape,

    .. math::

        \begin{aligned}
        f(x) &= x \, t, \qquad
            t = \tanh(\log(1 + e^x)) = \frac{n}{n + 2}, \qquad n = e^x (e^x + 2) \\
        f'(x) &= t + x \, \sigma(x) (1 - t^2)
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Mish.html

    .. [1] Misra, "Mish: a self regularized non-monotonic neural activation function",
       arXiv:1908.08681, 2019.

    Examples
    --------
    >>> Mish()(np.array([-1000.0, 0.0, 1000.0]))
    array([  -0.,    0., 1000.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def gate(self, x: Array) -> tuple[Array, Array]:
        # From 20 on t is 1 to the last bit, while n would overflow before long.
        e = np.exp(np.minimum(x, 20))
        n = e * (e + 2)
        t = n / (n + 2)
        return t, e / (1 + e) * (1 - t * t)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class GLU(Module):
    r"""Gated linear unit: one half of the features is the gate of the other.

    Parameters
    ----------
    dim : int, default -1
        The dimension that is halved.

    Raises
    ------
    IndexError
        If the input lacks the dimension.
    ValueError
        If its size is odd.

    Notes
    -----
    For :math:`x` of shape :math:`(\dots, 2 C, \dots)`, which falls into :math:`a` and
    :math:`b` of :math:`(\dots, C, \dots)`,

    .. math::

        y = a \, \sigma(b), \qquad
        \frac{\partial L}{\partial a} = \sigma(b) \frac{\partial L}{\partial y}, \qquad
        \frac{\partial L}{\partial b} =
            a \, \sigma(b) (1 - \sigma(b)) \frac{\partial L}{\partial y}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.GLU.html

    .. [1] Dauphin et al., "Language modeling with gated convolutional networks",
       arXiv:1612.08083, 2016.

    Examples
    --------
    >>> GLU()(np.array([3.0, 5.0, 0.0, 1000.0]))
    array([1.5, 5. ])
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    @np.errstate(invalid="ignore")  # inf through a closed gate is NaN, as in torch
    def forward(self, input: Array) -> Array:
        x = input
        expect_floating(self, x)
        if not -x.ndim <= self.dim < x.ndim:
            raise IndexError(f"{self} expects a dimension {self.dim}, got {x.shape}")
        if x.shape[self.dim] % 2:
            raise ValueError(
                f"GLU expects an even size in dimension {self.dim}, got {x.shape}"
            )
        a, b = np.split(x, 2, axis=self.dim)
        s = sigmoid(b)
        self.save_for_backward(a, s)
        return a * s

    @np.errstate(invalid="ignore")
    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        a, s = self.saved_for(grad_output)
        if not input_grad:
            return None
        grad_a = grad_output * s
        return np.concatenate([grad_a, grad_a * a * (1 - s)], axis=self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"
