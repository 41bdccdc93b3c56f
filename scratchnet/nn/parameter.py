"""Parameter: an array to be learned, with its gradient beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Array = NDArray[Any]


class Parameter:
    """An array to be learned, with its gradient beside it.

    Parameters
    ----------
    data : ndarray
        A floating-point array; shared, not copied.
    requires_grad : bool, default True
        False freezes the parameter: no gradient is kept, so no optimiser moves it.

    Attributes
    ----------
    data : ndarray
        The values.
    grad : ndarray or None
        The gradient of the loss with respect to ``data``, of the same shape and
        dtype; None until a backward pass has been here.

    Raises
    ------
    TypeError
        If `data` is not a floating-point array.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.parameter.Parameter.html

    Examples
    --------
    >>> weight = Parameter(np.zeros((2, 3)))
    >>> weight.accumulate_grad(np.ones((2, 3)))
    >>> weight.accumulate_grad(np.ones((2, 3)))
    >>> weight.grad
    array([[2., 2., 2.],
           [2., 2., 2.]])
    """

    def __init__(self, data: Array, requires_grad: bool = True) -> None:
        if not (
            isinstance(data, np.ndarray) and np.issubdtype(data.dtype, np.floating)
        ):
            came = data.dtype if isinstance(data, np.ndarray) else type(data).__name__
            raise TypeError(f"Parameter expects a floating-point array, got {came}")
        self.data = data
        self.grad: Array | None = None
        self.requires_grad = requires_grad

    def accumulate_grad(self, grad: ArrayLike) -> None:
        """Add `grad` to what earlier backward passes left in ``.grad``.

        The array is taken over, not copied: pass one that nobody else writes to.
        """
        grad = np.asarray(grad, self.dtype)
        if grad.shape != self.shape:
            raise ValueError(
                f"a parameter of shape {self.shape} expects a gradient of that "
                f"shape, got {grad.shape}"
            )
        if self.requires_grad:
            # As an array: NumPy's sum of two without dimensions is none.
            self.grad = grad if self.grad is None else np.asarray(self.grad + grad)

    def astype(self, dtype: DTypeLike) -> None:
        """Convert the values, and the gradient if there is one, in place."""
        self.data = self.data.astype(dtype, copy=False)
        if self.grad is not None:
            self.grad = self.grad.astype(dtype, copy=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of ``data``."""
        return self.data.shape

    @property
    def ndim(self) -> int:
        """The number of dimensions of ``data``."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """The number of values in ``data``."""
        return self.data.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of ``data``."""
        return self.data.dtype

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> Array:
        return np.array(self.data, dtype, copy=copy)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{self.data!r}"
