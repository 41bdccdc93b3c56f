"""Max pooling: keep the largest element of each window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import numpy as np

from scratchnet.nn.module import Array
from scratchnet.nn.pooling._windows import Pooling, Windows, joint, sliding_boxes

#: Boxes of no more elements are gone through whole: for 2×2 in 0.8 of the time.
SMALL = 16

#: The axes along which elements met, and which of each window won.
Round = tuple[Sequence[Windows], Array]


class MaxOfWindows(Pooling):
    """Keep the maximum of each window; a subclass says where the windows lie."""

    return_indices: bool

    def boxes(self, x: Array) -> list[Windows]:
        """Return the windows along each axis, or refuse `x`."""
        raise AttributeError(f"{type(self).__name__} defines no boxes")

    def forward(self, input: Array) -> Array | tuple[Array, Array]:
        boxes = self.boxes(input)
        y, rounds = maxima(input, boxes)
        self.save_for_backward(rounds)
        return (y, places(rounds)) if self.return_indices else y

    def backward(
        self, grad_output: Array, grad_indices: None = None, input_grad: bool = True
    ) -> Array | None:
        outputs = (grad_output, grad_indices) if self.return_indices else (grad_output,)
        (rounds,) = self.saved_for(*outputs)
        return to_winners(grad_output, rounds) if input_grad else None


class _MaxPool(MaxOfWindows):
    """Max pooling over sliding windows in any number of dimensions."""

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def boxes(self, x: Array) -> list[Windows]:
        return sliding_boxes(
            self,
            x,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
        )

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    r"""Keep the largest element of each window of a sequence.

    Parameters
    ----------
    kernel_size : int or (int,)
        Elements :math:`k` in a window.
    stride : int or (int,), default `kernel_size`
        Distance :math:`s` from one window to the next.
    padding : int or (int,), default 0
        How far :math:`p` windows may reach over each edge: at most half of
        `kernel_size`. What lies there never wins.
    dilation : int or (int,), default 1
        Distance :math:`d` from one element of a window to the next.
    return_indices : bool, default False
        Also return where the maxima are: flat int64 indices into each plane of the
        input, as `MaxUnpool1d` takes them.
    ceil_mode : bool, default False
        True rounds the output's size up: a last window may reach beyond the padding,
        if it starts before it.

    Raises
    ------
    TypeError
        If the input is not a floating-point array, or a setting is no integer.
    ValueError
        If the input's shape is neither :math:`(N, C, L)` nor :math:`(C, L)`, if it has
        no room for a window, or if a setting is out of range.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, L)` or :math:`(C, L)`, :math:`y` of shape
    :math:`(N, C, L')` or :math:`(C, L')`, and the same for all :math:`N` and :math:`C`,

    .. math::

        \begin{aligned}
        y_i &= \max_{0 \le m < k} x_{s i + d m - p} \qquad
        L' = \Big\lfloor \frac{L + 2 p - d (k - 1) - 1}{s} \Big\rfloor + 1 \\
        \frac{\partial L}{\partial x_l} &= \sum_i [l = l_i]
            \frac{\partial L}{\partial y_i}
        \end{aligned}

    where :math:`l_i` is the place of the maximum of window :math:`i`: the first of
    several equal ones. NaN counts as the largest, and there the last one wins.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.MaxPool1d.html

    Examples
    --------
    >>> pool = MaxPool1d(2)
    >>> pool(np.array([[1.0, 5.0, 3.0, 3.0]]))
    array([[5., 3.]])
    >>> pool.backward(np.array([[1.0, 10.0]]))
    array([[ 0.,  1., 10.,  0.]])
    >>> MaxPool1d(2, return_indices=True)(np.array([[1.0, 5.0, 3.0, 3.0]]))
    (array([[5., 3.]]), array([[1, 2]]))
    """

    dims = 1


class MaxPool2d(_MaxPool):
    r"""Keep the largest element of each window of an image.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Elements :math:`k` in a window, along each axis.
    stride : int or (int, int), default `kernel_size`
        Distance :math:`s` from one window to the next.
    padding : int or (int, int), default 0
        How far :math:`p` windows may reach over each edge: at most half of
        `kernel_size`. What lies there never wins.
    dilation : int or (int, int), default 1
        Distance :math:`d` from one element of a window to the next.
    return_indices : bool, default False
        Also return where the maxima are: flat int64 indices into each plane of the
        input, as `MaxUnpool2d` takes them.
    ceil_mode : bool, default False
        True rounds the output's size up: a last window may reach beyond the padding,
        if it starts before it.

    Raises
    ------
    TypeError
        If the input is not a floating-point array, or a setting is no integer.
    ValueError
        If the input's shape is neither :math:`(N, C, H, W)` nor :math:`(C, H, W)`, if
        it has no room for a window, or if a setting is out of range.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, H, W)` or :math:`(C, H, W)`, :math:`y` of
    shape :math:`(N, C, H', W')` or :math:`(C, H', W')`, and the same for all :math:`N`
    and :math:`C`,

    .. math::

        \begin{aligned}
        y_{ij} &= \max_{0 \le m, n < k} x_{s i + d m - p, \, s j + d n - p} \\
        \frac{\partial L}{\partial x_{hw}} &= \sum_{ij} [(h, w) = (h, w)_{ij}]
            \frac{\partial L}{\partial y_{ij}}
        \end{aligned}

    where :math:`(h, w)_{ij}` is the place of the maximum of window :math:`ij`: the
    first of several equal ones, row by row. NaN counts as the largest, and there the
    last one wins. The output's sizes are those of `MaxPool1d`, for each axis.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.MaxPool2d.html

    Examples
    --------
    >>> pool = MaxPool2d(3, stride=2, padding=1)
    >>> pool(np.zeros((64, 32, 28, 28), np.float32)).shape
    (64, 32, 14, 14)
    >>> pool.backward(np.ones((64, 32, 14, 14), np.float32)).shape
    (64, 32, 28, 28)
    """

    dims = 2


class MaxPool3d(_MaxPool):
    r"""Keep the largest element of each window of a volume.

    Parameters
    ----------
    kernel_size : int or (int, int, int)
        Elements :math:`k` in a window, along each axis.
    stride : int or (int, int, int), default `kernel_size`
        Distance :math:`s` from one window to the next.
    padding : int or (int, int, int), default 0
        How far :math:`p` windows may reach over each edge: at most half of
        `kernel_size`. What lies there never wins.
    dilation : int or (int, int, int), default 1
        Distance :math:`d` from one element of a window to the next.
    return_indices : bool, default False
        Also return where the maxima are: flat int64 indices into each plane of the
        input, as `MaxUnpool3d` takes them.
    ceil_mode : bool, default False
        True rounds the output's size up: a last window may reach beyond the padding,
        if it starts before it.

    Raises
    ------
    TypeError
        If the input is not a floating-point array, or a setting is no integer.
    ValueError
        If the input's shape is neither :math:`(N, C, D, H, W)` nor
        :math:`(C, D, H, W)`, if it has no room for a window, or if a setting is out of
        range.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, D, H, W)` or :math:`(C, D, H, W)`, :math:`y`
    of shape :math:`(N, C, D', H', W')` or :math:`(C, D', H', W')`, and the same for all
    :math:`N` and :math:`C`,

    .. math::

        \begin{aligned}
        y_{ijq} &= \max_{0 \le m, n, o < k}
            x_{s i + d m - p, \, s j + d n - p, \, s q + d o - p} \\
        \frac{\partial L}{\partial x_{uhw}} &= \sum_{ijq} [(u, h, w) = (u, h, w)_{ijq}]
            \frac{\partial L}{\partial y_{ijq}}
        \end{aligned}

    where :math:`(u, h, w)_{ijq}` is the place of the maximum of window :math:`ijq`: the
    first of several equal ones in reading order. NaN counts as the largest, and there
    the last one wins. The output's sizes are those of `MaxPool1d`, for each axis.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.MaxPool3d.html

    Examples
    --------
    >>> MaxPool3d((1, 2, 2))(np.zeros((4, 3, 8, 16, 16))).shape
    (4, 3, 8, 8, 8)
    """

    dims = 3


def maxima(x: Array, boxes: Sequence[Windows]) -> tuple[Array, list[Round]]:
    """Return the maximum of each box, and the rounds in which it won.

    Small boxes are gone through in one round. In larger ones elements meet along one
    axis after another. The last axis goes first: then, of equal elements, the first in
    reading order wins.
    """
    small = math.prod(windows.length.max(initial=0) for windows in boxes) <= SMALL
    rounds = []
    for axes in [boxes] if small else [[axis] for axis in reversed(boxes)]:
        y = x
        for windows in axes:
            y = _maxima_along(windows, y)
        rounds.append((axes, _winners(axes, x, y)))
        x = y
    return x, rounds


def to_winners(grad: Array, rounds: Sequence[Round]) -> Array:
    """Return the gradient with respect to the input: all of it goes to the winners."""
    for axes, winner in reversed(rounds):
        grad = _to_winners(axes, winner, grad)
    return grad


def places(rounds: Sequence[Round]) -> Array:
    """Return the flat index of each winner in its own plane of the input."""
    first, *later = rounds
    place, step = _places(*first), first[0][-1].size
    for axes, winner in later:
        chosen = _places(axes, winner)
        place = step * chosen + np.take_along_axis(place, chosen, axes[0].axis)
        step *= axes[0].size
    return place


def _maxima_along(windows: Windows, x: Array) -> Array:
    # In the memory order of x, which convolutions lay out with the batch last.
    y = np.empty_like(x, shape=windows.output_shape(x.shape))
    if not windows.length.all():
        y.fill(-np.inf)
    for outputs, taps in windows.runs:
        best, so_far = y[outputs], x[taps[0]]
        for tap in taps[1:]:
            so_far = np.maximum(so_far, x[tap], out=best)
        if len(taps) == 1:
            best[...] = so_far
    return y


def _winners(axes: Sequence[Windows], x: Array, y: Array) -> Array:
    """Return which element of each box is the first to equal its maximum."""
    count = math.prod(windows.length.max(initial=0) for windows in axes)
    winner = np.zeros_like(y, np.min_scalar_type(count))
    nan = np.isnan(y).any()
    for runs in product(*(windows.runs for windows in axes)):
        outputs, taps = joint(runs)
        best, won_by = y[outputs], winner[outputs]
        # Its place is the number of those before it, all of them below the maximum.
        below = np.ones_like(best, bool)
        for tap in taps[:-1]:
            below &= x[tap] != best
            won_by += below
        if nan:
            for j, tap in enumerate(taps):
                won_by[np.isnan(x[tap])] = j
    return winner


def _places(axes: Sequence[Windows], winner: Array) -> Array:
    """Return the flat index of each winner along the axes of one round."""
    place = np.zeros_like(winner, np.int64)
    for runs in product(*(windows.runs for windows in axes)):
        outputs, _ = joint(runs)
        along = np.unravel_index(winner[outputs], [len(run.taps) for run in runs])
        for windows, run, j in zip(axes, runs, along, strict=True):
            first = windows.column(windows.first)[run.outputs]
            place[outputs] *= windows.size
            place[outputs] += first + windows.dilation * j
    return place


def _to_winners(axes: Sequence[Windows], winner: Array, grad_y: Array) -> Array:
    shape = grad_y.shape
    for windows in axes:
        shape = windows.input_shape(shape)
    disjoint = all(windows.disjoint for windows in axes)
    # Where each element lies in one box, all is written, and nothing added to.
    partition = all(windows.partition for windows in axes)
    empty = np.empty_like if partition else np.zeros_like
    grad_x = empty(winner, grad_y.dtype, shape=shape)
    for runs in product(*(windows.runs for windows in axes)):
        outputs, taps = joint(runs)
        grad, won_by = grad_y[outputs], winner[outputs]
        for j, tap in enumerate(taps):
            # As numbers: a product with truth values takes up to 1.4 times as long.
            won = (won_by == j).astype(grad.dtype)
            if disjoint:
                np.multiply(grad, won, out=grad_x[tap])
            else:
                grad_x[tap] += grad * won
    return grad_x
