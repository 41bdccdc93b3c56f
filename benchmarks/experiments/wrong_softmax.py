"""What does softmax learn from a Jacobian summed over an axis?

The teaching notebook builds softmax's Jacobian, sums it over an axis, and multiplies
that by the gradient of the output. Each row of the Jacobian,

    ∂y_j / ∂x_k = y_j (δ_jk − y_k),

sums to zero, as scores that all grow by the same change no probability: so whatever the
loss, nothing goes back. Beside it stands another mistake that learners make: to keep
the diagonal alone, as if softmax were a sigmoid. That one learns, and is no less wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from benchmarks import models
from benchmarks.experiment import NOTEBOOK, Finding, Sides, explained
from benchmarks.figures import OURS, QUIET, THEIRS, name_ends
from benchmarks.libraries import Array, Library, one_hot
from benchmarks.training import digits, fit
from parity import engine, registry
from parity.commands.judge import in_place_of_ours

DOCUMENT = NOTEBOOK
Rule = Callable[[Array, Array], Array]


@dataclass(frozen=True)
class Config:
    """What decides the experiment."""

    dataset: str = "mnist"
    hidden: int = 64
    rate: float = 1.0
    epochs: int = 5
    batch_size: int = 32
    train: int | None = None
    test: int | None = None
    seed: int = 0


FULL = Config()
QUICK = Config(dataset="mnist5k", epochs=4)


def jacobian(y: Array) -> Array:
    """Return ∂y_j / ∂x_k, a matrix for each row of `y`."""
    return y[..., :, None] * (np.eye(y.shape[-1], dtype=y.dtype) - y[..., None, :])


def right(y: Array, grad_output: Array) -> Array:
    """Multiply by the Jacobian, without writing it out."""
    weighted = y * grad_output
    return weighted - y * weighted.sum(axis=-1, keepdims=True)


def summed(y: Array, grad_output: Array) -> Array:
    """Do as the notebook does."""
    return grad_output * jacobian(y).sum(axis=-1)


def diagonal(y: Array, grad_output: Array) -> Array:
    """Take softmax for a sigmoid."""
    return grad_output * y * (1 - y)


BACKWARDS = {"right": right, "summed": summed, "diagonal": diagonal}


def softmax(library: Library, rule: Rule) -> Any:
    """Return the class of a softmax that has this backward pass."""
    if library.name == "torch":
        return torch_softmax(rule)

    class Softmax(library.nn.Softmax):
        def backward(self, grad_output: Array, input_grad: bool = True) -> Any:
            y, dim = self.saved_for(grad_output)
            if y.ndim == 0:  # One score alone: its probability is 1, come what may.
                return np.zeros_like(y)
            grad = rule(np.moveaxis(y, dim, -1), np.moveaxis(grad_output, dim, -1))
            return np.moveaxis(grad, -1, dim)

    return Softmax


def torch_softmax(rule: Rule) -> Any:
    """Return the same for torch: its softmax over the last dimension, our mistake."""
    import torch

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, x: Any) -> Any:
            y = x.softmax(-1)
            context.save_for_backward(y)
            return y

        @staticmethod
        def backward(context: Any, grad_output: Any) -> Any:
            (y,) = context.saved_tensors
            return torch.from_numpy(rule(y.numpy(), grad_output.numpy()))

    class Softmax(torch.nn.Softmax):
        def forward(self, x: Any) -> Any:
            return Function.apply(x)

    return Softmax


def run(library: Library, config: Config) -> dict[str, Any]:
    """Train by every backward pass; have parity judge those of scratchnet."""
    split = digits(config.dataset, config.train, config.test)
    scores = np.random.default_rng(config.seed).standard_normal((100, 10))
    results = {}
    for name, rule in BACKWARDS.items():
        library.manual_seed(config.seed)
        layer = softmax(library, rule)
        model = models.perceptron(library.nn, 784, config.hidden, 10)
        model.append(layer(dim=1))
        losses: list[float] = []
        history = fit(
            library,
            model,
            library.nn.BCELoss(),
            library.optim.SGD(model.parameters(), lr=config.rate),
            split._replace(target=one_hot(split.target)),
            epochs=config.epochs,
            batch_size=config.batch_size,
            seed=config.seed,
            what=f"backward {name}",
            after_step=losses.append,
        )
        upstream = np.sin(np.arange(scores.size)).reshape(scores.shape)
        passed_back = library.input_gradient(layer(dim=1), scores, upstream)
        results[name] = {
            "loss": losses,
            "accuracy": [epoch.accuracy for epoch in history],
            "gradient": np.abs(passed_back).max(),
            "judged": judge(layer) if library.name == "scratchnet" else None,
        }
    return results


def judge(layer: type) -> dict[str, Any]:
    """Run Softmax's parity cases with `layer` in its place."""
    (pair,) = registry.choose(["Softmax"])
    with in_place_of_ours(pair, layer):
        verdicts = [engine.check(pair, case) for case in pair.cases]
    failed = [result for result in verdicts if not result.passed]
    first = str(failed[0].failures[0]) if failed else ""
    return {"cases": len(verdicts), "failed": len(failed), "first": first}


