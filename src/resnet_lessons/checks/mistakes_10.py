"""Chapter 10: mistakes in a block, a share and a head, each with its hint."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from .layers import NO_LAYERS

# 10.1: a bottleneck (16, 4) keeps its shape ------------------------------------------

KERNELS = [
    ((), NO_LAYERS),
    (
        ((3, 3), (3, 3)),
        "That is the basic block. A bottleneck has three: 1×1, 3×3, 1×1.",
    ),
    (
        ((1, 1), (3, 3), (1, 1), (1, 1)),
        "There is a projection where the shape stays. Without it, x goes through as "
        "it is.",
    ),
    (
        ((1, 1), (1, 1), (3, 3), (1, 1)),
        "There is a projection where the shape stays. Without it, x goes through as "
        "it is.",
    ),
    (((3, 3),) * 3, "Only the middle one is 3×3. The other two change the channels."),
]
CHANNELS = [
    (
        ((16, 16), (16, 16), (16, 16)),
        "The first convolution makes the channels fewer: `width` of them.",
    ),
]
FEATURES = [
    (
        (4, 4, 16),
        "These stand behind the convolutions, as in ResNet v1. Here each stands before "
        "one, and has the channels that go into it.",
    ),
    (
        (16, 4, 4, 16),
        "One too many: nothing stands behind the last convolution. The closing norm "
        "belongs to the whole net, not to each block.",
    ),
    ((4, 4), "The first one is missing: BatchNorm and ReLU come before each one."),
    ((16, 4), "One is missing: BatchNorm and ReLU come before each of the three."),
    ((16,), "BatchNorm and ReLU come before each of the three convolutions."),
    ((), "No BatchNorm runs. One stands before each convolution."),
]
STRIDES = [
    ((1, 1, 1), "No convolution of F has the stride. The 3×3 takes it."),
    (
        (2, 1, 1),
        "The first 1×1 has the stride, and reads one position in four. Give it to "
        "the 3×3.",
    ),
    ((1, 1, 2), "The last 1×1 has the stride. Give it to the 3×3."),
    ((2, 2, 2), "All three have the stride. Only the 3×3 takes it."),
]
SHAPES = [
    (
        (16, 4, 1),
        (6, 6),
        "This one keeps the shape: 16 channels come in, `4 * width` come out, and all "
        "three convolutions keep the grid.",
    ),
    (
        (12, 8, 1),
        (6, 6),
        "The channels change at stride 1: x needs the 1×1 convolution there, too.",
    ),
    (
        (16, 4, 3),
        (6, 6),
        "The grid changes and the channels stay: x needs the 1×1 convolution there, "
        "too, with the stride.",
    ),
    ((12, 8, 2), (7, 5), "Odd grids: the 3×3 has `padding=1`, 7 places become 4."),
    (
        (20, 4, 1),
        (6, 6),
        "Fewer channels come out, at stride 1: x needs the 1×1 convolution there, too.",
    ),
]


def _skipping(*which):
    """F with some of its three ReLUs left out."""

    def wrong(block, x):
        y = x
        for number, (norm, relu, conv) in enumerate(block.residual):
            y = conv(norm(y) if number in which else relu(norm(y)))
        return y + block.shortcut(x)

    return wrong


def _relu_first(block, x):
    y = x
    for norm, relu, conv in block.residual:
        y = conv(norm(relu(y)))
    return y + block.shortcut(x)


def _active(block, x):
    norm, relu, _ = block.residual[0]
    return relu(norm(x))


def _averaged(block, x):
    conv = block.shortcut
    if not isinstance(conv, nn.Conv2d):
        return block(x)
    mean = F.avg_pool2d(x, conv.stride, ceil_mode=True)
    return block.residual(x) + F.conv2d(mean, conv.weight)


VALUES = [
    (
        _averaged,
        "The shortcut averages, as in the chapter on the ResBlock. Here its 1×1 "
        "convolution has the stride.",
    ),
    (
        lambda block, x: F.relu(block.residual(x) + block.shortcut(x)),
        "A ReLU follows the sum. That is ResNet v1: here nothing does.",
    ),
    (
        lambda block, x: block.residual(x),
        "That is F(x) alone. The shortcut is missing.",
    ),
    (
        lambda block, x: block.residual(x) + block.shortcut(_active(block, x)),
        "The shortcut takes what BatchNorm and ReLU have made of x. It takes x itself. "
        "(The authors' code gives a projection the activated x; here it is x.)",
    ),
    (
        lambda block, x: block.residual(x) + block.shortcut(F.relu(x)),
        "The shortcut has a ReLU. It takes x itself. Did a ReLU with `inplace=True` "
        "write into x?",
    ),
    (
        lambda block, x: F.relu(block.residual(x)) + block.shortcut(x),
        "F ends in a ReLU, so the block can only add. F ends in a convolution.",
    ),
    (
        lambda block, x: block(F.relu(x)),
        "x meets a ReLU before all else. F begins with BatchNorm, and the shortcut "
        "takes x itself.",
    ),
    (_relu_first, "The order is ReLU, BatchNorm. It is BatchNorm, ReLU, convolution."),
    (_skipping(0), "The first ReLU is missing."),
    (
        _skipping(1),
        "The second ReLU is missing: without it two convolutions are one linear map.",
    ),
    (
        _skipping(2),
        "The third ReLU is missing: without it two convolutions are one linear map.",
    ),
    (_skipping(0, 1, 2), "There is no ReLU. One follows each BatchNorm."),
]


# 10.2 ------------------------------------------------------------------------------


@torch.no_grad()
def _walk(blocks, x):
    """(x, x + F, what the block puts out) for each block."""
    steps = []
    for block in blocks:
        steps.append((x, x + block.residual(x), block(x)))
        x = steps[-1][2]
    return steps


def _share(mask) -> float:
    return mask.float().mean().item()


def _shares(blocks, x) -> list[float]:
    return [_share(total == y) for _, total, y in _walk(blocks, x)]


def share_kept(blocks, x, kept=lambda x, total, y: total == y) -> float:
    """The share of places that every block keeps; by default, the right answer."""
    masks = [kept(*step) for step in _walk(blocks, x)]
    return _share(torch.stack(masks).all(0))


def _restarting(blocks, x):
    with torch.no_grad():
        masks = [block(x) == x + block.residual(x) for block in blocks]
    return _share(torch.stack(masks).all(0))


@torch.no_grad()
def _by_difference(blocks, x):
    masks = []
    for block in blocks:
        y = block(x)
        masks.append(y - x == block.residual(x))
        x = y
    return _share(torch.stack(masks).all(0))


@torch.no_grad()
def _at_the_end(blocks, x):
    total = x
    for block in blocks:
        total, x = total + block.residual(x), block(x)
    return _share(total.isclose(x, atol=1e-5))


UNTOUCHED = [
    (
        _at_the_end,
        "What one block does another may undo, as here: compare after each block, not "
        "only at the end.",
    ),
    (
        lambda blocks, x: math.prod(_shares(blocks, x)),
        "Multiplying the shares assumes that the blocks pick their places "
        "independently. Follow every single value: keep a mask.",
    ),
    (
        lambda blocks, x: sum(_shares(blocks, x)) / len(blocks),
        "That is the mean over the blocks. A value must get through all of them.",
    ),
    (
        lambda blocks, x: min(_shares(blocks, x)),
        "That is the narrowest block. Each block cuts other places: keep a mask.",
    ),
    (
        lambda blocks, x: _shares(blocks, x)[-1],
        "That is the last block alone. A place that an earlier one has cut stays cut.",
    ),
    (
        lambda blocks, x: _shares(blocks, x)[0],
        "That is the first block alone. Go on with what it puts out.",
    ),
    (
        lambda blocks, x: 1 - share_kept(blocks, x),
        "That is the share that does not arrive.",
    ),
    (
        lambda blocks, x: 100 * share_kept(blocks, x),
        "That is in percent. A share lies between 0 and 1.",
    ),
    (
        lambda blocks, x: share_kept(blocks, x, lambda x, total, y: total >= 0),
        "You asked whether a value is above zero. That matters only if a ReLU follows "
        "the sum: compare what the block puts out with F(x) + x.",
    ),
    (
        lambda blocks, x: share_kept(blocks, x, lambda x, total, y: y == x),
        "No place counts as untouched. Compare each value that a block puts out with "
        "F(x) + x, where x is what has gone into this block.",
    ),
    (
        lambda blocks, x: share_kept(blocks, x, lambda x, total, y: y != 0),
        "You look for zeros. They tell what a ReLU has cut, not what a BatchNorm has "
        "changed: compare with F(x) + x.",
    ),
    (
        _by_difference,
        "You take x off again and compare with F(x). A difference is rounded once "
        "more: compare `block(x)` with `block.residual(x) + x`.",
    ),
    (
        lambda blocks, x: x.numel() * share_kept(blocks, x),
        "That is a number of places. A share is it divided by `x.numel()`.",
    ),
    (
        lambda blocks, x: 1.0,
        "Every place counts as untouched. Compare with the bare F(x) + x, without what "
        "follows the sum; and each block may switch places off (`&=`).",
    ),
    (
        _restarting,
        "Each block was given the first x. The next one takes what this one puts out: "
        "`x = block(x)`.",
    ),
]
