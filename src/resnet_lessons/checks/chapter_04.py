"""Chapter 4, degradation: the exercises and their reference answers."""

import copy

import torch.nn.functional as F
from torch import nn

from .exercise import Exercise
from .judges_04 import check_deepen, check_diagnose, check_residual_twin


def deepen(net, extra):
    deeper = copy.deepcopy(net)  # the given net stays as it is
    channels = net.head[-1].in_features  # of the last grid
    for _ in range(extra):
        conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        nn.init.dirac_(conv.weight)  # 1 in the middle of its own channel, else 0
        deeper.stages.append(nn.Sequential(conv, nn.ReLU()))
    return deeper


def diagnose(shallow, deep, noise):
    if deep["test"][-1] <= shallow["test"][-1] + noise:
        return "no harm"
    if deep["train"][-1] <= shallow["train"][-1] + noise:
        return "overfitting"
    if deep["train"][-1] < deep["train"][-2] - noise:
        return "too little training"
    return "degradation"


def residual_twin(plain):
    class Residual(nn.Module):
        def __init__(self, block):
            super().__init__()
            self.residual = block[:-1]  # F: the block without its last ReLU

        def forward(self, x):  # (B, C, H, W)
            return F.relu(self.residual(x) + x)

    return nn.Sequential(*[Residual(copy.deepcopy(block)) for block in plain])


EXERCISES = [
    Exercise(
        id="04.1",
        title="A deeper net that computes the same",
        prompt="""\
`net` is a `nets.FullyConvolutional` of chapter 3: its logits are
`net.head(net.stages(x))`. Write `deepen(net, extra)`, which returns a *new* net with
`extra` more layers at the end of its stages. Each of them is a 3×3 convolution (an
`nn.Conv2d`) with weights of its own, followed by a ReLU, and nothing else. For every
picture the new net gives the same logits as `net`, in evaluation mode and in training
mode, and every weight of it can learn. The net that was given stays as it was, its mode
included.
""",
        starter='''\
import copy

from torch import nn


def deepen(net, extra):
    """The same function of the picture, with `extra` more layers."""
    raise NotImplementedError
''',
        hints=(
            "How many channels? As many as the linear layer takes in: "
            "`net.head[-1].in_features`.",
            "A copy is `copy.deepcopy(net)`. `net.stages` is an `nn.Sequential`, so "
            "`deeper.stages.append(layer)` puts a layer at its end. What comes out "
            "there has been through a ReLU: it is never negative.",
            "A 3×3 kernel copies its input if the weight in the middle is 1 where "
            "input and output channel are the same, and every other weight is 0. "
            "`nn.init.dirac_(conv.weight)` writes just that.",
            "BatchNorm in training mode shifts and scales each channel by the mean and "
            "the spread of the batch at hand. No fixed γ and β undo that for every "
            "batch: leave it out of the new layers.",
        ),
        answer=deepen,
        check=check_deepen,
    ),
    Exercise(
        id="04.2",
        title="Name the cause",
        prompt="""\
Two nets were trained at a constant learning rate, a shallow and a deeper one. For each
you have a dictionary of two lists, the error in % after each epoch: `"train"` on the
pictures it was trained on, `"test"` on others. Two errors that differ by no more than
`noise` points count as equal. Write `diagnose(shallow, deep, noise)`. Compare the
errors after the last epoch and return the first of these texts that applies:

- `"no harm"`: the deeper net's test error is not higher than the shallow one's;
- `"overfitting"`: its training error is not higher, though its test error is;
- `"too little training"`: its training error still fell by more than `noise` in the
  last epoch;
- `"degradation"`: none of these.
""",
        starter="""\
def diagnose(shallow, deep, noise):
    return ...
""",
        hints=(
            'The last entry of a list is `deep["test"][-1]`, the one before `[-2]`.',
            "A is not higher than B, up to the noise: `A <= B + noise`.",
            "Four cases, four `return`s, in the order of the list. Overfitting and "
            "degradation differ in the *training* error alone.",
        ),
        answer=diagnose,
        check=check_diagnose,
    ),
    Exercise(
        id="04.3",
        title="One change: the residual twin",
        prompt="""\
`plain` is an `nn.Sequential` of blocks. Each block is an `nn.Sequential` of six layers,
convolution, BatchNorm, ReLU, convolution, BatchNorm, ReLU, and keeps the shape of its
input. Write `residual_twin(plain)`, which returns a new net with the same blocks and
the same weights, where each block has a shortcut:

$$y = \\mathrm{ReLU}(\\mathcal{F}(x) + x)$$

$\\mathcal{F}$ is what the block computes before its last ReLU. The twin has exactly as
many parameters as `plain`, and `plain` stays as it was.
""",
        starter='''\
import copy

import torch.nn.functional as F
from torch import nn


def residual_twin(plain):
    """The same blocks with shortcuts, not one parameter more."""
    raise NotImplementedError
''',
        hints=(
            "A slice of an `nn.Sequential` is one again: `block[:-1]` is the block "
            "without its last ReLU.",
            "Write a small class with `forward(self, x)` that returns "
            "`F.relu(self.residual(x) + x)`, and wrap each block in it.",
            "Copy each block with `copy.deepcopy`, so that the twin can be trained "
            "without changing `plain`; then `nn.Sequential(*blocks)`.",
        ),
        answer=residual_twin,
        check=check_residual_twin,
    ),
]
