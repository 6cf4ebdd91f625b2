"""Appendix E, relatives: the exercises and their reference answers."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from .exercise import Exercise
from .judges_E import check_gate_bias, check_merged
from .judges_E_skip import check_skipping_block


def gate_bias(blocks, left):
    passed = left ** (1 / blocks)  # 1 - T: what one block lets pass
    return math.log((1 - passed) / passed)  # T / (1 - T), and the sigmoid undone


class SkippingBlock(nn.Module):
    def __init__(self, residual, survival):
        super().__init__()
        self.residual = residual
        self.survival = survival

    def forward(self, x):
        if not self.training:
            return F.relu(self.survival * self.residual(x) + x)
        if torch.rand(()) < self.survival:  # one number for the whole batch
            return F.relu(self.residual(x) + x)
        return F.relu(x)


@torch.no_grad()
def merged(paths):
    down, _, middle, _, up = zip(*paths, strict=True)  # layers of the same place
    channels, inner = down[0].in_channels, len(paths) * down[0].out_channels
    net = nn.Sequential(
        nn.Conv2d(channels, inner, 1),
        nn.ReLU(),
        nn.Conv2d(inner, inner, 3, padding=1, groups=len(paths)),
        nn.ReLU(),
        nn.Conv2d(inner, channels, 1),
    )
    for conv, convs in ((net[0], down), (net[2], middle)):
        conv.weight.copy_(torch.cat([own.weight for own in convs]))
        conv.bias.copy_(torch.cat([own.bias for own in convs]))
    net[4].weight.copy_(torch.cat([own.weight for own in up], 1))  # its inputs
    net[4].bias.copy_(sum(own.bias for own in up))
    return net


EXERCISES = [
    Exercise(
        id="E.1",
        title="How far open is a gate at the start?",
        prompt="""\
In a net of `blocks` highway blocks all gates start alike: their weights are zero, so
each $T$ is the sigmoid of one bias $b$, the same in all blocks. Write
`gate_bias(blocks, left)`, which returns the $b$ at which, before training, the share
`left` of $x$ is left on the direct path behind the last block. There is at least one
block, and $0 < \\text{left} < 1$.

The result must hold to five digits, for one block as well as for many that leave nearly
everything, say 1000 blocks and 0.999.
""",
        starter='''\
import math


def gate_bias(blocks, left):
    """How many blocks, the share that is left behind them -> the bias, a number"""
    return ...
''',
        hints=(
            "Each block multiplies $x$ by $1 - T$. What must this factor be, if "
            "`blocks` of them, multiplied, make `left`?",
            "It is a root: $1 - T = \\text{left}^{1 / \\text{blocks}}$. Now $T$ is "
            "known, and the bias is the number whose sigmoid is $T$.",
            "$T = 1 / (1 + e^{-b})$, solved for $b$, is $b = \\ln(T / (1 - T))$.",
        ),
        answer=gate_bias,
        check=check_gate_bias,
    ),
    Exercise(
        id="E.2",
        title="A block that costs no time when it is left out",
        prompt="""\
The paper of stochastic depth draws $b$ once for the whole batch, so a block that is
left out costs no time. Write `SkippingBlock(residual, survival)`. The module
`residual`, our $\\mathcal{F}$, keeps the shape of $x$, whatever that is; `survival` is
a probability, and may be 0 or 1.

- In training mode each call draws one $b$ for the batch, which is 1 with probability
  `survival` and 0 else. If it is 1, $y = \\mathrm{ReLU}(\\mathcal{F}(x) + x)$. If it is
  0, $y = \\mathrm{ReLU}(x)$, and `residual` is not called.
- In evaluation mode nothing is random: $y = \\mathrm{ReLU}(\\text{survival} \\cdot
  \\mathcal{F}(x) + x)$.
- `residual` itself becomes a part of the block: its parameters are those of the block,
  which has no others.
- The draws come from PyTorch's own random numbers, so that `torch.manual_seed` repeats
  them.
- $x$ stays as it was.
""",
        starter='''\
import torch
import torch.nn.functional as F
from torch import nn


class SkippingBlock(nn.Module):
    def __init__(self, residual, survival):
        super().__init__()
        # what the block must keep

    def forward(self, x):
        """(B, ...) -> (B, ...)"""
        raise NotImplementedError
''',
        hints=(
            "There are three cases: evaluation; training, where $b$ is 1; training, "
            "where $b$ is 0. `self.training` tells which mode the block is in.",
            "`torch.rand(())` is one random number from 0 to 1. It is smaller than "
            "`survival` with the probability `survival`.",
            "Draw first, with `if`, and call `self.residual(x)` only where its result "
            "is needed: what is multiplied by 0 has been computed all the same.",
        ),
        answer=SkippingBlock,
        check=check_skipping_block,
    ),
    Exercise(
        id="E.3",
        title="Many paths, three convolutions",
        prompt="""\
The page cuts the block of a ResNeXt into its paths. Go the other way. `paths` is a list
of one or more narrow bottlenecks $\\mathcal{F}_i$, each an `nn.Sequential` of five
layers:

```python
nn.Conv2d(C, w, 1), nn.ReLU(), nn.Conv2d(w, w, 3, padding=1), nn.ReLU(),
nn.Conv2d(w, C, 1)
```

$C$ and $w$ are the same in all paths, and every convolution has a bias. Write
`merged(paths)`, which returns *one* new net with the same five steps, 1×1, ReLU, 3×3,
ReLU, 1×1, where the 3×3 convolution has as many groups as there are paths. For
every $x$ it puts out $\\sum_i \\mathcal{F}_i(x)$. No path runs in it: three
convolutions do the work of all. The paths stay as they were, even when the new net
learns.
""",
        starter='''\
import torch
from torch import nn


def merged(paths):
    """A list of paths -> one net that puts out their sum"""
    raise NotImplementedError
''',
        hints=(
            "Between the two 1×1 convolutions there are `len(paths) * w` channels: "
            "those of the first path, then those of the second, and so on. A group of "
            "the 3×3 convolution sees the channels of one path.",
            "A weight has the shape (out, in / groups, k, k). The first two layers get "
            "more outputs, so `torch.cat` along axis 0; so do their biases. The last "
            "one gets more inputs: axis 1.",
            "The last convolution adds up what all paths send into it, but it has only "
            "one bias for each channel, in the place of one from each path. Write into "
            "the new layers under `torch.no_grad()` with `copy_`, or make an "
            "`nn.Parameter(…)` of what you have joined.",
        ),
        answer=merged,
        check=check_merged,
    ),
]
