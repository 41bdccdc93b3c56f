"""One side at work, in a process of its own: no other library is imported there."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from statistics import median
from time import perf_counter
from typing import Any, ClassVar

import numpy as np

from benchmarks.speed import machine
from benchmarks.speed.layers import Layer
from benchmarks.speed.steps import ADAM, Step
from parity.case import Array, Build, Call, Draw, call, integers, uniform

Workload = Layer | Step
Times = dict[str, float]  # seconds: "total" and its parts

BATCHES = 4  # that a training step takes in turn
PAIR = uniform(2, 2)
TINY = {
    Layer: Layer("Linear", call(2, 2), call(PAIR)),
    Step: Step("", call("perceptron", 2, 2), (PAIR,), integers(2, high=2), ADAM),
}
WARM_UP = 3  # repetitions, before any is timed


class Bench:
    """One side: what it is asked to do again and again, and how long it took.

    Parameters
    ----------
    find : callable
        Returns the workload of a name. Workloads hold functions, and cannot be sent.
    """

    def __init__(self, threads: int, find: Callable[[str], Workload]) -> None:
        self.threads, self.find = threads, find

    def load(self, name: str, seconds: float) -> int:
        """Make ready for slots of so many seconds; return the repetitions in each."""
        work = self.find(name)
        rng = np.random.default_rng(0)
        make = self.step if isinstance(work, Step) else self.layer
        make(TINY[type(work)], rng)()  # Loads what is loaded at its first use.
        self.before = machine.peak_memory(reset=True)
        self.once = make(work, rng)
        took = [self.once()["total"] for _ in range(WARM_UP)]
        self.repetitions = max(2, math.ceil(seconds / (min(took) + 1e-6)))
        self.slot()
        return self.repetitions

    def slot(self) -> Times:
        """Return the median of each time, over the repetitions of one slot."""
        self.once()  # Wakes the threads and fills the caches again.
        times = [self.once() for _ in range(self.repetitions)]
        return {part: median(time[part] for time in times) for part in times[0]}

    def memory(self) -> int:
        """Return by how many bytes the workload has raised the most memory in use."""
        return machine.peak_memory() - self.before

    def layer(self, work: Layer, rng: np.random.Generator) -> Callable[[], Times]:
        """Return what times the layer once."""
        raise AttributeError(f"{type(self).__name__} times no layers")

    def step(self, work: Step, rng: np.random.Generator) -> Callable[[], Times]:
        """Return what times the training step once."""
        raise AttributeError(f"{type(self).__name__} times no steps")


class NumpyBench(Bench):
    """scratchnet."""

    def __init__(self, threads: int, find: Callable[[str], Workload]) -> None:
        import scratchnet

        super().__init__(threads, find)
        self.nn, self.optim = scratchnet.nn, scratchnet.optim

    def versions(self) -> dict[str, Any]:
        """Return what computes here, on how many threads."""
        from threadpoolctl import threadpool_info

        pools = (pool for pool in threadpool_info() if pool["user_api"] == "blas")
        blas = next(pools, None)
        if blas is None:  # Accelerate, which takes as many threads as are pinned.
            unknown = dict.fromkeys(("blas", "kernels"), "unknown")
            about = unknown | {"kernels_too_narrow": False, "threads": self.threads}
        else:
            kernels = blas.get("architecture")
            about = {
                "blas": f"{blas['internal_api']} {blas['version']}",
                "kernels": kernels,
                "kernels_too_narrow": machine.too_narrow(kernels),
                "threads": blas["num_threads"],
            }
        return {"numpy": np.__version__} | about

    def peaks(self) -> dict[str, float]:
        """Return the best that this side gets out of the machine."""
        full = partial(np.full, dtype=np.float32)
        return machine.peaks(np.matmul, np.add, full)

    def layer(self, work: Layer, rng: np.random.Generator) -> Callable[[], Times]:
        init = drawn(work.init, rng, self.nn)
        inputs = drawn(work.inputs, rng, self.nn)
        layer = getattr(self.nn, work.pair)(*init.args, **init.kwargs)
        output = layer(*inputs.args, **inputs.kwargs)
        outputs = output if isinstance(output, tuple) else (output,)
        grads: list[Any] = [None] * len(outputs)
        grads[work.through] = upstream(outputs[work.through], rng)

        def once() -> Times:
            layer.zero_grad()
            start = perf_counter()
            layer(*inputs.args, **inputs.kwargs)
            middle = perf_counter()
            layer.backward(*grads)
            return _parts(start, middle, perf_counter())

        return once

    def step(self, work: Step, rng: np.random.Generator) -> Callable[[], Times]:
        model = work.build(self.nn)
        criterion = self.nn.CrossEntropyLoss()
        name, options = work.optimizer.args[0], work.optimizer.kwargs
        optimizer = getattr(self.optim, name)(model.parameters(), **options)
        batches = batches_of(work, rng)

        def once() -> Times:
            inputs, target = next(batches)
            start = perf_counter()
            output = model(*inputs)
            loss = criterion(output.reshape(len(target), -1), target)
            optimizer.zero_grad()
            grad = criterion.backward().reshape(output.shape)
            model.backward(grad, **work.backward)
            optimizer.step()
            float(loss)
            return {"total": perf_counter() - start}

        return once


class TorchBench(Bench):
    """PyTorch as its users run it: eager, default options."""

    fused: ClassVar[dict[str, bool]] = {}

    def __init__(self, threads: int, find: Callable[[str], Workload]) -> None:
        import torch

        from parity.registry import PAIRS

        super().__init__(threads, find)
        torch.set_num_threads(threads)
        self.torch = torch
        self.predictions = {pair.name: pair.predictions for pair in PAIRS}

    def versions(self) -> dict[str, Any]:
        """Return what computes here, on how many threads."""
        torch = self.torch
        return {"torch": torch.__version__, "threads": torch.get_num_threads()}

    def peaks(self) -> dict[str, float]:
        """Return the best that this side gets out of the machine."""
        return machine.peaks(self.torch.matmul, self.torch.add, self.torch.full)

    def layer(self, work: Layer, rng: np.random.Generator) -> Callable[[], Times]:
        torch = self.torch
        init = drawn(work.init, rng, torch.nn, torch.from_numpy)
        inputs = drawn(work.inputs, rng, torch.nn, torch.from_numpy)
        predictions = self.predictions[work.pair]
        wanted = [
            leaf.requires_grad_()
            for i, given in enumerate(inputs.args)
            if predictions is None or i in predictions
            for leaf in (given if isinstance(given, tuple) else (given,))
            if leaf.is_floating_point()
        ]
        layer = getattr(torch.nn, work.pair)(*init.args, **init.kwargs)
        wanted += layer.parameters()

        def forward() -> Any:
            output = layer(*inputs.args, **inputs.kwargs)
            return output[work.through] if isinstance(output, tuple) else output

        grad = torch.from_numpy(upstream(forward().detach().numpy(), rng))

        def once() -> Times:
            for tensor in wanted:
                tensor.grad = None
            start = perf_counter()
            output = forward()
            middle = perf_counter()
            output.backward(grad)
            return _parts(start, middle, perf_counter())

        return once

    def step(self, work: Step, rng: np.random.Generator) -> Callable[[], Times]:
        torch = self.torch
        model = self.prepared(work.build(torch.nn))
        criterion = torch.nn.CrossEntropyLoss()
        name, options = work.optimizer.args[0], work.optimizer.kwargs | self.fused
        optimizer = getattr(torch.optim, name)(model.parameters(), **options)
        batches = batches_of(work, rng, self.tensor)

        def once() -> Times:
            inputs, target = next(batches)
            start = perf_counter()
            output = model(*inputs)
            loss = criterion(output.reshape(len(target), -1), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()
            return {"total": perf_counter() - start}

        return once

    def prepared(self, model: Any) -> Any:
        """Return the model as it will be trained."""
        return model

    def tensor(self, array: Array) -> Any:
        """Return an input as it will be given."""
        return self.torch.from_numpy(array)

    def flops(self, name: str) -> int:
        """Return the floating-point operations of one training step."""
        from benchmarks.speed.flops import of_step

        work = self.find(name)
        inputs, _ = next(batches_of(work, np.random.default_rng(0), self.tensor))
        return of_step(work.build(self.torch.nn), inputs, bool(work.backward))


class TunedBench(TorchBench):
    """PyTorch with fused optimisers, and channels last for convolutions."""

    fused: ClassVar[dict[str, bool]] = {"fused": True}

    def prepared(self, model: Any) -> Any:
        return model.to(memory_format=self.torch.channels_last)

    def tensor(self, array: Array) -> Any:
        tensor = self.torch.from_numpy(array)
        if tensor.ndim == 4:
            return tensor.contiguous(memory_format=self.torch.channels_last)
        return tensor


class CompiledBench(TunedBench):
    """PyTorch tuned and compiled: `torch.compile` wants a C++ compiler."""

    def prepared(self, model: Any) -> Any:
        # Or its compilers stay, and take time from the other sides.
        os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"
        return self.torch.compile(super().prepared(model))


def drawn(
    tree: Any,
    rng: np.random.Generator,
    nn: Any = None,
    convert: Callable[[Array], Any] = np.asarray,
) -> Any:
    """Return `tree` with its descriptions made: arrays in float32, modules of `nn`."""
    if isinstance(tree, Call):
        args = drawn(tree.args, rng, nn, convert)
        keywords = tree.kwargs.items()
        return Call(args, {k: drawn(v, rng, nn, convert) for k, v in keywords})
    if isinstance(tree, tuple):
        return tuple(drawn(part, rng, nn, convert) for part in tree)
    if isinstance(tree, Build):
        return tree.build(nn)
    if isinstance(tree, Draw):
        array = tree(rng, edges=False)
        return convert(array.astype(np.float32) if array.dtype == float else array)
    return tree


def batches_of(
    work: Step, rng: np.random.Generator, convert: Callable[[Array], Any] = np.asarray
) -> Iterator[tuple[Any, Any]]:
    """Yield a few batches, inputs and target, over and over."""
    batch = (work.inputs, work.target)
    return cycle([drawn(batch, rng, None, convert) for _ in range(BATCHES)])


def upstream(output: Array, rng: np.random.Generator) -> Array:
    """Return a gradient for an output; that of a loss is 1."""
    if np.ndim(output) == 0:
        return np.ones((), np.float32)
    return rng.standard_normal(output.shape, np.float32)


def _parts(start: float, middle: float, end: float) -> Times:
    return {"total": end - start, "forward": middle - start, "backward": end - middle}


#: The sides, in the order in which they take their turns.
SIDES: dict[str, type[Bench]] = {"scratchnet": NumpyBench, "torch": TorchBench}
#: PyTorch's best, for whole steps.
TUNED: dict[str, type[Bench]] = {"torch, tuned": TunedBench}
COMPILED: dict[str, type[Bench]] = {"torch, compiled": CompiledBench}
