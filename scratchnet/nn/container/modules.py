"""Containers: modules that hold modules."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from itertools import dropwhile
from typing import Any, Self

from scratchnet.nn.module import Module


class _Numbered(Module):
    """Modules under the names "0", "1", …: what Sequential and ModuleList share."""

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(list(self._modules.values()))  # type: ignore[arg-type]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            part = type(self)()
            part._renumber(list(self)[index])
            return part
        return list(self)[self._position(index)]

    def __setitem__(self, index: int, module: Module) -> None:
        name = list(self._modules)[self._position(index)]
        self._modules[name] = _a_module(self, module)

    def __delitem__(self, index: int | slice) -> None:
        kept = list(self)
        del kept[index if isinstance(index, slice) else self._position(index)]
        self._renumber(kept)

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def append(self, module: Module) -> Self:
        """Add a module at the end."""
        return self.extend([module])

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add several modules at the end; those that are there keep their names."""
        for module in [_a_module(self, module) for module in modules]:
            self._modules[str(len(self))] = module
        return self

    def pop(self, index: int) -> Module:
        """Remove the module at `index`, and return it."""
        module: Module = self[index]
        del self[index]
        return module

    def insert(self, index: int, module: Module) -> Self:
        """Add a module before the one at `index`."""
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def _position(self, index: int) -> int:
        position = operator.index(index)
        if not -len(self) <= position < len(self):
            raise IndexError(f"{type(self).__name__} of {len(self)} has no {index}")
        return position % len(self)

    def _renumber(self, modules: list[Module]) -> None:
        numbered = {str(i): _a_module(self, module) for i, module in enumerate(modules)}
        self._modules.clear()
        self._modules.update(numbered)


class Sequential(_Numbered):
    r"""Run modules one after the other.

    Parameters
    ----------
    *args : Module, or one dict of name to Module
        In the order in which the input passes through them.

    Notes
    -----
    For modules :math:`f_1, \dots, f_k`, with :math:`x_0 = x`,

    .. math::

        x_i = f_i(x_{i-1}), \qquad y = x_k, \qquad
        \frac{\partial L}{\partial x_{i-1}}
        = \Big(\frac{\partial x_i}{\partial x_{i-1}}\Big)^{\!\top}
        \frac{\partial L}{\partial x_i}

    so the backward pass runs the modules' own, last to first. As each remembers one
    forward pass, none may stand in two places.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Sequential.html

    Examples
    --------
    >>> import numpy as np
    >>> from scratchnet import nn
    >>> model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    >>> model(np.zeros((64, 784), np.float32)).shape
    (64, 10)
    >>> model.backward(np.ones((64, 10), np.float32)).shape
    (64, 784)
    """

    def __init__(self, *args: Module | Mapping[str, Module]) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], Mapping):
            for name, module in args[0].items():
                self.register_module(name, _a_module(self, module))
        else:
            self._renumber(list(args))  # type: ignore[arg-type]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):  # A part keeps its names, as in torch.
            return Sequential(dict(list(self._modules.items())[index]))  # type: ignore[arg-type]
        return super().__getitem__(index)

    def __add__(self, other: Iterable[Module]) -> Sequential:
        return Sequential(*self, *other)

    def insert(self, index: int, module: Module) -> Self:
        """Add a module before the one at `index`; a list's forgiveness it has not."""
        if index != len(self):
            self._position(index)
        return super().insert(index, module)

    def forward(self, input: Any) -> Any:
        self.save_for_backward()
        for module in self:
            input = module(input)
        return input

    def backward(self, grad_output: Any, input_grad: bool = True) -> Any:
        self.saved_for(grad_output)
        modules = list(self)
        if len({*modules}) < len(modules):
            raise RuntimeError(
                "Sequential.backward expects a module of its own in each place, as "
                f"each remembers one forward pass, got one in several:\n{self}"
            )
        grad = grad_output
        if input_grad:
            for module in reversed(modules):
                grad = module.backward(grad)
            return grad
        # Nothing is learned before the first module with parameters: stop there.
        learning = list(dropwhile(_learns_nothing, modules))
        for module in reversed(learning[1:]):
            grad = module.backward(grad)
        for first in learning[:1]:
            first.backward(grad, input_grad=False)
        return None


class ModuleList(_Numbered):
    """Hold modules in a list; the code that uses them says in which order.

    Parameters
    ----------
    modules : iterable of Module, optional

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ModuleList.html

    Examples
    --------
    >>> from scratchnet import nn
    >>> layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
    >>> layers.append(nn.Linear(4, 2))
    ModuleList(
      (0-2): 3 x Linear(in_features=4, out_features=4, bias=True)
      (3): Linear(in_features=4, out_features=2, bias=True)
    )
    >>> [name for name, _ in layers[2:].named_parameters()]
    ['0.weight', '0.bias', '1.weight', '1.bias']
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(modules or ())

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __repr__(self) -> str:
        """Print a run of equal modules once, with their number, as torch does."""
        runs: list[tuple[int, int, str]] = []
        for i, shown in enumerate(map(repr, self)):
            if runs and runs[-1][2] == shown:
                runs[-1] = (runs[-1][0], i, shown)
            else:
                runs.append((i, i, shown))
        lines = [
            f"({a}): {shown}" if a == b else f"({a}-{b}): {b - a + 1} x {shown}"
            for a, b, shown in runs
        ]
        body = "\n".join(lines).replace("\n", "\n  ")
        return f"ModuleList(\n  {body}\n)" if lines else "ModuleList()"


class ModuleDict(Module):
    """Hold modules by name, in the order in which they were given.

    Parameters
    ----------
    modules : mapping or iterable of (str, Module), optional

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.ModuleDict.html

    Examples
    --------
    >>> from scratchnet import nn
    >>> choices = nn.ModuleDict({"relu": nn.ReLU(), "tanh": nn.Tanh()})
    >>> choices["tanh"]
    Tanh()
    >>> list(choices)
    ['relu', 'tanh']
    """

    def __init__(
        self,
        modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None,
    ) -> None:
        super().__init__()
        self.update(modules or {})

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def __getitem__(self, key: str) -> Module:
        return self._modules[key]  # type: ignore[return-value]

    def __setitem__(self, key: str, module: Module) -> None:
        self.register_module(key, _a_module(self, module))

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def keys(self) -> Iterable[str]:
        """Return the names."""
        return self._modules.keys()

    def values(self) -> Iterable[Module]:
        """Return the modules."""
        return self._modules.values()  # type: ignore[return-value]

    def items(self) -> Iterable[tuple[str, Module]]:
        """Return the names with their modules."""
        return self._modules.items()  # type: ignore[return-value]

    def pop(self, key: str) -> Module:
        """Remove the module under `key`, and return it."""
        return self._modules.pop(key)  # type: ignore[return-value]

    def clear(self) -> None:
        """Remove every module."""
        self._modules.clear()

    def update(
        self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]
    ) -> None:
        """Add modules, replacing those whose name is taken."""
        new = {key: _a_module(self, module) for key, module in dict(modules).items()}
        for key, module in new.items():
            self[key] = module


def _learns_nothing(module: Module) -> bool:
    return not any(parameter.requires_grad for parameter in module.parameters())


def _a_module(container: Module, module: Any) -> Module:
    if not isinstance(module, Module):
        raise TypeError(
            f"{type(container).__name__} expects modules, got {type(module).__name__}"
        )
    return module
