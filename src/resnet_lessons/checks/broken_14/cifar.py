"""The residual net for small pictures, after a note on ResNet-20 in plain PyTorch."""

import torch.nn.functional as F
from torch import nn

from resnet_lessons import nets


class Block(nn.Module):
    """(B, in_channels, H, W) -> (B, channels, H / stride, W / stride)"""

    def __init__(self, in_channels, channels, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential()  # x itself
        if stride != 1 or in_channels != channels:
            conv = nn.Conv2d(in_channels, channels, 1, stride, bias=False)
            norm = nn.BatchNorm2d(channels)
            self.shortcut = nn.Sequential(conv, norm)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y)) + self.shortcut(x)
        return F.relu(y)


class Net(nn.Module):
    """(B, in_channels, H, W) -> (B, 10); three stages of n blocks."""

    def __init__(self, n=1, width=8, in_channels=1):
        super().__init__()
        self.stem = nn.Conv2d(in_channels, width, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(width)
        self.stages = nn.Sequential()
        before = width
        for channels, stride in [(width, 1), (2 * width, 2), (4 * width, 2)]:
            for number in range(n):
                block = Block(before, channels, 1 if number else stride)
                self.stages.append(block)
                before = channels
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(before, 10)

    def forward(self, x):
        x = F.relu(self.bn(self.stem(x)))
        x = self.pool(self.stages(x))
        return self.fc(x.flatten(1))


def probabilities(logits):
    """(..., classes) -> the same shape, between 0 and 1, with a sum of 1."""
    return nn.Softmax(dim=-1)(logits)


def make_block():
    return Block(8, 8)


def make_net():
    return nets.he_init(Net())


SHAPES = [  # arguments, what goes in, what must come out
    ({"in_channels": 8, "channels": 8}, (2, 8, 7, 5), (2, 8, 7, 5)),
    ({"in_channels": 8, "channels": 16}, (2, 8, 7, 5), (2, 16, 7, 5)),
    ({"in_channels": 8, "channels": 16, "stride": 2}, (2, 8, 7, 5), (2, 16, 4, 3)),
]
