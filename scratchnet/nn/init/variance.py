r"""Variance kept from layer to layer: Xavier's and Kaiming's schemes.

A network starts well where signals keep their size on the way forward, and gradients on
the way back. With random weights of mean zero that is a matter of their standard
deviation, and both schemes are one formula for it:

.. math::

    \text{std} = \frac{\text{gain}}{\sqrt{\text{fan}}}, \qquad
    \text{fan} = \begin{cases}
    (\text{fan\_in} + \text{fan\_out}) / 2 & \text{Xavier} \\
    \text{fan\_in or fan\_out} & \text{Kaiming}
    \end{cases}

Each output of a layer is a sum over ``fan_in`` inputs, and each input goes into
``fan_out`` outputs: for a weight of shape (O, I, …) these are I and O times the product
of the rest. The gain makes up for what the activation takes away.
"""

from __future__ import annotations

import math

from scratchnet import random
from scratchnet.nn._check import warn
from scratchnet.nn.init._target import Tensor, array_of
from scratchnet.nn.init.distribution import normal_, uniform_
from scratchnet.nn.module import Array, Parameter

GAINS = {
    "linear": 1,
    "conv1d": 1,
    "conv2d": 1,
    "conv3d": 1,
    "conv_transpose1d": 1,
    "conv_transpose2d": 1,
    "conv_transpose3d": 1,
    "sigmoid": 1,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    r"""Return by how much weights before an activation should be larger.

    Parameters
    ----------
    nonlinearity : str
        The activation, by its name in torch.nn.functional.
    param : float, optional
        The slope :math:`s` of a leaky ReLU below zero; 0.01 if not given.

    Raises
    ------
    ValueError
        If there is no such activation, or if `param` is no number.

    Notes
    -----
    ================================  ==========================
    linear, convolutions, sigmoid     1
    tanh                              5/3
    relu                              :math:`\sqrt 2`
    leaky_relu                        :math:`\sqrt{2/(1 + s^2)}`
    selu                              3/4
    ================================  ==========================

    Examples
    --------
    >>> calculate_gain("leaky_relu", 1)
    1.0
    """
    if nonlinearity == "leaky_relu":
        s = 0.01 if param is None else param
        if isinstance(s, bool) or not isinstance(s, int | float):
            raise ValueError(f"negative_slope {s} not a valid number")
        return math.sqrt(2 / (1 + s**2))
    if nonlinearity not in GAINS:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return GAINS[nonlinearity]


def _fans(tensor: Parameter | Array) -> tuple[int, int]:
    """Return fan_in and fan_out."""
    array = array_of(tensor)
    if array.ndim < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than "
            f"2 dimensions, got {array.shape}"
        )
    outputs, inputs, *kernel = array.shape
    return inputs * math.prod(kernel), outputs * math.prod(kernel)


def _centred_uniform(
    tensor: Tensor, std: float, generator: random.Generator | None
) -> Tensor:
    """Draw uniformly around zero, with this standard deviation."""
    bound = math.sqrt(3) * std
    return uniform_(tensor, -bound, bound, generator)


def xavier_uniform_(
    tensor: Tensor, gain: float = 1.0, generator: random.Generator | None = None
) -> Tensor:
    r"""Draw uniformly, so that signals and gradients both nearly keep their size.

    Parameters
    ----------
    tensor : Parameter or ndarray, shape (O, I, …)
        What to fill, float32 or float64.
    gain : float, default 1
        A factor for the activation: see `calculate_gain`.
    generator : Generator, optional
        Where numbers come from; the default generator if not given.

    Raises
    ------
    ValueError
        If `tensor` has fewer than two dimensions.

    Notes
    -----
    .. math::

        U(-b, b), \qquad
        b = \sqrt 3 \, \text{std} = \text{gain}
        \sqrt{\frac{6}{\text{fan\_in} + \text{fan\_out}}}

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010.

    Examples
    --------
    >>> import numpy as np
    >>> w = xavier_uniform_(np.empty((2, 4)), gain=calculate_gain("tanh"))
    >>> bool(np.abs(w).max() <= 5 / 3)
    True
    """
    std = gain * math.sqrt(2 / sum(_fans(tensor)))
    return _centred_uniform(tensor, std, generator)


