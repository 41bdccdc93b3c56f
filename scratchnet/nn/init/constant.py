"""Nothing drawn: one value everywhere, or what leaves signals as they are."""

from __future__ import annotations

import numpy as np

from scratchnet.nn.init._target import Tensor, array_of, expect_dimensions


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Set every element to `val`.

    Parameters
    ----------
    tensor : Parameter or ndarray
        What to fill.
    val : float
        With what.

    Examples
    --------
    >>> constant_(np.empty(3), 0.5)
    array([0.5, 0.5, 0.5])
    """
    array_of(tensor)[...] = val
    return tensor


def ones_(tensor: Tensor) -> Tensor:
    """Set every element of a Parameter or array to one.

    Examples
    --------
    >>> ones_(np.empty(3))
    array([1., 1., 1.])
    """
    return constant_(tensor, 1)


def zeros_(tensor: Tensor) -> Tensor:
    """Set every element of a Parameter or array to zero.

    Examples
    --------
    >>> zeros_(np.empty(3))
    array([0., 0., 0.])
    """
    return constant_(tensor, 0)


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with ones on the diagonal and zeros beside it.

    As the weight of a `Linear` it hands on as many inputs as there are outputs.

    Parameters
    ----------
    tensor : Parameter or ndarray, shape (O, I)
        What to fill.

    Raises
    ------
    ValueError
        If `tensor` has not two dimensions.

    Examples
    --------
    >>> eye_(np.empty((2, 3)))
    array([[1., 0., 0.],
           [0., 1., 0.]])
    """
    array = array_of(tensor)
    expect_dimensions(array, 2, 2)
    array[...] = np.eye(*array.shape)
    return tensor


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    r"""Fill the kernels of a convolution so that it hands on its input channels.

    Parameters
    ----------
    tensor : Parameter or ndarray, shape (O, I, …)
        What to fill: O kernels over I channels in one to three dimensions.
    groups : int, default 1
        Groups of output channels; each hands on its input channels from the first.

    Raises
    ------
    ValueError
        If `tensor` has not three to five dimensions, or O is no multiple of `groups`.

    Notes
    -----
    With :math:`c` the middle of the kernel and :math:`o` an output channel,

    .. math::

        W_{o, i, k} = \begin{cases}
        1 & i = o \bmod (O / \text{groups}) \text{ and } k = c \\
        0 & \text{otherwise}
        \end{cases}

    Examples
    --------
    >>> dirac_(np.empty((2, 2, 3)))
    array([[[0., 1., 0.],
            [0., 0., 0.]],
           [[0., 0., 0.],
            [0., 1., 0.]]])
    """
    W = array_of(tensor)
    expect_dimensions(W, 3, 5)
    O, I = W.shape[:2]
    if groups < 1 or O % groups != 0:
        raise ValueError(
            f"dim 0 must be divisible by groups, got {W.shape} and {groups} groups"
        )
    c: tuple[int, ...] = tuple(length // 2 for length in W.shape[2:])
    W[...] = 0
    for o in range(O):
        i = o % (O // groups)
        if i < I:
            W[(o, i, *c)] = 1
    return tensor
