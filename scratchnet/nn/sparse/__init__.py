"""Embeddings: rows of a table, looked up by number."""

from scratchnet.nn.sparse.bag import EmbeddingBag
from scratchnet.nn.sparse.embedding import Embedding

__all__ = ["Embedding", "EmbeddingBag"]
