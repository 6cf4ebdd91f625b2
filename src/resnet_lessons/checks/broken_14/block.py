"""A residual block with a leaky ReLU, after a summary of the paper."""

import torch.nn.functional as F
from torch import nn

from resnet_lessons import nets


class ResBlock(nn.Module):
    """(B, channels, H, W) -> the same shape, for each H, W and odd kernel."""

    def __init__(self, channels, kernel_size=3):
        super().__init__()
        self.conv1 = self.conv(channels, kernel_size)
        self.conv2 = self.conv(channels, kernel_size)

    def conv(self, channels, size, stride=1):
        padding = size // 2
        conv = nn.Conv2d(channels, channels, size, stride, padding, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(channels))

    def forward(self, x):
        y = F.leaky_relu(self.conv1(x))
        return F.leaky_relu(x + self.conv2(y))


def make_block():
    return ResBlock(8)


def make_net():
    """For digits: the stem makes 4 × 4 places of 8 × 8 pixels."""
    blocks = [ResBlock(8) for _ in range(12)]
    return nn.Sequential(nets.conv(1, 8, stride=2), *blocks, *nets.head(8, 10))


SHAPES = [  # arguments, what goes in, what must come out
    ({"channels": 8}, (2, 8, 7, 5), (2, 8, 7, 5)),
    ({"channels": 8, "kernel_size": 1}, (2, 8, 7, 5), (2, 8, 7, 5)),
    ({"channels": 8, "kernel_size": 5}, (2, 8, 7, 5), (2, 8, 7, 5)),
]
