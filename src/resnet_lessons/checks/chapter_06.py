"""Chapter 6, skip connections: the exercises and their reference answers."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from .exercise import Exercise
from .judges_06 import (
    check_gradient_terms,
    check_shortcut_a,
    check_shortcut_parameters,
)
from .judges_06_fold import check_without_skip


def shortcut_a(x, out_channels, stride):
    x = x[:, :, ::stride, ::stride]  # (B, C, H / stride, W / stride)
    extra = out_channels - x.shape[1]
    return F.pad(x, (0, 0, 0, 0, 0, extra))  # from the last axis: W, H, then C


def shortcut_parameters(in_channels, out_channels, stride, option):
    keeps_shape = stride == 1 and in_channels == out_channels
    if option == "A" or (option == "B" and keeps_shape):
        return 0
    return in_channels * out_channels + 2 * out_channels  # 1×1 convolution; γ and β


def gradient_terms(residual, x, g):
    x = x.detach().requires_grad_()
    (through_residual,) = torch.autograd.grad(residual(x), x, grad_outputs=g)
    return g, through_residual


def without_skip(conv):
    identity = nn.init.dirac_(torch.empty_like(conv.weight), conv.groups)
    folded = copy.deepcopy(conv)
    with torch.no_grad():
        folded.weight += identity
    return folded


EXERCISES = [
    Exercise(
        id="06.1",
        title="A shortcut without parameters",
        prompt="""\
Write option A as a function: `shortcut_a(x, out_channels, stride)`. From `x` of shape
$(B, C, H, W)$ it takes every `stride`-th row and column, the first ones included, and
appends channels of zeros behind those of `x` until there are `out_channels`. An odd
grid rounds up: 9×7 becomes 5×4 at stride 2. `x` itself is not changed.
""",
        starter='''\
import torch.nn.functional as F


def shortcut_a(x, out_channels, stride):
    """(B, C, H, W) -> (B, out_channels, H / stride, W / stride)"""
    raise NotImplementedError
''',
        hints=(
            "Two steps: pick positions, then add channels. A slice `start:stop:step` "
            "picks; here only the step is needed.",
            "`x[:, :, ::stride, ::stride]` leaves the batch and the channels alone.",
            "`F.pad` takes pairs (before, after), the *last* axis first: "
            "`F.pad(x, (0, 0, 0, 0, 0, extra))` appends to the channels.",
        ),
        answer=shortcut_a,
        check=check_shortcut_a,
    ),
    Exercise(
        id="06.2",
        title="What a shortcut costs",
        prompt="""\
Write `shortcut_parameters(in_channels, out_channels, stride, option)`: how many numbers
does the shortcut of one basic block learn? `option` is `"A"` (pad with zeros), `"B"`
(project where the shape changes) or `"C"` (project always). A projection is a 1×1
convolution without bias, followed by BatchNorm.
""",
        starter="""\
def shortcut_parameters(in_channels, out_channels, stride, option):
    return ...
""",
        hints=(
            "When is the shortcut of option B the identity? Both the channels and the "
            "grid must stay.",
            "A 1×1 convolution is a matrix: one weight for each pair of an input and "
            "an output channel. The stride changes where it looks, not how many "
            "weights it has.",
            "BatchNorm learns one γ and one β for each channel that it is given.",
        ),
        answer=shortcut_parameters,
        check=check_shortcut_parameters,
    ),
    Exercise(
        id="06.3",
        title="Two terms of one gradient",
        prompt="""\
A block computes $y = \\mathcal{F}(x) + x$, with no ReLU after the sum. `residual` is
$\\mathcal{F}$, a module; `g` is $\\partial L / \\partial y$, of the shape of `x`.
Write `gradient_terms(residual, x, g)`, which returns the two terms that add up to
$\\partial L / \\partial x$, as a pair of tensors: first the one that came through the
shortcut, then the one that came through $\\mathcal{F}$. Leave no trace: `x`, the
`.grad` of the parameters and the mode of `residual` stay as they were.
""",
        starter="""\
import torch


def gradient_terms(residual, x, g):
    through_shortcut = ...
    through_residual = ...
    return through_shortcut, through_residual
""",
        hints=(
            "The derivative of $x$ with respect to $x$ is 1. So what arrives through "
            "the shortcut?",
            "Autograd needs an input that asks for a gradient. Do not change the one "
            "that you are given: `x = x.detach().requires_grad_()`.",
            "`torch.autograd.grad(residual(x), x, grad_outputs=g)` multiplies `g` by "
            "the derivative of $\\mathcal{F}$, and returns a tuple of one.",
        ),
        answer=gradient_terms,
        check=check_gradient_terms,
    ),
    Exercise(
        id="06.4",
        title="A skip around one layer",
        prompt="""\
Where $\\mathcal{F}$ is a single layer, $\\mathcal{F}(x) + x$ "is similar to a linear
layer", as the paper says (section 3.2); it saw no advantage in such a block. Show that
one layer can compute the sum. `conv` is an `nn.Conv2d` that keeps the shape of its
input: as many channels out as in, stride 1, an odd square kernel, padded with zeros.
Write `without_skip(conv)`, which returns *one* new `nn.Conv2d` that puts out
$\\mathrm{conv}(x) + x$ for every $x$, with the same kernel size and groups as `conv`,
and a bias only if `conv` has one. `conv` itself stays as it was, and the new one can
learn.
""",
        starter='''\
import copy

import torch
from torch import nn


def without_skip(conv):
    """A convolution that gives conv(x) + x."""
    raise NotImplementedError
''',
        hints=(
            "Both are sums over the same window. Which pixel of the window is x? And "
            "in which channel must it count once more?",
            "The kernel that copies its input has a one in the middle, from each "
            "channel to itself, and zeros elsewhere. Add it to a copy of `conv`, under "
            "`torch.no_grad()`.",
            "A weight has the shape (out, in / groups, k, k): channel $c$ finds itself "
            "at place $c$ modulo in / groups. `nn.init.dirac_(tensor, groups)` writes "
            "just that kernel.",
        ),
        answer=without_skip,
        check=check_without_skip,
    ),
]
