"""Chapter 3, average pooling: how the answers are judged."""

import torch
from torch import nn

from .. import nets
from .expect import made
from .kept import list_stays
from .layers import (
    CUT,
    calls_of,
    copy_weights,
    count,
    same_function,
)

POOL_MISTAKES = [
    (
        lambda x: x.mean((2, 3)).squeeze(),
        "`squeeze()` takes away every axis of length 1, that of a single image too: "
        "`flatten(1)`, or `squeeze((2, 3))`.",
    ),
    (
        lambda x: x.mean((1, 2, 3)),
        "One value per image: the channels got mixed. Average over height and width "
        "only; every channel keeps its own mean.",
    ),
    (
        lambda x: x.mean((0, 2, 3)),
        "One value per channel, but over all images of the batch. An image must not "
        "see its neighbours: leave axis 0 alone.",
    ),
    (
        lambda x: x.mean(),
        "One number for the whole batch. Name the axes to average over.",
    ),
    (
        lambda x: x.sum((2, 3)),
        "That is the sum. It grows with the image, and the linear layer behind it "
        "would have to guess the size: divide by H·W.",
    ),
    (
        lambda x: x.amax((2, 3)),
        "That is the maximum: global max pooling. Here we average.",
    ),
    (
        lambda x: x.mean((2, 3), keepdim=True),
        "The values are right, but two axes of length 1 are left. Drop `keepdim`, or "
        "flatten them away.",
    ),
    (
        lambda x: x.mean(1),
        "You averaged over the channels, axis 1. The grid is axes 2 and 3.",
    ),
    (
        lambda x: x.mean(2),
        "Only the height is gone. Average over the width, axis 3, too.",
    ),
    (
        lambda x: x.mean(3),
        "Only the width is gone. Average over the height, axis 2, too.",
    ),
    (
        lambda x: x.flatten(1),
        "Flattened, not averaged: the length still depends on the size of the image.",
    ),
]


def check_global_average_pool(answer, expect):
    for shape in [(2, 3, 4, 5), (1, 7, 33, 47), (4, 6, 1, 1)]:
        x = torch.randn(shape)
        expect.trying(f"x of shape {'×'.join(map(str, shape))}")
        expect.close(
            "one mean per image and channel",
            answer(x.clone()),
            x.mean((2, 3)),
            hint="`x.mean` takes a tuple of axes. Which two of B, C, H, W are the grid?"
            " Take their sizes from `x.shape`, never from one example.",
            mistakes=made(POOL_MISTAKES, x),
        )
    x = torch.randn(2, 3, 4, 5, requires_grad=True)
    expect.trying(
        "the gradient of the sum of the means, x of shape 2×3×4×5",
        "Stay in torch and write nothing into `x`: the gradient must come back to it.",
    )
    means = answer(x)
    reached = None
    if means.requires_grad:
        (reached,) = torch.autograd.grad(means.sum(), x, allow_unused=True)
    expect.true(
        "the result is connected to x",
        reached is not None,
        got="a result without a gradient for x",
        expected="1/(H·W) = 0.05 for each pixel",
        hint="Stay in torch: `.item()`, `.detach()`, numpy and `no_grad` cut the "
        "gradient, and the layers below would not learn.",
    )
    expect.close("every pixel has the same share", reached, torch.full_like(x, 1 / 20))


def _count_head(channels, grid, num_classes, pooled):
    """Ask PyTorch: build the head, without its memory, and count."""
    pool = [nn.AdaptiveAvgPool2d(1)] if pooled else []
    grids = torch.zeros(1, channels, grid, grid)
    features = nn.Sequential(*pool, nn.Flatten())(grids).shape[1]
    head = nn.Linear(features, num_classes, device="meta")
    return count(head)


def _inputs(channels, grid, pooled):
    return channels if pooled else channels * grid**2


HEAD_MISTAKES = [
    (
        lambda c, g, n, pooled: _inputs(c, g, pooled) * n,
        "The biases are missing: one for each class.",
    ),
    (
        lambda c, g, n, pooled: _inputs(c, g, pooled) * n + 1,
        "You counted one bias for the layer. Each class has its own.",
    ),
    (
        lambda c, g, n, pooled: _inputs(c, g, pooled) * (n + 1),
        "You counted one bias for each input. A linear layer has one for each output, "
        "that is for each class.",
    ),
    (
        lambda c, g, n, pooled: (c * g + 1) * n,
        "A grid of side g has g·g places, not g.",
    ),
    (
        lambda c, g, n, pooled: (_inputs(c, g, not pooled) + 1) * n,
        "That is the other of the two heads: after pooling only the channels are left, "
        "after flattening every place of the grid counts. `pooled` says which.",
    ),
    (
        lambda c, g, n, pooled: _inputs(c, g, not pooled) * n,
        "That is the other of the two heads, and the biases are missing.",
    ),
    (
        lambda c, g, n, pooled: _inputs(c, g, pooled),
        "That is what the head takes in. Each class has a weight for each of these, "
        "and a bias.",
    ),
]


