"""Convolutions, plain and transposed, in one, two and three dimensions."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from parity.case import Case, Fault, Pair, call, distinct, normal

INF = float("inf")

# torch says once in a process that padding="same" copies where it cannot halve.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    torch.nn.Conv1d(1, 1, 2, padding="same")(torch.zeros(1, 1, 1))


def conv(layer: Any, x: Tensor) -> Tensor:
    """Sum over taps: a strided slice of the padded input, times the tap's weight."""
    dims = len(layer.kernel_size)
    if x.ndim == dims + 1:
        return conv(layer, x[None])[0]
    reach = [
        d * (k - 1) for k, d in zip(layer.kernel_size, layer.dilation, strict=True)
    ]
    for axis in range(dims):
        if layer.padding == "same":
            before = reach[axis] // 2
            after = reach[axis] - before
        else:
            before = after = 0 if layer.padding == "valid" else layer.padding[axis]
        x = BORDERS[layer.padding_mode](x, axis + 2, before, after)
    y = torch.zeros(())
    for tap in itertools.product(*map(range, layer.kernel_size)):
        seen = x
        for axis, k in enumerate(tap):
            start = k * layer.dilation[axis]
            stop = x.shape[axis + 2] - reach[axis] + start
            index = torch.arange(start, stop, layer.stride[axis])
            seen = seen.index_select(axis + 2, index)
        y = y + mix(layer, seen, layer.weight[:, :, *tap], "goc")
    return with_bias(layer, y)


def conv_transpose(
    layer: Any, x: Tensor, output_size: list[int] | None = None
) -> Tensor:
    """Convolve with the kernel turned round, zeros between the places of the input."""
    dims = len(layer.kernel_size)
    if x.ndim == dims + 1:
        return conv_transpose(layer, x[None], output_size)[0]
    reach = [
        d * (k - 1) for k, d in zip(layer.kernel_size, layer.dilation, strict=True)
    ]
    sparse = [(n - 1) * s + 1 for n, s in zip(x.shape[2:], layer.stride, strict=True)]
    if output_size is None:
        extra = layer.output_padding
    else:
        extra = [
            size - n - r + 2 * p
            for size, n, r, p in zip(
                output_size[-dims:], sparse, reach, layer.padding, strict=True
            )
        ]
    size = [n + 2 * r + e for n, r, e in zip(sparse, reach, extra, strict=True)]
    wide = x.new_zeros(*x.shape[:2], *size)
    places = [
        slice(r, r + n, s) for r, n, s in zip(reach, sparse, layer.stride, strict=True)
    ]
    wide[:, :, *places] = x
    y = torch.zeros(())
    for tap in itertools.product(*map(range, layer.kernel_size)):
        seen = wide
        for axis, k in enumerate(tap):
            start = k * layer.dilation[axis] + layer.padding[axis]
            length = size[axis] - reach[axis] - 2 * layer.padding[axis]
            seen = seen.narrow(axis + 2, start, length)
        turned = [n - 1 - k for n, k in zip(layer.kernel_size, tap, strict=True)]
        y = y + mix(layer, seen, layer.weight[:, :, *turned], "gco")
    return with_bias(layer, y)