def conclude(config: Config, sides: Sides) -> list[Finding]:
    """Say what parity finds, what goes back, and what is learned."""
    judged = {name: sides["scratchnet"][name]["judged"] for name in BACKWARDS}
    verdicts = {
        name: f"{of['failed']} of {of['cases']} fail" for name, of in judged.items()
    }
    passed_back = {
        name: max(found[name]["gradient"] for found in sides.values())
        for name in BACKWARDS
    }
    last = {
        name: [found[name]["accuracy"][-1] for found in sides.values()]
        for name in BACKWARDS
    }
    return [
        Finding(
            "parity's cases for Softmax, the Jacobian summed over an axis",
            "taken for right",
            f"{verdicts['summed']} (right: {verdicts['right']}), "
            f"the first in {judged['summed']['first']}",
            explained(judged["summed"]["failed"] > 0 == judged["right"]["failed"]),
        ),
        Finding(
            "the largest gradient that it passes back, whatever comes",
            "none",
            f"{passed_back['summed']:.0e} (right: {passed_back['right']:.2f}): "
            "rows of the Jacobian sum to zero",
            explained(passed_back["summed"] < 1e-15 < 0.1 < passed_back["right"]),
        ),
        Finding(
            "test accuracy with it, and with the right one",
            "none",
            "; ".join(
                f"{side} {wrong:.1%}, {good:.1%}"
                for side, wrong, good in zip(
                    sides, last["summed"], last["right"], strict=True
                )
            ),
            explained(max(last["summed"]) < 0.3 and min(last["right"]) > 0.7),
        ),
        Finding(
            "the diagonal alone learns, and only parity notices",
            "none",
            f"{min(last['diagonal']):.1%}, {verdicts['diagonal']}",
            explained(min(last["diagonal"]) > 0.5 and judged["diagonal"]["failed"] > 0),
        ),
    ]


def draw(config: Config, sides: Sides) -> Figure:
    """Draw a Jacobian and its sums, and beside them what each backward pass learns."""
    figure, (panel, training) = plt.subplots(
        1, 2, figsize=(9.5, 3.8), layout="constrained", width_ratios=(1, 1.7)
    )
    scores = np.array([0.5, 2.0, 1.0, 0.0, 1.5])
    y = np.exp(scores) / np.exp(scores).sum()
    table = np.c_[jacobian(y), np.abs(jacobian(y).sum(1))]
    panel.imshow(table, cmap="RdBu", vmin=-0.3, vmax=0.3)
    for (j, k), value in np.ndenumerate(table):
        number = f"{value:.2f}".replace("-", "−")
        panel.text(k, j, number, ha="center", va="center", size=8)
    panel.axvline(len(y) - 0.5, color="white", linewidth=6)
    panel.set_xticks(
        [*range(len(y) + 1)], [*(f"$x_{k}$" for k in range(len(y))), "sum"]
    )
    panel.set_yticks([*range(len(y))], [f"$y_{j}$" for j in range(len(y))])
    panel.tick_params(length=0, labelsize=9)
    panel.spines[:].set_visible(False)
    panel.set_title("Each row of the Jacobian sums to 0")
    colors = {"right": OURS, "summed": THEIRS, "diagonal": QUIET}
    ends = {}
    for name, color in colors.items():
        for side, width in (("torch", 4), ("scratchnet", 1.2)):
            losses = smooth(np.array(sides[side][name]["loss"], float))
            alpha = 0.3 if side == "torch" else 1
            training.plot(losses, color=color, linewidth=width, alpha=alpha)
        score = sides["scratchnet"][name]["accuracy"][-1]
        ends[f"{name}: {score:.0%}"] = losses[-1], color
    training.set(xlabel="batch", ylabel="loss", ylim=(0, None))
    name_ends(training, ends)
    training.set_title("What each backward pass learns")
    return figure


def smooth(values: Array, width: int = 25) -> Array:
    """Return the mean of the last `width` values, or of as many as there were."""
    sums = np.cumsum(np.r_[0.0, values])
    last = np.arange(1, len(sums))
    first = np.maximum(last - width, 0)
    return (sums[last] - sums[first]) / (last - first)
