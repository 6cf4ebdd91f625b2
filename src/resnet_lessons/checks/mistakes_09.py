"""Chapter 9: mistakes in counting and in a bottleneck, each with its hint."""

import torch.nn.functional as F

from .mistakes_08 import EACH_STRIDE, RELUS, ROUNDS, up, without_relu


def _macs(
    i,
    w,
    s,
    n,
    *,
    before=None,
    after=None,
    out=4,
    kernels=(1, 9, 1),
    project=None,
    project_at=None,
):
    """The cost of a bottleneck, with one part of the count at a time got wrong."""
    before = n * n if before is None else before
    after = up(n, s) ** 2 if after is None else after
    outer = out * w
    project = (s != 1 or i != outer) if project is None else project
    project_at = after if project_at is None else project_at
    first, middle, last = kernels
    cost = before * first * i * w + after * (middle * w * w + last * w * outer)
    return cost + project_at * project * i * outer


# A hint may rely on the cases before: all that came earlier held.
MACS = [
    (
        lambda i, w, s, n: _macs(i, w, s, n, before=1, after=1),
        "These are the weights. Each one works at every place of the grid: multiply "
        "by the number of places.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, before=n, after=up(n, s)),
        "The grid has a side, and its places are the side squared.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, before=up(n, s) ** 2),
        "You let the first convolution work on the small grid, as if it had the "
        "stride. That is the paper's block. Here the 3×3 has the stride.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, after=n * n),
        "You counted the places that arrive for all of them. From the 3×3 on, the "
        "stride makes them fewer.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n) + (n * n - up(n, s) ** 2) * 9 * w * w,
        "The 3×3 has the stride, so it puts out the small grid already.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, after=(n // s) ** 2),
        ROUNDS,
    ),
    (lambda i, w, s, n: _macs(i, w, s, n, after=(n / s) ** 2), ROUNDS),
    (
        lambda i, w, s, n: _macs(i, w // 4, s, n),
        "`width` is that of the middle. What comes out is 4 times as wide.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, after=up(n, 2) ** 2),
        EACH_STRIDE,
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, after=((n + 1) // s) ** 2),
        EACH_STRIDE,
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, after=n * n // s),
        "The stride leaves out rows and columns: divide the side by it, then square.",
    ),
    (
        lambda i, w, s, n: (
            _macs(i, w, s, n, project=0)
            + up(n, s) ** 2 * (s != 1 or i != 4 * w) * w * 4 * w
        ),
        "The projection takes x itself, which has `in_channels` channels.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, project=(s != 1 or i != 4 * w) / 4),
        "The projection makes what is added to F(x): it puts out `4 * width` channels.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, project_at=n * n),
        "The projection has the stride too: it puts out the small grid.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, project=1),
        "Where neither grid nor channels change, the shortcut is x itself and costs "
        "nothing.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, project=s != 1 or i != w),
        "Compare `in_channels` with what comes out, `4 * width`, not with the width "
        "of the middle.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, project=s != 1),
        "The shape changes with the channels too: there x needs a projection, even at "
        "stride 1, as in the first stage of ResNet-50.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, project=i != 4 * w),
        "The shape changes with the stride too: there x needs a projection, even if "
        "the channels stay.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, project=0),
        "The projection is missing: where the shape changes, x goes through a 1×1 "
        "convolution.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, project=9 * (s != 1 or i != 4 * w)),
        "The projection is a 1×1 convolution: one weight for each pair of channels.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, out=1),
        "The last convolution puts out `4 * width` channels, not `width`.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, kernels=(1, 1, 1)),
        "The middle one is 3×3: nine weights for each pair of channels.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, kernels=(1, 3, 1)),
        "A 3×3 kernel has nine weights for each pair of channels, not three.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, kernels=(9, 9, 9)),
        "Only the middle one is 3×3. The others have one weight for each pair of "
        "channels: that is what makes them cheap.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, kernels=(1, 9, 0)),
        "The last convolution, back to `4 * width`, is missing.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, s, n, kernels=(0, 9, 1)),
        "The first convolution, down to `width`, is missing.",
    ),
    (
        lambda i, w, s, n: 2 * _macs(i, w, s, n),
        "That counts multiplications and additions apart. One multiply-accumulate is "
        "one of each.",
    ),
]


CHANNELS = [
    (
        lambda i, w: ((i, w), (w, w), (w, w)),
        "The last convolution puts out `4 * width` channels.",
    ),
    (
        lambda i, w: ((i, w), (w, 4 * w), (4 * w, 4 * w)),
        "The 3×3 widens already. It keeps `width`, and the last 1×1 widens: that is "
        "where the work is saved.",
    ),
    (
        lambda i, w: ((i, 4 * w), (4 * w, 4 * w), (4 * w, 4 * w)),
        "The middle is as wide as what comes out. `width` is that of the first two "
        "convolutions.",
    ),
    (
        lambda i, w: ((i, w // 4), (w // 4, w // 4), (w // 4, w)),
        "Here `width` is the number of channels in the middle, not of those put out.",
    ),
]


def strides_given(stride, strided_conv):
    """What other places for the stride give: a list of (strides, hint)."""
    if stride == 1:
        return []
    once, twice = (1, 1), (stride, stride)
    found = [
        ((once,) * 3, "No convolution has the stride."),
        ((twice,) * 3, "All three have the stride. Only one takes it."),
    ]
    for place in range(3):
        if place == strided_conv:
            continue
        strides = tuple(twice if number == place else once for number in range(3))
        words = f"Convolution number {place} has the stride, whatever `strided_conv` is"
        if place == strided_conv - 1:
            words = f"Number {place} has it. Count from 0, as Python does"
        found.append((strides, f"{words}: here number {strided_conv} should."))
    return found


# The grid of x, and what to say if the output has another shape.
SHAPES = [
    (
        (8, 8),
        "The 3×3 convolution keeps the grid at stride 1 with `padding=1`; a 1×1 needs "
        "no padding.",
    ),
    (
        (9, 7),
        "At an odd size the grid rounds up: 9 places become 5 at stride 2. `padding=1` "
        "for the 3×3 and none for a 1×1 does it.",
    ),
]


def _and_x(after):
    def wrong(library, x):
        y = library(x)
        return after(y + x) if y.shape == x.shape else y

    return wrong


ADDED = "x is added. The shortcut and the sum do not belong to this function."
RESIDUALS = [
    (_and_x(lambda y: y), ADDED),
    (_and_x(F.relu), ADDED),
    (
        lambda library, x: F.relu(library(x)),
        "F ends in a ReLU, so the block could only add. The last ReLU comes after the "
        "sum, outside of this function.",
    ),
    *RELUS,
    (without_relu(0, 1), "There is no ReLU. One follows the first two BatchNorms."),
]
