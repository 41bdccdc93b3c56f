"""A table of rows: what the embeddings share."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn import init
from scratchnet.nn._check import expect_integers
from scratchnet.nn.module import Array, Module, Parameter


class Table(Module):
    """A table of rows, and the gradient of those that were looked up."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None,
        max_norm: float | None,
        norm_type: float,
        scale_grad_by_freq: bool,
        sparse: bool,
        weight: Array | None,
        dtype: DTypeLike,
    ) -> None:
        super().__init__()
        name, shape = type(self).__name__, (num_embeddings, embedding_dim)
        if min(shape) < 0:
            raise ValueError(f"{name} expects sizes that are not negative, got {shape}")
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise ValueError(
                    f"{name} expects padding_idx within {num_embeddings} rows, "
                    f"got {padding_idx}"
                )
            padding_idx %= num_embeddings
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        if weight is None:
            self.weight = Parameter(np.empty(shape, dtype))
            self.reset_parameters()
        else:
            if np.shape(weight) != shape:
                raise ValueError(
                    f"{name} expects a weight of shape {shape}, got {np.shape(weight)}"
                )
            self.weight = Parameter(np.array(weight))

    def reset_parameters(self) -> None:
        """Draw the rows anew from the standard normal distribution."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.data[self.padding_idx] = 0

    def expect_rows(self, index: Array) -> None:
        """Refuse what are not numbers of rows."""
        expect_integers(self, index)
        outside = (index < 0) | (index >= self.num_embeddings)
        if outside.any():
            raise IndexError(
                f"{type(self).__name__} expects indices in [0, {self.num_embeddings}), "
                f"got {np.asarray(index)[outside].flat[0]}"
            )

    def look_up(self, index: Array) -> Array:
        """Return the rows at `index`, first shortened to `max_norm` in their place."""
        if self.max_norm is not None:
            used = np.unique(index)
            rows = self.weight.data[used]
            norms = np.linalg.norm(rows, self.norm_type, axis=1, keepdims=True)
            shortened = rows * (self.max_norm / (norms + 1e-7))
            self.weight.data[used] = np.where(norms > self.max_norm, shortened, rows)
        return self.weight.data.take(index, axis=0)

    def accumulate(self, index: Array, grad_rows: Array) -> None:
        """Hand each row the sum of its gradients; the padding gets none."""
        # What comes next multiplies and counts: no narrow integers.
        index = index.reshape(-1).astype(np.intp, copy=False)
        grad_rows = grad_rows.reshape(-1, self.embedding_dim)
        if self.padding_idx is not None:
            kept = index != self.padding_idx
            index, grad_rows = index[kept], grad_rows[kept]
        if self.scale_grad_by_freq:
            times = np.bincount(index, minlength=1)[index, None]
            grad_rows = grad_rows / times.astype(grad_rows.dtype)
        self.weight.accumulate_grad(sum_rows(grad_rows, index, self.num_embeddings))

    def norm_repr(self) -> str:
        """Return the options that ``repr`` shows where they are not the defaults."""
        shown = "" if self.max_norm is None else f", max_norm={self.max_norm}"
        shown += "" if self.norm_type == 2 else f", norm_type={self.norm_type}"
        return shown + (", scale_grad_by_freq=True" if self.scale_grad_by_freq else "")


def sum_rows(rows: Array, index: Array, count: int) -> Array:
    """Return `count` rows, each the sum of those of `rows` whose `index` it is."""
    total = np.zeros((count, rows.shape[1]), rows.dtype)
    # Element by element, np.add.at is ten times as fast as row by row.
    places = index[:, None] * rows.shape[1] + np.arange(rows.shape[1])
    np.add.at(total.reshape(-1), places.reshape(-1), rows.reshape(-1))
    return total


def table_shape(layer: type[Module], embeddings: Array) -> tuple[int, int]:
    """Return (V, D), once `embeddings` has two dimensions."""
    if np.ndim(embeddings) != 2:
        raise ValueError(
            f"{layer.__name__}.from_pretrained expects (V, D), "
            f"got {np.shape(embeddings)}"
        )
    return len(embeddings), embeddings.shape[1]
