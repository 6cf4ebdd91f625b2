"""Chapter 2, fields and parameters: how the answers are judged."""

import torch
from torch import nn

from .. import nets, probes
from ..nets.layers import conv2d
from ..nets.table import VGG16
from .expect import made
from .kept import can_learn, list_stays
from .layers import CUT, calls_of, count, same_gradient, same_in_training
from .mistakes_02 import FIELDS, HEADS, NAIVE, REDUCED

# 02.1 ------------------------------------------------------------------------------

STACKS = [
    [(3, 1), (9, 1), (5, 1)],
    [(5, 1)],
    [(3, 2), (5, 1), (7, 3), (3, 1)],  # here every known mistake gives its own number
    [(3, 1), (5, 2)],
    [(11, 4), (3, 2), (5, 1), (3, 2)],
    [(2, 2), (2, 2), (4, 1)],
]


def check_field(answer, expect):
    for stack in STACKS:
        expect.trying(f"receptive_field({stack})")
        _field("the side in pixels", answer, stack, expect)
    narrow = [[1] * len(stack) for stack in VGG16]  # the windows are the same
    vgg = probes.windows(nets.VGG(narrow, hidden=()).features)
    expect.trying("the convolutions and pools of VGG-16")
    says = f"one place of its last grid sees {probes.receptive_field(vgg)} pixels"
    _field(says, answer, [(w.kernel, w.stride) for w in vgg], expect)
    hint = "Behind no layer a place is a pixel, and sees itself."
    expect.trying("receptive_field([])", hint)
    expect.equal("the side in pixels", answer([]), 1)
    layers = [(3, 2), (5, 1)]
    expect.trying(f"receptive_field({layers})")
    answer(layers)
    hint = "`pop`, `reverse` and `append` change the caller's list, and a second call "
    hint += "then gives another number. `reversed(layers)` leaves it alone."
    list_stays(layers, [(3, 2), (5, 1)], expect, hint)


def _field(what, answer, stack, expect):
    expect.equal(
        what,
        answer(list(stack)),
        probes.receptive_field([probes.Window(*layer) for layer in stack]),
        hint="Do this stack by hand, layer by layer: how many neighbours more does "
        "one place look at, and how many pixels apart are they?",
        mistakes=made(FIELDS, stack),
    )


# 02.2 ------------------------------------------------------------------------------


def _weights(net: nn.Module) -> int:
    return sum(m.weight.numel() for m in net.modules() if isinstance(m, nn.Conv2d))


MODULES = [
    (8, 3, (4, 5), (2, 6), 7),
    (192, 64, (96, 128), (16, 32), 32),
]
ROW_4E = (528, 256, (160, 320), (32, 128), 128)


def _naive(channels, one, three, five, _):
    """The convolutions of the naive module."""
    pairs = [(one, 1), (three[1], 3), (five[1], 5)]
    return nn.ModuleList([conv2d(channels, width, kernel) for width, kernel in pairs])


def check_inception(answer, expect):
    for module in MODULES:
        expect.trying("inception_weights({}, {}, {}, {}, {})".format(*module))
        expect.equal(
            "the weights of its six convolutions",
            answer(*module),
            _weights(nets.Inception(*module, kernel=5)),
            hint="Four 1×1 convolutions read `channels`; the 3×3 and the 5×5 read what "
            "the 1×1 in front of them puts out. No pool and no bias counts.",
            mistakes=made(REDUCED, *module),
        )
    for module in MODULES:
        call = "inception_weights({}, {}, {}, {}, {}, reduced=False)"
        expect.trying(call.format(*module))
        expect.equal(
            "the weights of its three convolutions",
            answer(*module, False),
            _weights(_naive(*module)),
            hint="1×1, 3×3 and 5×5, each from `channels`; the pool has no weights, and "
            "biases do not count.",
            mistakes=made(NAIVE, *module),
        )
    modules = nets.Inception(*ROW_4E, kernel=5), _naive(*ROW_4E)
    small, large = map(_weights, modules)
    expect.trying(f"row 4e of GoogLeNet, {ROW_4E}, both forms")
    expect.equal(
        f"{small:,} of {large:,} weights, so {large - small:,} are saved",
        (answer(*ROW_4E), answer(*ROW_4E, False)),
        (small, large),
        hint="The smaller modules were right. What is different with these numbers?",
    )


