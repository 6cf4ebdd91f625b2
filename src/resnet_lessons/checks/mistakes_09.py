"""Chapter 9: mistakes in counting and in a bottleneck, each with its hint."""

import torch.nn.functional as F

from .mistakes_08 import EACH_STRIDE, ROUNDS, up
from .mistakes_08_stem import RELUS, without_relu


def _changes(i, w, s) -> bool:
    """Whether there is a projection."""
    return s != 1 or i != 4 * w


def _put_out(i, w, s, n, *, before=None, after=None, widths=(1, 1, 4), project=None):
    """The numbers put out, with one part of the count at a time got wrong.

    before, after: places; widths, project: channels of the three convolutions and of
    the projection, in units of w.
    """
    before = n * n if before is None else before
    after = up(n, s) ** 2 if after is None else after
    project = 4 * _changes(i, w, s) if project is None else project
    first, middle, last = widths
    return w * (before * first + after * (middle + last + project))


def _macs(i, w, s, n) -> int:
    small = up(n, s) ** 2
    return n * n * i * w + small * (13 * w * w + _changes(i, w, s) * i * 4 * w)


def _read(i, w, s, n) -> int:
    """The numbers that go into the convolutions."""
    return n * n * (i + w + _changes(i, w, s) * i) + up(n, s) ** 2 * w


ALL_THREE = (
    "Too few. All three convolutions put out numbers: `width` channels, then `width`, "
    "then `4 * width`."
)
# A hint may rely on the cases before: all that came earlier held. In the first one the
# shape stays: nothing that needs the stride or the projection shows there.
PUT_OUT = [
    (
        _macs,
        "That is the number of MACs. What is put out does not depend on the weights: "
        "only the places and the output channels count.",
    ),
    (
        lambda i, w, s, n: _macs(i, w, 1, 1),
        "These are the weights. What is put out does not depend on them: only the "
        "places and the output channels count.",
    ),
    (
        lambda i, w, s, n: _put_out(i, w, s, n, before=1, after=1),
        "These are the channels. Each one is a grid: multiply by the number of places.",
    ),
    (
        lambda i, w, s, n: _put_out(i, w, s, n, before=n, after=up(n, s)),
        "The grid has a side, and its places are the side squared.",
    ),
    (
        lambda i, w, s, n: _put_out(i, w, s, n, before=up(n, s) ** 2),
        "You let the first convolution put out the small grid, as if it had the "
        "stride. That is the paper's block. Here the 3×3 has the stride.",
    ),
    (
        lambda i, w, s, n: _put_out(i, w, s, n, after=n * n),
        "You counted the places that arrive for all of them. From the 3×3 on, the "
        "stride makes them fewer.",
    ),
    (
        lambda i, w, s, n: _put_out(i, w, s, n) + (n * n - up(n, s) ** 2) * w,
        "The 3×3 has the stride, so it puts out the small grid already.",
    ),
    (
        lambda i, w, s, n: _put_out(i, w, s, n, after=(n // s) ** 2),
        ROUNDS,
    ),
    (lambda i, w, s, n: _put_out(i, w, s, n, after=(n / s) ** 2), ROUNDS),
    (
        lambda i, w, s, n: _put_out(i, w // 4, s, n),
        "`width` is that of the middle. What comes out is 4 times as wide.",
    ),
    (
        lambda i, w, s, n: _put_out(i, w, s, n, after=up(n, 2) ** 2),
        EACH_STRIDE,
    ),
    (
        lambda i, w, s, n: _put_out(i, w, s, n, after=((n + 1) // s) ** 2),
        EACH_STRIDE,
    ),
    (
        lambda i, w, s, n: _put_out(i, w, s, n, after=n * n // s),
        "The stride leaves out rows and columns: divide the side by it, then square.",
    ),
    (
        lambda i, w, s, n: _put_out(i, w, s, n, after=((n - 3) // s + 1) ** 2),
        "The 3×3 convolution is padded: at stride 1 the grid stays as it is.",
    ),
    (
        lambda i, w, s, n: (
            _put_out(i, w, s, n) + (n * n - up(n, s) ** 2) * _changes(i, w, s) * 4 * w
        ),
        "A grid of `4 * width` channels is too large. The last convolution works "
        "behind the stride, and the projection has it: both put out the small grid.",
    ),
    (
        lambda i, w, s, n: _put_out(i, w, s, n, project=_changes(i, w, s)),
        "The projection makes what is added to F(x): it puts out `4 * width` channels.",
    ),
    (
        lambda i, w, s, n: _put_out(i, w, s, n, project=_changes(i, w, s) * i / w),
        "What is added has one shape: the last convolution and the projection both put "
        "out `4 * width` channels, however many arrive.",
    ),
    (
        lambda i, w, s, n: _put_out(i, w, s, n, project=4),
        "Too much by one grid of `4 * width` channels. The shape stays here: "
        "`in_channels` is `4 * width`, and the stride is 1. So there is no projection; "
        "and neither x nor the sum is put out by a convolution.",
    ),
    (
        lambda i, w, s, n: _put_out(i, w, s, n, project=4 * (s != 1)),
        "The shape changes with the channels too: there x needs a projection, even at "
        "stride 1, as in the first stage of ResNet-50.",
    ),
    (
        lambda i, w, s, n: _put_out(i, w, s, n, project=4 * (i != 4 * w)),
        "The shape changes with the stride too: there x needs a projection, even if "
        "the channels stay.",
    ),
    (
        lambda i, w, s, n: _put_out(i, w, s, n, project=0),
        "The projection is missing: where the shape changes, x goes through a 1×1 "
        "convolution.",
    ),
    (
        lambda i, w, s, n: _put_out(i, w, s, n, widths=(1, 1, 1)),
        "The last convolution puts out `4 * width` channels, not `width`.",
    ),
    (
        lambda i, w, s, n: _put_out(i, w, s, n, widths=(1, 1, 0)),
        "The last convolution, back to `4 * width`, is missing.",
    ),
    (lambda i, w, s, n: _put_out(i, w, s, n, widths=(0, 1, 4)), ALL_THREE),
    (lambda i, w, s, n: _put_out(i, w, s, n, widths=(1, 0, 4)), ALL_THREE),
    (lambda i, w, s, n: _put_out(i, w, s, n, widths=(0, 0, 4)), ALL_THREE),
    (
        lambda i, w, s, n: _put_out(i, w, s, n, widths=(1, 9, 4)),
        "A 3×3 kernel reads nine places, and makes one number of them.",
    ),
    (
        _read,
        "That is what the convolutions read. Count what they put out.",
    ),
    (
        lambda i, w, s, n: 2 * _put_out(i, w, s, n),
        "Twice as many. A number counts once, however often it is read or normalised. "
        "Or is each of the three convolutions `4 * width` wide?",
    ),
    (
        lambda i, w, s, n: 4 * _put_out(i, w, s, n),
        "These are bytes, four for each number. Count the numbers.",
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
