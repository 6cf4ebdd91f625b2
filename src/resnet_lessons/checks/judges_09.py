"""Chapter 9, the bottleneck: how the answers are judged."""

import math
from bisect import bisect_right
from functools import partial

import torch
from torch import nn

from .. import nets, probes
from .advice import MISFIT
from .expect import made
from .layers import NO_LAYERS, calls_of, normed_three, three_convs_as
from .mistakes_09 import CHANNELS, PUT_OUT, RESIDUALS, SHAPES, strides_given
from .mistakes_09_widths import NONE_FITS, NOT_WHOLE, WIDTHS

# 09.1 ------------------------------------------------------------------------------


def check_values_put_out(answer, expect):
    for case in [
        (16, 4, 1, 6),
        (11, 8, 2, 9),
        (5, 4, 1, 5),
        (4, 4, 1, 6),
        (19, 4, 1, 5),
        (16, 4, 3, 10),
    ]:
        expect.trying("values_put_out({}, {}, {}, {})".format(*case))
        expect.equal(
            "the numbers that its convolutions put out",
            answer(*case),
            _put_out(*case),
            hint="Add up places × output channels over every convolution: the three of "
            "the block, and the projection where the shape changes. What BatchNorm, "
            "ReLU and the sum put out does not count.",
            mistakes=made(PUT_OUT, *case),
        )


def _put_out(in_channels, width, stride, size) -> int:
    """By running a real block."""
    block = nets.BottleneckBlock(in_channels, width, stride, shortcut="B")
    rows = probes.shapes(block, (in_channels, size, size), depth=None)
    return sum(math.prod(row.out_shape) for row in rows if row.kind == "Conv2d")


# 09.2 ------------------------------------------------------------------------------


FITTING = (
    "If two layers do not fit: what one puts out goes into the next. If it is a sum: "
    "the shortcut and the sum do not belong to this function."
)


def check_residual(answer, expect):
    for case in [
        (8, 3, 1, 1),
        (8, 3, 2, 1),
        (8, 3, 2, 0),
        (5, 2, 3, 2),
        (12, 3, 1, 1),  # here F(x) and x could be added
    ]:
        what = "residual({}, {}, {}, {})".format(*case)
        expect.trying(what, errors=[(MISFIT, FITTING)])
        net = expect.module("a module is returned", answer(*case))
        in_channels, width, stride, strided_conv = case
        library = nets.BottleneckBlock(
            in_channels, width, stride, strided_conv=strided_conv
        ).residual
        _layers(net, case, expect)
        _values(net, library, case, expect)


def _layers(net, case, expect):
    in_channels, width, stride, strided_conv = case
    calls = calls_of(net, torch.randn(2, in_channels, 9, 8))
    convs = [call for call in calls if isinstance(call.layer, nn.Conv2d)]
    expect.equal(
        "kernels of the convolutions that run",
        tuple(call.layer.kernel_size for call in convs),
        ((1, 1), (3, 3), (1, 1)),
        hint="1×1, 3×3, 1×1, in this order, and no other convolution: the shortcut "
        "does not belong to this function.",
        mistakes=[
            ((), NO_LAYERS),
            (((3, 3), (3, 3)), "That is the basic block. A bottleneck has three."),
            (
                ((3, 3), (1, 1), (3, 3)),
                "It is the other way round: the 3×3 is in the middle, where it is "
                "narrow.",
            ),
        ],
    )
    expect.equal(
        "their channels",
        tuple((call.layer.in_channels, call.layer.out_channels) for call in convs),
        ((in_channels, width), (width, width), (width, 4 * width)),
        hint="`in_channels` to `width`, `width` to `width`, `width` to `4 * width`.",
        mistakes=made(CHANNELS, in_channels, width),
    )
    given = [1, 1, 1]
    given[strided_conv] = stride
    expect.equal(
        "their strides",
        tuple(call.layer.stride for call in convs),
        tuple((step, step) for step in given),
        hint="The convolution that `strided_conv` counts has the stride; the first is "
        "number 0.",
        mistakes=strides_given(stride, strided_conv),
    )
    normed_three(
        convs,
        calls,
        expect,
        hint="Convolution, then BatchNorm, then ReLU; three times, without the last "
        "ReLU.",
    )


def _values(net, library, case, expect):
    for size, hint in SHAPES:
        x = torch.randn(2, case[0], *size)
        with torch.no_grad():
            got, want = net(x), tuple(library(x).shape)
        place = f"the output for a grid of {size[0]}×{size[1]}"
        expect.shape(place, got, want, hint=hint)
    hint = (
        "Convolution, BatchNorm, ReLU; again; then convolution and BatchNorm. Only the "
        "3×3 has padding."
    )
    x = torch.randn(2, case[0], 9, 8)
    three_convs_as(library, net, x, expect, hint, RESIDUALS)


# 09.3 ------------------------------------------------------------------------------


def _at_a_place(block, width: int) -> int:
    """Multiply-accumulates of a real block on a grid of one place."""
    channels = width * block.expansion
    return probes.macs(block(channels, width, norm=None), (channels, 1, 1))


def _widest(channels: int, squeeze: int) -> int:
    """What goes in and out of the widest bottleneck that costs no more: by counting."""
    budget = _at_a_place(nets.BasicBlock, channels)
    squeezed = type("Squeezed", (nets.BottleneckBlock,), {"expansion": squeeze})
    cost = partial(_at_a_place, squeezed)
    return squeeze * bisect_right(range(1, 2 * channels), budget, key=cost)


def check_widest(answer, expect):
    cases = [(41, 10), (40, 4), (20, 8), (24, 16), (20, 1), (1, 16), (2, 64)]
    for channels, squeeze in cases:
        want = _widest(channels, squeeze)
        empty = [] if want else [("empty|^StopIteration|^IndexError", NONE_FITS)]
        expect.trying(f"widest_bottleneck({channels}, {squeeze})", errors=empty)
        got = answer(channels, squeeze)
        broken = isinstance(got, float) and not got.is_integer()
        expect.equal(
            "the channels that go in and out",
            got,
            want,
            hint="Count both blocks at one place, find the largest whole middle with "
            "which the bottleneck does no more, and multiply it by `squeeze`."
            if want
            else NONE_FITS,
            mistakes=[(got, NOT_WHOLE)] * broken + made(WIDTHS, channels, squeeze),
        )
