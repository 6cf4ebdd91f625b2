"""Chapter 9, the bottleneck: the exercises and their reference answers."""

import math

from torch import nn

from .exercise import Exercise
from .judges_09 import check_residual, check_values_put_out, check_widest


def values_put_out(in_channels, width, stride, size):
    out_channels = 4 * width
    before = size**2  # places that come in
    after = (-(-size // stride)) ** 2  # places that come out, rounded up
    values = before * width
    values += after * width  # the stride is here
    values += after * out_channels
    if stride != 1 or in_channels != out_channels:
        values += after * out_channels  # the projection
    return values


def residual(in_channels, width, stride, strided_conv):
    channels = [in_channels, width, width, 4 * width]
    layers = []
    for number, kernel_size in enumerate([1, 3, 1]):
        before, after = channels[number : number + 2]
        step = stride if number == strided_conv else 1
        padding = kernel_size // 2
        layers += [
            nn.Conv2d(before, after, kernel_size, step, padding, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers[:-1])  # the last ReLU comes after the sum


def widest_bottleneck(channels, squeeze):
    middle = math.isqrt(18 * channels**2 // (2 * squeeze + 9))
    return squeeze * middle


EXERCISES = [
    Exercise(
        id="09.1",
        title="What the MACs leave out",
        prompt="""\
Each number that a convolution puts out is written and read again, and training keeps
it. That takes time and memory, and is no MAC. Write `values_put_out(in_channels, width,
stride, size)`: how many numbers all convolutions of one bottleneck block put out for
one picture. What arrives has `in_channels` channels on a grid of `size` × `size`. A 1×1
convolution brings them to `width`, a 3×3 convolution with the stride keeps that width,
a 1×1 convolution puts out `4 * width`. The grid behind the stride has a side of `size /
stride`, rounded up. Where the shape changes, in the grid or in the channels, the
shortcut is a 1×1 convolution with the stride (option B): it counts, too. What no
convolution puts out does not count.
""",
        starter="""\
def values_put_out(in_channels, width, stride, size):
    return ...
""",
        hints=(
            "A convolution puts out as many numbers as its grid has places, times its "
            "output channels. The size of its kernel plays no part.",
            "The first one has stride 1: it puts out the whole grid that arrives. The "
            "3×3 has the stride, so it and the last one put out the small grid.",
            "The side of the small grid is `-(-size // stride)`. A projection puts out "
            "as many numbers as the last convolution.",
        ),
        answer=values_put_out,
        check=check_values_put_out,
    ),
    Exercise(
        id="09.2",
        title="A stride in three places",
        prompt="""\
Write `residual(in_channels, width, stride, strided_conv)`, which returns a module: the
residual function $\\mathcal{F}$ of a bottleneck, without shortcut and sum. A 1×1
convolution to `width` channels, a 3×3 one that keeps them, a 1×1 one to `4 * width`;
each without bias and followed by BatchNorm, the first two also by ReLU.
`strided_conv` says which of the three has the stride: 0, 1 or 2; the others have 1.
From $(B, C, H, W)$ it makes $(B, 4 \\cdot \\text{width}, H/s, W/s)$, rounded up.
""",
        starter='''\
from torch import nn


def residual(in_channels, width, stride, strided_conv):
    """(B, in_channels, H, W) -> (B, 4 * width, H/stride, W/stride)"""
    raise NotImplementedError
''',
        hints=(
            "An `nn.Sequential` of eight layers will do: three convolutions, three "
            "BatchNorms, two ReLUs.",
            "`strides = [1, 1, 1]`, then `strides[strided_conv] = stride`.",
            "`nn.Conv2d(before, after, 3, strides[1], padding=1, bias=False)`; a 1×1 "
            "convolution needs no padding.",
        ),
        answer=residual,
        check=check_residual,
    ),
    Exercise(
        id="09.3",
        title="How wide for the same work?",
        prompt="""\
A basic block has `channels` channels in, in between and out. A bottleneck may do at
most as many multiply-accumulates at a place as this basic block, and its middle is
`squeeze` times narrower than what goes in and out; shortcuts are the identity. Write
`widest_bottleneck(channels, squeeze)`: the largest number of channels that may go in
and out of the bottleneck. The middle is a whole number of channels. If not even a
middle of one channel fits, return 0.
""",
        starter="""\
def widest_bottleneck(channels, squeeze):
    return ...
""",
        hints=(
            "At one place a convolution does as many multiply-accumulates as it has "
            "weights. The basic block has two convolutions of 3×3.",
            "With $w$ in the middle and $s w$ outside, the bottleneck does "
            "$s w^2 + 9 w^2 + s w^2$.",
            "Find the largest whole $w$ with $(2 s + 9) w^2 \\le 18 \\cdot "
            "\\text{channels}^2$, and return $s w$. `math.isqrt(n)` is the root of "
            "`n`, rounded down.",
        ),
        answer=widest_bottleneck,
        check=check_widest,
    ),
]
