"""Chapter 2, fields and parameters: the exercises and their reference answers."""

from torch import nn

from .exercise import Exercise
from .judges_02 import check_average_head, check_field, check_inception


def receptive_field(layers):
    side, step = 1, 1  # of the picture: one pixel, and the next one beside it
    for kernel, stride in layers:
        side += (kernel - 1) * step
        step *= stride
    return side


def inception_weights(channels, one, three, five, pooled, reduced=True):
    if not reduced:
        return channels * (one + 9 * three[1] + 25 * five[1])
    small = channels * (one + three[0] + five[0] + pooled)
    return small + 9 * three[0] * three[1] + 25 * five[0] * five[1]


def average_head(net, num_classes):
    convs = [m for m in net.features.modules() if isinstance(m, nn.Conv2d)]
    return nn.Sequential(
        net.features,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(convs[-1].out_channels, num_classes),
    )


EXERCISES = [
    Exercise(
        id="02.1",
        title="How far a stack sees",
        prompt="""\
Write `receptive_field(layers)`, which returns the side, in pixels, of the square of the
picture that one place behind a stack of layers sees. `layers` is a list of pairs
`(kernel, stride)`, the layer next to the picture first; a pool counts like a
convolution. With no layer at all, a place is one pixel and sees itself. How far does
one place of VGG-16's last grid see? The check names the number when you have passed.
""",
        starter="""\
def receptive_field(layers):
    return ...
""",
        hints=(
            "Walk from the picture upwards. Each layer lets a place see `kernel - 1` "
            "neighbours more. How far apart are these neighbours, in pixels?",
            "Keep two numbers: the side, and the step from one place to the next in "
            "pixels. Both begin with 1.",
            "`side += (kernel - 1) * step`, and only then `step *= stride`: a layer's "
            "own stride matters only to the layers behind it.",
        ),
        answer=receptive_field,
        check=check_field,
    ),
    Exercise(
        id="02.2",
        title="What 1 × 1 saves",
        prompt="""\
Write `inception_weights(channels, one, three, five, pooled, reduced=True)`: how many
weights the convolutions of one Inception module have, without biases and without
BatchNorm. `channels` come in. The four paths put out

- `one` channels, by a 1×1 convolution,
- `three[1]`, by a 3×3 behind a 1×1 with `three[0]` channels,
- `five[1]`, by a 5×5 behind a 1×1 with `five[0]` channels,
- `pooled`, by a 1×1 behind a max-pool.

With `reduced=False` it is the naive module: the 3×3 and the 5×5 read all `channels`
themselves, and the pool passes them on as they are. How much does row 4e of GoogLeNet
save, `(528, 256, (160, 320), (32, 128), 128)`? The check names that number, too.
""",
        starter="""\
def inception_weights(channels, one, three, five, pooled, reduced=True):
    return ...
""",
        hints=(
            "A convolution from $a$ to $b$ channels with kernels of $k$ × $k$ has "
            "$a b k^2$ weights. How many convolutions are there in each form?",
            "Six in the reduced form: four read `channels`, all of them 1×1. Three in "
            "the naive one, which all read `channels`.",
            "Naive: `channels * (one + 9 * three[1] + 25 * five[1])`. In the other "
            "form the 3×3 has `9 * three[0] * three[1]`.",
        ),
        answer=inception_weights,
        check=check_inception,
    ),
    Exercise(
        id="02.3",
        title="Away with the linear layers",
        prompt="""\
Write `average_head(net, num_classes)` for a `net` such as VGG, which has
`net.features`, its convolutions and pools. It returns a module that uses these
features, the very same ones and not copies, then takes the mean of each channel over
the grid, and ends in one linear layer, an `nn.Linear`, to `num_classes`. It must take
pictures of any size, and features of any width. Return logits: no softmax.
""",
        starter='''\
from torch import nn


def average_head(net, num_classes):
    """(B, 3, H, W) -> (B, num_classes)"""
    raise NotImplementedError
''',
        hints=(
            "An `nn.Sequential` of four will do. Its first is `net.features`.",
            "`nn.AdaptiveAvgPool2d(1)` leaves a grid of one place, `nn.Flatten()` "
            "removes its two axes.",
            "How many channels come out? Those of the last convolution: "
            "`[m for m in net.features.modules() if isinstance(m, nn.Conv2d)][-1]`.",
        ),
        answer=average_head,
        check=check_average_head,
    ),
]
