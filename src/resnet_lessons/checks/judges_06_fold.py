"""Chapter 6, skip connections: how a skip folded into a convolution is judged."""

import copy

import torch
from torch import nn

from .expect import made
from .folding import COPY, ERRORS, by_weights_alone, kind_of
from .kept import can_learn, shares_nothing, stays

NO_BIAS = (
    "'NoneType'|not NoneType",
    "Without a bias `conv.bias` is `None`, and the new one has none either.",
)


def check_without_skip(answer, expect):
    for what, channels, kernel, groups, bias in [
        ("4 channels, 3×3", 4, 3, 1, False),
        ("6 channels, 5×5, a bias", 6, 5, 1, True),
        ("5 channels, 1×1", 5, 1, 1, False),
        ("6 channels, 3×3, 3 groups", 6, 3, 3, True),
        ("5 channels, 3×3, a group for each", 5, 3, 5, False),
    ]:
        conv = nn.Conv2d(
            channels, channels, kernel, padding=kernel // 2, groups=groups, bias=bias
        )
        before = copy.deepcopy(conv)
        expect.trying(f"conv: {what}", errors=[NO_BIAS, *ERRORS])
        folded = answer(conv)
        expect.equal("the layer", kind_of(folded), kind_of(before), hint=ALIKE)
        stays("conv", conv, before, expect, COPY)
        x = torch.randn(2, channels, 7, 6)
        with torch.no_grad():
            _adds_x(folded, before, x, expect)
        can_learn(folded.parameters(), expect, LEARNS)
        shares_nothing("conv", conv, folded, before, expect, COPY)


def _adds_x(folded, conv, x, expect):
    y = folded(x)
    expect.shape("its output", y, x.shape, hint="Keep stride and padding of `conv`.")
    if conv.bias is not None:
        expect.close(
            "its bias",
            folded.bias,
            conv.bias,
            hint="Keep that of `conv`: a bias adds the same number to each pixel, the "
            "skip adds to each its own value.",
        )
    expect.close(
        "its output",
        y,
        conv(x) + x,
        hint="The pixel in the middle of the window must count once more, for its own "
        "channel, and nothing else.",
        mistakes=made(FOLDED, conv, x),
    )
    expect.close(
        "the same from its weights alone",
        by_weights_alone(folded, conv, x),
        y,
        hint="The sum is still there, in `forward` or in a hook. Put it into the "
        "weights.",
    )


ALIKE = (
    "One `nn.Conv2d` with the channels, kernel, padding, groups and bias of `conv`: no "
    "layer more, and none around it."
)
LEARNS = "The new convolution is to be trained: its weights need `requires_grad`."


def _with(conv, change):
    """A copy of `conv` whose weights `change` has changed."""
    folded = copy.deepcopy(conv)
    with torch.no_grad():
        change(folded)
    return folded


def _ones_in_the_middle(conv):
    middle = conv.kernel_size[0] // 2
    conv.weight[:, :, middle, middle] += 1


def _corner(conv):
    for channel in range(conv.out_channels):
        conv.weight[channel, channel % conv.weight.shape[1], 0, 0] += 1


def _whole_window(conv):
    for channel in range(conv.out_channels):
        conv.weight[channel, channel % conv.weight.shape[1]] += 1


def _without_groups(conv):
    """`dirac_` that does not know of groups."""
    conv.weight += nn.init.dirac_(torch.empty_like(conv.weight))


def _instead(conv):
    nn.init.dirac_(conv.weight, conv.groups)


FOLDED = [
    (
        lambda conv, x: conv(x),
        "The skip is missing: that is conv(x) alone.",
    ),
    (
        lambda conv, x: _with(conv, _ones_in_the_middle)(x),
        "All channels of the window were added to each: the ones lead from a channel "
        "to itself only.",
    ),
    (
        lambda conv, x: _with(conv, _corner)(x),
        "The one stands in a corner of the kernel, which looks at a neighbour. The "
        "pixel itself is in the middle, at `k // 2` of both axes.",
    ),
    (
        lambda conv, x: _with(conv, _whole_window)(x),
        "The whole window was added. Only the pixel in its middle is x.",
    ),
    (
        lambda conv, x: _with(conv, _without_groups)(x),
        "With groups a channel finds itself at another place of its kernel, counted "
        "within its own group: `nn.init.dirac_` takes the groups, too.",
    ),
    (
        lambda conv, x: _with(conv, _instead)(x),
        "The weights of `conv` are gone. Add the kernel that copies.",
    ),
    (
        lambda conv, x: conv(x) - x,
        "x was subtracted. The block adds it.",
    ),
]
