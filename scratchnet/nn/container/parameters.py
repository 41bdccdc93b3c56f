"""Containers of parameters."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

import numpy as np

from scratchnet.nn.module import Module, Parameter


class ParameterList(Module):
    """Hold parameters in a list; what else is put in is kept, but not learned.

    Parameters
    ----------
    values : iterable, optional
        Arrays become parameters; anything else is kept as it is.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ParameterList.html

    Examples
    --------
    >>> from scratchnet import nn
    >>> factors = nn.ParameterList([np.zeros((2, 3)), nn.Parameter(np.ones(4))])
    >>> factors
    ParameterList(
        (0): Parameter containing: [float64 of size 2x3]
        (1): Parameter containing: [float64 of size 4]
    )
    >>> [name for name, _ in factors.named_parameters()]
    ['0', '1']
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        self.extend(() if values is None else values)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter([self[i] for i in range(len(self))])

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, self._name(index))

    def __setitem__(self, index: int, value: Any) -> None:
        setattr(self, self._name(index), _learned(value))

    def __iadd__(self, values: Iterable[Any]) -> Self:
        return self.extend(values)

    def append(self, value: Any) -> Self:
        """Add a value at the end."""
        setattr(self, str(self._size), _learned(value))
        self._size += 1
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Add several values at the end."""
        if not isinstance(values, Iterable) or isinstance(values, np.ndarray):
            raise TypeError(
                f"ParameterList expects an iterable of values, "
                f"got {type(values).__name__}"
            )
        for value in [_learned(value) for value in values]:
            self.append(value)
        return self

    def _name(self, index: int) -> str:
        position = operator.index(index)
        if not -len(self) <= position < len(self):
            raise IndexError(f"ParameterList of {len(self)} has no {index}")
        return str(position % len(self))

    def __repr__(self) -> str:
        return _show_values(self, enumerate(self))


class ParameterDict(Module):
    """Hold parameters by name; what else is put in is kept, but not learned.

    Parameters
    ----------
    parameters : mapping or iterable of (str, value), optional
        Arrays become parameters; anything else is kept as it is. As in torch, a
        plain mapping is taken in the order of its sorted names.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ParameterDict.html

    Examples
    --------
    >>> from scratchnet import nn
    >>> choices = nn.ParameterDict({"left": np.zeros(3), "right": np.ones((3, 2))})
    >>> choices
    ParameterDict(
        (left): Parameter containing: [float64 of size 3]
        (right): Parameter containing: [float64 of size 3x2]
    )
    >>> [name for name, _ in choices.named_parameters()]
    ['left', 'right']
    """

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(key)
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        value = _learned(value)
        self._expect_free(key, self._keys)
        setattr(self, key, value)
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        self._forget(key)

    def __or__(self, other: ParameterDict) -> ParameterDict:
        both = self.copy()
        both.update(other)
        return both

    def __ior__(self, other: ParameterDict) -> Self:
        self.update(other)
        return self

    def keys(self) -> Iterable[str]:
        """Return the names."""
        return self._keys.keys()

    def values(self) -> Iterable[Any]:
        """Return the values."""
        return [self[key] for key in self]

    def items(self) -> Iterable[tuple[str, Any]]:
        """Return the names with their values."""
        return [(key, self[key]) for key in self]

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value under `key`, or `default` if there is none."""
        return self[key] if key in self else default  # noqa: SIM401

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value under `key`, where `default` is put if there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: str) -> Any:
        """Remove the value under `key`, and return it."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Remove the name that came last and its value, and return both."""
        if not self:
            raise KeyError("ParameterDict is empty")
        key = next(reversed(self))
        return key, self.pop(key)

    def clear(self) -> None:
        """Remove every value."""
        for key in list(self):
            del self[key]

    def copy(self) -> ParameterDict:
        """Return another dict with the same parameters, not copied."""
        return ParameterDict(self.items())

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """Return another dict with `default` under each of `keys`."""
        return ParameterDict((key, default) for key in keys)

    def update(self, parameters: Any) -> None:
        """Add values, replacing those whose name is taken."""
        if isinstance(parameters, ParameterDict | OrderedDict):
            parameters = parameters.items()
        elif isinstance(parameters, Mapping):
            parameters = sorted(parameters.items())
        elif not isinstance(parameters, Iterable):
            raise TypeError(
                "ParameterDict expects a mapping, or an iterable of names and values, "
                f"got {type(parameters).__name__}"
            )
        for key, value in list(parameters):
            self[key] = value

    def __repr__(self) -> str:
        return _show_values(self, self.items())


def _learned(value: Any) -> Any:
    return Parameter(value) if isinstance(value, np.ndarray) else value


def _show_values(container: Module, items: Iterable[tuple[Any, Any]]) -> str:
    """Print each value's dtype and shape, laid out as torch does."""
    lines = []
    for key, value in items:
        if isinstance(value, Parameter):
            size = "x".join(map(str, value.shape))
            shown = f"Parameter containing: [{value.dtype} of size {size}]"
        else:
            shown = f"Object of type: {type(value).__name__}"
        lines.append(f"  ({key}): {shown}")
    name = type(container).__name__
    return (
        f"{name}(\n  " + "\n  ".join(lines) + "\n)"
        if lines[1:]
        else (f"{name}({''.join(lines)})")
    )
