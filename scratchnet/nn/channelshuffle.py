"""Channel shuffling: groups of channels dealt out in turn."""

from __future__ import annotations

import numpy as np

from scratchnet.nn._check import expect_floating
from scratchnet.nn.module import Array, Module


class ChannelShuffle(Module):
    r"""Take channels from each of :math:`G` groups in turn.

    Parameters
    ----------
    groups : int
        :math:`G`.

    Raises
    ------
    TypeError
        If `groups` is no integer, or the input not a floating-point array.
    ValueError
        If the input's shape is not (N, C, ...) with three dimensions or more, or
        :math:`G` does not divide C.

    Notes
    -----
    With :math:`x` and :math:`y` of shape :math:`(N, G K, \dots)`, :math:`0 \le g < G`
    and :math:`0 \le k < K`,

    .. math::

        y_{n,\, k G + g} = x_{n,\, g K + k}

    and the gradient takes the way back: a shuffle with :math:`K` groups.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ChannelShuffle.html

    .. [1] Zhang et al., "ShuffleNet: an extremely efficient convolutional neural
       network for mobile devices", arXiv:1707.01083, 2017.

    Examples
    --------
    >>> ChannelShuffle(2)(np.arange(4.0).reshape(1, 4, 1)).ravel()
    array([0., 2., 1., 3.])
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        if not isinstance(groups, int | np.integer):
            raise TypeError(f"ChannelShuffle expects an integer, got {groups!r}")
        if groups < 1:
            raise ValueError(f"ChannelShuffle expects positive groups, got {groups}")
        self.groups = int(groups)

    def forward(self, input: Array) -> Array:
        x = input
        expect_floating(self, x)
        if x.ndim < 3 or x.shape[1] % self.groups:
            raise ValueError(
                f"{self} expects (N, C * {self.groups}, ...), got {x.shape}"
            )
        self.save_for_backward()
        return _deal(x, self.groups)

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        self.saved_for(grad_output)
        if not input_grad:
            return None
        return _deal(grad_output, grad_output.shape[1] // self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"


def _deal(x: Array, groups: int) -> Array:
    n, c, *rest = x.shape
    return x.reshape(n, groups, c // groups, *rest).swapaxes(1, 2).reshape(x.shape)
