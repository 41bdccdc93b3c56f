"""One row for each index."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn.module import Array
from scratchnet.nn.sparse.table import Table, table_shape


class Embedding(Table):
    r"""Look up a row for each index.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        Number of rows, and their length.
    padding_idx : int, optional
        A row that starts at zero and gets no gradient; negative ones count from the
        end.
    max_norm : float, optional
        Rows longer than this are shortened to it, in the table itself, when they are
        looked up; no gradient takes notice.
    norm_type : float, default 2.0
        The :math:`p` of the :math:`p`-norm that `max_norm` speaks of.
    scale_grad_by_freq : bool, default False
        Divide each row's gradient by the number of times it was looked up.
    sparse : bool, default False
        Accepted as in torch; gradients are dense all the same.
    dtype : dtype, default float32
        Of the table.

    Attributes
    ----------
    weight : Parameter, shape (num_embeddings, embedding_dim)
        Starts from the standard normal distribution.

    Raises
    ------
    TypeError
        If the input is not an array of integers.
    IndexError
        If an index is not in :math:`[0, V)`.
    ValueError
        If `padding_idx` is no row.

    Notes
    -----
    For indices :math:`i` of any shape :math:`(\ast)`, :math:`W` of shape
    :math:`(V, D)` and :math:`y` of :math:`(\ast, D)`,

    .. math::

        y_n = W_{i_n}, \qquad
        \frac{\partial L}{\partial W_v} =
            \sum_{n \,:\, i_n = v} \frac{\partial L}{\partial y_n}

    The indices have no gradient: `backward` returns None.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Embedding.html

    Examples
    --------
    >>> layer = Embedding.from_pretrained(np.array([[1.0, 2.0], [3.0, 4.0]]))
    >>> layer(np.array([1, 0, 1]))
    array([[3., 4.],
           [1., 2.],
           [3., 4.]])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Array | None = None,
        _freeze: bool = False,
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
        self.weight.requires_grad = not _freeze

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Array,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Self:
        """Return a layer with a copy of `embeddings`, shape (V, D), for its table.

        With `freeze` it is not learned.
        """
        return cls(
            *table_shape(cls, embeddings),
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
            embeddings,
            freeze,
        )

    def forward(self, input: Array) -> Array:
        self.expect_rows(input)
        self.save_for_backward(input)
        return self.look_up(input)

    def backward(self, grad_output: Array, input_grad: bool = True) -> None:
        (index,) = self.saved_for(grad_output)
        self.accumulate(index, grad_output)

    def extra_repr(self) -> str:
        shown = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.padding_idx is not None:
            shown += f", padding_idx={self.padding_idx}"
        shown += self.norm_repr()
        return shown + (", sparse=True" if self.sparse else "")
