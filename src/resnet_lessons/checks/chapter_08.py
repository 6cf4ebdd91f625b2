"""Chapter 8, stem and stages: the exercises and their reference answers."""

from torch import nn

from .exercise import Exercise
from .judges_08 import check_deep_stem, check_stage_macs, check_weighted_layers


def stage_macs(in_channels, width, blocks, stride, size):
    places = (-(-size // stride)) ** 2  # of the grid that comes out, rounded up
    first = 9 * in_channels * width + 9 * width * width
    if stride != 1 or in_channels != width:
        first += in_channels * width  # the projection
    others = (blocks - 1) * 2 * 9 * width * width
    return places * (first + others)


def deep_stem(in_channels, width):
    half = width // 2
    layers = []
    for before, after, stride in [
        (in_channels, half, 2),
        (half, half, 1),
        (half, width, 1),
    ]:
        layers += [nn.Conv2d(before, after, 3, stride, padding=1, bias=False)]
        layers += [nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers, nn.MaxPool2d(3, stride=2, padding=1))


def weighted_layers(net):
    parts = [net.stem, net.head]
    for stage in net.stages:
        parts += [block.residual for block in stage]
    layers = [layer for part in parts for layer in part.modules()]
    return sum(isinstance(layer, (nn.Conv2d, nn.Linear)) for layer in layers)


EXERCISES = [
    Exercise(
        id="08.1",
        title="What a stage costs",
        prompt="""\
Write `stage_macs(in_channels, width, blocks, stride, size)`: the multiply-accumulates
that a stage of `blocks` basic blocks needs for one picture. What arrives has
`in_channels` channels on a grid of `size` × `size`. Each block has two 3×3 convolutions
and puts out `width` channels. The first convolution of the first block has the stride:
the grid that it puts out has a side of `size / stride`, rounded up. Where the shape
changes, in the grid or in the channels, the shortcut is a 1×1 convolution with the same
stride (option B). Only convolutions count.
""",
        starter="""\
def stage_macs(in_channels, width, blocks, stride, size):
    return ...
""",
        hints=(
            "A convolution costs (places it puts out) × (weights it has). On which "
            "grid do all places of this stage lie?",
            "The first block has a convolution from `in_channels` to `width` and one "
            "from `width` to `width`; the others have two of the latter.",
            "The side of the grid, rounded up: `-(-size // stride)`. The projection, "
            "where there is one, has `in_channels * width` weights.",
        ),
        answer=stage_macs,
        check=check_stage_macs,
    ),
    Exercise(
        id="08.2",
        title="The deep stem",
        prompt="""\
Write `deep_stem(in_channels, width)`, which returns a module: three 3×3 convolutions
without bias, the first one with stride 2, each followed by BatchNorm and ReLU; then a
max-pool that halves the grid, with a 3×3 window. The first two convolutions put out
`width // 2` channels, the last one `width`. From $(B, C, H, W)$ it makes
$(B, \\text{width}, H/4, W/4)$, where each halving rounds up.
""",
        starter='''\
from torch import nn


def deep_stem(in_channels, width):
    """(B, in_channels, H, W) -> (B, width, H/4, W/4)"""
    raise NotImplementedError
''',
        hints=(
            "An `nn.Sequential` of ten layers will do; a loop over three pairs of "
            "channels writes nine of them.",
            "`nn.Conv2d(before, after, 3, stride, padding=1, bias=False)`, then "
            "`nn.BatchNorm2d(after)`, then `nn.ReLU()`.",
            "`nn.MaxPool2d(3, stride=2, padding=1)` turns 17 places into 9.",
        ),
        answer=deep_stem,
        check=check_deep_stem,
    ),
    Exercise(
        id="08.3",
        title="Eighteen of what?",
        prompt="""\
The number in a ResNet's name counts its layers *with weights*, as the paper does: the
convolutions of the stem, those of every residual function, and the linear layer.
BatchNorm does not count, and neither do the projections on the shortcuts. Write
`weighted_layers(net)` for any `nets.ResNet`: it has `net.stem`, `net.head`, and
`net.stages`, a sequence of stages, each a sequence of blocks with `block.residual` and
`block.shortcut`. What is the number of fastai's ResNet-18?
""",
        starter="""\
from torch import nn


def weighted_layers(net):
    return ...
""",
        hints=(
            "`module.modules()` runs through a module and all that is in it. Count "
            "those that are an `nn.Conv2d` or an `nn.Linear`.",
            "If you get 21 instead of 18, three projections have slipped in. Look "
            "into `block.residual` only.",
            "Three places to look: `net.stem`, each `block.residual`, `net.head`.",
        ),
        answer=weighted_layers,
        check=check_weighted_layers,
    ),
]
