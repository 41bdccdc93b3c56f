"""Arguments as trees: tuples, lists and dicts with arrays for leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike

from parity.case import Build, Call, Draw


def map_tree(function: Callable[[Any], Any], tree: Any) -> Any:
    """Return `tree` with `function` applied to each leaf."""
    if isinstance(tree, Call):
        return Call(map_tree(function, tree.args), map_tree(function, tree.kwargs))
    if isinstance(tree, dict):
        return {key: map_tree(function, value) for key, value in tree.items()}
    if isinstance(tree, tuple | list):
        parts = [map_tree(function, value) for value in tree]
        return parts if isinstance(tree, list) else tuple(parts)
    return function(tree)


def leaves(tree: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield each leaf with its name: ``output``, or ``output.0``, ``output.1.0``."""
    if isinstance(tree, tuple | list):
        for i, part in enumerate(tree):
            yield from leaves(part, f"{name}.{i}")
    elif tree is not None:
        yield name, tree


def drawn(tree: Any, rng: np.random.Generator, edges: bool) -> Any:
    """Return `tree` with every description drawn."""
    return map_tree(
        lambda leaf: leaf(rng, edges) if isinstance(leaf, Draw) else leaf, tree
    )


def is_floating(leaf: Any) -> bool:
    """Whether `leaf` is an array of floating-point numbers, on either side."""
    if isinstance(leaf, torch.Tensor):
        return leaf.is_floating_point()
    return isinstance(leaf, np.ndarray | np.generic) and np.issubdtype(
        leaf.dtype, np.floating
    )


def to_numpy(tree: Any, dtype: DTypeLike, namespace: Any) -> Any:
    """Return `tree` for scratchnet: read-only arrays, floating ones in `dtype`."""

    def convert(leaf: Any) -> Any:
        if isinstance(leaf, Build):
            return leaf.build(namespace)
        if isinstance(leaf, np.ndarray):
            leaf = leaf.astype(dtype if is_floating(leaf) else leaf.dtype)
            leaf.flags.writeable = False
        return leaf

    return map_tree(convert, tree)


def to_torch(tree: Any, dtype: DTypeLike) -> Any:
    """Return `tree` for torch: tensors, floating ones in `dtype`."""

    def convert(leaf: Any) -> Any:
        if isinstance(leaf, Build):
            return leaf.build(torch.nn)
        if isinstance(leaf, np.ndarray):
            leaf = leaf.astype(dtype if is_floating(leaf) else leaf.dtype)
            return torch.from_numpy(np.ascontiguousarray(leaf).reshape(leaf.shape))
        return leaf

    return map_tree(convert, tree)


def rounded(tree: Any) -> Any:
    """Return `tree` with floating numbers that float32 can hold, still in float64."""

    def convert(leaf: Any) -> Any:
        return leaf.astype(np.float32).astype(np.float64) if is_floating(leaf) else leaf

    return map_tree(convert, tree)


def doubled(tree: Any) -> Any:
    """Return `tree` with every floating number doubled."""
    return map_tree(lambda leaf: 2 * leaf if is_floating(leaf) else leaf, tree)


def copied(tree: Any) -> Any:
    """Return `tree` with every array or tensor copied."""

    def copy(leaf: Any) -> Any:
        if isinstance(leaf, np.ndarray):
            return leaf.copy()
        return leaf.clone() if isinstance(leaf, torch.Tensor) else leaf

    return map_tree(copy, tree)
