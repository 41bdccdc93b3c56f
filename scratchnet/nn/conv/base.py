"""What convolutions of both kinds and all dimensions have in common."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn import init
from scratchnet.nn._check import expect_floating, expect_shape
from scratchnet.nn._sums import total
from scratchnet.nn.conv.padding import REPEATED, Widths
from scratchnet.nn.conv.windows import Kernel
from scratchnet.nn.module import Array, Module, Parameter

Sizes = int | Sequence[int]


class ConvNd(Module):
    """A kernel in `dims` dimensions, with its weight and bias, yet to be drawn.

    The weight is (narrow channels, wide channels / groups, *kernel_size): the kernel
    slides over the input of a convolution, over the output of a transposed one.
    """

    dims: int
    transposed: bool

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes,
        padding: Sizes | str,
        dilation: Sizes,
        output_padding: Sizes,
        groups: int,
        bias: bool,
        padding_mode: str,
        dtype: DTypeLike,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(
                f"{name} expects groups that divide in_channels and out_channels, "
                f"got {groups} for {in_channels} and {out_channels}"
            )
        if padding_mode not in ("zeros", *REPEATED):
            raise ValueError(
                f"{name} expects padding_mode zeros, {', '.join(REPEATED)}, "
                f"got {padding_mode!r}"
            )
        sizes = partial(expect_sizes, self, dims=self.dims)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = sizes("kernel_size", kernel_size, least=1)
        self.stride = sizes("stride", stride, least=1)
        self.padding: str | tuple[int, ...] = (
            padding if isinstance(padding, str) else sizes("padding", padding)
        )
        self.dilation = sizes("dilation", dilation, least=1)
        self.output_padding = sizes("output_padding", output_padding)
        self.groups = groups
        self.padding_mode = padding_mode
        narrow, wide = out_channels, in_channels
        if self.transposed:
            narrow, wide = wide, narrow
        shape = (narrow, wide // groups, *self.kernel_size)
        self.weight = Parameter(np.empty(shape, dtype))
        self.bias = Parameter(np.empty(out_channels, dtype)) if bias else None

    def reset_parameters(self) -> None:
        """Draw weight, then bias, anew from the default generator."""
        init.kaiming_uniform_(self.weight, a=np.sqrt(5))
        if self.bias is not None:
            fan_in = math.prod(self.weight.shape[1:])
            bound = 1 / np.sqrt(fan_in) if fan_in > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    @property
    def _kernel(self) -> Kernel:
        return Kernel(self.weight.data, self.stride, self.dilation, self.groups)

    @property
    def _widths(self) -> Widths:
        """The padding (before, after), by dimension."""
        if isinstance(self.padding, str):
            total = self._kernel.reach if self.padding == "same" else (0,) * self.dims
            return [(width // 2, width - width // 2) for width in total]
        return [(width, width) for width in self.padding]

    def _expect_input(self, x: Array) -> None:
        expect_floating(self, x, self.weight.dtype)
        shape = (self.in_channels, *("L" if self.dims == 1 else "DHW"[-self.dims :]))
        expect_shape(self, x, ("N", *shape), shape)
        if 0 in x.shape[-self.dims :]:
            raise ValueError(f"{self} expects places to slide over, got {x.shape}")

    def _batched(self, given: Array) -> Array:
        """Return `given` with a batch dimension, if it came without."""
        return given if given.ndim == self.dims + 2 else given[None]

    def _as_given(self, batch: Array, given: Array) -> Array:
        """Return `batch` without its batch dimension, if `given` came without."""
        return batch if given.ndim == self.dims + 2 else batch[0]

    def extra_repr(self) -> str:
        zeros, ones = (0,) * self.dims, (1,) * self.dims
        said = [f"{self.in_channels}, {self.out_channels}"]
        said += [f"kernel_size={self.kernel_size}, stride={self.stride}"]
        for name, value, default in (
            ("padding", self.padding, zeros),
            ("dilation", self.dilation, ones),
            ("output_padding", self.output_padding, zeros),
            ("groups", self.groups, 1),
            ("bias", self.bias is not None, True),
            ("padding_mode", self.padding_mode, "zeros"),
        ):
            if value != default:
                said.append(f"{name}={value}")
        return ", ".join(said)


def channel_sums(y: Array) -> Array:
    """Sum `y`, (N, C, *S), by channel."""
    return total((0, *range(2, y.ndim)), y).ravel()


def expect_sizes(
    layer: Module, name: str, value: Sizes, dims: int, least: int = 0
) -> tuple[int, ...]:
    """Return one integer for each dimension; none may be below `least`."""
    given = value if isinstance(value, Iterable) else (value,) * dims
    try:
        sizes = tuple(int(operator.index(size)) for size in given)
    except TypeError:
        raise TypeError(
            f"{type(layer).__name__} {name} expects integers, got {value!r}"
        ) from None
    if len(sizes) != dims or min(sizes) < least:
        raise ValueError(
            f"{type(layer).__name__} {name} expects an integer or {dims}, none below "
            f"{least}, got {value!r}"
        )
    return sizes
