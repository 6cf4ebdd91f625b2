"""What the checks share that ask for one convolution in the place of more."""

import torch.nn.functional as F
from torch import Tensor, nn

from .advice import MISFIT
from .describe import Words, describe, shape_in_words

COPY = "Work on a copy: `copy.deepcopy(conv)`."
ERRORS = [
    ("cannot assign .* as parameter", "`nn.Parameter(…)` makes a weight of a tensor."),
    ("for //: 'tuple'", "`kernel_size` is a pair: take its first number."),
    (
        "'NoneType'|not NoneType",
        "Without a bias `conv.bias` is `None`: take 0. A new one is made with "
        "`nn.Parameter(…)`.",
    ),
    (MISFIT, "A weight has the shape (out, in / groups, k, k): print that of `conv`."),
]


def kind_of(layer, bias: bool | None = None) -> Words:
    """A convolution by what its weights are like; bias: as if it had one, or none."""
    if not isinstance(layer, nn.Conv2d):
        return Words(describe(layer))
    shape = shape_in_words(layer.weight.shape)
    has_bias = layer.bias is not None if bias is None else bias
    groups = f"groups={layer.groups}, " if layer.groups > 1 else ""
    return Words(f"a Conv2d, {groups}bias={has_bias}, its weight of {shape}")


def by_weights_alone(folded: nn.Conv2d, conv: nn.Conv2d, x: Tensor) -> Tensor:
    """What the weights of `folded` make of x in the place of those of `conv`."""
    options = conv.stride, conv.padding, conv.dilation, conv.groups
    return F.conv2d(x, folded.weight, folded.bias, *options)
