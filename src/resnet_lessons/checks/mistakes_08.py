"""Chapter 8: mistakes in counting, each a line of data with its hint."""

from torch import nn


def up(size, stride):
    """Return the places along a side that a stride leaves, rounded up."""
    return -(-size // stride)


def _macs(
    i, w, b, s, n, *, places=None, kernel=9, enters=None, project=None, first=1, convs=2
):
    """The cost of a stage, with one part of the count at a time got wrong."""
    places = up(n, s) ** 2 if places is None else places
    enters = i if enters is None else enters
    project = (s != 1 or i != w) if project is None else project
    head = kernel * enters * w + (convs - 1) * kernel * w * w + project * i * w
    return places * (first * head + (b - first) * convs * kernel * w * w)


def _of_others(i, w, b, s, n):
    """What changes if one convolution of each other block reads `in_channels`."""
    return up(n, s) ** 2 * (b - 1) * 9 * (i - w) * w


def _strided(i, w, b, s, n):
    """With the stride, and so a projection, in every block."""
    rest = _strided(w, w, b - 1, s, up(n, s)) if b > 1 else 0
    return _macs(i, w, 1, s, n) + rest


ROUNDS = (
    "The grid rounds up: 9 places become 5 at stride 2, and 7 become 3 at stride 3. "
    "That is `-(-size // stride)`."
)
EACH_STRIDE = (
    "The stride need not be 2: `-(-size // stride)` rounds up at each, 1 and 3 too."
)
# A hint may rely on the cases before: all that came earlier held.
MACS = [
    (
        lambda i, w, b, s, n: _macs(i, w, 1, s, n),
        "That is one block alone. Is a `return` inside the loop?",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b - 1, s, n),
        "One block is missing: the first one counts, too.",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n, places=1),
        "These are the weights. Each one works at every place of the grid: multiply "
        "by the number of places.",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n, places=up(n, s)),
        "The grid has a side, and its places are the side squared.",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n, places=n * n),
        "You counted the places that arrive. A convolution works once for each place "
        "that it puts out: the stride makes them fewer.",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n, places=(n // s) ** 2),
        ROUNDS,
    ),
    (lambda i, w, b, s, n: _macs(i, w, b, s, n, places=(n / s) ** 2), ROUNDS),
    (
        _strided,
        "Only the first block has the stride. After it neither grid nor channels "
        "change, so there is no projection either.",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n, places=n * n // s),
        "The stride leaves out rows and columns: divide the side by it, then square.",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n, places=up(n, 2) ** 2),
        EACH_STRIDE,
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n, places=((n + 1) // s) ** 2),
        EACH_STRIDE,
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n, places=((n - 3) // s + 1) ** 2),
        "The 3×3 convolutions are padded: at stride 1 the grid stays as it is.",
    ),
    (
        lambda i, w, b, s, n: (
            _macs(i, w, b, s, n) + (n * n - up(n, s) ** 2) * (s != 1 or i != w) * i * w
        ),
        "The projection has the stride too: it puts out the small grid.",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n, project=b * (s != 1 or i != w)),
        "Only the first block has a projection: the others keep the shape.",
    ),
    (
        lambda i, w, b, s, n: (
            _macs(i, w, b, s, n) + up(n, s) ** 2 * (b - 1) * (s != 1) * w * w
        ),
        "Only the first block has a projection: the others keep the shape.",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b + 1, s, n),
        "One block too many: after the first there are `blocks - 1` more.",
    ),
    (
        lambda i, w, b, s, n: (
            _macs(i, w, b, s, n) + (n * n - up(n, s) ** 2) * 9 * i * w
        ),
        "The first convolution has the stride, so it puts out the small grid already.",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n, project=i != w),
        "The shape changes with the stride too: there x needs a projection, even if "
        "the channels stay.",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n, project=s != 1),
        "The shape changes with the channels too: there x needs a projection, even at "
        "stride 1.",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n, project=0),
        "The projection is missing: where the shape changes, x goes through a 1×1 "
        "convolution.",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n, project=1),
        "Where neither grid nor channels change, the shortcut is x itself and costs "
        "nothing.",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n, project=9 * (s != 1 or i != w)),
        "The projection is a 1×1 convolution: one weight for each pair of channels.",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n, project=(s != 1 or i != w) * w / i),
        "The projection takes x itself, which has `in_channels` channels.",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n, first=b),
        "Only the first block meets `in_channels` and the projection. The others have "
        "`width` channels on both sides.",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n) + _of_others(i, w, b, s, n),
        "Only the first block meets `in_channels`. The others have `width` channels on "
        "both sides.",
    ),
    (
        lambda i, w, b, s, n: (
            _macs(i, w, b, s, n)
            + 2 * _of_others(i, w, b, s, n)
            + up(n, s) ** 2 * 9 * (i - w) * w
        ),
        "Only the very first convolution reads `in_channels`. Each of the others reads "
        "what the one before it puts out, `width` channels.",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n, enters=w),
        "The very first convolution reads `in_channels`, not `width`.",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n) + up(n, s) ** 2 * 9 * (i - w) * w,
        "The second convolution reads what the first one puts out, `width` channels.",
    ),
    (
        lambda i, w, b, s, n: (
            _macs(i, w, b, s, n) - up(n, s) ** 2 * (b - 1) * 9 * w * w
        ),
        "Each of the other blocks has two 3×3 convolutions, too.",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n, kernel=1),
        "A 3×3 kernel has nine weights for each pair of channels.",
    ),
    (
        lambda i, w, b, s, n: _macs(i, w, b, s, n, convs=1),
        "A basic block has two 3×3 convolutions.",
    ),
    (
        lambda i, w, b, s, n: 2 * _macs(i, w, b, s, n),
        "That counts multiplications and additions apart. One multiply-accumulate is "
        "one of each.",
    ),
]


