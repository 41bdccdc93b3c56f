"""The side-by-side pages: each piece's mathematics, its two implementations, its proof.

In reading order: what a page holds, the docstring and the mathematics in it, the code,
the verdict, the curves of activations, and the files that are written.
"""

from parity.study.build import Record, write
from parity.study.pages import Page, holding

__all__ = ["Page", "Record", "holding", "write"]
