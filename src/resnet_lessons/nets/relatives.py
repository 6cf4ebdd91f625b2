"""Relatives of the residual block: other ways to join x and F(x) (appendix E).

The convention is that of `blocks`: (B, in_channels, H, W) becomes (B, width *
expansion, ceil(H / stride), ceil(W / stride)).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import UsageError
from .blocks import BasicBlock
from .layers import Norm, conv, conv2d
from .shortcuts import make_shortcut


class HighwayBlock(BasicBlock):
    """T F(x) + (1 - T) x: a gate for each value (Srivastava et al. 2015, equation 3).

    T = sigmoid(1x1 convolution), as He et al. (2016, section 3.1) put it into a
    residual block. Ours starts with weights of 0: T is first the same everywhere.
    """

    def __init__(
        self,
        in_channels: int,
        width: int,
        stride: int = 1,
        shortcut: str = "B",
        gate_bias: float = -2.0,  # below 0: the block begins by carrying x
        **options,  # of BasicBlock
    ):
        super().__init__(in_channels, width, stride, shortcut, **options)
        self.gate = conv2d(in_channels, width, 1, stride)
        nn.init.zeros_(self.gate.weight)
        nn.init.constant_(self.gate.bias, gate_bias)

    def forward(self, x: Tensor) -> Tensor:  # (B, in_channels, H, W)
        t = self.gate(x).sigmoid()  # (B, width, H/s, W/s)
        return F.relu(t * self.residual(x) + (1 - t) * self.shortcut(x))


class ScaledBlock(BasicBlock):
    """alpha F(x) + x, with one learned number that starts at 0 for each block.

    It needs no norm: SkipInit (De and Smith 2020), ReZero (Bachlechner et al. 2020).
    Raises `UsageError` with `batch_zero`: of two zeros in a row none would ever move.
    """

    def __init__(
        self,
        in_channels: int,
        width: int,
        stride: int = 1,
        shortcut: str = "B",
        **options,  # of BasicBlock
    ):
        if options.get("batch_zero"):
            raise UsageError("alpha starts at 0 already: leave batch_zero out.")
        super().__init__(in_channels, width, stride, shortcut, **options)
        self.alpha = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:  # (B, in_channels, H, W)
        return F.relu(self.alpha * self.residual(x) + self.shortcut(x))


class StochasticBlock(BasicBlock):
    """b F(x) + x, where b is 1 or, with probability 1 - `survival`, 0.

    Stochastic depth (Huang et al. 2016, equations 2 and 5): in evaluation b is its
    mean. Ours is drawn for each picture; the paper draws once for a batch, and so saves
    time as well. torchvision's `StochasticDepth` divides by `survival` in training and
    leaves evaluation alone.
    """

    survival = 1.0

    def forward(self, x: Tensor) -> Tensor:  # (B, in_channels, H, W)
        b = self.survival
        if self.training:
            b = torch.rand(len(x), 1, 1, 1, device=x.device) < b
        return F.relu(b * self.residual(x) + self.shortcut(x))


def fade(stages: nn.Sequential, last: float = 0.5) -> None:
    """Let the survival of `StochasticBlock`s fall in equal steps, down to `last`.

    Block l of L survives with probability 1 - l / L (1 - last): early ones, on which
    all others build, are seldom dropped (Huang et al. 2016, equation 4).
    """
    blocks = [block for stage in stages for block in stage]
    for number, block in enumerate(blocks, start=1):
        block.survival = 1 - number / len(blocks) * (1 - last)


class ResNeXtBlock(nn.Module):
    """A bottleneck whose 3x3 convolution is `groups` narrow ones side by side.

    Xie et al. 2017, figure 3c: the sum of `groups` paths is one grouped convolution.
    32 groups of `width` / 16 channels: torchvision's 32x4d, number for number.
    """

    expansion = 4

    def __init__(
        self,
        in_channels: int,
        width: int,  # half as many as the 3x3 convolution has
        stride: int = 1,  # of the 3x3 convolution
        shortcut: str = "B",
        groups: int = 32,
        norm: Norm = nn.BatchNorm2d,
    ):
        super().__init__()
        inner, out_channels = 2 * width, width * self.expansion
        self.residual = nn.Sequential(
            conv(in_channels, inner, 1, norm=norm),
            conv(inner, inner, 3, stride, norm, groups=groups),
            conv(inner, out_channels, 1, norm=norm, activation=None),
        )
        self.shortcut = make_shortcut(shortcut, in_channels, out_channels, stride, norm)

    def forward(self, x: Tensor) -> Tensor:  # (B, in_channels, H, W)
        return F.relu(self.residual(x) + self.shortcut(x))  # (B, 4 width, H/s, W/s)
