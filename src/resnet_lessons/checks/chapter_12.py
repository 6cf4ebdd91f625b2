"""Chapter 12, transfer: the exercises and their reference answers."""

from torchvision.transforms import functional as TF

from .exercise import Exercise
from .judges_12 import check_freeze, check_parameter_groups
from .judges_12_pictures import check_preprocess


def freeze(net, stages):
    net.train()
    net.requires_grad_(True)
    for part in [net.stem, *net.stages[:stages]]:
        part.requires_grad_(False)  # no gradient, no step
        part.eval()  # BatchNorm keeps its statistics


def parameter_groups(net, lr, factor):
    groups = []
    for part in [net.head, *reversed(net.stages), net.stem]:
        learn = [p for p in part.parameters() if p.requires_grad]
        if learn:
            groups.append({"params": learn, "lr": lr})
        lr = lr / factor
    return groups


def preprocess(picture, size, mean, std):
    picture = TF.resize(picture.convert("RGB"), size)  # its short side
    picture = TF.center_crop(picture, size)
    x = TF.to_tensor(picture)  # (3, size, size), 0 to 1
    return TF.normalize(x, mean, std)[None]  # (1, 3, size, size)


EXERCISES = [
    Exercise(
        id="12.1",
        title="Frozen is frozen",
        prompt="""\
Write `freeze(net, stages)`, which makes a `nets.ResNet` ready for training: its stem
and its first `stages` stages stay exactly as they are, while everything behind them
learns (unlike in the chapter, the number says how many stay). The net has `net.stem`,
`net.stages` (an `nn.Sequential`) and `net.head`. Any part of it may be frozen already.
Nothing has to be returned.
""",
        starter='''\
def freeze(net, stages):
    """Nothing in the stem and the first stages may move when the net trains."""
    raise NotImplementedError
''',
        hints=(
            "Two things move in training: what the optimiser steps, and what BatchNorm "
            "averages. Each needs a switch of its own.",
            "`part.requires_grad_(False)`, with the underscore, and `part.eval()`.",
            "Start from a known state, `net.train()` and `net.requires_grad_(True)`, "
            "then go through `[net.stem, *net.stages[:stages]]`.",
        ),
        answer=freeze,
        check=check_freeze,
    ),
    Exercise(
        id="12.2",
        title="Slower towards the picture",
        prompt="""\
Write `parameter_groups(net, lr, factor)`, which returns the list that an optimiser
takes: one dictionary with `"params"` and `"lr"` for each part of a `nets.ResNet` that
learns. The head has the rate `lr`, the last stage `lr / factor`, the stage before it
`lr / factor**2`, and so on to the stem. A part's rate depends only on its place.
Parameters with `requires_grad=False` belong to no group, and no group is empty.
""",
        starter="""\
def parameter_groups(net, lr, factor):
    groups = []
    return ...
""",
        hints=(
            "Go through the parts from the head to the stem, and divide the rate by "
            "`factor` after each.",
            '`{"params": [...], "lr": lr}`, with the parameters of the part whose '
            "`requires_grad` is true.",
            "`[net.head, *reversed(net.stages), net.stem]` is the order. A frozen part "
            "gets no group, but the rate goes on falling.",
        ),
        answer=parameter_groups,
        check=check_parameter_groups,
    ),
    Exercise(
        id="12.3",
        title="One picture for a net",
        prompt="""\
Write `preprocess(picture, size, mean, std)`, which turns a PIL picture into what a net
was trained on: a float32 tensor of shape (1, 3, `size`, `size`). Scale the picture
until its short side is `size`, with a smooth filter, as torchvision and PIL do by
default; cut the central square, bring the values from 0…255 to 0…1, subtract `mean` and
divide by `std` (three numbers each, for red, green and blue).
A grey picture gets three equal channels; transparency is dropped.
""",
        starter="""\
from torchvision.transforms import functional as TF


def preprocess(picture, size, mean, std):
    return ...
""",
        hints=(
            '`picture.convert("RGB")` comes first: grey and transparent pictures then '
            "need no case of their own.",
            "`TF.resize(picture, size)` with one number scales the short side; "
            "`TF.center_crop` cuts; `TF.to_tensor` divides by 255 and puts the "
            "channels first.",
            "`TF.normalize(x, mean, std)`, and `[None]` for the axis of the batch.",
        ),
        answer=preprocess,
        check=check_preprocess,
    ),
]