def check_head_parameters(answer, expect):
    cases = [
        ("our baseline at 128 pixels, pooled", (256, 4, 10, True)),
        ("our baseline at 128 pixels, flattened", (256, 4, 10, False)),
        ("AlexNet's first linear layer", (256, 6, 4096, False)),
        ("VGG-16's first linear layer", (512, 7, 4096, False)),
        ("GoogLeNet's head", (1024, 7, 1000, True)),
    ]
    for what, case in cases:
        expect.trying(f"head_parameters{case}")
        expect.equal(
            what,
            answer(*case),
            _count_head(*case),
            hint="Count the inputs of the linear layer first. Then: a weight for each "
            "pair of input and class, and a bias for each class. Nothing else learns.",
            mistakes=made(HEAD_MISTAKES, *case),
        )


def check_fully_convolutional(answer, expect):
    widths = (8, 12, 16)
    expect.trying(
        "fully_convolutional([8, 12, 16], 10)",
        hint="The net is only built here, no image has come yet. "
        "`nn.Sequential(*layers)` takes modules, one by one.",
    )
    net = expect.module("a net is returned", answer(list(widths), 10))
    net.eval()
    _any_size(net, expect)
    _equals_library(net, nets.FullyConvolutional(widths, 10).eval(), expect)
    expect.trying(
        "fully_convolutional([4, 6], 3)",
        hint="Use `widths` and `num_classes` everywhere, in the linear layer too.",
    )
    given = [4, 6]
    small = expect.module("a net is returned", answer(given, 3)).eval()
    expect.shape("the logits", small(torch.randn(2, 3, 20, 20)), (2, 3))
    hint = "`insert`, `append` and `pop` change the caller's list. Make a new one: "
    list_stays(given, [4, 6], expect, f"{hint}`[3, *widths]`.")


def _any_size(net, expect):
    for batch, *size in [(2, 64, 64), (2, 33, 47), (1, 8, 8), (2, 1, 1)]:
        images = "one image" if batch == 1 else "two images"
        expect.trying(
            f"{images} of {size[0]}×{size[1]} pixels",
            hint="The linear layer wants (B, 16), whatever the size of the image. "
            "Average the last grid down to 1×1, then flatten its two axes away. The "
            "convolutions of the starter are right.",
        )
        expect.shape(
            "the logits",
            net(torch.randn(batch, 3, *size)),
            (batch, 10),
            hint="One row for each image, one logit for each class. Pool the last grid "
            "to 1×1 and flatten before the linear layer.",
        )


def _equals_library(net, library, expect):
    expect.trying("its layers, beside those of `nets.FullyConvolutional`")
    want = count(library)
    expect.equal(
        "the number of parameters",
        count(net),
        want,
        hint="For each width: a 3×3 convolution of stride 2, a BatchNorm, a ReLU. Then "
        "one linear layer, from the last width to the classes.",
        mistakes=[
            (want + 8 + 12 + 16, CONV_BIAS),
            (want - 10, "The linear layer lost its bias."),
        ],
    )
    x = torch.randn(2, 3, 33, 47)
    as_it_runs = nn.ModuleList(call.layer for call in calls_of(net, x))
    expect.true(
        "their order",
        copy_weights(net, library) or copy_weights(as_it_runs, library),
        got="another order",
        expected="convolution, BatchNorm, …, linear layer",
        hint="Build the layers in the order in which the image meets them.",
    )
    expect.trying("with the weights of `nets.FullyConvolutional`, 33×47 pixels")
    same_function(
        library,
        net,
        x,
        expect,
        hint="Look at each stage: 3×3 convolution with stride 2 and padding 1, "
        "BatchNorm, ReLU; then the mean of the grid.",
        back=f"The convolutions must learn from it. {CUT}",
        mistakes=NET_MISTAKES,
        atol=1e-4,
    )


CONV_BIAS = (
    "The convolutions have biases. The BatchNorm behind each takes any bias away: "
    "`bias=False`."
)
NET_MISTAKES = [
    (
        lambda net, x: net.head[-1](net.stages(x).amax((2, 3))),
        "You take the maximum of the grid; here we take its mean: "
        "`nn.AdaptiveAvgPool2d(1)`.",
    ),
    (
        lambda net, x: net.head[-1](net.stages(x).sum((2, 3))),
        "You take the sum of the grid, which grows with the image; here we take its "
        "mean.",
    ),
    (
        lambda net, x: net(x).softmax(1),
        "A softmax came in. The loss applies it: return the logits.",
    ),
    (
        lambda net, x: net(x).log_softmax(1),
        "A log-softmax came in. The loss applies it: return the logits.",
    ),
    (
        lambda net, x: net(x).relu(),
        "There is a ReLU behind the linear layer. Logits may be negative: leave it "
        "out.",
    ),
]
