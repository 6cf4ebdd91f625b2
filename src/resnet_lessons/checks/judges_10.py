"""Chapter 10, ResNet v2: how a block and a share are judged."""

from functools import partial

import torch
from torch import nn

from .. import nets
from .advice import MISFIT
from .expect import made
from .kept import can_learn
from .layers import (
    BOTH_WAYS,
    Call,
    calls_of,
    count,
    cuts_of_a_block,
    randomise,
    same_function,
    take_weights,
)
from .mistakes_10 import (
    CHANNELS,
    FEATURES,
    KERNELS,
    SHAPES,
    STRIDES,
    UNTOUCHED,
    VALUES,
    share_kept,
)

# 10.1 ------------------------------------------------------------------------------


class Bottleneck(nn.Module):
    """What the answers are held against, of the library's pieces."""

    def __init__(self, in_channels, width, stride):
        super().__init__()
        out_channels = 4 * width
        self.residual = nn.Sequential(
            nets.preact_conv(in_channels, width, 1),
            nets.preact_conv(width, width, 3, stride),
            nets.preact_conv(width, out_channels, 1),
        )
        same = (stride, in_channels) == (1, out_channels)
        project = nets.conv2d(in_channels, out_channels, 1, stride, bias=False)
        self.shortcut = nn.Identity() if same else project

    def forward(self, x):
        return self.residual(x) + self.shortcut(x)


CHAIN = (
    "If two layers do not fit: a BatchNorm before a convolution has the channels that "
    "go into it, `in_channels`, `width`, `width`. If the sum does not: F puts out "
    "`4 * width` channels and keeps the grid, the 3×3 with `padding=1`."
)


