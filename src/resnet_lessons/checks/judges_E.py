"""Appendix E, relatives: how the start of a gate and joined paths are judged."""

import copy
import math

import torch
from torch import nn

from .advice import MISFIT
from .expect import made
from .kept import can_learn, list_stays, shares_nothing, stays
from .layers import CUT, NO_LAYERS, calls_of, count, same_function
from .mistakes_E import BIASES
from .mistakes_E_merge import JOINED, MERGED

# E.1 ---------------------------------------------------------------------------------

NO_LOGARITHM = [
    (
        "domain|^ZeroDivision|positive input",
        "Between 0 and 1 there is a bias for every T, at 0 and at 1 there is none. "
        "Print what the logarithm gets. (`1 // blocks` is 0: `/` keeps the fraction.)",
    ),
]
FEW_DIGITS = (
    "Nearly: digits are lost. T is small and 1 - T is rounded near 1, where single "
    "precision keeps too few digits of T. Python's own floats keep enough. (If you "
    "search for the bias, search on for longer.)"
)
NEARLY = (
    "Nearly, but not to five digits. Is something rounded, or nearly the same as what "
    "is meant? If you search for the bias, search on for longer."
)


def check_gate_bias(answer, expect):
    for blocks, left in [(27, 0.1), (3, 0.01), (1, 0.2), (54, 0.7), (1000, 0.999)]:
        expect.trying(f"gate_bias({blocks}, {left})", errors=NO_LOGARITHM)
        got = answer(blocks, left)
        want = math.log(math.expm1(-math.log(left) / blocks))
        expect.number(
            "the bias",
            got,
            want,
            hint=_what_it_leaves(got, want, blocks),
            mistakes=made(BIASES, blocks, left),
        )


def _what_it_leaves(got, want, blocks) -> str:
    try:
        number = got.item() if hasattr(got, "item") else got  # an array with one
        bias = float(number + 0)  # a text is no number, even if `float` takes it
    except Exception:  # no number, or more than one
        bias = math.nan
    if math.isnan(bias):
        return "Return one number, the bias."
    if math.isclose(bias, want, rel_tol=0.02):
        # in the last case nothing but lost digits is left: all else failed before
        return FEW_DIGITS if want < -10 else NEARLY
    t = torch.tensor(bias).double().sigmoid()
    return (
        f"With this bias T is {t:.3g}, and (1 - T)^{blocks} is {(1 - t) ** blocks:.3g}."
    )


# E.3 ---------------------------------------------------------------------------------


class Paths(nn.Module):
    """The sum of some paths, each run by itself."""

    def __init__(self, paths):
        super().__init__()
        self.paths = nn.ModuleList(paths)

    def forward(self, x):  # (B, C, H, W)
        return sum(path(x) for path in self.paths)


