"""The residual blocks: y = F(x) + shortcut(x) (chapters 6, 7, 9 and 10).

One convention: `Block(in_channels, width, stride, shortcut)` takes (B, in_channels, H,
W) to (B, width * expansion, ceil(H / stride), ceil(W / stride)). All raise
`UsageError` on the name of a shortcut that does not exist. With `batch_zero` F(x) = 0
at the start, so that a block that keeps its shape begins as the identity (chapter 7).
"""

import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import UsageError
from .layers import Norm, conv, preact_conv, zero_last
from .shortcuts import make_shortcut


class BasicBlock(nn.Module):
    """Two 3x3 convolutions (He et al. 2015, equation 1 and figure 5 left; chapter 6).

    As torchvision's `BasicBlock`, number for number.
    """

    expansion = 1

    def __init__(
        self,
        in_channels: int,
        width: int,  # channels of both convolutions
        stride: int = 1,  # of the first convolution
        shortcut: str = "B",  # a key of shortcuts.SHORTCUTS
        batch_zero: bool = False,  # start with F(x) = 0
        norm: Norm = nn.BatchNorm2d,  # None: no normalisation
    ):
        super().__init__()
        self.residual = nn.Sequential(
            conv(in_channels, width, 3, stride, norm),
            conv(width, width, 3, norm=norm, activation=None),
        )
        self.shortcut = make_shortcut(shortcut, in_channels, width, stride, norm)
        if batch_zero:
            zero_last(self.residual)

    def forward(self, x: Tensor) -> Tensor:  # (B, in_channels, H, W)
        return F.relu(self.residual(x) + self.shortcut(x))  # (B, width, H/s, W/s)


class FastaiBlock(BasicBlock):
    """The basic block with fastai's two choices made (chapter 7).

    The shortcut averages before it projects, so no pixel is dropped, and BatchZero is
    on. With the same weights equal to fastai's `ResBlock(1, in_channels, width,
    stride)`. Fresh ones differ: fastai draws from a uniform distribution, and its
    BatchNorm starts with an offset of 0.001, ours and the paper's with 0.
    """

    def __init__(
        self,
        in_channels: int,
        width: int,
        stride: int = 1,
        shortcut: str = "pool",
        batch_zero: bool = True,
        norm: Norm = nn.BatchNorm2d,
    ):
        super().__init__(in_channels, width, stride, shortcut, batch_zero, norm)


class BottleneckBlock(nn.Module):
    """1x1 down, 3x3, 1x1 up to 4 * width (He et al. 2015, figure 5 right; chapter 9).

    The stride sits on the 3x3 convolution, as in torchvision and fastai; the paper has
    it on the first 1x1 (`strided_conv=0`), where three pixels of four are never read.
    """

    expansion = 4

    def __init__(
        self,
        in_channels: int,
        width: int,  # channels of the 3x3 convolution
        stride: int = 1,
        shortcut: str = "B",  # a key of shortcuts.SHORTCUTS
        batch_zero: bool = False,  # start with F(x) = 0
        norm: Norm = nn.BatchNorm2d,  # None: no normalisation
        strided_conv: int = 1,  # which of the three convolutions has the stride
    ):
        super().__init__()
        if strided_conv not in (0, 1, 2):
            raise UsageError(f"strided_conv is 0, 1 or 2, not {strided_conv!r}.")
        strides = [1, 1, 1]
        strides[strided_conv] = stride
        out_channels = width * self.expansion
        self.residual = nn.Sequential(
            conv(in_channels, width, 1, strides[0], norm),
            conv(width, width, 3, strides[1], norm),
            conv(width, out_channels, 1, strides[2], norm, activation=None),
        )
        self.shortcut = make_shortcut(shortcut, in_channels, out_channels, stride, norm)
        if batch_zero:
            zero_last(self.residual)

    def forward(self, x: Tensor) -> Tensor:  # (B, in_channels, H, W)
        return F.relu(self.residual(x) + self.shortcut(x))  # (B, 4 width, H/s, W/s)


class PreActBlock(nn.Module):
    """Norm and ReLU before each convolution (He et al. 2016, equation 9; chapter 10).

    Nothing follows the sum, so x runs from block to block untouched; the net closes
    with one more norm and ReLU (`preactivated` tells it so). The authors' code gives a
    projection the activated x; here, as in the equation, every shortcut takes x itself.
    """

    expansion = 1
    preactivated = True

    def __init__(
        self,
        in_channels: int,
        width: int,  # channels of both convolutions
        stride: int = 1,  # of the first convolution
        shortcut: str = "B",  # a key of shortcuts.SHORTCUTS
        batch_zero: bool = False,  # start with F(x) = 0
        norm: Norm = nn.BatchNorm2d,  # None: no normalisation
    ):
        super().__init__()
        self.residual = nn.Sequential(
            preact_conv(in_channels, width, 3, stride, norm),
            preact_conv(width, width, 3, norm=norm),
        )
        self.shortcut = make_shortcut(shortcut, in_channels, width, stride, norm)
        if batch_zero:
            zero_last(self.residual)

    def forward(self, x: Tensor) -> Tensor:  # (B, in_channels, H, W)
        return self.residual(x) + self.shortcut(x)  # (B, width, H/s, W/s)
