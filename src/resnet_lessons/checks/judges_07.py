"""Chapter 7, the ResBlock and BatchZero: how a block is judged."""

import torch
import torch.nn.functional as F
from torch import nn

from .. import nets
from .kept import can_learn
from .layers import (
    BOTH_WAYS,
    NO_LAYERS,
    calls_of,
    convs_among,
    count,
    cuts_of_a_block,
    in_order,
    norm_after,
    randomise,
    same_function,
    take_weights,
)
from .mistakes_07 import GAMMAS, SHAPES, STRIDES, TRAINING, VALUES


def check_res_block(answer, expect):
    _layers(answer, expect)
    for case, size, hint in SHAPES:
        x = torch.randn(2, case[0], *size)
        expect.trying(f"{_name(case)} on 2×{case[0]}×{size[0]}×{size[1]}", hint)
        height, width = (-(-side // case[2]) for side in size)
        want = (2, case[1], height, width)
        expect.shape("the output", answer(*case)(x), want, hint)
    for case in [(16, 16, 1), (16, 16, 2), (16, 32, 1), (16, 32, 2)]:
        _parameters(answer(*case), nets.FastaiBlock(*case), _name(case), expect)
        _values(answer(*case), nets.FastaiBlock(*case), _name(case), expect)
    _start(answer, expect)


def _name(case) -> str:
    return "ResBlock({}, {}, stride={})".format(*case)


# The two convolutions and their norms -----------------------------------------------


def _layers(answer, expect):
    """Two 3×3 convolutions, each with a BatchNorm of its own, the last one silent."""
    expect.trying("ResBlock(16, 32, stride=2)")
    block = expect.module("a module is made", answer(16, 32, stride=2))
    calls = calls_of(block, torch.randn(2, 16, 8, 8))
    convs = convs_among(calls, 3)
    expect.equal(
        "3×3 convolutions that run",
        len(convs),
        2,
        hint="F is convolution, BatchNorm, ReLU, convolution, BatchNorm. Every layer "
        "must be used in `forward`.",
        mistakes=[
            (0, NO_LAYERS),
            (1, "One convolution only: the skip of a ResBlock jumps over two."),
            (
                3,
                "Is there a 3×3 convolution on the shortcut? 1×1 is enough to change "
                "the channels.",
            ),
        ],
    )
    expect.equal(
        "their strides",
        tuple(conv.layer.stride for conv in convs),
        ((2, 2), (1, 1)),
        hint="The first convolution takes the stride, the second has 1.",
        mistakes=STRIDES,
    )
    norms = [norm_after(conv, calls) for conv in convs]
    for place, norm in zip(("first", "second"), norms, strict=True):
        expect.true(
            f"a BatchNorm directly behind the {place} one",
            norm is not None,
            got="another layer, or none",
            expected="an `nn.BatchNorm2d`",
            hint="Convolution, BatchNorm, then ReLU. The second BatchNorm comes before "
            "the sum, not after it.",
        )
    expect.true(
        "a BatchNorm for each",
        norms[0] is not norms[1],
        got="one BatchNorm, shared by both",
        expected="two",
        hint="Each convolution has its own mean and variance. Make `bn1` and `bn2`.",
    )
    expect.true(
        "each BatchNorm has γ and β",
        all(norm.affine for norm in norms),
        got="`affine=False`",
        expected="`affine=True`, which `nn.BatchNorm2d` takes by default",
        hint="Both are learned: leave `affine` as it is.",
    )
    hint = "γ = 0 is a start, not a lock. Leave `requires_grad` as it is."
    can_learn(block.parameters(), expect, hint)
    gammas = tuple(norm.weight.detach().mean().item() for norm in norms)
    hint = "The first γ stays 1, the last one is 0."
    expect.equal("γ of the two at the start", gammas, (1.0, 0.0), hint, GAMMAS)


def _parameters(block, library, name, expect):
    expect.trying(name)
    want = count(library)
    convs = [m for m in library.modules() if isinstance(m, nn.Conv2d)]
    in_channels, out_channels = convs[0].in_channels, convs[0].out_channels
    projection = in_channels * out_channels
    block(torch.randn(2, in_channels, 4, 4))  # a lazy layer learns its size
    expect.equal(
        "the number of parameters",
        count(block),
        want,
        hint="Two 3×3 convolutions without bias, two BatchNorms; where the channels "
        "change, a 1×1 convolution and a BatchNorm more.",
        mistakes=[
            (
                want + sum(conv.out_channels for conv in convs),
                "The convolutions have biases. The BatchNorm behind each takes any "
                "bias away: `bias=False`.",
            ),
            (
                want + out_channels,
                "One convolution has a bias. The BatchNorm behind it takes any bias "
                "away: `bias=False`.",
            ),
            (
                want + projection + 2 * out_channels,
                "There is a 1×1 convolution where the channels stay. It is needed only "
                "where they change; the average over 2×2 halves the grid.",
            ),
            (want - 2 * out_channels, "The 1×1 convolution lacks its BatchNorm."),
            (
                want - projection - 2 * out_channels,
                "The 1×1 convolution and its BatchNorm are no part of the module: a "
                "plain list hides them. Keep them in an `nn.Sequential`.",
            ),
        ],
    )


def _values(block, library, name, expect):
    """Equal to the library's block when both hold the same weights."""
    randomise(library)
    in_channels = next(library.parameters()).shape[1]
    x = torch.randn(2, in_channels, 9, 7)
    expect.trying(f"{name} with the weights of `nets.FastaiBlock`")
    # 3×3 first: a shortcut may run before or after F
    ours, theirs = (in_order(net.eval(), x, (3, 1)) for net in (library, block))
    hint = "Two 3×3 convolutions and, where the channels change, a 1×1 convolution; a "
    hint += "BatchNorm directly behind each. No other layer learns."
    take_weights(theirs, ours, expect, hint)
    same_function(
        library,
        block,
        x,
        expect,
        hint="F is convolution, BatchNorm, ReLU, convolution, BatchNorm. Then the sum, "
        "then a ReLU.",
        back=BOTH_WAYS,
        mistakes=VALUES,
        cuts=cuts_of_a_block(F.relu),
        training=TRAINING,
    )


def _start(answer, expect):
    expect.trying("ResBlock(16, 16)", "Keep `stride=1` in the first line.")
    x = torch.randn(2, 16, 8, 8)
    expect.shape("the output, without a stride", answer(16, 16)(x), x.shape)
    hint = "At γ = 0 and β = 0, F(x) is 0: the block must return ReLU(shortcut(x))."
    for stride, shortcut in [(1, nn.Identity()), (2, nn.AvgPool2d(2))]:
        x = torch.randn(2, 16, 8, 8)
        expect.trying(f"a fresh ResBlock(16, 16, stride={stride})", hint)
        y = answer(16, 16, stride=stride)(x)
        # fastai starts β at 0.001
        expect.close("ReLU(shortcut(x))", y, F.relu(shortcut(x)), atol=2e-3)
    expect.trying("a fresh ResBlock(16, 32, stride=2)")
    spread = answer(16, 32, stride=2)(torch.randn(2, 16, 8, 8)).std().item()
    expect.true(
        "x comes through the 1×1 convolution",
        spread > 0.1,
        got=f"a standard deviation of {spread:.2g}",
        expected="about 0.6, as after BatchNorm and ReLU",
        hint="Is γ of the shortcut 0, too? Zero only the last BatchNorm of F.",
    )