def mix(layer: Any, seen: Tensor, weight: Tensor, by: str) -> Tensor:
    """Weigh the channels of each group; `by` says how the weight's dimensions lie."""
    seen = seen.unflatten(1, (layer.groups, seen.shape[1] // layer.groups))
    weight = weight.unflatten(0, (layer.groups, weight.shape[0] // layer.groups))
    return torch.einsum(f"ngc...,{by}->ngo...", seen, weight).flatten(1, 2)


def with_bias(layer: Any, y: Tensor) -> Tensor:
    if layer.bias is None:
        return y
    return y + layer.bias.reshape(-1, *[1] * (y.ndim - 2))


def zeros(x: Tensor, axis: int, before: int, after: int) -> Tensor:
    size = list(x.shape)
    parts = [x]
    for at, width in ((0, before), (2, after)):
        size[axis] = width
        parts.insert(at, x.new_zeros(size))
    return torch.cat(parts, axis)


def taken(
    rule: Callable[[list[int], int, int], list[int]],
) -> Callable[[Tensor, int, int, int], Tensor]:
    """Return a border that takes its slices, by `rule`, from the inside."""

    def border(x: Tensor, axis: int, before: int, after: int) -> Tensor:
        order = rule(list(range(x.shape[axis])), before, after)
        return x.index_select(axis, torch.tensor(order))

    return border


BORDERS: dict[str, Callable[[Tensor, int, int, int], Tensor]] = {
    "zeros": zeros,
    "reflect": taken(lambda i, a, b: i[1 : a + 1][::-1] + i + i[-b - 1 : -1][::-1]),
    "replicate": taken(lambda i, a, b: i[:1] * a + i + i[-1:] * b),
    "circular": taken(lambda i, a, b: i[len(i) - a :] + i + i[:b]),
}

SIZES = {1: (7,), 2: (6, 7), 3: (5, 6, 5)}


def both(shape: tuple[int, ...], *init: Any, **options: Any) -> Iterator[Case]:
    """Yield a case with a batch, and one without."""
    yield Case(call(*init, **options), call(normal(*shape)))
    yield Case(call(*init, **options), call(normal(*shape[1:])), note="no batch")


def common_cases(dims: int, last: str) -> Iterator[Case]:
    """Yield what both kinds of layer share; `last` names a size that both take."""
    size, batch = SIZES[dims], (2, 4, *SIZES[dims])
    uneven = tuple(range(1, dims + 1))
    for options in (
        {},
        {"bias": False},
        {"stride": 2},
        {"stride": uneven[::-1]},
        {"padding": 1},
        {"padding": uneven, "stride": 2},
        {"dilation": 2},
        {"dilation": uneven, "padding": uneven[::-1]},
        {"groups": 2},
        {"groups": 2, "stride": 2, "padding": 2, "dilation": uneven, "bias": False},
    ):
        yield from both(batch, 4, 6, 3, **options)
    for kernel in (1, 2, (4, 1, 2)[:dims], (1, 3, 4)[:dims]):
        for options in ({}, {"stride": 2, "padding": 1}, {"groups": 2}):
            yield Case(call(4, 6, kernel, **options), call(normal(*batch)))
    yield Case(
        call(4, 4, 3, groups=4, padding=1), call(normal(*batch)), note="depthwise"
    )
    yield Case(call(4, 8, 2, groups=4), call(normal(*batch)), note="depthwise, twice")
    yield Case(call(1, 1, 3), call(normal(1, 1, *size)))
    yield Case(call(1, 3, 1), call(normal(1, 1, *[1] * dims)), note="one number")
    yield Case(call(4, 5, 3), call(normal(0, 4, *size)), note="empty batch")
    yield Case(call(20, 3, 3), call(normal(2, 20, *size)), note="many channels")
    yield Case(call(4, 5, 3, padding=1), call(normal(17, 4, *[3] * dims)))
    yield Case(call(4, 5, 3, 2, 1), call(normal(*batch, scale=1e-12)))
    yield Case(call(4, 5, 3, 2, 1), call(normal(*batch, scale=1e12)))
    yield Case(call(4, 5, [3] * dims, [2] * dims), call(normal(*batch)), note=last)


def conv_cases(dims: int) -> Iterator[Case]:
    size, batch = SIZES[dims], (2, 4, *SIZES[dims])
    uneven = tuple(range(1, dims + 1))
    yield from common_cases(dims, "sizes in lists")
    for padding in ("same", "valid"):
        for kernel in (1, 3, 4, (4, 1, 2)[-dims:]):
            for dilation in (1, 2, 3 if dims < 3 else 1):
                options = {"padding": padding, "dilation": dilation}
                if padding == "same" or dilation * 3 < min(size):
                    yield Case(call(4, 5, kernel, **options), call(normal(*batch)))
        yield from both(batch, 4, 4, 3, padding=padding, groups=2)
    for mode in ("reflect", "replicate", "circular"):
        for padding in (0, 1, min(size) - 1, uneven, "same", "valid"):
            options = {"padding": padding, "padding_mode": mode}
            yield Case(call(4, 3, 3, **options), call(normal(*batch)))
        options = {"padding": uneven, "padding_mode": mode}
        yield from both((2, 2, *[4] * dims), 2, 3, 3, 2, **options)
        yield Case(call(4, 6, 2, dilation=2, groups=2, **options), call(normal(*batch)))
        yield Case(
            call(4, 3, 4, padding="same", padding_mode=mode), call(normal(*batch))
        )
        yield Case(call(4, 3, 1, **options), call(normal(0, 4, *size)))
    for mode in ("circular", "replicate"):
        options = {"padding": size, "padding_mode": mode}
        yield Case(call(4, 3, 3, **options), call(normal(*batch)), note="all round")
    yield Case(
        call(4, 3, 3, padding=9, padding_mode="replicate"),
        call(normal(1, 4, *size)) if dims < 3 else call(normal(1, 4, 1, 1, 2)),
    )
    yield Case(
        call(4, 5, 5, 1, 2), call(normal(1, 4, *[1] * dims)), note="mostly border"
    )
    yield Case(
        call(4, 3, 2),
        call(normal(*batch, edges=(INF, -INF))),
        note="infinities",
        differences=False,
        because="infinities have no slope",
    )


def transpose_cases(dims: int) -> Iterator[Case]:
    batch = (2, 4, *(n - 2 for n in SIZES[dims]))
    size = batch[2:]
    uneven = tuple(range(1, dims + 1))
    yield from common_cases(dims, "sizes in lists")
    for stride, dilation, extra in (
        (2, 1, 1),
        (3, 1, 2),
        (3, 2, 1),
        (2, 3, 2),
        (1, 2, 1),
        (uneven, 3, (2, 0, 1)[:dims]),
    ):
        options = {"stride": stride, "dilation": dilation, "output_padding": extra}
        yield from both(batch, 4, 6, 3, padding=1, **options)
        yield Case(call(4, 6, 2, groups=2, **options), call(normal(*batch)))
    for kernel, stride, padding, dilation in ((3, 2, 1, 1), (2, 3, 0, 2), (1, 2, 0, 1)):
        least = [
            (n - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1 for n in size
        ]
        init = call(4, 3, kernel, stride, padding, dilation=dilation)
        for wanted in (
            least,
            [n + stride - 1 for n in least],
            [n + i % stride for i, n in enumerate(least, start=1)],
        ):
            yield Case(init, call(normal(*batch), wanted))
        yield Case(init, call(normal(*batch[1:]), wanted), note="no batch")
        yield Case(init, call(normal(*batch[1:]), [3, *wanted]), note="no batch, full")
        yield Case(init, call(normal(*batch), output_size=[2, 3, *wanted]), note="full")
    yield Case(
        call(4, 3, 3, 2, output_padding=1),
        call(normal(*batch), [2 * n + 1 for n in size]),
        note="output_size wins over output_padding",
    )
    yield Case(call(4, 3, 3, padding=2), call(normal(*batch)), note="mostly taken away")
    yield Case(call(4, 3, 2, 3), call(normal(*batch)), note="gaps between blocks")
    yield Case(
        call(4, 3, 2),
        call(normal(*batch, edges=(INF, -INF))),
        note="infinities",
        differences=False,
        because="infinities have no slope",
    )


PAIRS = (
    *(Pair(f"Conv{n}d", conv, distinct(conv_cases(n))) for n in (1, 2, 3)),
    *(
        Pair(f"ConvTranspose{n}d", conv_transpose, distinct(transpose_cases(n)))
        for n in (1, 2, 3)
    ),
)

WINDOWS, PADDING = "scratchnet.nn.conv.windows", "scratchnet.nn.conv.padding"

FAULTS = (
    Fault(
        "Conv2d",
        "a true convolution, the kernel turned round",
        "w.transpose(0, 1, *range(3, w.ndim), 2)",
        "w[..., ::-1].transpose(0, 1, *range(3, w.ndim), 2)",
        module=WINDOWS,
    ),
    Fault(
        "Conv2d",
        "taps across in the wrong order",
        "unrolled[:, :, k] = view",
        "unrolled[:, :, -1 - k] = view",
        module=WINDOWS,
    ),
    Fault(
        "Conv2d",
        "rows under the kernel in the wrong order",
        "under = under.transpose(1, 0, 4, 2, 3)",
        "under = under[..., ::-1].transpose(1, 0, 4, 2, 3)",
        module=WINDOWS,
    ),
    Fault(
        "Conv2d",
        "overlapping windows overwrite each other's gradient",
        "view += unrolled[:, :, k]",
        "view[...] = unrolled[:, :, k]",
        module=WINDOWS,
    ),
    Fault(
        "Conv2d",
        "weight gradient of the last row alone",
        ".mT).sum(axis=0)",
        ".mT)[-1]",
        module=WINDOWS,
    ),
    Fault(
        "Conv2d",
        "weight gradient with height and width exchanged",
        "w.transpose(0, 1, -1, *range(2, w.ndim - 1))",
        "w.transpose(0, 1, -1, *range(w.ndim - 2, 1, -1))",
        module=WINDOWS,
    ),
    Fault(
        "Conv1d",
        "stride forgotten",
        "slice(d * k, d * k + s * n, s)",
        "slice(d * k, d * k + n)",
        module=WINDOWS,
    ),
    Fault(
        "Conv2d",
        "bias gradient averaged instead of summed",
        "channel_sums(grad_y)",
        "channel_sums(grad_y) / grad_y[:, 0].size",
    ),
    Fault(
        "Conv1d",
        'padding "same" puts the odd one before',
        "(width // 2, width - width // 2)",
        "(width - width // 2, width // 2)",
        module="scratchnet.nn.conv.base",
    ),
    Fault(
        "Conv1d",
        "reflection repeats the edge itself",
        "REPEATED[mode](i, n)",
        "REPEATED[mode](i + 1, n)",
        module=PADDING,
    ),
    Fault(
        "Conv2d",
        "the gradient of what lies beyond the border is lost",
        "slices[repeated] += slices[beyond]",
        "slices[repeated] += 0 * slices[beyond]",
        module=PADDING,
    ),
    Fault(
        "ConvTranspose2d",
        "bias in place of the output",
        "y.swapaxes(1, -1)[...] += self.bias.data",
        "y.swapaxes(1, -1)[...] = self.bias.data",
    ),
    Fault(
        "ConvTranspose1d",
        "output_size and output_padding both add",
        "wide = np.array(wanted[-self.dims :]) + padding\n",
        "wide = np.array(wanted[-self.dims :]) + padding + self.output_padding\n",
    ),
)
