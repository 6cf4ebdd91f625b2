"""What basic and bottleneck blocks cost at each place of the grid (chapter 9)."""

import math
from collections.abc import Sequence

import torch
from torch import nn

from ..errors import UsageError
from ..nets import BasicBlock, BottleneckBlock
from .counts import shapes


def block_costs(
    channels: Sequence[int],  # that enter and leave a block
    squeezes: Sequence[int],  # how many times narrower the middle of a bottleneck is
) -> dict:
    """The data of `widgets.WidthAndCost`: blocks that keep their shape, side by side.

    For each number of channels a basic block; and for each squeeze a bottleneck of
    these channels, and a basic block that is as narrow as its middle. Raises
    `UsageError` if some channels cannot be divided by some squeeze.
    """
    for number in channels:
        for squeeze in squeezes:
            if number % squeeze or number < squeeze:
                raise UsageError(
                    f"{number} channels cannot be made {squeeze} times narrower: "
                    f"use multiples of {math.lcm(*squeezes)}."
                )
    return {
        "channels": list(channels),
        "squeezes": list(squeezes),
        "basic": [_cost(_basic(c), c) for c in channels],
        "bottleneck": [
            [_cost(_bottleneck(c, s), c) for s in squeezes] for c in channels
        ],
        "narrow": [[_cost(_basic(c // s), c // s) for s in squeezes] for c in channels],
    }


def _basic(channels: int) -> nn.Module:
    with torch.device("meta"):
        return BasicBlock(channels, channels)


def _bottleneck(channels: int, squeeze: int) -> nn.Module:
    block = type("Squeezed", (BottleneckBlock,), {"expansion": squeeze})
    with torch.device("meta"):
        return block(channels, channels // squeeze)


def _cost(block: nn.Module, channels: int) -> dict:
    """Kernels and MACs of its convolutions at one place, and the channels between."""
    layers = dict(block.named_modules())
    rows = shapes(block, (channels, 1, 1), depth=None)
    convs = [row for row in rows if row.kind == "Conv2d"]
    return {
        "channels": [channels, *(row.out_shape[0] for row in convs)],
        "kernels": [layers[row.name].kernel_size[0] for row in convs],
        "macs": [row.macs for row in convs],
    }
