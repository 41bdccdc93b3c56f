"""The floating-point operations of a training step, from the shapes of its layers."""

from __future__ import annotations

from typing import Any

from torch import nn


def of_step(model: nn.Module, inputs: Any, input_grad_skipped: bool) -> int:
    """Return how many operations the products of a training step take.

    A product of m×k and k×n takes 2mkn. The backward pass takes twice the forward's:
    one product for the gradient of each factor, save the first layer's input where it
    `input_grad_skipped`. What is not a product is not counted: activations, pooling,
    the gates, normalisation and the optimiser.

    Parameters
    ----------
    model : Module
    inputs : tuple of Tensor
    input_grad_skipped : bool
        Whether the network is not asked for the gradient of its input.
    """
    forward: list[tuple[int, int]] = []  # of each layer: all, and upon its input

    def count(layer: nn.Module, given: Any, output: Any) -> None:
        forward.append(_of_layer(layer, given, output))

    kinds = (nn.Linear, nn.modules.conv._ConvNd, nn.RNNBase, nn.MultiheadAttention)
    hooks = [
        layer.register_forward_hook(count)
        for layer in model.modules()
        if isinstance(layer, kinds)
    ]
    model(*inputs)
    for hook in hooks:
        hook.remove()
    first = forward[0][1] if input_grad_skipped else 0
    return 3 * sum(whole for whole, _ in forward) - first


def _of_layer(layer: nn.Module, inputs: Any, output: Any) -> tuple[int, int]:
    """Return the operations of a forward pass, and those of them upon the input."""
    x = inputs[0]
    if isinstance(layer, nn.RNNBase):
        steps = x.numel() // x.shape[-1]
        at_input = 2 * steps * layer.weight_ih_l0.numel()
        names = [name for name, _ in layer.named_parameters() if "weight" in name]
        return 2 * steps * sum(getattr(layer, n).numel() for n in names), at_input
    if isinstance(layer, nn.MultiheadAttention):
        batch, length, width = x.shape
        projections = layer.in_proj_weight.numel() + layer.out_proj.weight.numel()
        products = 2 * batch * length * length * width  # scores, and their use
        whole = 2 * batch * length * projections + 2 * products
        return whole, whole
    # Each weight is used once for each row, or for each place of a picture.
    uses = output.numel() // layer.weight.shape[0]
    return (2 * uses * layer.weight.numel(),) * 2
