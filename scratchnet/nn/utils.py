"""What one does to all parameters at once: clip gradients, make one vector of them.

References
----------
https://docs.pytorch.org/docs/2.13/nn.html#utilities
"""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterable
from typing import Any

import numpy as np

from scratchnet.nn.module import Array, Parameter

__all__ = [
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
    "parameters_to_vector",
    "vector_to_parameters",
]


def clip_grad_norm_(
    parameters: Parameter | Iterable[Parameter],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Any:
    r"""Shorten all gradients, taken as one long vector, to a norm of `max_norm`.

    Parameters
    ----------
    parameters : Parameter or iterable of Parameter
        Whose gradients to change, in place. Those without one are passed over.
    max_norm : float
        The largest norm that is left as it is.
    norm_type : float, default 2
        The :math:`q` of the norm; may be ``inf``.
    error_if_nonfinite : bool, default False
        Whether a norm of infinity or NaN is an error.
    foreach : bool, optional
        Chooses an implementation in torch; without effect.

    Returns
    -------
    scalar
        The norm before, in the gradients' dtype.

    Raises
    ------
    RuntimeError
        If the norm is not finite and `error_if_nonfinite`; no gradient changes.

    Warns
    -----
    UserWarning
        If `parameters` is a generator that yields nothing, as one used up does.

    Notes
    -----
    With :math:`g` all the numbers of all gradients,

    .. math::

        g \leftarrow g \cdot \min\!\left(
        \frac{\text{max\_norm}}{\lVert g \rVert_q + 10^{-6}}, 1 \right), \qquad
        \lVert g \rVert_q = \Bigl( \sum_i |g_i|^q \Bigr)^{1/q}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.clip_grad_norm_.html

    Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural
    networks", ICML 2013.

    Examples
    --------
    >>> p, q = Parameter(np.zeros(2)), Parameter(np.zeros(1))
    >>> p.grad, q.grad = np.array([2.0, 3.0]), np.array([6.0])
    >>> float(clip_grad_norm_([p, q], max_norm=0.7))
    7.0
    >>> p.grad.round(3), q.grad.round(3)
    (array([0.2, 0.3]), array([0.6]))
    """
    found = _listed(parameters)
    if isinstance(parameters, Generator) and not found:
        warnings.warn(
            "`parameters` is an empty generator, no gradient clipping will occur.",
            stacklevel=2,
        )
    total_norm = get_total_norm(_grads(found), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(found, max_norm, total_norm)
    return total_norm


def get_total_norm(
    tensors: Array | Iterable[Array],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Any:
    r"""Return the norm of arrays, as if they were one long vector.

    Parameters
    ----------
    tensors : ndarray or iterable of ndarray
        Floating-point arrays of any shapes.
    norm_type, error_if_nonfinite, foreach
        See `clip_grad_norm_`.

    Returns
    -------
    scalar
        In the arrays' dtype; sums are made in float64.

    Raises
    ------
    RuntimeError
        If the norm is not finite and `error_if_nonfinite`.
    TypeError
        If there is an array of another dtype.

    Notes
    -----
    The norm of a long vector is the norm of its parts' norms:

    .. math::

        \lVert (g_1, \dots, g_n) \rVert_q =
        \bigl\lVert (\lVert g_1 \rVert_q, \dots, \lVert g_n \rVert_q) \bigr\rVert_q

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.get_total_norm.html

    Examples
    --------
    >>> arrays = [np.array([2.0, 3.0]), np.array([[6.0]])]
    >>> float(get_total_norm(arrays)), float(get_total_norm(arrays, np.inf))
    (7.0, 6.0)
    """
    arrays = [tensors] if isinstance(tensors, np.ndarray) else list(tensors)
    q = float(norm_type)
    for g in arrays:
        if not np.issubdtype(g.dtype, np.floating):
            raise TypeError(f"a norm expects floating-point arrays, got {g.dtype}")
    dtype = np.result_type(*arrays) if arrays else np.dtype(np.float32)
    with np.errstate(all="ignore"):
        norms = [np.linalg.norm(g.astype(np.float64).ravel(), q) for g in arrays]
        total_norm = dtype.type(np.linalg.norm(norms, q) if norms else 0)
    if error_if_nonfinite and not np.isfinite(total_norm):
        raise RuntimeError(
            f"The total norm of order {q} for gradients from `parameters` is "
            f"non-finite ({total_norm}), so it cannot be clipped. To disable this "
            "error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`"
        )
    return total_norm


def clip_grads_with_norm_(
    parameters: Parameter | Iterable[Parameter],
    max_norm: float,
    total_norm: Any,
    foreach: bool | None = None,
) -> None:
    """Shorten all gradients as `clip_grad_norm_` does, their norm being known.

    Parameters
    ----------
    parameters, max_norm, foreach
        See `clip_grad_norm_`.
    total_norm : scalar
        From `get_total_norm`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.clip_grads_with_norm_.html

    Examples
    --------
    >>> p = Parameter(np.zeros(2))
    >>> p.grad = np.array([3.0, 4.0])
    >>> clip_grads_with_norm_(p, 1.0, total_norm=10.0)
    >>> p.grad.round(3)
    array([0.3, 0.4])
    """
    grads = _grads(_listed(parameters))
    with np.errstate(all="ignore"):
        factor = np.minimum(float(max_norm) / (np.asarray(total_norm) + 1e-6), 1)
        for g in grads:
            g *= factor


def clip_grad_value_(
    parameters: Parameter | Iterable[Parameter],
    clip_value: float,
    foreach: bool | None = None,
) -> None:
    """Move every number of every gradient into [-clip_value, clip_value].

    Parameters
    ----------
    parameters : Parameter or iterable of Parameter
        Whose gradients to change, in place. Those without one are passed over.
    clip_value : float
        The largest magnitude.
    foreach : bool, optional
        Chooses an implementation in torch; without effect.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.clip_grad_value_.html

    Examples
    --------
    >>> p = Parameter(np.zeros(3))
    >>> p.grad = np.array([-2.0, 0.5, 3.0])
    >>> clip_grad_value_(p, 1.0)
    >>> p.grad
    array([-1. ,  0.5,  1. ])
    """
    clip_value = float(clip_value)
    for g in _grads(_listed(parameters)):
        np.clip(g, -clip_value, clip_value, out=g)


def parameters_to_vector(parameters: Iterable[Parameter]) -> Array:
    """Return a copy of all parameters' values, one after the other.

    Parameters
    ----------
    parameters : iterable of Parameter
        At least one.

    Returns
    -------
    ndarray, shape (total,)

    Raises
    ------
    ValueError
        If there is no parameter.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.parameters_to_vector.html

    Examples
    --------
    >>> p, q = Parameter(np.ones((2, 2))), Parameter(np.zeros(1))
    >>> parameters_to_vector([p, q])
    array([1., 1., 1., 1., 0.])
    """
    found = list(parameters)
    if not found:
        raise ValueError(
            "parameters_to_vector expects at least one parameter, got none"
        )
    return np.concatenate([p.data.ravel() for p in found])


def vector_to_parameters(vec: Array, parameters: Iterable[Parameter]) -> None:
    """Copy a vector's values into the parameters, one after the other.

    Parameters
    ----------
    vec : ndarray, shape (total,)
        As from `parameters_to_vector`. What is left over at its end is ignored.
    parameters : iterable of Parameter
        What to fill; each keeps its dtype.

    Raises
    ------
    TypeError
        If `vec` is not a floating-point array.
    ValueError
        If it is no vector, or too short; nothing is copied then.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.vector_to_parameters.html

    Examples
    --------
    >>> p, q = Parameter(np.ones((2, 2))), Parameter(np.zeros(1))
    >>> vector_to_parameters(np.arange(5.0), [p, q])
    >>> p.data, q.data
    (array([[0., 1.],
           [2., 3.]]), array([4.]))
    """
    if not isinstance(vec, np.ndarray) or not np.issubdtype(vec.dtype, np.floating):
        came = vec.dtype if isinstance(vec, np.ndarray) else type(vec).__name__
        raise TypeError(f"expected a floating-point array, but got: {came}")
    found = list(parameters)
    total = sum(p.size for p in found)
    if vec.ndim != 1 or len(vec) < total:
        raise ValueError(
            f"vector_to_parameters expects a vector of {total}, got {vec.shape}"
        )
    start = 0
    for p in found:
        p.data[...] = vec[start : start + p.size].reshape(p.shape)
        start += p.size


def _listed(parameters: Parameter | Iterable[Parameter]) -> list[Parameter]:
    return [parameters] if isinstance(parameters, Parameter) else list(parameters)


def _grads(parameters: list[Parameter]) -> list[Array]:
    return [p.grad for p in parameters if p.grad is not None]
