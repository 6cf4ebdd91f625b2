"""Chapter 8, stem and stages: how the answers are judged."""

import torch
from torch import nn

from .. import nets, probes
from ..nets.resnet import stage
from .advice import MISFIT
from .expect import made
from .layers import NO_LAYERS, calls_of, normed_three, three_convs_as
from .mistakes_08 import COUNTS, MACS
from .mistakes_08_stem import CHANNELS, STEMS, STRIDES

# 08.1 ------------------------------------------------------------------------------


def check_stage_macs(answer, expect):
    for in_channels, width, blocks, stride, size in [
        (8, 8, 5, 1, 7),
        (5, 8, 3, 2, 10),
        (4, 8, 1, 2, 9),
        (3, 8, 2, 1, 5),
        (8, 3, 2, 1, 5),
        (8, 8, 2, 3, 10),
    ]:
        net = stage(nets.BasicBlock, blocks, in_channels, width, stride, shortcut="B")
        case = (in_channels, width, blocks, stride, size)
        expect.trying("stage_macs({}, {}, {}, {}, {})".format(*case))
        expect.equal(
            "the multiply-accumulates",
            answer(*case),
            probes.macs(net, (in_channels, size, size)),
            hint="Add up places × weights over every convolution: two 3×3 in each "
            "block, and the projection where the shape changes. No bias and no "
            "BatchNorm counts.",
            mistakes=made(MACS, *case),
        )


# 08.2 ------------------------------------------------------------------------------


CHAIN = (
    "If two layers do not fit: what one puts out goes into the next, and the first one "
    "takes `in_channels`."
)


def check_deep_stem(answer, expect):
    for case in [(3, 16), (1, 8)]:
        expect.trying("deep_stem({}, {})".format(*case), errors=[(MISFIT, CHAIN)])
        stem = expect.module("a module is returned", answer(*case))
        _layers(stem, case, expect)
        library, _ = nets.make_stem("deep", *case)
        _shapes(stem, library, case, expect)
        _values(stem, library, case, expect)


def _layers(stem, case, expect):
    in_channels, width = case
    half = width // 2
    calls = calls_of(stem, torch.randn(2, in_channels, 32, 32))
    convs = [call for call in calls if isinstance(call.layer, nn.Conv2d)]
    expect.equal(
        "kernels of the convolutions that run",
        tuple(call.layer.kernel_size for call in convs),
        ((3, 3),) * 3,
        hint="Three convolutions of 3×3, each with weights of its own.",
        mistakes=[
            ((), NO_LAYERS),
            (((7, 7),), "That is the stem of the paper. The deep one has three."),
        ],
    )
    expect.equal(
        "their channels",
        tuple((call.layer.in_channels, call.layer.out_channels) for call in convs),
        ((in_channels, half), (half, half), (half, width)),
        hint="The first two put out `width // 2`, the last one `width`.",
        mistakes=made(CHANNELS, *case),
    )
    expect.equal(
        "their strides",
        tuple(call.layer.stride for call in convs),
        ((2, 2), (1, 1), (1, 1)),
        hint="Only the first convolution has stride 2.",
        mistakes=STRIDES,
    )
    normed_three(convs, calls, expect, "Convolution, BatchNorm, ReLU; three times.")


def _shapes(stem, library, case, expect):
    for height, width in [(32, 32), (33, 18)]:
        x = torch.randn(2, case[0], height, width)
        with torch.no_grad():
            got, want = stem(x), tuple(library(x).shape)
        place = f"the output for {height}×{width} pixels"
        expect.shape(place, got, want, hint=_shape_hint(got, want))


def _shape_hint(got, want) -> str:
    if not isinstance(got, torch.Tensor) or got.ndim != 4:
        return "The stem puts out a grid, as it gets one: four axes."
    if got.shape[2] > want[2]:
        return (
            "The grid is too large: a max-pool with stride 2 closes the stem, and no "
            "window has more than `padding=1`."
        )
    return (
        "The grid is too small. Every 3×3 window needs `padding=1`, that of the pool "
        "too: 17 places then become 9, not 8. And the pool needs `stride=2`: without "
        "it, its stride is 3."
    )


def _values(stem, library, case, expect):
    hint = "Convolution, BatchNorm, ReLU, three times; then the maximum of 3×3."
    x = torch.randn(2, case[0], 32, 24)
    three_convs_as(library, stem, x, expect, hint, STEMS)


# 08.3 ------------------------------------------------------------------------------


def _small(block, depths, stem):
    return nets.ResNet(block, depths, [4, 8, 8, 16][: len(depths)], stem, "B")


ANY_STEM = (
    "`net.stem` may be any module, an `nn.Identity` too: `modules()` runs through all."
)


def check_weighted_layers(answer, expect):
    basic, bottleneck = nets.BasicBlock, nets.BottleneckBlock
    for name, net, want in [
        ("fastai's ResNet-18, narrow", _small(basic, [2, 2, 2, 2], "deep"), 20),
        ("a narrow ResNet-18", _small(basic, [2, 2, 2, 2], "imagenet"), 18),
        ("a narrow ResNet-50", _small(bottleneck, [3, 4, 6, 3], "imagenet"), 50),
        ("ResNet-20 for CIFAR", nets.cifar_net(20, width=4), 20),
        ("three stages without a stem", _small(basic, [1, 2, 1], "none"), 9),
    ]:
        expect.trying(name, errors=[("'Identity'", ANY_STEM)])
        expect.equal(
            f"{want} layers with weights",
            answer(net),
            want,
            hint="Convolutions of the stem and of every `block.residual`, and the "
            "linear layer of the head. `modules()` finds those that lie deeper, too.",
            mistakes=made(COUNTS, net),
        )
