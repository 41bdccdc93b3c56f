"""Upsampling: an interpolation matrix along each axis, and its transpose."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from scratchnet.nn._check import expect_floating
from scratchnet.nn.module import Array, Module

Taps = tuple[Array, Array]
Rule = Callable[[int, int, Any, bool], Taps]


class Upsample(Module):
    r"""Resize a sequence, an image or a volume by interpolation.

    Parameters
    ----------
    size : int or tuple of int, optional
        Size of the output, for all dimensions or for each.
    scale_factor : float or tuple of float, optional
        Output size over input size, instead of `size`.
    mode : str, default "nearest"
        "nearest", "nearest-exact" or "area" for any number of dimensions; "linear" for
        one, "bilinear" and "bicubic" for two, "trilinear" for three.
    align_corners : bool, optional
        For the linear and cubic modes: True puts the first and last elements of input
        and output in the same places; False, their outer edges.
    recompute_scale_factor : bool, optional
        True works the scale out from the sizes, not from `scale_factor`.

    Raises
    ------
    TypeError
        If the input is not a floating-point array, or a size no integer.
    ValueError
        If the input's shape is not (N, C, ...) with as many dimensions as `mode` and
        the sizes ask for, if the output would be empty, or if the arguments do not go
        together.

    Notes
    -----
    Each dimension is resized by itself, from :math:`n` to :math:`m` elements, by a
    matrix :math:`A` of shape :math:`(m, n)`:

    .. math::

        y = A x, \qquad
        \frac{\partial L}{\partial x} = A^\top \frac{\partial L}{\partial y}

    Row :math:`o` holds the weights of the elements next to the place :math:`s_o` that
    :math:`o` has in the input. With :math:`r = n / m`, or ``1 / scale_factor``,

    .. math::

        s_o = \begin{cases}
            r o & \text{nearest} \\
            r (o + \tfrac12) & \text{nearest-exact} \\
            r (o + \tfrac12) - \tfrac12 & \text{linear, cubic} \\
            o (n - 1) / (m - 1) & \text{with aligned corners}
        \end{cases}

    The nearest modes take element :math:`\lfloor s_o \rfloor`; with "nearest", an image
    that a factor leaves as large, or makes twice as large, has :math:`r = n / m` there,
    as in torch. With
    :math:`i = \lfloor s_o \rfloor` and :math:`t = s_o - i`, linear interpolation weighs
    elements :math:`i` and :math:`i + 1` by :math:`1 - t` and :math:`t`; cubic
    interpolation weighs :math:`i + j` for :math:`j = -1, \dots, 2` by
    :math:`k(|t - j|)`, where with :math:`a = -\tfrac34`

    .. math::

        k(d) = \begin{cases}
            (a + 2) d^3 - (a + 3) d^2 + 1 & d \le 1 \\
            a d^3 - 5 a d^2 + 8 a d - 4 a & d > 1
        \end{cases}

    Places beyond an end hold the element there. Area averages elements
    :math:`\lfloor o n / m \rfloor` to below :math:`\lceil (o + 1) n / m \rceil`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Upsample.html

    Examples
    --------
    >>> x = np.array([[[1.0, 2.0, 3.0]]])
    >>> Upsample(scale_factor=2)(x)
    array([[[1., 1., 2., 2., 3., 3.]]])
    >>> Upsample(size=5, mode="linear", align_corners=True)(x)
    array([[[1. , 1.5, 2. , 2.5, 3. ]]])
    """

    def __init__(
        self,
        size: int | tuple[int, ...] | None = None,
        scale_factor: float | tuple[float, ...] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.size = size
        self.scale_factor: float | tuple[float, ...] | None
        if isinstance(scale_factor, tuple):
            self.scale_factor = tuple(map(float, scale_factor))
        else:
            self.scale_factor = float(scale_factor) if scale_factor else None
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Array) -> Array:
        x = input
        expect_floating(self, x)
        rule = self._rule(x)
        inputs, outputs, ratios = x.shape[2:], *self._sizes(x)
        by_dim = list(zip(inputs, outputs, ratios, strict=True))
        if rule is _nearest and len(by_dim) == 2:
            by_dim = [(n, m, n / m if m in (n, 2 * n) else r) for n, m, r in by_dim]
        taps = [
            rule(n, m, x.dtype.type(r), bool(self.align_corners)) for n, m, r in by_dim
        ]
        self.save_for_backward(inputs, taps, x.dtype)
        y = x
        # An infinite element of weight 0 makes NaN without a warning, as in torch.
        with np.errstate(invalid="ignore"):
            for axis, (index, weights) in enumerate(taps, 2):
                y = _interpolate(y, index, weights.astype(x.dtype), axis)
        return y

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        inputs, taps, dtype = self.saved_for(grad_output)
        if not input_grad:
            return None
        grad = grad_output.astype(dtype, copy=False)
        for axis, (n, (index, weights)) in enumerate(zip(inputs, taps, strict=True), 2):
            A = np.zeros((len(index), n))
            np.add.at(A, (np.arange(len(index))[:, None], index), weights)
            with np.errstate(invalid="ignore"):
                grad = _multiply(A.T.astype(dtype), grad, axis)
        return grad

    def _rule(self, x: Array) -> Rule:
        """Return what makes the taps, once mode and input are known to fit it."""
        name = type(self).__name__
        if self.mode not in MODES:
            raise ValueError(
                f"{name} expects mode {', '.join(MODES)}, got {self.mode!r}"
            )
        dims, rule = MODES[self.mode]
        if x.ndim - 2 not in dims or 0 in x.shape[1:]:
            ranks = " or ".join(str(d + 2) for d in dims)
            raise ValueError(
                f"{name} with mode {self.mode!r} expects (N, C, ...) with {ranks} "
                f"dimensions that are not empty, got {x.shape}"
            )
        if self.align_corners is not None and rule not in (_linear, _cubic):
            raise ValueError(f"{name} with mode {self.mode!r} has no corners to align")
        return rule

    def _sizes(self, x: Array) -> tuple[list[int], list[float]]:
        """Return the output's sizes, and the steps :math:`r` that lead through `x`."""
        name, inputs = type(self).__name__, x.shape[2:]
        given = self.scale_factor if self.size is None else self.size
        if given is None or (self.size is not None and self.scale_factor is not None):
            raise ValueError(f"{name} expects either size or scale_factor")
        each = given if isinstance(given, tuple | list) else (given,) * len(inputs)
        if len(each) != len(inputs):
            raise ValueError(
                f"{name} expects {len(inputs)} sizes or factors, got {given}"
            )
        if self.size is not None:
            if self.recompute_scale_factor:
                raise ValueError(f"{name} with a size has no scale_factor to recompute")
            if not all(isinstance(m, int | np.integer) for m in each):
                raise TypeError(f"{name} expects integer sizes, got {given}")
            outputs = [int(m) for m in each]
        else:
            outputs = [math.floor(n * s) for n, s in zip(inputs, each, strict=True)]
        if min(outputs) < 1:
            raise ValueError(f"{self} leaves nothing of {x.shape}")
        if self.size is None and not self.recompute_scale_factor:
            return outputs, [1 / scale for scale in each]
        return outputs, [n / m for n, m in zip(inputs, outputs, strict=True)]

    def extra_repr(self) -> str:
        if self.scale_factor is not None:
            return f"scale_factor={self.scale_factor!r}, mode={self.mode!r}"
        return f"size={self.size!r}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    r"""Resize images, each pixel taking the value of the nearest one.

    `Upsample` with mode "nearest", for an input of shape (N, C, H, W).

    Parameters
    ----------
    size : int or tuple of int, optional
        Size of the output, (H, W) or one for both.
    scale_factor : float or tuple of float, optional
        Output size over input size, instead of `size`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.UpsamplingNearest2d.html

    Examples
    --------
    >>> UpsamplingNearest2d(scale_factor=2)(np.array([[[[1.0, 2.0]]]]))
    array([[[[1., 1., 2., 2.],
             [1., 1., 2., 2.]]]])
    """

    def __init__(
        self,
        size: int | tuple[int, int] | None = None,
        scale_factor: float | tuple[float, float] | None = None,
    ) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    r"""Resize images by bilinear interpolation between aligned corners.

    `Upsample` with mode "bilinear" and ``align_corners=True``, for an input of shape
    (N, C, H, W).

    Parameters
    ----------
    size : int or tuple of int, optional
        Size of the output, (H, W) or one for both.
    scale_factor : float or tuple of float, optional
        Output size over input size, instead of `size`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.UpsamplingBilinear2d.html

    Examples
    --------
    >>> UpsamplingBilinear2d(size=(1, 3))(np.array([[[[1.0, 2.0]]]]))
    array([[[[1. , 1.5, 2. ]]]])
    """

    def __init__(
        self,
        size: int | tuple[int, int] | None = None,
        scale_factor: float | tuple[float, float] | None = None,
    ) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)


def _nearest(n: int, m: int, r: Any, align: bool, offset: float = 0.0) -> Taps:
    # r in the input's precision, places in single: so torch rounds, and ties with it.
    places = ((np.arange(m) + offset) * float(r)).astype(np.float32)
    index = np.minimum(np.floor(places).astype(np.intp), n - 1)
    return index[:, None], np.ones((m, 1))


def _area(n: int, m: int, r: Any, align: bool) -> Taps:
    o = np.arange(m)
    start, stop = o * n // m, -((o + 1) * -n // m)
    reach = np.arange(max(stop - start))
    index = np.minimum(start[:, None] + reach, stop[:, None] - 1)
    return index, (reach < (stop - start)[:, None]) / (stop - start)[:, None]


def _linear(n: int, m: int, r: Any, align: bool) -> Taps:
    # A scale that leaves the size as it is leaves everything as it is, as in torch.
    places = np.maximum(_places(n, m, 1 if n == m else r, align), 0)
    i = np.minimum(np.floor(places).astype(np.intp), n - 1)
    t = places - i
    return np.stack([i, np.minimum(i + 1, n - 1)], 1), np.stack([1 - t, t], 1)


def _cubic(n: int, m: int, r: Any, align: bool) -> Taps:
    places = _places(n, m, r, align)
    i, j = np.floor(places).astype(np.intp), np.arange(-1, 3)
    d, a = np.abs((places - i)[:, None] - j), -0.75
    near = ((a + 2) * d - (a + 3)) * d**2 + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.clip(i[:, None] + j, 0, n - 1), np.where(d <= 1, near, far)


def _places(n: int, m: int, r: Any, align: bool) -> Array:
    """Return where in the input each place of the output lies."""
    if align:
        return np.linspace(0, n - 1, m)
    return float(r) * (np.arange(m) + 0.5) - 0.5


#: For each mode: how many dimensions it is for, and its weights along one of them.
MODES: dict[str, tuple[tuple[int, ...], Rule]] = {
    "nearest": ((1, 2, 3), _nearest),
    "nearest-exact": ((1, 2, 3), partial(_nearest, offset=0.5)),
    "area": ((1, 2, 3), _area),
    "linear": ((1,), _linear),
    "bilinear": ((2,), _linear),
    "trilinear": ((3,), _linear),
    "bicubic": ((2,), _cubic),
}


def _interpolate(x: Array, index: Array, weights: Array, axis: int) -> Array:
    """Return the sum, over the taps of each place along `axis`, of weight times `x`."""
    along = (-1, *[1] * (x.ndim - axis - 1))
    y, *parts = (
        x.take(i, axis) * w.reshape(along)
        for i, w in zip(index.T, weights.T, strict=True)
    )
    for part in parts:
        y += part
    return y


def _multiply(A: Array, x: Array, axis: int) -> Array:
    """Return `x` with every vector along `axis` multiplied by the matrix `A`."""
    after = x.shape[axis + 1 :]
    columns = x.reshape(-1, x.shape[axis], math.prod(after))
    y = columns[..., 0] @ A.T if columns.shape[-1] == 1 else A @ columns
    return y.reshape(*x.shape[:axis], len(A), *after)
