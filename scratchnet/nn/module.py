"""Module: what every layer, loss and network is made of.

A module holds parameters, buffers and other modules under the names they are assigned
to, and knows how to walk through them. The mathematics lives in the layers: each
defines ``forward`` and, directly beneath it, ``backward``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from scratchnet.nn.parameter import Array, Parameter

__all__ = ["Array", "Module", "Parameter"]

T = TypeVar("T")

#: Where members are filed.
STORES = ("_parameters", "_buffers", "_modules")


class IncompatibleKeys(NamedTuple):
    """The entries of a module that a state dict lacked, and those it had beyond."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Module:
    """Base of every layer, loss and network.

    A subclass calls ``super().__init__()``, assigns its parameters and submodules
    as attributes, and defines ``forward`` and ``backward``:

    - ``forward(input, …)`` returns the output and keeps what the backward pass
      needs with `save_for_backward`;
    - ``backward(grad_output, …)`` takes the gradient of the loss with respect to
      each output, fetches what was kept with `saved_for`, hands each parameter its
      gradient with `Parameter.accumulate_grad`, and returns the gradient with
      respect to each input; with ``input_grad=False`` it may return None.

    Only the latest call is remembered: a module used twice in one forward pass
    cannot run both its backward passes. What is kept is not copied: arrays are to be
    left alone between the two passes.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.Module.html

    Examples
    --------
    >>> class Scale(Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = Parameter(np.array(3.0))
    ...
    ...     def forward(self, x):
    ...         self.save_for_backward(x)
    ...         return self.factor.data * x
    ...
    ...     def backward(self, grad_output, input_grad=True):
    ...         (x,) = self.saved_for(grad_output)
    ...         self.factor.accumulate_grad(np.sum(grad_output * x))
    ...         return self.factor.data * grad_output if input_grad else None
    >>> scale = Scale()
    >>> scale(np.array([1.0, 2.0]))
    array([3., 6.])
    >>> scale.backward(np.array([1.0, 10.0]))
    array([ 3., 30.])
    >>> scale.factor.grad
    array(21.)
    """

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Array | None]
    _modules: dict[str, Module | None]
    _transient: set[str]

    def __init__(self) -> None:
        # Past __setattr__, which files attributes under the very dicts made here.
        vars(self).update(
            training=True,
            _parameters={},
            _buffers={},
            _modules={},
            _transient=set(),
            _saved=None,
            _output_shape=None,
        )

    # Forward and backward -----------------------------------------------------

    def __call__(self, *inputs: Any, **kwargs: Any) -> Any:
        output = self.forward(*inputs, **kwargs)
        vars(self)["_output_shape"] = _shape_of(output)
        return output

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """Compute the output; every layer defines its own."""
        raise AttributeError(f"{type(self).__name__} defines no forward")

    def backward(self, *grad_outputs: Any, **options: Any) -> Any:
        """Compute the gradients; every layer defines its own."""
        raise AttributeError(f"{type(self).__name__} defines no backward")

    def save_for_backward(self, *values: Any) -> None:
        """Keep `values` until the next forward pass."""
        # Past __setattr__, as no member is set: 3 % of a small perceptron's step.
        vars(self).update(_saved=values, _output_shape=None)

    def saved_for(self, *grad_outputs: Any) -> Any:
        """Return what `forward` saved, once `grad_outputs` fit its outputs.

        Raises
        ------
        RuntimeError
            If there was no forward pass.
        ValueError
            If a gradient does not have its output's shape.
        """
        name = type(self).__name__
        if self._saved is None:
            raise RuntimeError(
                f"{name}.backward needs a forward pass first, "
                "one that calls save_for_backward"
            )
        if self._output_shape is not None:
            single = len(grad_outputs) == 1
            came = _shape_of(grad_outputs[0] if single else grad_outputs)
            if came is None or not _fits(came, self._output_shape):
                raise ValueError(
                    f"{name}.backward expects a gradient of shape "
                    f"{self._output_shape}, got {came}"
                )
        return self._saved

    # Attributes ---------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        stores = vars(self)
        if "_modules" not in stores:
            raise AttributeError(
                f"call super().__init__() before assigning {type(self).__name__}.{name}"
            )
        if isinstance(value, Parameter):
            self._forget(name, but="_parameters")
            stores["_parameters"][name] = value
        elif name in stores["_parameters"]:
            if value is not None:
                raise TypeError(
                    f"{type(self).__name__}.{name} is a parameter: assign a Parameter "
                    f"or None, or write to its .data, got {type(value).__name__}"
                )
            stores["_parameters"][name] = None
        elif isinstance(value, Module):
            self._forget(name, but="_modules")
            stores["_modules"][name] = value
        elif name in stores["_modules"]:
            self._expect_member(name, value, Module)
            stores["_modules"][name] = value
        elif name in stores["_buffers"]:
            self._expect_member(name, value, np.ndarray, np.generic)
            stores["_buffers"][name] = _as_array(value)
        else:
            stores[name] = value

    def __getattr__(self, name: str) -> Any:
        # Reached only for names that are not ordinary attributes.
        for store in STORES:
            members = vars(self).get(store, {})
            if name in members:
                return members[name]
        raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")

    def __delattr__(self, name: str) -> None:
        if name in vars(self) or not self._forget(name):
            super().__delattr__(name)

    def __dir__(self) -> Iterable[str]:
        members = (*self._parameters, *self._buffers, *self._modules)
        return sorted({*super().__dir__(), *members})

    def _forget(self, name: str, but: str = "") -> bool:
        """Drop `name` wherever it is filed; say whether it was a member.

        In the store `but` it stays: what is assigned anew keeps its place in the order.
        """
        vars(self).pop(name, None)
        self._transient.discard(name)
        stores = [key for key in STORES if key != but and name in vars(self)[key]]
        for key in stores:
            del vars(self)[key][name]
        return bool(stores)

    def _expect_free(self, name: str, store: Mapping[str, Any]) -> None:
        """Refuse a name that could not be reached, or that hides something else."""
        kind = type(self).__name__
        if not isinstance(name, str):
            raise TypeError(f"{kind} expects a name, got {type(name).__name__}")
        if name == "" or "." in name:
            raise KeyError(f"{kind} expects a name without dots, got {name!r}")
        if hasattr(self, name) and name not in store:
            raise KeyError(f"{kind} already has an attribute {name!r}")

    def _expect_member(self, name: str, value: Any, *kinds: type) -> None:
        """Refuse what is neither None nor of the kinds that are filed with it."""
        if not (value is None or isinstance(value, kinds)):
            raise TypeError(
                f"{type(self).__name__}.{name} expects {kinds[0].__name__} or None, "
                f"got {type(value).__name__}"
            )

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """File `param` under `name`; None marks one that is absent, as torch does."""
        self._expect_free(name, self._parameters)
        self._expect_member(name, param, Parameter)
        self._parameters[name] = param

    def register_buffer(
        self, name: str, tensor: Array | None, persistent: bool = True
    ) -> None:
        """File an array that is state but not learned, such as a running mean.

        A buffer that is not `persistent` stays out of `state_dict`.
        """
        self._expect_free(name, self._buffers)
        self._expect_member(name, tensor, np.ndarray, np.generic)
        self._buffers[name] = _as_array(tensor)
        if persistent:
            self._transient.discard(name)
        else:
            self._transient.add(name)

    def register_module(self, name: str, module: Module | None) -> None:
        """File `module` under `name`."""
        self._expect_free(name, self._modules)
        self._expect_member(name, module, Module)
        self._modules[name] = module

    add_module = register_module

    # Walking through members --------------------------------------------------

    def named_modules(
        self,
        memo: set[Module] | None = None,
        prefix: str = "",
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Module]]:
        """Yield this module and all below it, each once, with dotted names.

        Those in `memo` are passed over; what is yielded joins them.
        """
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, child in self._modules.items():
            if child is not None:
                path = f"{prefix}.{name}" if prefix else name
                yield from child.named_modules(memo, path, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """Yield this module and all below it, each once."""
        found = self.named_modules(remove_duplicate=remove_duplicate)
        return (module for _, module in found)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield the modules directly below, each once, with their names."""
        children = self._modules.items()
        return _each_once(
            (name, child) for name, child in children if child is not None
        )

    def children(self) -> Iterator[Module]:
        """Yield the modules directly below, each once."""
        return (child for _, child in self.named_children())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Yield the parameters with dotted names, a shared one only once."""
        found = self._members("_parameters", prefix, recurse)
        return _each_once(found) if remove_duplicate else found

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yield the parameters, a shared one only once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Array]]:
        """Yield the buffers with dotted names, a shared one only once."""
        found = self._members("_buffers", prefix, recurse)
        return _each_once(found) if remove_duplicate else found

    def buffers(self, recurse: bool = True) -> Iterator[Array]:
        """Yield the buffers, a shared one only once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def _members(
        self, store: str, prefix: str = "", recurse: bool = True
    ) -> Iterator[tuple[str, Any]]:
        every = self.named_modules(prefix=prefix, remove_duplicate=False)
        for path, module in every if recurse else [(prefix, self)]:
            for name, member in getattr(module, store).items():
                if member is not None:
                    yield f"{path}.{name}" if path else name, member

    # State --------------------------------------------------------------------

    def state_dict(self, prefix: str = "") -> dict[str, Array]:
        """Return every parameter and persistent buffer by its dotted name.

        `prefix` stands before each name, as it is given.
        The arrays are the module's own, as in torch: copy them to keep a snapshot.
        """
        state: dict[str, Array] = {}
        for path, module in self.named_modules(remove_duplicate=False):
            before = f"{prefix}{path}." if path else prefix
            for name, parameter in module._parameters.items():
                if parameter is not None:
                    state[before + name] = parameter.data
            for name, buffer in module._buffers.items():
                if buffer is not None and name not in module._transient:
                    state[before + name] = buffer
        return state

    def load_state_dict(
        self, state_dict: Mapping[str, ArrayLike], strict: bool = True
    ) -> IncompatibleKeys:
        """Copy the values of `state_dict` into this module.

        Values are converted to the dtype of what they fill.

        Returns
        -------
        IncompatibleKeys
            The names that are missing in `state_dict` and those that are extra: both
            empty if `strict`.

        Raises
        ------
        ValueError
            If an entry is of another shape or, if `strict`, missing or extra. All
            faults are named, and nothing is loaded.
        """
        own = self.state_dict()
        given = {name: np.asarray(value) for name, value in state_dict.items()}
        missing = [name for name in own if name not in given]
        unexpected = [name for name in given if name not in own]
        faults = []
        if strict:
            faults += [f"missing {name}" for name in missing]
            faults += [f"unexpected {name}" for name in unexpected]
        matched = {name: own[name] for name in own if name in given}
        for name, array in matched.items():
            value = given[name]
            if value.shape != array.shape:
                faults.append(f"{name} expects {array.shape}, got {value.shape}")
            elif not np.can_cast(value.dtype, array.dtype, "same_kind"):
                faults.append(f"{name} expects {array.dtype}, got {value.dtype}")
            elif not array.flags.writeable:
                faults.append(f"{name} is read-only")
        if faults:
            raise ValueError(f"{type(self).__name__} state: " + "; ".join(faults))
        for name, array in matched.items():
            array[...] = given[name]
        return IncompatibleKeys(missing, unexpected)

    def train(self, mode: bool = True) -> Self:
        """Set training mode, here and below: it changes dropout and batch norm."""
        if not isinstance(mode, bool):
            raise ValueError(f"training mode expects a bool, got {mode!r}")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Set evaluation mode, here and below."""
        return self.train(False)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget every gradient, or with ``set_to_none=False`` fill it with zeros."""
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad = np.zeros_like(parameter.grad)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Freeze (False) or free (True) every parameter."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call `fn` on every module below, children first, then on this one."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def double(self) -> Self:
        """Convert every floating-point parameter and buffer to float64."""
        return self._astype(np.float64)

    def float(self) -> Self:
        """Convert every floating-point parameter and buffer to float32."""
        return self._astype(np.float32)

    def _astype(self, dtype: DTypeLike) -> Self:
        for parameter in self.parameters():
            parameter.astype(dtype)
        for module in self.modules():
            for name, buffer in module._buffers.items():
                if buffer is not None and np.issubdtype(buffer.dtype, np.floating):
                    module._buffers[name] = buffer.astype(dtype, copy=False)
        return self

    # Printing -----------------------------------------------------------------

    def extra_repr(self) -> str:
        """Return the settings that ``repr`` shows between the parentheses."""
        return ""

    def __repr__(self) -> str:
        name, extra = type(self).__name__, self.extra_repr()
        if not self._modules and "\n" not in extra:
            return f"{name}({extra})"
        lines = extra.splitlines()
        lines += [f"({key}): {child!r}" for key, child in self._modules.items()]
        body = "\n".join(lines).replace("\n", "\n  ")
        return f"{name}(\n  {body}\n)"


def _each_once(named: Iterable[tuple[str, T]]) -> Iterator[tuple[str, T]]:
    """Yield each object once, under the first of its names."""
    seen: set[int] = set()
    for name, member in named:
        if id(member) not in seen:
            seen.add(id(member))
            yield name, member


def _as_array(buffer: Any) -> Array | None:
    """Return a buffer that can be written to: NumPy's sum of two numbers cannot."""
    return None if buffer is None else np.asarray(buffer)


def _shape_of(output: Any) -> Any:
    """Shapes of an output, nested as it is; None where there is no array."""
    if isinstance(output, np.ndarray):
        return output.shape
    if isinstance(output, tuple | list):
        return tuple(_shape_of(part) for part in output)
    return None if output is None else np.shape(output)


def _fits(came: Any, expected: Any) -> bool:
    """Whether the shapes agree, a gradient of None standing for zeros."""
    if came is None or came == expected:
        return True
    nested = isinstance(came, tuple) and isinstance(expected, tuple)
    return nested and len(came) == len(expected) and all(map(_fits, came, expected))
