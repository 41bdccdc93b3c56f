"""Random matrices: with orthonormal rows or columns, or mostly zero."""

from __future__ import annotations

import math

import numpy as np

from scratchnet import random
from scratchnet.nn.init._target import Tensor, array_of, expect_dimensions
from scratchnet.nn.init.distribution import normal_


def orthogonal_(
    tensor: Tensor, gain: float = 1, generator: random.Generator | None = None
) -> Tensor:
    r"""Fill with a random matrix whose rows or columns are orthonormal, times `gain`.

    Parameters
    ----------
    tensor : Parameter or ndarray, shape (O, …)
        What to fill: a matrix of O rows, all other dimensions flattened into columns.
    gain : float, default 1
        Length of the rows or the columns, of whichever there are fewer.
    generator : Generator, optional
        Where numbers come from; the default generator if not given.

    Raises
    ------
    ValueError
        If `tensor` has fewer than two dimensions.

    Notes
    -----
    A normal matrix :math:`A`, no wider than high, is split into :math:`A = Q R`, with
    :math:`Q^\top Q = I` and :math:`R` upper triangular. There is only one :math:`Q`,
    and it is evenly distributed, once the diagonal of :math:`R` is made positive:

    .. math:: W = \text{gain} \cdot Q \operatorname{diag}(\operatorname{sign} R_{ii})

    A wide :math:`W` is the transpose of such a matrix.

    References
    ----------
    Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning
    in deep linear neural networks", ICLR 2014.

    Examples
    --------
    >>> W = orthogonal_(np.empty((3, 5)), gain=2)
    >>> bool(np.allclose(W @ W.T, 4 * np.eye(3)))
    True
    """
    array = array_of(tensor)
    if array.ndim < 2:
        raise ValueError(
            f"Only tensors with 2 or more dimensions are supported, got {array.shape}"
        )
    if array.size:
        rows, columns = len(array), array.size // len(array)
        A = normal_(np.empty((rows, columns), array.dtype), generator=generator)
        Q, R = np.linalg.qr(A if rows >= columns else A.T)
        W = gain * Q * np.sign(np.diag(R))
        array[...] = (W if rows >= columns else W.T).reshape(array.shape)
    return tensor


def sparse_(
    tensor: Tensor,
    sparsity: float,
    std: float = 0.01,
    generator: random.Generator | None = None,
) -> Tensor:
    r"""Draw a normal matrix, and set the same number of each column's elements to zero.

    Parameters
    ----------
    tensor : Parameter or ndarray, shape (rows, columns)
        What to fill.
    sparsity : float
        The fraction of each column that is zero, rounded up to whole elements.
    std : float, default 0.01
        Standard deviation of the others.
    generator : Generator, optional
        Where the normal numbers come from. Which of them are set to zero is drawn from
        the default generator even so, as in torch.

    Raises
    ------
    ValueError
        If `tensor` has not two dimensions.

    References
    ----------
    Martens, "Deep learning via Hessian-free optimization", ICML 2010.

    Examples
    --------
    >>> w = sparse_(np.empty((10, 4)), sparsity=0.75)
    >>> (w == 0).sum(axis=0)
    array([8, 8, 8, 8])
    """
    array = array_of(tensor)
    expect_dimensions(array, 2, 2)
    rows, columns = array.shape
    zeros = math.ceil(sparsity * rows)
    normal_(array, 0, std, generator)
    for column in range(columns):
        array[random.randperm(rows)[:zeros], column] = 0
    return tensor
