"""What a net costs: shapes, parameters and multiply-accumulates (chapters 1, 2, 8).

A MAC is one multiplication and one addition. They are counted per image, and only in
2-d convolutions and linear layers, as in torchvision's published numbers (`_ops`, in
units of 10^9). Normalisation, pooling, ReLU, biases and sums are left out.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..errors import UsageError
from .hooks import evaluating, parts, watching


class Row(NamedTuple):
    """One layer, or one group of layers, of a net; shapes without the batch."""

    name: str  # as in net.named_modules()
    kind: str  # the name of its class
    in_shape: tuple[int, ...]  # (C, H, W)
    out_shape: tuple[int, ...]  # (C, H, W)
    parameters: int
    macs: int  # per image


def shapes(
    net: nn.Module,
    input_shape: Sequence[int],  # (C, H, W) of one image
    depth: int | None = 2,  # how far to open nested modules; None: to the last layer
) -> list[Row]:
    """One row for each module that runs at that depth, in the order of running.

    The rows do not overlap: MACs and parameters add up to those of the net, if no
    weights lie outside them and no layer stands in two of them. A module that runs
    twice has one row, with the shapes of its last run and the MACs of all. The net runs
    once, in evaluation mode on zeros, and is left as it was. Raises `UsageError` if the
    input shape is not (C, H, W).
    """
    calls = trace(net, input_shape)
    names = {module: name for name, module in parts(net, depth)}
    rows = []
    for module, (in_shape, out_shape, _) in calls.items():
        if module in names:
            cost = sum(calls[m].macs for m in module.modules() if m in calls)
            size = parameters(module)
            kind = type(module).__name__
            rows.append(Row(names[module], kind, in_shape, out_shape, size, cost))
    return rows


def parameters(net: nn.Module) -> int:
    """The number of parameters: weights, biases, gammas and betas, trainable or not."""
    return sum(parameter.numel() for parameter in net.parameters())


def macs(net: nn.Module, input_shape: Sequence[int]) -> int:
    """Multiply-accumulates of the net for one image of shape (C, H, W).

    Raises `UsageError` if the input shape is not (C, H, W).
    """
    return sum(call.macs for call in trace(net, input_shape).values())


class Call(NamedTuple):
    in_shape: tuple[int, ...]
    out_shape: tuple[int, ...]
    macs: int  # of the layer itself, over all its calls


def trace(net: nn.Module, input_shape: Sequence[int]) -> dict[nn.Module, Call]:
    """What each module did with one image of zeros, in the order of finishing."""
    calls: dict[nn.Module, Call] = {}

    def note(module, inputs, output):
        before = calls[module].macs if module in calls else 0
        cost = before + layer_macs(module, output)
        calls[module] = Call(shape(inputs), shape(output), cost)

    with evaluating(net), watching(list(net.modules()), note):
        net(blank(net, input_shape))
    return calls


def layer_macs(layer: nn.Module, output: object) -> int:
    """MACs of one convolution or linear layer for one image; 0 for anything else."""
    if isinstance(layer, nn.Conv2d):  # each output reads a kernel over C / groups
        height, width = layer.kernel_size
        return output[0].numel() * layer.in_channels // layer.groups * height * width
    if isinstance(layer, nn.Linear):
        return output[0].numel() * layer.in_features
    return 0


def shape(value: object) -> tuple[int, ...]:
    """The shape of the first tensor without its batch; () where there is no tensor."""
    while isinstance(value, tuple | list) and value:
        value = value[0]
    return tuple(value.shape[1:]) if isinstance(value, Tensor) else ()


def blank(net: nn.Module, input_shape: Sequence[int]) -> Tensor:
    """One image of zeros on the device and in the number type of the net."""
    if len(input_shape) != 3 or min(input_shape) < 1:
        raise UsageError(
            "The input shape is that of one image, (channels, height, width), each at "
            f"least 1; got {tuple(input_shape)}."
        )
    like = next(net.parameters(), torch.empty(0))
    return torch.zeros(1, *input_shape, device=like.device, dtype=like.dtype)