def path(channels, width):
    return nn.Sequential(
        nn.Conv2d(channels, width, 1),
        nn.ReLU(),
        nn.Conv2d(width, width, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(width, channels, 1),
    )


READ = "Only read the paths: what you join belongs into new layers."
COPY = (
    "Something of a path is itself in the new net. Join the weights into new tensors; "
    "where there is but one path, `clone()` it."
)
ERRORS = [
    (
        "divisible by groups",
        "The 3×3 convolution has `len(paths) * w` channels, in and out, and a group "
        "for each path.",
    ),
    (
        MISFIT,
        "A weight has the shape (out, in / groups, k, k), with `groups=len(paths)` in "
        "the 3×3 convolution alone. Print that of the new layer, and of what should go "
        "into it. The last convolution gets more inputs only: its bias has the length "
        "C, as in a path.",
    ),
    (
        "'NoneType'|not NoneType",
        "Something here is `None`: the bias of a convolution with `bias=False` (each "
        "of the new ones needs one), or the result of a call that returns nothing, "
        "such as `append`.",
    ),
]


def check_merged(answer, expect):
    for channels, width, number in [(7, 3, 5), (12, 2, 3), (5, 1, 4), (4, 3, 1)]:
        paths = [path(channels, width) for _ in range(number)]
        sizes = f"{channels} channels, {width} inside"
        many = f"{number} paths" if number > 1 else "1 path"
        before, given = copy.deepcopy(Paths(paths)), list(paths)
        expect.trying(f"{many}, {sizes}", errors=ERRORS)
        net = expect.module("a module is returned", answer(given))
        list_stays(given, paths, expect)
        stays("every path", Paths(paths), before, expect, READ)
        x = torch.randn(2, channels, 6, 5)
        convs = _three_convs(net, x, channels, width, number, expect)
        expect.shape(
            "the output",
            net(x.clone()),
            x.shape,
            hint="The 3×3 convolution has `padding=1`, the others have none.",
        )
        back = f"It must come back through every layer. {CUT}"
        hint = _other_numbers(convs, before.paths)
        same_function(before, net, x, expect, hint, back=back, mistakes=MERGED)
        hint = "The new net goes on learning: leave `requires_grad` on."
        can_learn(net.parameters(), expect, hint)
        shares_nothing("every path", Paths(paths), net, before, expect, COPY)


def _three_convs(net, x, channels, width, number, expect) -> list[nn.Conv2d]:
    convs = [c.layer for c in calls_of(net, x) if isinstance(c.layer, nn.Conv2d)]
    three = ((1, 1), (3, 3), (1, 1))
    expect.equal(
        "kernels of the convolutions that run",
        tuple(conv.kernel_size for conv in convs),
        three,
        hint="1×1, 3×3, 1×1, in this order, and no other convolution.",
        mistakes=[
            ((), NO_LAYERS),
            (
                three * number,
                "The paths still run one by one. Put their weights into three "
                "convolutions, which run once for all paths.",
            ),
        ],
    )
    inner = number * width
    expect.equal(
        "their channels",
        tuple((conv.in_channels, conv.out_channels) for conv in convs),
        ((channels, inner), (inner, inner), (inner, channels)),
        hint="Inside there are the channels of all paths, `len(paths) * w`. What comes "
        "in and what goes out has C channels.",
        mistakes=[
            (
                ((channels, width), (width, width), (width, channels)),
                "Inside it is as narrow as one path. There must be room for the "
                "channels of all: `len(paths) * w`.",
            ),
            (
                ((channels, inner), (inner, inner), (inner, number * channels)),
                "The last convolution adds up the paths: it puts out C channels, not "
                "C for each path. It is its inputs that are more.",
            ),
        ],
    )
    expect.equal(
        "their groups",
        tuple(conv.groups for conv in convs),
        (1, number, 1),
        hint="One group for each path, in the 3×3 convolution alone: `groups=len(paths)"
        "`. Each path reads all channels of x, and adds to all.",
        mistakes=[
            (
                (1, 1, 1),
                "The 3×3 convolution has one group, in which every path may read all "
                "others. (Zeros in its weight would keep them apart, and cost the "
                "multiplications all the same.) `groups=len(paths)` keeps them apart.",
            ),
            (
                (1, inner, 1),
                "Each channel is a group of its own. Inside a path every channel reads "
                "all channels of that path: `groups=len(paths)`.",
            ),
        ],
    )
    want = 2 * inner * channels + 9 * inner * width + 2 * inner + channels
    expect.equal(
        "numbers that learn",
        count(net),
        want,
        hint="Three convolutions with biases learn, and nothing else.",
        mistakes=[
            (
                want - 2 * inner - channels,
                "No convolution has a bias. The paths have some: join them, too.",
            ),
        ],
    )
    return convs


def _other_numbers(convs, paths) -> str:
    """Say which tensors are not those of the paths, one after the other."""
    ours = [tensor for conv in convs for tensor in (conv.weight, conv.bias)]
    other = [
        f"the {place} {part}"
        for (place, part), own in zip(JOINED, ours, strict=True)
        if own is None or not torch.allclose(own, JOINED[place, part](paths), atol=1e-6)
    ]
    if not other:
        return "All weights and biases are right. Look at the ReLUs and the padding."
    return f"Not those of the paths, joined in their order: {', '.join(other)}."
