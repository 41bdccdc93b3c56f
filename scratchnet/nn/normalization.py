"""Normalisation of each sample by itself: layer, RMS, group, local response."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn._check import expect_floating, expect_shape
from scratchnet.nn._normalize import (
    Normalization,
    inverse_root,
    precise,
    silent,
    standardize,
)
from scratchnet.nn._sums import mean
from scratchnet.nn.module import Array, Module


class _RowNorm(Normalization):
    """:math:`x` of shape (..., *normalized_shape), viewed as (M, K)."""

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        affine: bool,
        bias: bool,
        dtype: DTypeLike,
    ) -> None:
        if isinstance(normalized_shape, int | np.integer):
            normalized_shape = (int(normalized_shape),)
        super().__init__(tuple(normalized_shape), affine, bias, dtype)
        self.normalized_shape = tuple(normalized_shape)
        self.elementwise_affine = affine

    def rows(self, x: Array) -> Array:
        """Return `x` as (M, K), once it is known to fit."""
        self.expect_dtype(x)
        if not self.normalized_shape:
            raise ValueError(f"{self} has no dimension to normalise")
        expect_shape(self, x, (..., *self.normalized_shape))
        leading = x.shape[: x.ndim - len(self.normalized_shape)]
        shape = math.prod(leading), math.prod(self.normalized_shape)
        return precise(x.reshape(shape))

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}"
        )


class LayerNorm(_RowNorm):
    r"""Normalise each sample over its last dimensions.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        Sizes of the dimensions normalised over, the last ones of the input.
    eps : float, default 1e-5
        :math:`\varepsilon`, added to the variance.
    elementwise_affine : bool, default True
        False leaves :math:`\gamma` and :math:`\beta` out.
    bias : bool, default True
        False leaves :math:`\beta` out.
    dtype : dtype, default float32
        Of the parameters, and so of the input.

    Attributes
    ----------
    weight, bias : Parameter, shape normalized_shape, or None
        :math:`\gamma` and :math:`\beta`; they start as ones and zeros.

    Raises
    ------
    TypeError
        If the input is not an array of the parameters' dtype.
    ValueError
        If its last dimensions are not `normalized_shape`.

    Notes
    -----
    With :math:`x` viewed as :math:`M` rows of :math:`K` elements, :math:`\gamma, \beta`
    of shape :math:`(K)`, and :math:`\langle\cdot\rangle_m` the mean over row :math:`m`,

    .. math::

        \begin{aligned}
        y_{mk} &= \gamma_k \hat x_{mk} + \beta_k, \qquad
            \hat x_{mk} = \frac{x_{mk} - \mu_m}{\sigma_m} \\
        \mu_m &= \langle x \rangle_m, \qquad
            \sigma_m^2 = \langle (x - \mu)^2 \rangle_m + \varepsilon \\
        \frac{\partial L}{\partial \gamma_k} &=
            \sum_m \frac{\partial L}{\partial y_{mk}} \hat x_{mk}, \qquad
            \frac{\partial L}{\partial \beta_k} =
            \sum_m \frac{\partial L}{\partial y_{mk}} \\
        \frac{\partial L}{\partial x_{mk}} &= \hat g_{mk} - \langle \hat g \rangle_m
            - \hat x_{mk} \langle \hat g \hat x \rangle_m, \qquad
            \hat g_{mk} = \frac{\gamma_k}{\sigma_m} \frac{\partial L}{\partial y_{mk}}
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.LayerNorm.html

    .. [1] Ba, Kiros and Hinton, "Layer normalization", arXiv:1607.06450, 2016.

    Examples
    --------
    >>> LayerNorm(2)(np.array([[1, 3], [10, 30]], np.float32)).round(3)
    array([[-1.,  1.],
           [-1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(normalized_shape, elementwise_affine, bias, dtype)
        self.eps = eps

    def forward(self, input: Array) -> Array:
        rows = self.rows(input)
        x_hat, scale, _, _ = standardize(rows, (1,), self.eps)
        return self.scale_and_shift(input, x_hat, scale, (1,), rows.shape[1:])

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, bias={self.bias is not None}"


class RMSNorm(_RowNorm):
    r"""Scale each sample by its root mean square, without centring it.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        Sizes of the dimensions normalised over, the last ones of the input.
    eps : float or None, default None
        :math:`\varepsilon`, added to the mean square; None stands for the machine
        epsilon of the input.
    elementwise_affine : bool, default True
        False leaves :math:`\gamma` out.
    dtype : dtype, default float32
        Of the weight, and so of the input.

    Attributes
    ----------
    weight : Parameter, shape normalized_shape, or None
        :math:`\gamma`; it starts as ones.

    Raises
    ------
    TypeError
        If the input is not an array of the weight's dtype.
    ValueError
        If its last dimensions are not `normalized_shape`.

    Notes
    -----
    With :math:`x` viewed as :math:`M` rows of :math:`K` elements, :math:`\gamma` of
    shape :math:`(K)`, and :math:`\langle\cdot\rangle_m` the mean over row :math:`m`:
    `LayerNorm` without :math:`\mu` and :math:`\beta`,

    .. math::

        \begin{aligned}
        y_{mk} &= \gamma_k \hat x_{mk}, \qquad \hat x_{mk} = \frac{x_{mk}}{\sigma_m},
            \qquad \sigma_m^2 = \langle x^2 \rangle_m + \varepsilon \\
        \frac{\partial L}{\partial \gamma_k} &=
            \sum_m \frac{\partial L}{\partial y_{mk}} \hat x_{mk} \\
        \frac{\partial L}{\partial x_{mk}} &= \hat g_{mk}
            - \hat x_{mk} \langle \hat g \hat x \rangle_m, \qquad
            \hat g_{mk} = \frac{\gamma_k}{\sigma_m} \frac{\partial L}{\partial y_{mk}}
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.RMSNorm.html

    .. [1] Zhang and Sennrich, "Root mean square layer normalization",
       arXiv:1910.07467, 2019.

    Examples
    --------
    >>> RMSNorm(2)(np.array([[1, 7], [10, 70]], np.float32)).round(3)
    array([[0.2, 1.4],
           [0.2, 1.4]], dtype=float32)
    """

    centres = False

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(normalized_shape, elementwise_affine, False, dtype)
        self.eps = eps

    def forward(self, x: Array) -> Array:
        rows = self.rows(x)
        eps = float(np.finfo(x.dtype).eps) if self.eps is None else self.eps
        with silent():
            scale = inverse_root(mean((1,), rows, rows), eps, rows.dtype)
            x_hat = rows * scale
        return self.scale_and_shift(x, x_hat, scale, (1,), rows.shape[1:])


class GroupNorm(Normalization):
    r"""Normalise groups of channels, each sample by itself.

    Parameters
    ----------
    num_groups : int
        Number of groups :math:`G` that the channels are split into.
    num_channels : int
        Number of channels :math:`C`, a multiple of `num_groups`.
    eps : float, default 1e-5
        :math:`\varepsilon`, added to the variance.
    affine : bool, default True
        False leaves :math:`\gamma` and :math:`\beta` out.
    dtype : dtype, default float32
        Of the parameters, and so of the input.
    bias : bool, default True
        False leaves :math:`\beta` out.

    Attributes
    ----------
    weight, bias : Parameter, shape (num_channels,), or None
        :math:`\gamma` and :math:`\beta`; they start as ones and zeros.

    Raises
    ------
    TypeError
        If the input is not an array of the parameters' dtype.
    ValueError
        If the groups do not divide the channels, if the input's shape is not
        (N, C, ...), or if it has but one value for each group.

    Notes
    -----
    With :math:`x` viewed as :math:`(N, G, C / G, L)`, :math:`c` running within a group,
    :math:`\gamma, \beta` viewed as :math:`(G, C / G)`, and
    :math:`\langle\cdot\rangle_{ng}` the mean over :math:`c` and :math:`l`,

    .. math::

        \begin{aligned}
        y_{ngcl} &= \gamma_{gc} \hat x_{ngcl} + \beta_{gc}, \qquad
            \hat x_{ngcl} = \frac{x_{ngcl} - \mu_{ng}}{\sigma_{ng}} \\
        \mu_{ng} &= \langle x \rangle_{ng}, \qquad
            \sigma_{ng}^2 = \langle (x - \mu)^2 \rangle_{ng} + \varepsilon \\
        \frac{\partial L}{\partial \gamma_{gc}} &=
            \sum_{n, l} \frac{\partial L}{\partial y_{ngcl}} \hat x_{ngcl}, \qquad
            \frac{\partial L}{\partial \beta_{gc}} =
            \sum_{n, l} \frac{\partial L}{\partial y_{ngcl}} \\
        \frac{\partial L}{\partial x_{ngcl}} &= \hat g_{ngcl}
            - \langle \hat g \rangle_{ng}
            - \hat x_{ngcl} \langle \hat g \hat x \rangle_{ng}, \qquad
            \hat g_{ngcl} = \frac{\gamma_{gc}}{\sigma_{ng}}
            \frac{\partial L}{\partial y_{ngcl}}
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.GroupNorm.html

    .. [1] Wu and He, "Group normalization", arXiv:1803.08494, 2018.

    Examples
    --------
    >>> GroupNorm(2, 4)(np.array([[1, 3, 10, 30]], np.float32)).round(3)
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        dtype: DTypeLike = np.float32,
        *,
        bias: bool = True,
    ) -> None:
        if num_groups < 1:
            raise ValueError(f"GroupNorm num_groups must be positive, got {num_groups}")
        if num_channels % num_groups != 0:
            raise ValueError(
                f"GroupNorm num_channels ({num_channels}) must be divisible by "
                f"num_groups ({num_groups})"
            )
        super().__init__(num_channels, affine, bias, dtype)
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine

    def forward(self, input: Array) -> Array:
        x = input
        self.expect_dtype(x)
        if x.ndim < 2 or x.shape[1] % self.num_groups != 0:
            raise ValueError(
                f"{self} expects (N, C, ...) with groups that divide C, got {x.shape}"
            )
        if self.affine and x.shape[1] != self.num_channels:
            raise ValueError(
                f"GroupNorm expects (N, {self.num_channels}, ...), got {x.shape}"
            )
        n, c, *spatial = x.shape
        view = n, self.num_groups, c // self.num_groups, math.prod(spatial)
        if math.prod(view) == self.num_groups:
            raise ValueError(
                f"{self} expects more than 1 value for each group, got {x.shape}"
            )
        x_hat, scale, _, _ = standardize(precise(x.reshape(view)), (2, 3), self.eps)
        return self.scale_and_shift(x, x_hat, scale, (2, 3), (*view[1:3], 1))

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, "
            f"affine={self.affine}, bias={self.bias is not None}"
        )


class LocalResponseNorm(Module):
    r"""Divide each element by what the neighbouring channels hold there.

    Parameters
    ----------
    size : int
        Number of channels :math:`n` in a neighbourhood.
    alpha : float, default 1e-4
        Weight :math:`\alpha` of the mean square.
    beta : float, default 0.75
        Exponent :math:`\beta`.
    k : float, default 1
        Offset :math:`k`.

    Raises
    ------
    TypeError
        If the input is not a floating-point array.
    ValueError
        If it has fewer than three dimensions, or if `size` is not positive.

    Notes
    -----
    With :math:`x` of shape :math:`(N, C, \dots)` and :math:`W_c` the channels from
    :math:`c - \lfloor n / 2 \rfloor` to :math:`c + \lfloor (n - 1) / 2 \rfloor` as far
    as they exist, at each place

    .. math::

        \begin{aligned}
        y_c &= x_c \, d_c^{-\beta}, \qquad
            d_c = k + \frac{\alpha}{n} \sum_{j \in W_c} x_j^2 \\
        \frac{\partial L}{\partial x_c} &=
            \frac{\partial L}{\partial y_c} d_c^{-\beta} - \frac{2 \alpha \beta}{n} x_c
            \sum_{j : c \in W_j} \frac{\partial L}{\partial y_j} \frac{y_j}{d_j}
        \end{aligned}

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.LocalResponseNorm.html

    .. [1] Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep
       convolutional neural networks", NeurIPS, 2012.

    Examples
    --------
    >>> norm = LocalResponseNorm(2, alpha=2.0, beta=1.0)
    >>> norm(np.array([[[1.0], [2.0], [3.0]]])).round(3)
    array([[[0.5  ],
            [0.333],
            [0.214]]])
    """

    def __init__(
        self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
    ) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Array) -> Array:
        x = input
        expect_floating(self, x)
        if x.ndim < 3:
            raise ValueError(f"LocalResponseNorm expects (N, C, ...), got {x.shape}")
        if self.size < 1:
            raise ValueError(f"{self} expects a positive size")
        before, after = self.size // 2, (self.size - 1) // 2
        # Where torch overflows to infinity or divides by zero, so does this.
        with silent():
            d = self.k + self.alpha / self.size * _window_sum(x * x, before, after)
            scale = d**-self.beta
            y = x * scale
        self.save_for_backward(x, y, d, scale)
        return y

    def backward(self, grad_output: Array, input_grad: bool = True) -> Array | None:
        x, y, d, scale = self.saved_for(grad_output)
        if not input_grad:
            return None
        before, after = (self.size - 1) // 2, self.size // 2
        with silent():
            shares = _window_sum(grad_output * y / d, before, after)
            factor = 2 * self.alpha * self.beta / self.size
            grad_x: Array = grad_output * scale - factor * x * shares
        return grad_x

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


def _window_sum(x: Array, before: int, after: int) -> Array:
    """Return, for each channel, the sum from `before` below it to `after` above it."""
    channels = x.shape[1]
    total = x.copy()
    for shift in range(1, min(before, channels - 1) + 1):
        total[:, shift:] += x[:, :-shift]
    for shift in range(1, min(after, channels - 1) + 1):
        total[:, :-shift] += x[:, shift:]
    return total
