"""Chapter 6, skip connections: the exercises and their reference answers."""

import copy

import torch
from torch import nn

from .exercise import Exercise
from .judges_06 import (
    check_gradient_terms,
    check_shortcut_a_backward,
    check_shortcut_parameters,
)
from .judges_06_fold import check_without_skip


def shortcut_a_backward(g, shape, stride):
    at_x = g.new_zeros(shape)  # nothing comes to what was never read
    at_x[:, :, ::stride, ::stride] = g[:, : shape[1]]  # the other channels were zeros
    return at_x


def shortcut_parameters(in_channels, out_channels, stride, option):
    keeps_shape = stride == 1 and in_channels == out_channels
    if option == "A" or (option == "B" and keeps_shape):
        return 0
    return in_channels * out_channels + 2 * out_channels  # 1×1 convolution; γ and β


def gradient_terms(residual, x, g):
    x = x.detach().requires_grad_()
    y = copy.deepcopy(residual)(x)  # in training its BatchNorms move their averages
    (through_residual,) = torch.autograd.grad(y, x, grad_outputs=g)
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
        title="Back through option A",
        prompt="""\
The shortcut of option A takes every `stride`-th row and column of $x$, the first ones
included, and appends channels of zeros behind those of $x$. An odd grid rounds up: 9×7
becomes 5×4 at stride 2. Write its way back by hand:
`shortcut_a_backward(g, shape, stride)`. `g` is $\\partial L / \\partial y$, for its
output $y$; `shape` is that of $x$, $(B, C, H, W)$. Returned is
$\\partial L / \\partial x$. Autograd is switched off while it runs, and `g` stays as it
was.
""",
        starter='''\
import torch


def shortcut_a_backward(g, shape, stride):
    """(B, out_channels, H / stride, W / stride) -> shape, that is (B, C, H, W)"""
    raise NotImplementedError
''',
        hints=(
            "Follow one number of $x$. Where in $y$ does it arrive, how often, and "
            "multiplied by what? Most arrive nowhere: what is their gradient?",
            "The channels behind those of $x$ hold zeros whatever $x$ is. What they "
            "get back reaches nobody.",
            "Begin with zeros of the shape of $x$. The slice that picked on the way "
            "forward, `[:, :, ::stride, ::stride]`, says where to write on the way "
            "back.",
        ),
        answer=shortcut_a_backward,
        check=check_shortcut_a_backward,
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
`.grad` of the parameters, and the mode and the running averages of `residual`, which
may be in training, stay as they were.
""",
        starter="""\
import copy

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
            "the derivative of $\\mathcal{F}$, and returns a tuple of one. In training "
            "a BatchNorm moves its averages in every pass, so send x through a copy: "
            "`copy.deepcopy(residual)`.",
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
