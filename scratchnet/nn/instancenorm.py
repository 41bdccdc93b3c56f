"""Instance normalisation: every channel of every sample by itself."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn._check import Pattern, expect_shape, warn
from scratchnet.nn.batchnorm import RunningNorm
from scratchnet.nn.module import Array


class _InstanceNorm(RunningNorm):
    """:math:`x` of shape (N, C, …) or (C, …), a mean for each sample and channel."""

    kept = (0, 1)
    pattern: Pattern

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        dtype: DTypeLike = np.float32,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, dtype, bias
        )

    def view(self, x: Array) -> tuple[int, ...]:
        self.expect_dtype(x)
        _, *spatial = self.pattern
        expect_shape(self, x, ("C", *spatial), ("N", "C", *spatial))
        *batch, channels = x.shape[: -len(spatial)]
        if channels != self.num_features:
            if self.affine or self.running_mean is not None:
                sizes = (self.num_features, *spatial)
                expect_shape(self, x, sizes, ("N", *sizes))
            warn(
                f"{self} normalises {channels} channels: num_features is not used "
                "when affine=False"
            )
        places = x.shape[-len(spatial) :]
        if math.prod(places) == 1 and (self.training or self.running_mean is None):
            raise ValueError(
                f"{type(self).__name__} expects more than 1 spatial element when "
                f"training, got {x.shape}"
            )
        return math.prod(batch), channels, *places

    def step(self) -> float:
        # As in torch: batches are not counted, and None keeps what is there.
        return 0.0 if self.momentum is None else self.momentum


class InstanceNorm1d(_InstanceNorm):
    r"""Normalise each channel of each sequence by itself.

    Parameters
    ----------
    num_features : int
        Number of channels :math:`C`.
    eps : float, default 1e-5
        :math:`\varepsilon`, added to the variance.
    momentum : float or None, default 0.1
        Weight :math:`m` of the newest batch in the running statistics; None leaves
        them as they are.
    affine : bool, default False
        True learns :math:`\gamma` and :math:`\beta`.
    track_running_stats : bool, default False
        True keeps running statistics, and normalises with them in evaluation.
    dtype : dtype, default float32
        Of parameters and statistics, and so of the input.
    bias : bool, default True
        With `affine`, False leaves :math:`\beta` out.

    Attributes
    ----------
    weight, bias : Parameter, shape (num_features,), or None
        :math:`\gamma` and :math:`\beta`; they start as ones and zeros.
    running_mean, running_var : ndarray, shape (num_features,), or None
        :math:`\bar\mu` and :math:`\bar\sigma^2`; they start as zeros and ones.
    num_batches_tracked : ndarray of int64, shape (), or None
        Always zero, as in torch.

    Raises
    ------
    TypeError
        If the input is not an array of the parameters' dtype.
    ValueError
        If its shape is neither (C, L) nor (N, C, L), or if there is but one element
        to normalise.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, L)`, :math:`\gamma, \beta` of :math:`(C)`,
    and :math:`\langle\cdot\rangle_{nc}` the mean over :math:`l`,

    .. math::

        \begin{aligned}
        y_{ncl} &= \gamma_c \hat x_{ncl} + \beta_c, \qquad
            \hat x_{ncl} = \frac{x_{ncl} - \mu_{nc}}{\sigma_{nc}} \\
        \mu_{nc} &= \langle x \rangle_{nc}, \qquad
            \sigma_{nc}^2 = \langle (x - \mu)^2 \rangle_{nc} + \varepsilon \\
        \frac{\partial L}{\partial x_{ncl}} &= \hat g_{ncl}
            - \langle \hat g \rangle_{nc}
            - \hat x_{ncl} \langle \hat g \hat x \rangle_{nc}, \qquad
            \hat g_{ncl} = \frac{\gamma_c}{\sigma_{nc}}
            \frac{\partial L}{\partial y_{ncl}}
        \end{aligned}

    and the gradients of :math:`\gamma, \beta` as in `BatchNorm1d`. The running
    statistics follow the batch's average of :math:`\mu_{nc}` and of the unbiased
    variance :math:`\frac{L}{L - 1} \langle (x - \mu)^2 \rangle_{nc}`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.InstanceNorm1d.html

    .. [1] Ulyanov, Vedaldi and Lempitsky, "Instance normalization: the missing
       ingredient for fast stylization", arXiv:1607.08022, 2016.

    Examples
    --------
    >>> InstanceNorm1d(1)(np.array([[[1.0, 3.0]], [[10.0, 30.0]]])).round(3)
    array([[[-1.,  1.]],
           [[-1.,  1.]]])
    """

    pattern = ("C", "L")


class InstanceNorm2d(_InstanceNorm):
    r"""Normalise each channel of each image by itself.

    The parameters, attributes and errors are those of `InstanceNorm1d`, for an input
    of shape (C, H, W) or (N, C, H, W).

    Notes
    -----
    The equations are those of `InstanceNorm1d`, :math:`l` running over the
    :math:`L = H W` pixels:

    .. math::

        y_{nchw} = \gamma_c \frac{x_{nchw} - \mu_{nc}}{\sigma_{nc}} + \beta_c

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.InstanceNorm2d.html

    Examples
    --------
    >>> layer = InstanceNorm2d(16, affine=True)
    >>> layer(np.ones((4, 16, 8, 8), np.float32)).shape
    (4, 16, 8, 8)
    """

    pattern = ("C", "H", "W")


class InstanceNorm3d(_InstanceNorm):
    r"""Normalise each channel of each volume by itself.

    The parameters, attributes and errors are those of `InstanceNorm1d`, for an input
    of shape (C, D, H, W) or (N, C, D, H, W).

    Notes
    -----
    The equations are those of `InstanceNorm1d`, :math:`l` running over the
    :math:`L = D H W` voxels:

    .. math::

        y_{ncdhw} = \gamma_c \frac{x_{ncdhw} - \mu_{nc}}{\sigma_{nc}} + \beta_c

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.InstanceNorm3d.html

    Examples
    --------
    >>> layer = InstanceNorm3d(16)
    >>> layer(np.ones((4, 16, 2, 8, 8), np.float32)).shape
    (4, 16, 2, 8, 8)
    """

    pattern = ("C", "D", "H", "W")
