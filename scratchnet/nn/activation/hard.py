"""Activations of straight pieces: bounded, shrunk or cut off."""

from __future__ import annotations

import warnings

import numpy as np

from scratchnet.nn.activation.elementwise import Elementwise, Inplace, select
from scratchnet.nn.module import Array

#: 1/6 as torch's backward pass has it: in float32, whatever the input's dtype.
SIXTH = float(np.float32(1 / 6))


class Hardtanh(Elementwise):
    r"""Keep the input within bounds.

    Parameters
    ----------
    min_val, max_val : float, default -1.0 and 1.0
        The bounds :math:`l` and :math:`u`.
    inplace : bool, default False
        Accepted as in torch; the caller's array is never modified.
    min_value, max_value : float, optional
        Deprecated names of the bounds.

    Raises
    ------
    ValueError
        If `max_val` is not greater than `min_val`.

    Notes
    -----
    For :math:`x` of any shape,

    .. math::

        f(x) = \min(\max(x, l), u), \qquad f'(x) = [l < x < u]

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Hardtanh.html

    Examples
    --------
    >>> Hardtanh(-2, 2)(np.array([-3.0, 0.5, 3.0]))
    array([-2. ,  0.5,  2. ])
    """

    settings: tuple[str, ...] = ("min_val", "max_val")

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        if min_value is not None:
            warnings.warn("min_value is now min_val", FutureWarning, stacklevel=2)
            min_val = min_value
        if max_value is not None:
            warnings.warn("max_value is now max_val", FutureWarning, stacklevel=2)
            max_val = max_value
        if max_val <= min_val:
            raise ValueError(
                f"{type(self).__name__} expects max_val > min_val, "
                f"got {max_val} and {min_val}"
            )
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace

    def f(self, x: Array) -> Array:
        return np.clip(x, self.min_val, self.max_val)

    def df(self, x: Array, y: Array) -> Array:
        return (x > self.min_val) & (x < self.max_val)


class ReLU6(Hardtanh):
    r"""Rectified linear unit that goes no higher than 6.

    Parameters
    ----------
    inplace : bool, default False
        Accepted as in torch; the caller's array is never modified.

    Notes
    -----
    For :math:`x` of any shape,

    .. math::

        f(x) = \min(\max(x, 0), 6), \qquad f'(x) = [0 < x < 6]

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ReLU6.html

    Examples
    --------
    >>> ReLU6()(np.array([-1.0, 3.0, 9.0]))
    array([0., 3., 6.])
    """

    settings = ()

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)


class Hardsigmoid(Inplace):
    r"""Three straight pieces in place of the logistic function.

    Parameters
    ----------
    inplace : bool, default False
        Accepted as in torch; the caller's array is never modified.

    Notes
    -----
    For :math:`x` of any shape,

    .. math::

        f(x) = \frac{\min(\max(x, -3), 3) + 3}{6}, \qquad
        f'(x) = \frac{[-3 < x < 3]}{6}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Hardsigmoid.html

    Examples
    --------
    >>> Hardsigmoid()(np.array([-4.0, 0.0, 1.5, 4.0]))
    array([0.  , 0.5 , 0.75, 1.  ])
    """

    def f(self, x: Array) -> Array:
        return (np.clip(x, -3, 3) + 3) / 6

    def df(self, x: Array, y: Array) -> Array:
        return np.multiply(np.abs(x) < 3, SIXTH, dtype=x.dtype)

    def extra_repr(self) -> str:
        return ""


class Hardswish(Inplace):
    r"""The input times its own `Hardsigmoid`.

    Parameters
    ----------
    inplace : bool, default False
        Accepted as in torch; the caller's array is never modified.

    Notes
    -----
    For :math:`x` of any shape,

    .. math::

        f(x) = x \, \frac{\min(\max(x + 3, 0), 6)}{6}, \qquad
        f'(x) = \begin{cases}
            0 & x \le -3 \\ \frac{x}{3} + \frac{1}{2} & -3 < x < 3 \\ 1 & 3 \le x
        \end{cases}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Hardswish.html

    .. [1] Howard et al., "Searching for MobileNetV3", arXiv:1905.02244, 2019.

    Examples
    --------
    >>> Hardswish()(np.array([-3.0, 0.0, 1.5, 4.0]))
    array([-0.   ,  0.   ,  1.125,  4.   ])
    """

    def f(self, x: Array) -> Array:
        # In place, here and below: 0.6 of the time.
        y = np.clip(x, -3, 3)
        y += 3
        y /= 6
        y *= x
        return y

    def df(self, x: Array, y: Array) -> Array:
        u = np.clip(x, -3, 3)
        u /= 3
        # The middle formula, u + 1/2, gives -1/2 and 3/2 from the bounds on, where u
        # is -1 or 1.
        slope = np.trunc(u)
        slope *= -0.5
        slope += u
        slope += 0.5
        return slope

    def extra_repr(self) -> str:
        return ""


class Hardshrink(Elementwise):
    r"""Silence what is small.

    Parameters
    ----------
    lambd : float, default 0.5
        The magnitude :math:`\lambda` up to which an element is silenced.

    Notes
    -----
    For :math:`x` of any shape,

    .. math::

        f(x) = x \, [|x| > \lambda], \qquad f'(x) = [|x| > \lambda]

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Hardshrink.html

    Examples
    --------
    >>> Hardshrink()(np.array([-2.0, 0.5, 1.0]))
    array([-2.,  0.,  1.])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def f(self, x: Array) -> Array:
        return x * (np.abs(x) > self.lambd)

    def df(self, x: Array, y: Array) -> Array:
        return np.abs(x) > self.lambd

    def extra_repr(self) -> str:
        return f"{self.lambd}"


class Softshrink(Elementwise):
    r"""Bring every element nearer to zero, by the same amount.

    Parameters
    ----------
    lambd : float, default 0.5
        The amount :math:`\lambda`.

    Raises
    ------
    ValueError
        If `lambd` is negative, when the layer is called.

    Notes
    -----
    For :math:`x` of any shape,

    .. math::

        f(x) = x - \min(\max(x, -\lambda), \lambda), \qquad f'(x) = [|x| > \lambda]

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Softshrink.html

    Examples
    --------
    >>> Softshrink()(np.array([-2.0, 0.5, 1.0]))
    array([-1.5,  0. ,  0.5])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def f(self, x: Array) -> Array:
        if not self.lambd >= 0:
            raise ValueError(f"Softshrink expects lambd >= 0, got {self.lambd}")
        return x - np.clip(x, -self.lambd, self.lambd)

    def df(self, x: Array, y: Array) -> Array:
        return np.abs(x) > self.lambd

    def extra_repr(self) -> str:
        return f"{self.lambd}"


class Threshold(Elementwise):
    r"""Replace what does not exceed a threshold.

    Parameters
    ----------
    threshold : float
        The threshold :math:`t`.
    value : float
        What stands instead, :math:`v`.
    inplace : bool, default False
        Accepted as in torch; the caller's array is never modified.

    Notes
    -----
    For :math:`x` of any shape,

    .. math::

        f(x) = \begin{cases} x & x > t \\ v & x \le t \end{cases} \qquad
        f'(x) = [x > t]

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Threshold.html

    Examples
    --------
    >>> Threshold(0.1, 20)(np.array([-1.0, 0.1, 2.0]))
    array([20., 20.,  2.])
    """

    settings = ("threshold", "value")

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def f(self, x: Array) -> Array:
        return select(x <= self.threshold, self.value, x, x.dtype)

    def df(self, x: Array, y: Array) -> Array:
        return x > self.threshold
