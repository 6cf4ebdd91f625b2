"""Where parameters and multiplications sit, by the grid they work on (chapter 2)."""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import torch
from torch import nn

from ..nets import build, head
from .counts import Row, layer_macs, parameters, shapes

HEADS = ("as published", "global average")


class Part(NamedTuple):
    """All layers of a net that put out a grid of one size, or one linear layer."""

    name: str  # "28 × 28", or "linear 1"
    places: int  # of the grid; 1 behind it
    layers: int  # convolutions, or 1
    parameters: int  # of these layers and of the normalisation behind them
    macs: int  # per image


def by_grid(net: nn.Module, input_shape: Sequence[int]) -> list[Part]:
    """One part for each size of grid, then one for each linear layer; they add up.

    Every weight of a convolution works once at each place that it puts out, a linear
    layer's once. Raises `UsageError` if the input shape is not (C, H, W).
    """
    parts: dict[str, list[Row]] = {}
    linear = 0
    for row in shapes(net, input_shape, depth=None):
        linear += row.kind == "Linear"
        on_grid = len(row.out_shape) == 3
        name = (
            " × ".join(map(str, row.out_shape[1:])) if on_grid else f"linear {linear}"
        )
        if row.parameters:
            parts.setdefault(name, []).append(row)
    return [_part(name, rows) for name, rows in parts.items()]


def _part(name: str, rows: list[Row]) -> Part:
    return Part(
        name,
        prod(rows[0].out_shape[1:]),
        sum(row.kind in ("Conv2d", "Linear") for row in rows),
        sum(row.parameters for row in rows),
        sum(row.macs for row in rows),
    )


def averaged(net: nn.Module, num_classes: int) -> nn.Module:
    """`net` with a global average and one linear layer for its head (chapter 2).

    For AlexNet and VGG; nets that have no `features` end so already and come back as
    they are. The convolutions are the net's own, not copies.
    """
    if not hasattr(net, "features"):
        return net
    *_, last = (m for m in net.features.modules() if isinstance(m, nn.Conv2d))
    end = nn.Sequential(*head(last.out_channels, num_classes)).to(last.weight)
    return nn.Sequential(net.features, *end)


def where_parameters(
    nets: dict[str, str],  # what a reader sees: name for nets.build
    classes: Sequence[int],  # choices for the number of classes
    size: int = 224,  # side of the image in pixels
) -> dict:
    """The data of `widgets.WhereParameters`: every net with both heads."""
    return {
        "nets": list(nets),
        "heads": list(HEADS),
        "classes": list(classes),
        "size": size,
        "cases": [_cases(name, classes, size) for name in nets.values()],
    }


def _cases(name: str, classes: Sequence[int], size: int) -> list[dict]:
    """One case for each head, over all numbers of classes."""
    with torch.device("meta"):
        net = build(name, num_classes=classes[0])
        both = [net, averaged(net, classes[0])]
    counts = {net: by_grid(net, (3, size, size)) for net in dict.fromkeys(both)}
    return [_case(net, counts[net], classes) for net in both]


def _case(net: nn.Module, parts: list[Part], classes: Sequence[int]) -> dict:
    *body, last = parts  # only the last layer knows the number of classes
    *_, linear = (m for m in net.modules() if isinstance(m, nn.Linear))
    ends = [_linear(last.name, linear.in_features, number) for number in classes]
    rows = [[*body, end] for end in ends]
    return {
        "parts": [part.name for part in parts],
        "places": [part.places for part in parts],
        "layers": [part.layers for part in parts],
        "parameters": [[part.parameters for part in row] for row in rows],
        "macs": [[part.macs for part in row] for row in rows],
    }


def _linear(name: str, in_features: int, out_features: int) -> Part:
    layer = nn.Linear(in_features, out_features, device="meta")
    cost = layer_macs(layer, layer(torch.zeros(1, in_features, device="meta")))
    return Part(name, 1, 1, parameters(layer), cost)
