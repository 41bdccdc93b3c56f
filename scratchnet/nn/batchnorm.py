"""Batch normalisation: every channel to mean 0 and variance 1 over the batch."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn._check import Pattern, expect_floating, expect_shape
from scratchnet.nn._normalize import (
    Normalization,
    inverse_root,
    precise,
    standardize,
)
from scratchnet.nn._sums import Axes
from scratchnet.nn.module import Array


class RunningNorm(Normalization):
    r"""A normalisation of channels that can remember the statistics it saw.

    Notes
    -----
    With :math:`n` elements to a mean, each training pass moves the running statistics
    by the momentum :math:`m`,

    .. math::

        \bar\mu \leftarrow (1 - m) \bar\mu + m \mu, \qquad
        \bar\sigma^2 \leftarrow (1 - m) \bar\sigma^2 + m \frac{n}{n - 1} \sigma^2

    and evaluation normalises with :math:`\bar\mu` and :math:`\bar\sigma^2`, which are
    constants to the backward pass.
    """

    #: The axes along which every place has statistics of its own.
    kept: Axes
    running_mean: Array | None
    running_var: Array | None
    num_batches_tracked: Array | None

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        dtype: DTypeLike,
        bias: bool,
    ) -> None:
        super().__init__(num_features, affine, bias, dtype)
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        tracked = track_running_stats
        mean, var = np.zeros(num_features, dtype), np.ones(num_features, dtype)
        self.register_buffer("running_mean", mean if tracked else None)
        self.register_buffer("running_var", var if tracked else None)
        self.register_buffer("num_batches_tracked", np.array(0) if tracked else None)

    def view(self, x: Array) -> tuple[int, ...]:
        """Return the shape of `x` as (N, C, ...), once it is known to fit."""
        raise AttributeError(f"{type(self).__name__} defines no view")

    def step(self) -> float:
        """Return the momentum of this training pass."""
        raise AttributeError(f"{type(self).__name__} defines no step")

    def forward(self, input: Array) -> Array:
        view = self.view(input)
        samples, shape = precise(input.reshape(view)), (view[1], *(1 for _ in view[2:]))
        axes = tuple(axis for axis in range(len(view)) if axis not in self.kept)
        if self.training or self.running_mean is None or self.running_var is None:
            x_hat, scale, mu, var = standardize(samples, axes, self.eps)
            if (
                self.training
                and self.track_running_stats
                and self.running_mean is not None
            ):
                self.remember(mu, var, math.prod(view[axis] for axis in axes))
        else:
            axes = ()
            var = self.running_var.reshape(shape).astype(np.float64)
            scale = inverse_root(var, self.eps, samples.dtype)
            x_hat = (samples - self.running_mean.reshape(shape)) * scale
        return self.scale_and_shift(input, x_hat, scale, axes, shape)

    def remember(self, mu: Array, var: Array, n: int) -> None:
        """Move the running statistics towards those of `n` elements to a mean."""
        momentum = np.float64(self.step())
        if n == 0:
            return
        # A variance that float32 cannot hold becomes infinite, as in torch.
        with np.errstate(over="ignore", invalid="ignore"):
            for running, new in (
                (self.running_mean, mu),
                (self.running_var, var * (n / (n - 1))),
            ):
                assert running is not None
                # In double precision, rounded once.
                running[...] = (1 - momentum) * running + momentum * new.mean(0).ravel()

    def reset_running_stats(self) -> None:
        """Forget what was seen: mean 0, variance 1, no batches."""
        for buffer, start in (
            (self.running_mean, 0),
            (self.running_var, 1),
            (self.num_batches_tracked, 0),
        ):
            if buffer is not None:
                buffer[...] = start

    def reset_parameters(self) -> None:
        """Forget the running statistics; set weight to one and bias to zero."""
        self.reset_running_stats()
        super().reset_parameters()

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(RunningNorm):
    """:math:`x` of shape (N, C, …), a mean for each channel."""

    kept = (1,)
    patterns: tuple[Pattern, ...]

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        dtype: DTypeLike = np.float32,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, dtype, bias
        )

    def view(self, x: Array) -> tuple[int, ...]:
        name, own = type(self).__name__, self.training or self.running_mean is None
        known = self.running_mean if self.weight is None else self.weight
        expect_floating(self, x, None if known is None else known.dtype)
        # Without weight and statistics, torch does not look at num_features.
        channels = "C" if known is None else self.num_features
        expect_shape(self, x, *((n, channels, *rest) for n, _, *rest in self.patterns))
        n, _, *spatial = x.shape
        if own and n * math.prod(spatial) == 1:
            raise ValueError(
                f"{name} expects more than 1 value per channel when training, "
                f"got {x.shape}"
            )
        if self.eps < 0 or (own and self.eps == 0):
            bound = "positive during training" if own else "non-negative"
            raise ValueError(f"{name} eps must be {bound}, got {self.eps}")
        return x.shape

    def step(self) -> float:
        assert self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        if self.momentum is None:
            return 1 / float(self.num_batches_tracked)
        return self.momentum


class BatchNorm1d(_BatchNorm):
    r"""Normalise each feature, or channel of a sequence, over the batch.

    Parameters
    ----------
    num_features : int
        Number of channels :math:`C`.
    eps : float, default 1e-5
        :math:`\varepsilon`, added to the variance.
    momentum : float or None, default 0.1
        Weight :math:`m` of the newest batch in the running statistics. None weighs
        all batches alike: a cumulative average.
    affine : bool, default True
        False leaves :math:`\gamma` and :math:`\beta` out.
    track_running_stats : bool, default True
        False keeps no statistics: evaluation normalises with the batch's own.
    dtype : dtype, default float32
        Of parameters and statistics, and so of the input.
    bias : bool, default True
        False leaves :math:`\beta` out.

    Attributes
    ----------
    weight, bias : Parameter, shape (num_features,), or None
        :math:`\gamma` and :math:`\beta`; they start as ones and zeros.
    running_mean, running_var : ndarray, shape (num_features,), or None
        :math:`\bar\mu` and :math:`\bar\sigma^2`; they start as zeros and ones.
    num_batches_tracked : ndarray of int64, shape (), or None

    Raises
    ------
    TypeError
        If the input is not an array of the parameters' dtype.
    ValueError
        If its shape is neither (N, C) nor (N, C, L), if a channel has but one value
        to train on, or if `eps` is negative or, in training, 0.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, L)`, or :math:`(N, C)` for :math:`L = 1`,
    :math:`\mu, \sigma, \gamma, \beta` of :math:`(C)`, and
    :math:`\langle\cdot\rangle_c` the mean over the :math:`n = N L` elements of a
    channel,

    .. math::

        \begin{aligned}
        y_{ncl} &= \gamma_c \hat x_{ncl} + \beta_c, \qquad
            \hat x_{ncl} = \frac{x_{ncl} - \mu_c}{\sigma_c} \\
        \mu_c &= \langle x \rangle_c, \qquad
            \sigma_c^2 = \langle (x - \mu)^2 \rangle_c + \varepsilon \\
        \frac{\partial L}{\partial \gamma_c} &=
            \sum_{n, l} \frac{\partial L}{\partial y_{ncl}} \hat x_{ncl}, \qquad
            \frac{\partial L}{\partial \beta_c} =
            \sum_{n, l} \frac{\partial L}{\partial y_{ncl}} \\
        \frac{\partial L}{\partial x_{ncl}} &= \hat g_{ncl} - \langle \hat g \rangle_c
            - \hat x_{ncl} \langle \hat g \hat x \rangle_c, \qquad
            \hat g_{ncl} = \frac{\gamma_c}{\sigma_c} \frac{\partial L}{\partial y_{ncl}}
        \end{aligned}

    In training the running statistics follow, the variance in its unbiased form:

    .. math::

        \bar\mu \leftarrow (1 - m) \bar\mu + m \mu, \qquad
        \bar\sigma^2 \leftarrow (1 - m) \bar\sigma^2
            + m \frac{n}{n - 1} \langle (x - \mu)^2 \rangle

    In evaluation they take the place of :math:`\mu` and :math:`\sigma^2 - \varepsilon`
    and are constants: :math:`\partial L / \partial x = \hat g`.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.BatchNorm1d.html

    .. [1] Ioffe and Szegedy, "Batch normalization: accelerating deep network training
       by reducing internal covariate shift", arXiv:1502.03167, 2015.

    Examples
    --------
    >>> layer = BatchNorm1d(2)
    >>> y = layer(np.array([[1, 10], [3, 30]], np.float32))
    >>> y.round(3)
    array([[-1., -1.],
           [ 1.,  1.]], dtype=float32)
    >>> layer.running_mean.round(3)
    array([0.2, 2. ], dtype=float32)
    """

    patterns = (("N", "C"), ("N", "C", "L"))


class BatchNorm2d(_BatchNorm):
    r"""Normalise each channel of a batch of images.

    The parameters, attributes and errors are those of `BatchNorm1d`, for an input of
    shape (N, C, H, W).

    Notes
    -----
    The equations are those of `BatchNorm1d`, :math:`l` running over the
    :math:`L = H W` pixels, so that :math:`n = N H W`:

    .. math::

        y_{nchw} = \gamma_c \frac{x_{nchw} - \mu_c}{\sigma_c} + \beta_c

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.BatchNorm2d.html

    Examples
    --------
    >>> layer = BatchNorm2d(16)
    >>> layer(np.ones((4, 16, 8, 8), np.float32)).shape
    (4, 16, 8, 8)
    >>> layer.state_dict().keys()
    dict_keys(['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked'])
    """

    patterns = (("N", "C", "H", "W"),)


class BatchNorm3d(_BatchNorm):
    r"""Normalise each channel of a batch of volumes.

    The parameters, attributes and errors are those of `BatchNorm1d`, for an input of
    shape (N, C, D, H, W).

    Notes
    -----
    The equations are those of `BatchNorm1d`, :math:`l` running over the
    :math:`L = D H W` voxels, so that :math:`n = N D H W`:

    .. math::

        y_{ncdhw} = \gamma_c \frac{x_{ncdhw} - \mu_c}{\sigma_c} + \beta_c

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.BatchNorm3d.html

    Examples
    --------
    >>> layer = BatchNorm3d(16).eval()
    >>> layer(np.ones((4, 16, 2, 8, 8), np.float32)).shape
    (4, 16, 2, 8, 8)
    """

    patterns = (("N", "C", "D", "H", "W"),)
