"""Dropout: silence units at random, so that none is relied upon."""

from __future__ import annotations

from scratchnet import random
from scratchnet.nn._check import expect_floating
from scratchnet.nn.module import Array, Module


class Dropout(Module):
    r"""In training, zero each element with probability `p` and rescale the rest.

    Parameters
    ----------
    p : float, default 0.5
        Probability of zeroing an element.
    inplace : bool, default False
        Accepted as in torch; the caller's array is never modified.

    Raises
    ------
    ValueError
        If `p` is not between 0 and 1.

    Notes
    -----
    For :math:`x` of any shape and :math:`m` of the same shape, drawn anew at each
    call from the default generator,

    .. math::

        m_i \sim \mathrm{Bernoulli}(1 - p), \qquad
        y = \frac{m}{1 - p} \, x, \qquad
        \frac{\partial L}{\partial x} = \frac{m}{1 - p} \, \frac{\partial L}{\partial y}

    so that the expected output is the input. In evaluation :math:`y = x`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Dropout.html

    .. [1] Hinton et al., "Improving neural networks by preventing co-adaptation of
       feature detectors", arXiv:1207.0580, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> dropout = Dropout(p=0.2).eval()
    >>> dropout(np.array([1.0, 2.0]))
    array([1., 2.])
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout expects a probability p in [0, 1], got {p}")
        self.p = p
        self.inplace = inplace

    def forward(self, x: Array) -> Array:
        expect_floating(self, x)
        if not self.training:
            self.save_for_backward(None)
            return x
        mask = random.default_generator.bernoulli(1 - self.p, x.shape).astype(x.dtype)
        if self.p < 1:
            mask /= 1 - self.p
        self.save_for_backward(mask)
        return x * mask

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        (mask,) = self.saved_for(grad_output)
        if not input_grad:
            return None
        return grad_output if mask is None else grad_output * mask

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"