def xavier_normal_(
    tensor: Tensor, gain: float = 1.0, generator: random.Generator | None = None
) -> Tensor:
    r"""Draw normally, so that signals and gradients both nearly keep their size.

    Parameters
    ----------
    tensor, gain, generator
        See `xavier_uniform_`.

    Raises
    ------
    ValueError
        If `tensor` has fewer than two dimensions.

    Notes
    -----
    .. math::

        N(0, \text{std}^2), \qquad
        \text{std} = \text{gain} \sqrt{\frac{2}{\text{fan\_in} + \text{fan\_out}}}

    Examples
    --------
    >>> import numpy as np
    >>> w = xavier_normal_(np.empty((300, 500)))
    >>> round(float(w.std() / np.sqrt(2 / 800)), 1)
    1.0
    """
    std = gain * math.sqrt(2 / sum(_fans(tensor)))
    return normal_(tensor, 0, std, generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    """Return the standard deviation; 0, with a warning, if there is nothing to fill."""
    if array_of(tensor).size == 0:
        warn("Initializing zero-element tensors is a no-op")
        return 0
    mode = mode.lower()
    if mode not in (modes := ["fan_in", "fan_out"]):
        raise ValueError(f"Mode {mode} not supported, please use one of {modes}")
    fan = _fans(tensor)[modes.index(mode)]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: random.Generator | None = None,
) -> Tensor:
    r"""Draw uniformly, so that signals or gradients keep their size through rectifiers.

    Parameters
    ----------
    tensor : Parameter or ndarray, shape (O, I, …)
        What to fill, float32 or float64.
    a : float, default 0
        The slope below zero of the leaky ReLU that follows.
    mode : {"fan_in", "fan_out"}, default "fan_in"
        Which keep their size: signals on the way forward, or gradients on the way back.
    nonlinearity : str, default "leaky_relu"
        The activation that follows: see `calculate_gain`.
    generator : Generator, optional
        Where numbers come from; the default generator if not given.

    Raises
    ------
    ValueError
        If `tensor` has fewer than two dimensions, or there is no such `mode` or
        `nonlinearity`.

    Warns
    -----
    UserWarning
        If `tensor` is empty.

    Notes
    -----
    .. math::

        U(-b, b), \qquad
        b = \sqrt 3 \, \text{std} = \text{gain} \sqrt{\frac{3}{\text{fan}}}

    References
    ----------
    He, Zhang, Ren and Sun, "Delving deep into rectifiers: surpassing human-level
    performance on ImageNet classification", ICCV 2015.

    Examples
    --------
    >>> import numpy as np
    >>> w = kaiming_uniform_(np.empty((6, 2)), mode="fan_out", nonlinearity="relu")
    >>> bool(np.abs(w).max() <= 1)
    True
    """
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    return _centred_uniform(tensor, std, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: random.Generator | None = None,
) -> Tensor:
    r"""Draw normally, so that signals or gradients keep their size through rectifiers.

    Parameters
    ----------
    tensor, a, mode, nonlinearity, generator
        See `kaiming_uniform_`.

    Raises
    ------
    ValueError
        If `tensor` has fewer than two dimensions, or there is no such `mode` or
        `nonlinearity`.

    Warns
    -----
    UserWarning
        If `tensor` is empty.

    Notes
    -----
    .. math::

        N(0, \text{std}^2), \qquad \text{std} = \frac{\text{gain}}{\sqrt{\text{fan}}}

    Examples
    --------
    >>> import numpy as np
    >>> w = kaiming_normal_(np.empty((300, 500)), nonlinearity="relu")
    >>> round(float(w.std() / np.sqrt(2 / 500)), 1)
    1.0
    """
    return normal_(tensor, 0, _kaiming_std(tensor, a, mode, nonlinearity), generator)
