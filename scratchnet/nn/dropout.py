"""Dropout: silence units, or whole channels, so that none is relied upon."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scratchnet import random
from scratchnet.nn._check import expect_floating, expect_shape, warn
from scratchnet.nn.activation import SELU
from scratchnet.nn.module import Array, Module

#: How far below 0 the floor of `SELU` lies.
ALPHA = SELU.scale * SELU.alpha


class _Dropout(Module):
    """Draw a mask in training, and let it scale the input: :math:`y = s x + t`."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(
                f"{type(self).__name__} expects a probability p in [0, 1], got {p}"
            )
        self.p = p
        self.inplace = inplace

    def mask_shape(self, x: Array) -> tuple[int, ...]:
        """Return the shape of the mask, once `x` is known to fit: here that of `x`."""
        return x.shape

    def scale_and_shift(self, mask: Array) -> tuple[Array, Any]:
        """Return s and t, so that mean and variance are expected to stay."""
        return mask / (1 - self.p), 0

    def forward(self, input: Array) -> Array:
        x = input
        expect_floating(self, x)
        shape = self.mask_shape(x)
        if not self.training or self.p == 0 or x.size == 0:
            self.save_for_backward(None)
            return x
        if self.p == 1:  # Nothing is left to rescale, and nothing is drawn.
            scale, shift = np.zeros_like(x), 0
        else:
            mask = random.default_generator.bernoulli(1 - self.p, shape)
            scale, shift = self.scale_and_shift(mask.astype(x.dtype))
        self.save_for_backward(scale)
        with np.errstate(invalid="ignore"):  # inf that is silenced is NaN, as in torch
            return x * scale + shift

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        (scale,) = self.saved_for(grad_output)
        if not input_grad:
            return None
        return grad_output if scale is None else grad_output * scale

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
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


class Dropout1d(_Dropout):
    r"""In training, zero each channel of a sequence with probability `p`.

    Parameters
    ----------
    p : float, default 0.5
        Probability of zeroing a channel.
    inplace : bool, default False
        Accepted as in torch; the caller's array is never modified.

    Raises
    ------
    ValueError
        If `p` is not between 0 and 1, or the input is neither :math:`(N, C, L)` nor
        :math:`(C, L)`.

    Notes
    -----
    As `Dropout`, with one :math:`m` for all of a channel:

    .. math::

        m_{nc} \sim \mathrm{Bernoulli}(1 - p), \qquad
        y_{ncl} = \frac{m_{nc}}{1 - p} \, x_{ncl}, \qquad
        \frac{\partial L}{\partial x_{ncl}} =
            \frac{m_{nc}}{1 - p} \, \frac{\partial L}{\partial y_{ncl}}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Dropout1d.html

    .. [1] Tompson et al., "Efficient object localization using convolutional
       networks", arXiv:1411.4280, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> y = Dropout1d()(np.ones((8, 16, 5)))
    >>> bool((y == y[:, :, :1]).all())
    True
    """

    def mask_shape(self, x: Array) -> tuple[int, ...]:
        expect_shape(self, x, ("N", "C", "L"), ("C", "L"))
        return channels(self, x, batched=x.ndim == 3)


class Dropout2d(_Dropout):
    r"""In training, zero each channel of an image with probability `p`.

    Parameters
    ----------
    p : float, default 0.5
        Probability of zeroing a channel.
    inplace : bool, default False
        Accepted as in torch; the caller's array is never modified.

    Raises
    ------
    ValueError
        If `p` is not between 0 and 1, or the input has fewer than two dimensions.

    Notes
    -----
    As `Dropout`, with one :math:`m` for all of a channel of :math:`x`, which is of
    shape :math:`(N, C, H, W)`:

    .. math::

        m_{nc} \sim \mathrm{Bernoulli}(1 - p), \qquad
        y_{nchw} = \frac{m_{nc}}{1 - p} \, x_{nchw}, \qquad
        \frac{\partial L}{\partial x_{nchw}} =
            \frac{m_{nc}}{1 - p} \, \frac{\partial L}{\partial y_{nchw}}

    Other numbers of dimensions are taken as :math:`(N, C, \dots)` with a warning,
    three among them, as in torch: they are not taken for an image without a batch.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Dropout2d.html

    .. [1] Tompson et al., "Efficient object localization using convolutional
       networks", arXiv:1411.4280, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> y = Dropout2d()(np.ones((8, 16, 5, 5)))
    >>> bool((y == y[:, :, :1, :1]).all())
    True
    """

    def mask_shape(self, x: Array) -> tuple[int, ...]:
        warn_unless(self, x, "(N, C, H, W)", x.ndim == 4)
        return channels(self, x, batched=True)