def _number(kinds, *modules):
    layers = [layer for module in modules for layer in module.modules()]
    return sum(isinstance(layer, kinds) for layer in layers)


def _residuals(net):
    return [block.residual for stage in net.stages for block in stage]


def _without_1x1(net):
    convs = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d)]
    return 1 + sum(conv.kernel_size != (1, 1) for conv in convs)


LAYERS = (nn.Conv2d, nn.Linear)
COUNTS = [
    (
        lambda net: _number(LAYERS, net),
        "The projections slipped in: they lie on the shortcuts, beside the layers "
        "that the name counts. Look into `block.residual` only.",
    ),
    (
        lambda net: _number(nn.Conv2d, net),
        "The projections on the shortcuts do not count, and the linear layer does.",
    ),
    (
        lambda net: _number(nn.Conv2d, net.stem, *_residuals(net)),
        "One is missing. The linear layer of the head? The stem, with projections in "
        "its place? Or was one projection a stage subtracted? The first stage may have "
        "none.",
    ),
    (
        lambda net: _number(LAYERS, net.head, *_residuals(net)),
        "The convolutions of the stem are missing.",
    ),
    (
        lambda net: _number(nn.Conv2d, *_residuals(net)),
        "These are the residual functions alone. The stem and the linear layer count, "
        "too.",
    ),
    (
        lambda net: _number((*LAYERS, nn.BatchNorm2d), net),
        "BatchNorm has γ and β, but the name does not count it; nor the projections.",
    ),
    (
        lambda net: _number(
            (*LAYERS, nn.BatchNorm2d), net.stem, net.head, *_residuals(net)
        ),
        "BatchNorm has γ and β, but the name does not count it.",
    ),
    (
        lambda net: len(_residuals(net)),
        "That is the number of blocks, and a block has two convolutions, or three. Or "
        "is a `return` inside the loop?",
    ),
    (
        lambda net: 2 * len(_residuals(net)) + 2,
        "Two layers a block, and two more: right for basic blocks behind one "
        "convolution. Count what is there: a bottleneck has three, and a stem may too.",
    ),
    (
        _without_1x1,
        "You left out each 1×1 convolution. A bottleneck has two in its residual "
        "function, and they count.",
    ),
    (
        lambda net: len(list(net.parameters())),
        "These are all tensors that learn. A layer may have two, and BatchNorm does "
        "not count.",
    ),
]
