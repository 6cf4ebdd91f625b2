"""Chapter 7, the ResBlock and BatchZero: the exercises and their reference answers."""

import torch
import torch.nn.functional as F
from torch import nn

from .exercise import Exercise
from .judges_07 import check_res_block
from .judges_07_start import check_batch_zero, check_frozen_at_third_step


class ResBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(
            in_channels, out_channels, 3, stride, padding=1, bias=False
        )
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        nn.init.zeros_(self.bn2.weight)  # BatchZero: F(x) = 0 at the start
        shortcut = []
        if stride != 1:
            shortcut += [nn.AvgPool2d(2, ceil_mode=True)]
        if in_channels != out_channels:
            shortcut += [
                nn.Conv2d(in_channels, out_channels, 1, bias=False),
                nn.BatchNorm2d(out_channels),
            ]
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, x):  # (B, in_channels, H, W)
        residual = F.relu(self.bn1(self.conv1(x)))
        residual = self.bn2(self.conv2(residual))  # (B, out_channels, H/s, W/s)
        return F.relu(residual + self.shortcut(x))


def batch_zero(net):
    for block in net.modules():
        if hasattr(block, "residual"):
            norms = [
                m for m in block.residual.modules() if isinstance(m, nn.BatchNorm2d)
            ]
            nn.init.zeros_(norms[-1].weight)  # γ


def frozen_at_third_step(block):
    # The ReLU behind the first γ = 0 gets 0 everywhere, and hands back no gradient at
    # 0. The second convolution gets only 0, so its weights have no gradient; nor has
    # the last γ, whose input is 0. No step changes any of that.
    optimizer = torch.optim.SGD(block.parameters(), lr=0.1)
    in_channels = next(block.parameters()).shape[1]  # the first one is a convolution's
    for _ in range(3):
        optimizer.zero_grad()
        block(torch.randn(4, in_channels, 8, 8)).square().mean().backward()
        optimizer.step()
    return {name for name, p in block.named_parameters() if not p.grad.any()}


EXERCISES = [
    Exercise(
        id="07.1",
        title="Write the ResBlock",
        prompt="""\
Write `ResBlock(in_channels, out_channels, stride=1)`:

$$y = \\mathrm{ReLU}(\\mathcal{F}(x) + \\mathrm{shortcut}(x))$$

- $\\mathcal{F}$ is a 3×3 convolution with the stride, BatchNorm, ReLU, a 3×3
  convolution, BatchNorm. No convolution has a bias.
- The shortcut averages over 2×2 if the stride is 2, then changes the channels with a
  1×1 convolution and BatchNorm if they differ. Otherwise it is the identity.
- At the start $\\mathcal{F}(x) = 0$: the last BatchNorm of $\\mathcal{F}$ begins with
  $\\gamma = 0$.
- Odd sizes work too: 9×7 becomes 5×4. At the edge the average is over the places that
  are there.
""",
        starter='''\
import torch.nn.functional as F
from torch import nn


class ResBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        # the layers

    def forward(self, x):
        """(B, in_channels, H, W) -> (B, out_channels, H / stride, W / stride)"""
        raise NotImplementedError
''',
        hints=(
            "Begin with stride 1 and equal channels: two convolutions, two BatchNorms, "
            "and `F.relu(residual + x)`.",
            "Where the channels differ, x needs "
            "`nn.Conv2d(in_channels, out_channels, 1, bias=False)` and a BatchNorm; "
            "where the stride is 2, `nn.AvgPool2d(2, ceil_mode=True)` before them.",
            "An empty `nn.Sequential()` is the identity, so the shortcut can be one "
            "Sequential with zero to three layers. γ is the `weight` of a BatchNorm: "
            "`nn.init.zeros_(self.bn2.weight)`.",
        ),
        answer=ResBlock,
        check=check_res_block,
    ),
    Exercise(
        id="07.2",
        title="BatchZero for a whole net",
        prompt="""\
`net` is one of our ResNets, built without BatchZero. Every block of it has two parts,
`block.residual`, which is $\\mathcal{F}$, and `block.shortcut`. Write
`batch_zero(net)`: set $\\gamma$ of the last BatchNorm of every `residual` to zero, in
place, and nothing else. It must work for bottlenecks, which have three convolutions,
too.
""",
        starter='''\
from torch import nn


def batch_zero(net):
    """Change the net that is given; nothing is returned."""
    raise NotImplementedError
''',
        hints=(
            "`net.modules()` walks through all parts of a net, the blocks among them.",
            'A block is what has a `residual`: `hasattr(module, "residual")`.',
            "The BatchNorms of $\\mathcal{F}$ in order: `[m for m in "
            "block.residual.modules() if isinstance(m, nn.BatchNorm2d)]`. γ is the "
            "`weight` of the last one.",
        ),
        answer=batch_zero,
        check=check_batch_zero,
    ),
    Exercise(
        id="07.3",
        title="Predict: the wrong γ",
        prompt="""\
Somebody wants BatchZero and zeroes the wrong $\\gamma$: in a fresh `nets.FastaiBlock`
that of the *first* BatchNorm of $\\mathcal{F}$, `residual.0.1`, is 0, and that of the
last one, `residual.1.1`, is 1. Every $\\beta$ is 0. Before the first step all looks
well: $\\mathcal{F}(x) = 0$. Now train the block with SGD. With BatchZero the gradients
that were exactly zero in step 1 are there in step 2. And here, in steps 1, 2 and 3?

Predict first. Then write `frozen_at_third_step(block)`, which returns the set of the
names of all parameters whose gradient is exactly zero in step 3. You may type the names
(`block.named_parameters()` lists them), or let autograd find them: you are given such a
block.
""",
        starter="""\
import torch


def frozen_at_third_step(block):
    return ...
""",
        hints=(
            "Go forward first. With $\\gamma = 0$ and $\\beta = 0$, what does the "
            "first BatchNorm put out? The ReLU? The second convolution? The last "
            "BatchNorm?",
            "Now back. Which gradient does a ReLU let through at 0? And the gradient "
            "of a weight is a product with its input: which of them get only zeros?",
            "What has no gradient does not move in step 1. So does anything that you "
            "found differ in step 2?",
        ),
        answer=frozen_at_third_step,
        check=check_frozen_at_third_step,
        takes=(set, frozenset, list, tuple, str),
    ),
]
