"""What a slider needs: a probe run for every position (chapters 3 and 7)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..nets import BasicBlock, FixedSizeNet, FullyConvolutional, ResNet
from ..nets.fcn import WIDTHS
from .counts import macs, parameters, shapes
from .flow import norm


def input_sizes(sizes: Sequence[int], made_for: int) -> dict:
    """The data of `widgets.InputSize`: two nets at each of `sizes` (px, a side).

    The nets share their stages; one flattens the last grid, the other averages it.
    `made_for` is the size that the linear layer of the first was made for.
    """
    fixed = [FixedSizeNet(size=size) for size in sizes]
    any_size = [FullyConvolutional() for _ in sizes]
    return {
        "made_for": made_for,
        "sizes": list(sizes),
        "channels": [3, *WIDTHS],
        "grids": [_grids(net, s) for net, s in zip(any_size, sizes, strict=True)],
        "nets": [
            _head("flatten", fixed, sizes, made_for),
            _head("pool", any_size, sizes, made_for),
        ],
    }


def _grids(net: nn.Module, size: int) -> list[int]:
    """The side of the grid before and after each stage."""
    rows = [
        row for row in shapes(net, (3, size, size)) if row.name.startswith("stages")
    ]
    return [size, *[row.out_shape[-1] for row in rows]]


def _head(kind: str, nets: list[nn.Module], sizes, made_for: int) -> dict:
    features = [net.head[-1].in_features for net in nets]
    return {
        "head": kind,
        "expects": features[list(sizes).index(made_for)],
        "features": features,
        "head_parameters": [parameters(net.head) for net in nets],
        "macs": [macs(net, (3, s, s)) for net, s in zip(nets, sizes, strict=True)],
    }


def starts(
    depths: Sequence[int],  # blocks in the stack
    gammas: Sequence[float],  # of the last BatchNorm of each block
    pictures: Tensor,  # (B, C, H, W)
    labels: Tensor,  # (B,)
    note: str,  # what was measured, in words
) -> dict:
    """The data of `widgets.GammaAtStart`: stacks of basic blocks before any step.

    Each stack is drawn anew from seed 0; the generator is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        found = [[_start(d, g, pictures, labels) for g in gammas] for d in depths]
    std, gradient, inner = (
        [[curves[i] for curves in row] for row in found] for i in range(3)
    )
    return {
        "gammas": list(gammas),
        "depths": list(depths),
        "std": std,
        "gradient": gradient,
        "inner_gradient": inner,
        "note": note,
    }


def _start(depth: int, gamma: float, pictures: Tensor, labels: Tensor) -> tuple:
    """(std, gradient norm, norm at the first convolution), block by block."""
    torch.default_generator.manual_seed(0)
    net = ResNet(BasicBlock, [depth], [16], "cifar", "B", in_channels=pictures.shape[1])
    outputs = [net.stem(pictures)]  # (B, 16, H, W)
    for block in net.stages[0]:
        nn.init.constant_(block.residual[-1][-1].weight, gamma)
        outputs.append(block(outputs[-1]))
        outputs[-1].retain_grad()
    F.cross_entropy(net.head(outputs[-1]), labels).backward()
    return (
        [x.std().item() for x in outputs],
        [norm(x.grad) for x in outputs[1:]],
        [norm(b.residual[0][0].weight.grad) for b in net.stages[0]],
    )
