"""Draws from one distribution: uniform, normal, and normal without its tails."""

from __future__ import annotations

import math
import warnings

import numpy as np

from scratchnet import random
from scratchnet.nn.init._target import Tensor, array_of


def uniform_(
    tensor: Tensor,
    a: float = 0.0,
    b: float = 1.0,
    generator: random.Generator | None = None,
) -> Tensor:
    r"""Draw every element from the uniform distribution :math:`U(a, b)`.

    Parameters
    ----------
    tensor : Parameter or ndarray
        What to fill, float32 or float64.
    a, b : float, default 0 and 1
        Least value, and the value that all stay below.
    generator : Generator, optional
        Where numbers come from; the default generator if not given.

    Raises
    ------
    ValueError
        If `a` is above `b`, or one of them does not fit into the tensor's dtype.

    Examples
    --------
    >>> _ = random.manual_seed(0)
    >>> uniform_(np.empty(2, np.float32))
    array([0.4962566, 0.7682218], dtype=float32)
    """
    array = array_of(tensor)
    generator = generator or random.default_generator
    array[...] = generator.uniform(a, b, array.shape, array.dtype)
    return tensor


def normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    generator: random.Generator | None = None,
) -> Tensor:
    r"""Draw every element from the normal distribution with this mean and deviation.

    Parameters
    ----------
    tensor : Parameter or ndarray
        What to fill, float32 or float64.
    mean, std : float, default 0 and 1
        Mean and standard deviation.
    generator : Generator, optional
        Where numbers come from; the default generator if not given.

    Raises
    ------
    ValueError
        If `std` is negative.

    Examples
    --------
    >>> _ = random.manual_seed(0)
    >>> normal_(np.empty(3, np.float32)).round(4)
    array([ 1.541 , -0.2934, -2.1788], dtype=float32)
    """
    array = array_of(tensor)
    generator = generator or random.default_generator
    array[...] = generator.normal(mean, std, array.shape, array.dtype)
    return tensor


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: random.Generator | None = None,
) -> Tensor:
    r"""Draw from the normal distribution, with nothing outside :math:`[a, b]`.

    Parameters
    ----------
    tensor : Parameter or ndarray
        What to fill, float32 or float64.
    mean, std : float, default 0 and 1
        Mean and standard deviation before the tails are cut off; std > 0.
    a, b : float, default -2 and 2
        Least and largest value.
    generator : Generator, optional
        Where numbers come from; the default generator if not given.

    Raises
    ------
    ValueError
        If `std` is not positive, or `a` is above `b`.

    Warns
    -----
    UserWarning
        If the mean is more than two standard deviations outside.

    Notes
    -----
    Numbers are rejected and drawn anew until all fit. With :math:`\Phi` the normal
    distribution function and :math:`z(x) = (x - \text{mean}) / \text{std}`, the part

    .. math:: p = \Phi(z(b)) - \Phi(z(a))

    of a normal distribution lies inside. Where that is more than 0.3, normal numbers
    :math:`x` outside are rejected. In a thin slice or in a tail nearly all would be. So
    there each :math:`x` is uniform, and stays with a probability in proportion to the
    density at :math:`x`, which is highest at the point :math:`m` of :math:`[a, b]` next
    to the mean:

    .. math:: \ln u \le -\tfrac12 z(x)^2 + \tfrac12 z(m)^2, \qquad u \sim U(0, 1)

    Each time numbers for the whole tensor are drawn, as in torch.

    Examples
    --------
    >>> w = trunc_normal_(np.empty((100, 100)), std=0.02, a=-0.04, b=0.04)
    >>> bool(np.abs(w).max() <= 0.04)
    True
    """
    array = array_of(tensor)
    mean, std, a, b = float(mean), float(std), float(a), float(b)
    if not (std > 0 and a <= b):
        raise ValueError(
            f"trunc_normal_ expects std > 0 and a <= b, got std={std}, a={a}, b={b}"
        )
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=2,
        )
    p = _normal_cdf((b - mean) / std) - _normal_cdf((a - mean) / std)
    x = np.empty(array.shape, array.dtype)
    drawn, u = np.empty_like(x), np.empty_like(x)
    rejected = np.ones(x.shape, bool)
    while rejected.any():
        if p > 0.3:
            normal_(drawn, mean, std, generator)
            x[rejected] = drawn[rejected]
            rejected = (x < x.dtype.type(a)) | (x > x.dtype.type(b))
        else:
            uniform_(drawn, a, b, generator)
            uniform_(u, generator=generator)
            x[rejected] = drawn[rejected]
            m = max(a, min(mean, b))
            log_ratio = -0.5 * ((x - mean) / std) ** 2 + 0.5 * ((m - mean) / std) ** 2
            with np.errstate(divide="ignore"):
                rejected &= np.log(u) > log_ratio
    array[...] = x
    return tensor


def _normal_cdf(z: float) -> float:
    return (1 + math.erf(z / math.sqrt(2))) / 2
