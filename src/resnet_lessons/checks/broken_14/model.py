"""A stack of ResBlocks, after an article on ResNets in fastai."""

from itertools import pairwise

import torch.nn.functional as F
from torch import nn

from resnet_lessons import nets


def resblock_net(widths, num_classes=10):
    """A net of one ResBlock for each new width: (B, 1, H, W) -> (B, num_classes)"""

    class ResBlock(nn.Module):
        def __init__(self, in_channels, out_channels):
            super().__init__()
            self.residual = nn.Sequential(
                nets.conv(in_channels, out_channels),
                nets.conv(out_channels, out_channels, activation=None),
            )
            self.shortcut = nets.make_shortcut("B", in_channels, out_channels)
            nn.init.zeros_(self.residual[-1][1].weight)  # γ of the last BatchNorm

        def forward(self, x):
            return F.relu(self.residual(x) + self.shortcut(x))

    layers = [nets.conv(1, widths[0], stride=2)]
    for before, after in pairwise(widths):
        layers += [ResBlock(before, after), nn.MaxPool2d(2, ceil_mode=True)]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], num_classes))


def make_block():
    return resblock_net((8, 8))[1]


def make_net():
    return resblock_net((8, 8, 16))