def check_bottleneck(answer, expect):
    _layers(answer, expect)
    _strides(answer, expect)
    for case, size, hint in SHAPES:
        what = f"{_name(case)} on 2×{case[0]}×{size[0]}×{size[1]}"
        expect.trying(what, errors=[(MISFIT, hint)])
        height, width = (-(-side // case[2]) for side in size)
        y = answer(*case)(torch.randn(2, case[0], *size))
        expect.shape("the output", y, (2, 4 * case[1], height, width), hint)
    for case, _, _ in SHAPES:
        _values(answer(*case), Bottleneck(*case), case, expect)


def _name(case) -> str:
    return "PreActBottleneck({}, {}, stride={})".format(*case)


def _ran(block, in_channels, kind) -> list[Call]:
    calls = calls_of(block, torch.randn(2, in_channels, 6, 6))
    return [call for call in calls if isinstance(call.layer, kind)]


def _layers(answer, expect):
    _, size, hint = SHAPES[0]
    expect.trying("PreActBottleneck(16, 4)", errors=[(MISFIT, CHAIN)])
    block = expect.module("a module is made", answer(16, 4))
    y = block(torch.randn(2, 16, *size))
    expect.shape("the output", y, (2, 16, *size), hint)
    convs = [call.layer for call in _ran(block, 16, nn.Conv2d)]
    expect.equal(
        "kernels of the convolutions that run",
        tuple(conv.kernel_size for conv in convs),
        ((1, 1), (3, 3), (1, 1)),
        hint="Three convolutions: 1×1, 3×3, 1×1. Every layer must be used in "
        "`forward`.",
        mistakes=KERNELS,
    )
    expect.equal(
        "their channels",
        tuple((conv.in_channels, conv.out_channels) for conv in convs),
        ((16, 4), (4, 4), (4, 16)),
        hint="From `in_channels` to `width`, `width` to `width`, `width` to "
        "`4 * width`.",
        mistakes=CHANNELS,
    )
    expect.true(
        "no biases",
        all(conv.bias is None for conv in convs),
        got="a convolution with a bias",
        expected="`bias=False`",
        hint="All three convolutions are without: `bias=False`.",
    )
    norms = [call.layer for call in _ran(block, 16, nn.BatchNorm2d)]
    expect.equal(
        "channels of the BatchNorms that run",
        tuple(norm.num_features for norm in norms),
        (16, 4, 4),
        hint="One before each convolution, with the channels that go into it.",
        mistakes=FEATURES,
    )
    expect.true(
        "a BatchNorm for each",
        len(set(norms)) == 3,
        got="one BatchNorm, used twice",
        expected="three",
        hint="Each has its own mean and variance: make three.",
    )
    expect.true(
        "its γ and β, mean and variance",
        all(norm.affine and norm.track_running_stats for norm in norms),
        got="a BatchNorm without one of them",
        expected="`nn.BatchNorm2d` as it is made",
        hint="Leave out `affine` and `track_running_stats`: both are on by themselves.",
    )
    expect.true(
        "its γ at the start",
        all(torch.equal(norm.weight, torch.ones_like(norm.weight)) for norm in norms),
        got="other numbers than 1",
        expected="1 everywhere",
        hint="Leave γ as `nn.BatchNorm2d` makes it. At γ = 0 the ReLU behind it sends "
        "no gradient back, and nothing in F would ever learn.",
    )
    can_learn(block.parameters(), expect, "Leave `requires_grad` as it is.")


def _strides(answer, expect):
    case = (16, 4, 2)
    expect.trying(_name(case), errors=[(MISFIT, SHAPES[2][2])])
    shapes = {(16, 4): 0, (4, 4): 1, (4, 16): 2}  # those of F
    convs = [call.layer for call in _ran(answer(*case), 16, nn.Conv2d)]
    placed = {shapes.get((c.in_channels, c.out_channels)): c.stride[0] for c in convs}
    expect.equal(
        "strides of the convolutions of F",
        tuple(placed.get(place) for place in range(3)),
        (1, 2, 1),
        hint="Only the 3×3 convolution has the stride.",
        mistakes=STRIDES,
    )


def _values(block, library, case, expect):
    """Equal to the reference when both hold the same weights."""
    in_channels, width, _ = case
    expect.trying(_name(case))
    out_channels = 4 * width
    block(torch.randn(2, in_channels, 7, 5))  # a lazy layer learns its size
    expect.equal(
        "the number of parameters",
        count(block),
        count(library),
        hint="Three convolutions, a BatchNorm before each; and where the shape "
        "changes, one 1×1 convolution from x's channels to `4 * width`.",
        mistakes=[
            (
                count(library) + 2 * out_channels,
                "The projection has a BatchNorm. Here it is a convolution alone.",
            ),
            (count(library) + out_channels, "The projection has a bias: `bias=False`."),
            (
                count(library) + 2 * in_channels,
                "A BatchNorm stands before the projection, which takes x itself.",
            ),
        ],
    )
    randomise(library)
    layers, ours = (_by_shape(net, in_channels) for net in (block, library))
    take_weights(layers, ours, expect, LAYERS)
    same_function(
        library,
        block,
        torch.randn(2, in_channels, 7, 5),
        expect,
        hint="BatchNorm, ReLU, convolution, three times; then the sum, and nothing "
        "after it.",
        back=BOTH_WAYS,
        mistakes=VALUES,
        cuts=cuts_of_a_block(),
    )


LAYERS = (
    "F has three convolutions, and three BatchNorms as `nn.BatchNorm2d` makes them. On "
    "the shortcut stands at most one convolution."
)


def _by_shape(net, in_channels) -> list[nn.Module]:
    """The layers that run, each once: convolutions, then BatchNorms, by their size."""
    calls = _ran(net, in_channels, (nn.Conv2d, nn.BatchNorm2d))
    layers = {id(call.layer): call.layer for call in calls}.values()
    return sorted(layers, key=lambda layer: (_is_norm(layer), _sizes(layer)))


def _is_norm(layer) -> bool:
    return isinstance(layer, nn.BatchNorm2d)


def _sizes(layer) -> list[tuple]:
    return [tuple(tensor.shape) for tensor in layer.state_dict().values()]


# 10.2 ------------------------------------------------------------------------------


ERRORS = [("dtype", "`True` and `False` have no mean: take that of `kept.float()`.")]
KEEP = (
    "Keep a mask of the shape of x; each block may switch places off. Go on with "
    "`x = block(x)`. The share is the mean of the mask at the end."
)


class Pushed(nn.Module):
    """Adds a number after the sum, which the next one may take off again."""

    def __init__(self, push: float):
        super().__init__()
        self.residual, self.push = nn.ReLU(), push

    def forward(self, x):
        return self.residual(x) + x + self.push


def check_untouched(answer, expect):
    v1, v2 = nets.BasicBlock, nets.PreActBlock
    last = partial(nets.OrderedBlock, 8, nets.ORDERS["BN after addition"])
    for what, make in [
        ("one block of ResNet v1", lambda: [v1(8, 8)]),
        ("five blocks of ResNet v1", lambda: [v1(8, 8) for _ in range(5)]),
        ("three blocks of ResNet v2", lambda: [v2(8, 8) for _ in range(3)]),
        ("v2, then two blocks of v1", lambda: [v2(8, 8), v1(8, 8), v1(8, 8)]),
        ("two blocks with BN after the sum", lambda: [last() for _ in "12"]),
        (
            "three blocks: after the sum one adds 1, the next takes 1 off",
            lambda: [Pushed(1.0), Pushed(-1.0), Pushed(0.0)],
        ),
    ]:
        blocks = [block.eval() for block in make()]
        for block in blocks:
            randomise(block)
        x = torch.randn(2, 8, 12, 12).mul(8).floor() / 8 + 1 / 16  # + 1 - 1 is exact
        expect.trying(what, errors=ERRORS)
        with torch.no_grad():
            want = share_kept(blocks, x)  # first: the answer may change the blocks
            mistakes = made(UNTOUCHED, blocks, x)
            got = answer(list(blocks), x.clone())
            expect.number("the share", got, want, KEEP, mistakes)