# 02.3 ------------------------------------------------------------------------------


def check_average_head(answer, expect):
    for stacks, num_classes in [(((4,), (6, 8)), 5), (((3,), (4,), (4,)), 7)]:
        net = nets.VGG(stacks, hidden=(16, 16)).eval()
        features = nn.Sequential(*net.features)  # the answer may append to its own
        own = list(features.parameters())
        learned = [parameter.clone() for parameter in own]
        channels = stacks[-1][-1]
        fits = "The linear layer reads one number for each channel of the features, "
        fits += f"here {channels}. Ask the last convolution for its `out_channels`: it "
        fits += "lies inside a stack, and `net.features.modules()` finds it. "
        fits += "Before it, one place is left of every grid, and is flattened away."
        expect.trying(f"a VGG with stacks {stacks}, {num_classes} classes", fits)
        head = expect.module("a module is returned", answer(net, num_classes))
        head.eval()
        kept = {id(parameter) for parameter in head.parameters()}
        expect.true(
            "the features are those of the net",
            all(id(parameter) in kept for parameter in own)
            and all(map(torch.equal, own, learned)),
            got="other weights, or none",
            expected="`net.features` itself",
            hint="Begin with `net.features`, not with a copy and not with new layers: "
            "what they have learned must stay.",
        )
        can_learn(
            head.parameters(),
            expect,
            "The features go on learning: leave their `requires_grad` on.",
        )
        _shapes(head, num_classes, expect)
        _size(head, count(features), channels, num_classes, expect)
        _values(head, features, expect)


def _shapes(head, num_classes, expect):
    built, fits = expect.context, expect.hint
    for batch, height, width in [(2, 56, 56), (1, 32, 20)]:
        expect.trying(f"{built}, a batch of {batch}, {height}×{width} pixels", fits)
        with torch.no_grad():
            y = head(torch.randn(batch, 3, height, width))
        expect.shape(
            "the output",
            y,
            (batch, num_classes),
            hint="One place is left of the grid, then `nn.Flatten()`, then the linear "
            "layer to the classes.",
        )
    expect.trying(built, fits)


def _size(head, features, channels, num_classes, expect):
    weights = channels * num_classes
    expect.equal(
        "the parameters behind the features",
        count(head) - features,
        weights + num_classes,
        hint="One `nn.Linear` from the channels to the classes, and nothing else that "
        "learns. Is the old classifier still there?",
        mistakes=[
            (weights, "The linear layer has no bias. Leave it its bias."),
            (
                49 * weights + num_classes,
                "49 places of each channel go in, so the grid is not averaged away: "
                "`nn.AdaptiveAvgPool2d(1)`.",
            ),
        ],
    )


def _values(head, features, expect):
    x = torch.randn(2, 3, 56, 44)
    calls = [c for c in calls_of(head, x) if isinstance(c.layer, nn.Linear)]
    expect.true(
        "one linear layer runs",
        len(calls) == 1,
        got=f"{len(calls)} of them",
        expected="one `nn.Linear`",
        hint="A 1×1 convolution, or weights of your own, could do it too; take "
        "`nn.Linear` here.",
    )
    linear = calls[0].layer
    library = nn.Sequential(features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear)
    with torch.no_grad():
        grid = features(x)
        expect.close(
            "the logits",
            head(x),
            linear(grid.mean((2, 3))),
            hint="Mean of each channel over rows and columns, then the linear layer.",
            mistakes=made(HEADS, grid, linear),
        )
    back = f"The features must learn from it. {CUT}"
    same_gradient(library, head, x, expect, back, atol=1e-4)
    same_in_training(library, head, x, expect)
