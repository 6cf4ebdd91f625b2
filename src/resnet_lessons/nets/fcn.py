"""The baseline of the book: convolutions, then an average (chapter 3).

After Pranath Fernando, "Resnets - The Key to Training Deeper Neural Networks" (2021),
section 2, and Howard and Gugger, *Deep Learning for Coders* (2020), chapter 14.
"""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from .layers import conv, head

WIDTHS = (16, 32, 64, 128, 256)


def halving_stages(widths: Sequence[int], in_channels: int) -> nn.Sequential:
    """One stride-2 convolution for each width; each halves height and width."""
    channels = pairwise([in_channels, *widths])
    return nn.Sequential(*[conv(before, after, stride=2) for before, after in channels])


class FullyConvolutional(nn.Module):
    """Five stride-2 convolutions, global average pooling, one linear layer.

    (B, in_channels, H, W) -> (B, num_classes) logits, for any H and W from 1 up; in
    training two pictures at least where the last grid is 1 x 1 (BatchNorm).
    """

    def __init__(
        self,
        widths: Sequence[int] = WIDTHS,  # channels of each stage
        num_classes: int = 10,
        in_channels: int = 3,
    ):
        super().__init__()
        self.stages = halving_stages(widths, in_channels)
        self.head = nn.Sequential(*head(widths[-1], num_classes))

    def forward(self, x: Tensor) -> Tensor:  # (B, in_channels, H, W)
        x = self.stages(x)  # (B, 256, H/32, W/32)
        return self.head(x)  # (B, num_classes)


class FixedSizeNet(nn.Module):
    """The same stages with the grid flattened instead of averaged, for contrast.

    (B, 3, size, size) -> (B, 10) logits, with `size` in pixels. The linear layer has
    one weight for each place of the last grid, so another grid raises PyTorch's
    `RuntimeError`.
    """

    def __init__(self, size: int):
        super().__init__()
        grid = -(-size // 2 ** len(WIDTHS))  # rounded up
        self.stages = halving_stages(WIDTHS, 3)
        self.head = nn.Sequential(
            nn.Flatten(),  # (B, 256 * grid * grid)
            nn.Linear(WIDTHS[-1] * grid * grid, 10),
        )

    def forward(self, x: Tensor) -> Tensor:  # (B, 3, size, size)
        x = self.stages(x)  # (B, 256, size/32, size/32)
        return self.head(x)  # (B, 10)
