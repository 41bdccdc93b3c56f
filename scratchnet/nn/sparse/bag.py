"""One row for each bag of indices."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn._check import expect_floating, expect_integers, expect_shape
from scratchnet.nn.module import Array
from scratchnet.nn.sparse.table import Table, table_shape


class EmbeddingBag(Table):
    r"""Look up the rows of each bag of indices, and sum, average or maximise them.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        Number of rows, and their length.
    max_norm, norm_type, scale_grad_by_freq, sparse
        As for `Embedding`.
    mode : {"mean", "sum", "max"}, default "mean"
        What becomes of a bag's rows.
    include_last_offset : bool, default False
        Whether the last offset is the end of the last bag, rather than the start of
        one more.
    padding_idx : int, optional
        A row that starts at zero, and is left out of every bag.
    dtype : dtype, default float32
        Of the table.

    Attributes
    ----------
    weight : Parameter, shape (num_embeddings, embedding_dim)
        Starts from the standard normal distribution.

    Raises
    ------
    TypeError
        If indices or offsets are not integers, or the weights of another dtype than
        the table.
    IndexError
        If an index is not in :math:`[0, V)`.
    ValueError
        If the shapes, the offsets or the options do not go together.

    Notes
    -----
    The input is of shape :math:`(B, n)`, a bag a row, or of :math:`(N)` with offsets
    of :math:`(B)`, where each bag begins. With weights :math:`s` of the input's shape
    (``mode="sum"`` alone; 1 where none are given), :math:`W` of shape :math:`(V, D)`
    and :math:`y` of :math:`(B, D)`, the sum over a bag's indices is

    .. math::

        \begin{aligned}
        y_b &= \sum_{n \in b} s_n W_{i_n} \\
        \frac{\partial L}{\partial W_v} &=
            \sum_{n \,:\, i_n = v} s_n \frac{\partial L}{\partial y_{b(n)}} \qquad
        \frac{\partial L}{\partial s_n} =
            \frac{\partial L}{\partial y_{b(n)}} \cdot W_{i_n}
        \end{aligned}

    The mean divides by the size of the bag. Of the maximum, each feature's gradient
    goes to the first row that has it. An empty bag gives zeros.

    With `scale_grad_by_freq` each row's gradient is divided by its own frequency, as
    documented; torch 2.13 divides by another row's, unless all are equal.

    `backward` returns None, as indices have no gradient; with weights it returns
    (None, None, :math:`\partial L / \partial s`).

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.EmbeddingBag.html

    Examples
    --------
    >>> table = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 9.0]])
    >>> layer = EmbeddingBag.from_pretrained(table, mode="sum")
    >>> layer(np.array([1, 2, 0]), offsets=np.array([0, 2]))
    array([[ 8., 13.],
           [ 1.,  2.]])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Array | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(
            num_embeddings,
            embedding_dim,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
            _weight,
            dtype,
        )
        self.mode = mode
        self.include_last_offset = include_last_offset

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Array,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> Self:
        """Return a layer with a copy of `embeddings`, shape (V, D), for its table.

        With `freeze` it is not learned.
        """
        layer = cls(
            *table_shape(cls, embeddings),
            max_norm,
            norm_type,
            scale_grad_by_freq,
            mode,
            sparse,
            embeddings,
            include_last_offset,
            padding_idx,
        )
        layer.weight.requires_grad = not freeze
        return layer

    def forward(
        self,
        input: Array,
        offsets: Array | None = None,
        per_sample_weights: Array | None = None,
    ) -> Array:
        index = input
        self._expect_options(index, per_sample_weights)
        bag, count = self._bag_of_each(index, offsets)
        self.expect_rows(index)
        rows = self.look_up(index.reshape(-1))
        # What lies behind the last bag is in none, and padding is left out.
        kept: Any = slice(len(bag))
        if self.padding_idx is not None:
            kept = np.flatnonzero(index.reshape(-1)[kept] != self.padding_idx)
        bag, rows = bag[kept], rows[kept]
        share: Array | None = None
        size: Any = 1
        if self.mode == "max":
            y = reduced(np.maximum, rows, bag, count)
            share = found_first(rows, y, bag)
        elif per_sample_weights is not None:
            share = per_sample_weights.reshape(-1, 1)[kept]
            y = reduced(np.add, share * rows, bag, count)
        else:
            y = reduced(np.add, rows, bag, count)
        if self.mode == "mean":
            size = np.maximum(np.bincount(bag, minlength=count), 1)
            size = size[:, None].astype(y.dtype)
            y /= size
        weighted = per_sample_weights is not None
        self.save_for_backward(index, kept, bag, rows, share, size, weighted)
        return y

    def backward(
        self, grad_output: Array, input_grad: bool = True
    ) -> tuple[None, None, Array | None] | None:
        index, kept, bag, rows, share, size, weighted = self.saved_for(grad_output)
        grad_rows = (grad_output / size)[bag]
        grad_shares = grad_rows if share is None else share * grad_rows
        self.accumulate(index.reshape(-1)[kept], grad_shares)
        if not weighted:
            return None
        if not input_grad:
            return None, None, None
        grad_weights = np.zeros(index.shape, rows.dtype)
        grad_weights.flat[kept] = (grad_rows * rows).sum(axis=1)
        return None, None, grad_weights

    def _expect_options(self, index: Array, weights: Array | None) -> None:
        if self.mode not in ("sum", "mean", "max"):
            raise ValueError(
                f"EmbeddingBag expects mode 'sum', 'mean' or 'max', got {self.mode!r}"
            )
        if self.mode == "max" and (self.scale_grad_by_freq or self.sparse):
            raise ValueError(
                "EmbeddingBag expects neither scale_grad_by_freq nor sparse with "
                "mode 'max'"
            )
        expect_integers(self, index)
        if weights is None:
            return
        expect_floating(self, weights, self.weight.dtype, "per_sample_weights")
        if self.mode != "sum":
            raise ValueError(
                f"EmbeddingBag expects per_sample_weights with mode 'sum' alone, "
                f"got mode {self.mode!r}"
            )
        if weights.shape != index.shape:
            raise ValueError(
                f"EmbeddingBag per_sample_weights expects {index.shape}, "
                f"got {weights.shape}"
            )

    def _bag_of_each(self, index: Array, offsets: Array | None) -> tuple[Array, int]:
        """Return the bag that each index is in, and the number of bags."""
        expect_shape(self, index, ("B", "n"), ("N",))
        if index.ndim == 2:
            if offsets is not None:
                raise ValueError("EmbeddingBag expects no offsets with (B, n) indices")
            return np.repeat(np.arange(index.shape[0]), index.shape[1]), len(index)
        if offsets is None:
            raise ValueError("EmbeddingBag expects offsets with (N,) indices, got none")
        expect_integers(self, offsets, "offsets")
        expect_shape(self, offsets, ("B",), name="offsets")
        bounds = offsets.astype(np.int64)
        if not self.include_last_offset:
            bounds = np.append(bounds, len(index))
        sizes = np.diff(bounds)
        rising = (sizes >= 0).all() and (bounds <= len(index)).all()
        if not (len(bounds) and rising and (bounds[0] == 0 or len(offsets) == 0)):
            raise ValueError(
                f"EmbeddingBag expects offsets rising from 0 to at most {len(index)}, "
                f"got {offsets.tolist()}"
            )
        return np.repeat(np.arange(len(sizes)), sizes), len(sizes)

    def extra_repr(self) -> str:
        shown = f"{self.num_embeddings}, {self.embedding_dim}{self.norm_repr()}"
        shown += f", mode={self.mode!r}"
        if self.padding_idx is not None:
            shown += f", padding_idx={self.padding_idx}"
        return shown


def reduced(operation: np.ufunc, rows: Array, bag: Array, count: int) -> Array:
    """Return what `operation` makes of each bag's `rows`; zeros of an empty bag's.

    `bag` is rising, so that a bag's rows lie together.
    """
    y = np.zeros((count, rows.shape[1]), rows.dtype)
    begins = np.flatnonzero(np.diff(bag, prepend=-1))
    y[bag[begins]] = operation.reduceat(rows, begins, axis=0)
    return y


def found_first(rows: Array, largest: Array, bag: Array) -> Array:
    """Return where, in each bag and feature, the largest number stands first."""
    position = np.arange(len(bag))[:, None]
    # Not less, rather than equal: so it holds of NaN too.
    found = np.where(rows < largest[bag], len(bag), position)
    return position == reduced(np.minimum, found, bag, len(largest))[bag]
