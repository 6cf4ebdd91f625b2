"""What it costs to train a part of a net (chapter 12).

A layer's backward pass is up to two products, each as large as its forward pass: one
for the gradient of its weights, if they learn, and one for the gradient of its input,
if anything before it learns. MACs are counted as in `counts.py`.
"""

from collections.abc import Sequence

import torch
from torch import nn

from .budget import stages
from .counts import blank, layer_macs
from .hooks import evaluating, watching


def trainable_parameters(net: nn.Module) -> int:
    """The number of parameters that learn: those with `requires_grad`."""
    return sum(p.numel() for p in net.parameters() if p.requires_grad)


def backward_macs(net: nn.Module, input_shape: Sequence[int]) -> int:
    """MACs of the backward pass for one image (C, H, W), for what learns in `net`.

    The net runs once, in evaluation mode on zeros, and is left as it was. Raises
    `UsageError` if the input shape is not (C, H, W).
    """
    cost = 0

    def note(layer, inputs, output):
        nonlocal cost
        weight = getattr(layer, "weight", None)
        products = [weight is not None and weight.requires_grad]
        products += [isinstance(i, torch.Tensor) and i.requires_grad for i in inputs]
        cost += layer_macs(layer, output) * sum(products)

    with evaluating(net), watching(list(net.modules()), note), torch.enable_grad():
        net(blank(net, input_shape))
    return cost


def freezing_costs(net: nn.Module, input_shape: Sequence[int]) -> dict:
    """The costs in the data of `widgets.Freezing`, for a net of stem, stages and head.

    parts: names; parameters, macs: of each part, forward; learning, backward: one
    number for each count of parts that learn besides the head, from 0 to all. The net
    is left as it was.
    """
    rows = stages(net, input_shape)
    kept = [(p, p.requires_grad) for p in net.parameters()]
    pieces = [net.head, *list(net.stages)[::-1], net.stem]
    learn, backward = [], []
    try:
        net.requires_grad_(False)
        for piece in pieces:
            piece.requires_grad_(True)
            learn.append(trainable_parameters(net))
            backward.append(backward_macs(net, input_shape))
    finally:
        for parameter, wanted in kept:
            parameter.requires_grad_(wanted)
    return {
        "parts": [row.name for row in rows],
        "parameters": [row.parameters for row in rows],
        "macs": [row.macs for row in rows],
        "learning": learn,
        "backward": backward,
    }