class Dropout3d(_Dropout):
    r"""In training, zero each channel of a volume with probability `p`.

    Parameters
    ----------
    p : float, default 0.5
        Probability of zeroing a channel.
    inplace : bool, default False
        Accepted as in torch; the caller's array is never modified.

    Raises
    ------
    ValueError
        If `p` is not between 0 and 1, or the input has no dimensions.

    Notes
    -----
    As `Dropout`, with one :math:`m` for all of a channel of :math:`x`, which is of
    shape :math:`(N, C, D, H, W)` or :math:`(C, D, H, W)`:

    .. math::

        m_{nc} \sim \mathrm{Bernoulli}(1 - p), \qquad
        y_{ncdhw} = \frac{m_{nc}}{1 - p} \, x_{ncdhw}, \qquad
        \frac{\partial L}{\partial x_{ncdhw}} =
            \frac{m_{nc}}{1 - p} \, \frac{\partial L}{\partial y_{ncdhw}}

    Other numbers of dimensions are taken as :math:`(C, \dots)` with a warning, as in
    torch.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Dropout3d.html

    .. [1] Tompson et al., "Efficient object localization using convolutional
       networks", arXiv:1411.4280, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> y = Dropout3d()(np.ones((8, 16, 5, 5, 5)))
    >>> bool((y == y[:, :, :1, :1, :1]).all())
    True
    """

    def mask_shape(self, x: Array) -> tuple[int, ...]:
        expected = "(N, C, D, H, W) or (C, D, H, W)"
        warn_unless(self, x, expected, x.ndim in (4, 5))
        return channels(self, x, batched=x.ndim == 5)


class AlphaDropout(_Dropout):
    r"""Dropout that keeps mean 0 and variance 1, for networks of `SELU`.

    Parameters
    ----------
    p : float, default 0.5
        Probability of silencing an element.
    inplace : bool, default False
        Accepted as in torch; the caller's array is never modified.

    Raises
    ------
    ValueError
        If `p` is not between 0 and 1.

    Notes
    -----
    For :math:`x` of any shape, :math:`m` of the same shape, drawn anew at each call,
    and :math:`-\alpha \approx -1.7581` the floor of `SELU`, what is silenced is set to
    that floor, and :math:`a` and :math:`b` restore mean and variance:

    .. math::

        \begin{aligned}
        m_i &\sim \mathrm{Bernoulli}(1 - p), \qquad
            a = \frac{1}{\sqrt{(1 - p)(1 + \alpha^2 p)}}, \qquad b = a \alpha p \\
        y &= a \big( m x - (1 - m) \alpha \big) + b, \qquad
            \frac{\partial L}{\partial x} = a m \frac{\partial L}{\partial y}
        \end{aligned}

    In evaluation :math:`y = x`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.AlphaDropout.html

    .. [1] Klambauer et al., "Self-normalizing neural networks", arXiv:1706.02515,
       2017.

    Examples
    --------
    >>> import numpy as np
    >>> AlphaDropout().eval()(np.array([1.0, 2.0]))
    array([1., 2.])
    """

    def scale_and_shift(self, mask: Array) -> tuple[Array, Any]:
        a = 1 / math.sqrt((1 - self.p) * (1 + ALPHA**2 * self.p))
        return a * mask, a * ALPHA * (mask - 1) + a * ALPHA * self.p


class FeatureAlphaDropout(AlphaDropout):
    r"""`AlphaDropout` of whole channels.

    Parameters
    ----------
    p : float, default 0.5
        Probability of silencing a channel.
    inplace : bool, default False
        Accepted as in torch; the caller's array is never modified.

    Raises
    ------
    ValueError
        If `p` is not between 0 and 1, or the input has fewer than two dimensions.

    Notes
    -----
    The equations of `AlphaDropout`, for :math:`x` of shape :math:`(N, C, \dots)` and
    :math:`m` of :math:`(N, C)`:

    .. math::

        y_{nc} = a \big( m_{nc} x_{nc} - (1 - m_{nc}) \alpha \big) + b, \qquad
        \frac{\partial L}{\partial x_{nc}} =
            a m_{nc} \frac{\partial L}{\partial y_{nc}}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.FeatureAlphaDropout.html

    .. [1] Klambauer et al., "Self-normalizing neural networks", arXiv:1706.02515,
       2017.

    Examples
    --------
    >>> import numpy as np
    >>> y = FeatureAlphaDropout()(np.ones((8, 16, 5)))
    >>> bool((y == y[:, :, :1]).all())
    True
    """

    def mask_shape(self, x: Array) -> tuple[int, ...]:
        return channels(self, x, batched=True)


def channels(layer: Module, x: Array, batched: bool) -> tuple[int, ...]:
    """Return the shape of a mask that has one number for each channel."""
    leading = 2 if batched else 1
    # Evaluation, and p = 0 or 1, need no mask: nor does torch look at x there.
    if x.ndim < leading and layer.training and 0 < layer.p < 1:
        raise ValueError(
            f"{type(layer).__name__} expects at least {leading} dimensions, "
            f"got {x.shape}"
        )
    return x.shape[:leading] + (1,) * (x.ndim - leading)


def warn_unless(layer: Module, x: Array, expected: str, fits: bool) -> None:
    """Warn, as torch does, of a shape that is taken for what it may not be."""
    if not fits:
        name = type(layer).__name__
        warn(f"{name} expects {expected}, got {x.shape}")
