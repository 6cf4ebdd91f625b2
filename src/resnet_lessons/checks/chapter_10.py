"""Chapter 10, ResNet v2: the exercises and their reference answers."""

import torch
from torch import nn

from .exercise import Exercise
from .judges_10 import check_bottleneck, check_untouched
from .judges_10_closing import check_add_closing


class PreActBottleneck(nn.Module):
    def __init__(self, in_channels, width, stride=1):
        super().__init__()
        out_channels = 4 * width
        self.residual = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, out_channels, 1, bias=False),
        )
        self.shortcut = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)

    def forward(self, x):  # (B, in_channels, H, W)
        return self.residual(x) + self.shortcut(x)  # (B, 4 width, H/s, W/s)


@torch.no_grad()
def untouched(blocks, x):
    kept = torch.ones_like(x, dtype=torch.bool)
    for block in blocks:
        total = block.residual(x) + x
        x = block(x)
        kept &= x == total
    return kept.float().mean().item()


def add_closing(net):
    channels = net.head[-1].in_features
    net.head = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), *net.head)


EXERCISES = [
    Exercise(
        id="10.1",
        title="A bottleneck that activates first",
        prompt="""\
The nets of 164 and 1001 layers in the second paper are made of bottlenecks. Write
`PreActBottleneck(in_channels, width, stride=1)`:

$$y = F(x) + \\mathrm{shortcut}(x)$$

- $F$ has three convolutions without biases: 1×1 to `width` channels, 3×3 with the
  stride, 1×1 to `4 * width`. Before *each* of them stand BatchNorm and ReLU.
- Where the shape stays, the shortcut is $x$ itself. Elsewhere it is a 1×1 convolution
  of $x$ with the stride, without a bias and without BatchNorm. (The authors' code gives
  it the activated $x$, and has the stride on the first 1×1. Ours follows the equation.)
- Nothing follows the sum.
""",
        starter='''\
from torch import nn


class PreActBottleneck(nn.Module):
    def __init__(self, in_channels, width, stride=1):
        super().__init__()
        # the layers

    def forward(self, x):
        """(B, in_channels, H, W) -> (B, 4 * width, H / stride, W / stride)"""
        raise NotImplementedError
''',
        hints=(
            "A BatchNorm that stands *before* a convolution has the channels that go "
            "into it: `in_channels`, `width`, `width`.",
            "One `nn.Sequential` of nine layers is $F$: three times BatchNorm, ReLU, "
            "convolution. Only the 3×3 has the stride, and `padding=1`.",
            "`self.shortcut = nn.Identity()`, or `nn.Conv2d(in_channels, 4 * width, 1, "
            "stride, bias=False)` if the stride is not 1 or the channels differ.",
        ),
        answer=PreActBottleneck,
        check=check_bottleneck,
    ),
    Exercise(
        id="10.2",
        title="How much of x arrives untouched?",
        prompt="""\
`blocks` is a list of blocks that keep the shape. Each has a `block.residual`, which is
its $F$, and adds $x$ to it; what it does after that we do not know. Write
`untouched(blocks, x)`: send `x` through all of them, and return the share of its values
(from 0 to 1) that arrive at the end with nothing done to them but these additions. At
such a place every block has put out exactly $F(x) + x$.
""",
        starter="""\
import torch


def untouched(blocks, x):
    return ...
""",
        hints=(
            "For one block, compare `block(x)` with `block.residual(x) + x`, value by "
            "value.",
            "Keep a mask of the shape of `x`, all `True` at first. Each block may "
            "switch places off, and none may switch one on again: `kept &= ...`.",
            "`x = block(x)` before the next round; at the end "
            "`kept.float().mean().item()`.",
        ),
        answer=untouched,
        check=check_untouched,
    ),
    Exercise(
        id="10.3",
        title="Repair: the end is missing",
        prompt="""\
`net` is a `nets.ResNet` made of pre-activation blocks, and somebody forgot its end: the
last sum goes straight into `net.head`, which is average pooling, flattening and one
linear layer. Write `add_closing(net)`: put the BatchNorm and the ReLU where they
belong. Change the net that is given; all that was there stays, with its weights.
""",
        starter='''\
from torch import nn


def add_closing(net):
    """Change the net that is given; nothing is returned."""
    raise NotImplementedError
''',
        hints=(
            "They take what the last sum gives, a grid: so they come before the "
            "pooling.",
            "How many channels does that grid have? As many as the linear layer takes "
            "in: `net.head[-1].in_features`.",
            "`nn.Sequential(first, second, *net.head)` holds the old layers "
            "themselves, not copies.",
        ),
        answer=add_closing,
        check=check_add_closing,
    ),
]
