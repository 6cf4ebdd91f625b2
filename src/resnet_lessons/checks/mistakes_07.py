"""Chapter 7: mistakes in a ResBlock, each a line of data with its hint."""

import torch.nn.functional as F
from torch import nn

# Every step is asked only if those before it hold, so a hint may rely on them.
SHAPES = [
    (
        (16, 16, 1),
        (8, 8),
        "Same channels, stride 1: both convolutions keep the grid (`padding=1`).",
    ),
    (
        (16, 32, 1),
        (8, 8),
        "The channels change: send x through a 1×1 convolution and a BatchNorm before "
        "the sum.",
    ),
    (
        (32, 16, 1),
        (8, 8),
        "Fewer channels are a change, too: the 1×1 convolution is needed whenever the "
        "two numbers differ.",
    ),
    (
        (16, 16, 2),
        (8, 8),
        "F(x) has half the grid. Average x over 2×2 before the sum, so that it fits.",
    ),
    (
        (16, 32, 2),
        (9, 7),
        "At an odd size the 3×3 convolution keeps the last row (9 becomes 5) and the "
        "2×2 average drops it (9 becomes 4): `ceil_mode=True`.",
    ),
]

STRIDES = [
    (
        ((2, 2), (2, 2)),
        "Both convolutions have the stride, so each side of the grid is a quarter. "
        "Only the first one takes it.",
    ),
    (
        ((1, 1), (2, 2)),
        "The second convolution has the stride. Give it to the first: the second then "
        "works on the small grid.",
    ),
    (
        ((1, 1), (1, 1)),
        "No convolution has the stride. Pass it to the first.",
    ),
]
GAMMAS = [
    (
        (0.0, 1.0),
        "You zeroed the first BatchNorm. The ReLU behind it then sees only 0 and sends "
        "no gradient back: the block would never wake up. Zero the last one.",
    ),
    (
        (0.0, 0.0),
        "Both are zero. Then the ReLU between them sends no gradient back, and the "
        "block never wakes up. Zero only the last one.",
    ),
    (
        (1.0, 1.0),
        "BatchZero is missing: `nn.init.zeros_` on the weight of the last BatchNorm.",
    ),
]


def _inner(library, x):
    """F without the ReLU between its convolutions."""
    first, second = library.residual
    return second(first[1](first[0](x)))


def _with_shortcut(pool):
    def wrong(library, x):
        s = x
        for layer in library.shortcut.children():
            s = pool(s) if isinstance(layer, nn.AvgPool2d) else layer(s)
        return F.relu(library.residual(x) + s)

    return wrong


def _halves(x):
    return [-(-side // 2) for side in x.shape[2:]]


def _average_with_zeros(x):
    height, width = x.shape[2:]
    return F.avg_pool2d(F.pad(x, (0, width % 2, 0, height % 2)), 2)


VALUES = [
    (
        lambda block, x: F.relu(block.residual(x)),
        "The skip is missing: that is F(x) alone. Add the shortcut before the ReLU.",
    ),
    (
        lambda block, x: block.residual(x),
        "The skip and the last ReLU are missing: that is F(x) alone.",
    ),
    (
        lambda block, x: F.relu(block.residual(x)) + block.shortcut(x),
        "The ReLU comes before the sum, so the block can only add. First the sum, then "
        "the ReLU.",
    ),
    (
        lambda block, x: F.relu(block.residual(x)) + F.relu(block.shortcut(x)),
        "Each path has its ReLU before the sum. First the sum, then one ReLU.",
    ),
    (
        lambda block, x: F.relu(F.relu(block.residual(x)) + block.shortcut(x)),
        "F ends in a ReLU, so the block can only add. Keep the one behind the sum.",
    ),
    (
        lambda block, x: block.residual(x) + block.shortcut(x),
        "The ReLU after the sum is missing.",
    ),
    (
        lambda block, x: F.relu(_inner(block, x) + block.shortcut(x)),
        "The ReLU between the two convolutions is missing: without it they are one "
        "linear map.",
    ),
    (
        lambda block, x: F.relu(block.residual(x) + F.relu(block.shortcut(x))),
        "The shortcut has a ReLU of its own. It has none: x passes as it is.",
    ),
    (
        _with_shortcut(lambda x: x[:, :, ::2, ::2]),
        "The shortcut takes every second pixel and drops three of four. Average over "
        "2×2 instead.",
    ),
    (
        _with_shortcut(lambda x: F.max_pool2d(x, 2, ceil_mode=True)),
        "The shortcut takes the maximum of 2×2. Take the average.",
    ),
    (
        _with_shortcut(_average_with_zeros),
        "At the edge of an odd size your average counts places that are not there. "
        "Average over those that are: `nn.AvgPool2d(2, ceil_mode=True)`.",
    ),
    (
        _with_shortcut(lambda x: F.adaptive_avg_pool2d(x, _halves(x))),
        "At an odd size the windows of an adaptive pool overlap. Average over patches "
        "of 2×2: `nn.AvgPool2d(2, ceil_mode=True)`.",
    ),
    (
        _with_shortcut(lambda x: F.avg_pool2d(x, 3, 2, 1)),
        "The shortcut averages over 3×3. Average over 2×2.",
    ),
    (
        lambda block, x: F.relu(
            block.residual[-1][-1].bias.view(-1, 1, 1) + block.shortcut(x)
        ),
        "F puts out only β, whatever its γ was: `forward` sets γ to zero each time and "
        "locks it. Set it once, in `__init__`.",
    ),
]


def _projected_first(library, x):
    s = x
    for layer in reversed(list(library.shortcut.children())):
        s = layer(s)
    return F.relu(library.residual(x) + s)


TRAINING = [
    (
        _projected_first,
        "The shortcut projects first and averages afterwards, so in training its "
        "BatchNorm sees other values. First average, then 1×1 convolution and "
        "BatchNorm.",
    ),
]
