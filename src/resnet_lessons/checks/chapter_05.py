"""Chapter 5, gradients and how a net starts: the exercises and their answers."""

import copy
import math

import torch
import torch.nn.functional as F
from torch import nn

from .exercise import Exercise
from .judges_05 import check_dead_biases, check_he_std
from .judges_05_fold import check_fold
from .judges_05_norm import check_normalise


def he_std(in_channels, out_channels, kernel_size, mode):
    channels = in_channels if mode == "fan_in" else out_channels
    fan = channels * kernel_size**2
    return math.sqrt(2 / fan)


def normalise(x, mean, var, training, momentum=0.1, eps=1e-5):
    axes = [axis for axis in range(x.ndim) if axis != 1]
    mu, sigma2 = mean, var
    if training:
        mu, sigma2 = x.mean(axes), x.var(axes, correction=0)  # (C,)
        with torch.no_grad():
            mean.lerp_(mu, momentum)
            var.lerp_(x.var(axes), momentum)
    shape = [1, -1] + [1] * (x.ndim - 2)
    return (x - mu.view(shape)) / (sigma2.view(shape) + eps).sqrt()


def dead_biases(net, pictures, labels):
    net.train()
    net.zero_grad()
    F.cross_entropy(net(pictures), labels).backward()
    return [
        f"{name}.bias"
        for name, layer in net.named_modules()
        if isinstance(layer, nn.Conv2d)
        and layer.bias is not None
        and layer.bias.grad.norm() < 1e-3 * layer.weight.grad.norm()
    ]


def fold(conv, norm):
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)  # (out,)
    bias = 0 if conv.bias is None else conv.bias
    folded = copy.deepcopy(conv)
    with torch.no_grad():
        folded.weight *= scale[:, None, None, None]
        folded.bias = nn.Parameter(norm.bias + (bias - norm.running_mean) * scale)
    return folded


EXERCISES = [
    Exercise(
        id="05.1",
        title="He's standard deviation",
        prompt="""\
Write `he_std(in_channels, out_channels, kernel_size, mode)`: the standard deviation
with which He and others draw the weights of a square convolution in a net of ReLUs.
With `mode="fan_in"` the signal keeps its size on its way *forward*, with
`mode="fan_out"` the gradient keeps its size on its way *back*.
""",
        starter="""\
def he_std(in_channels, out_channels, kernel_size, mode):
    return ...
""",
        hints=(
            "Forward, one output is a sum. Over how many products? Count channels and "
            "the cells of the kernel.",
            "Back, one input is reached by the gradients of all the outputs that it "
            "went into: with stride 1, `out_channels` for each cell of the kernel.",
            "The variance is 2 / fan, the 2 for what the ReLU takes away. You are "
            "asked for its root.",
        ),
        answer=he_std,
        check=check_he_std,
    ),
    Exercise(
        id="05.2",
        title="Batch normalisation, in both modes",
        prompt="""\
Write batch normalisation as a function, without γ and β:
`normalise(x, mean, var, training, momentum=0.1, eps=1e-5)`. `x` has the shape
$(B, C, \\ldots)$: behind the channels come any number of further axes, or none.
`mean` and `var` are the running averages, one number for each channel.

- In training, each channel is normalised with its own mean and variance over the batch
  and all further axes, the variance with $n$ in the denominator. The gradient passes
  through both. And `mean` and `var` move *in place*: `momentum` is the part that the
  batch gets in them, in `var` with $n - 1$ in the denominator of its variance.
- In evaluation `mean` and `var` normalise, and stay as they were.

`x` stays as it was. PyTorch's own normalisations, such as `F.batch_norm`, are not
called.
""",
        starter='''\
import torch


def normalise(x, mean, var, training, momentum=0.1, eps=1e-5):
    """x: (B, C, ...), mean and var: (C,) -> (B, C, ...)"""
    raise NotImplementedError
''',
        hints=(
            "Which axes do you average over? All but one, however many there are: "
            "`mean` and `var` take a list of axes.",
            "A mean of the shape (C,) is laid along the *last* axis of x. Give it as "
            "many axes as x has, of length 1 but for the channels: for four of them "
            "`mu.view(1, -1, 1, 1)`.",
            "`a.lerp_(b, 0.1)` writes into `a`; `a = …` does not. Move the averages "
            "under `torch.no_grad()`, and nothing else: the output needs its gradient. "
            "`x.var(axes)` divides by n - 1, `x.var(axes, correction=0)` by n.",
        ),
        answer=normalise,
        check=check_normalise,
    ),
    Exercise(
        id="05.3",
        title="Find the dead biases",
        prompt="""\
Write `dead_biases(net, pictures, labels)`: the names of the convolution biases that
can learn nothing while the net trains, such as `"0.bias"`, as a list in the order of
`net.named_parameters()`. The loss is the cross-entropy. Rounding leaves a dead bias
with a gradient that is not exactly 0; call it dead when its norm is below one
thousandth of that of the *same layer's* weight. The net may come in evaluation mode,
and may carry gradients from before.
""",
        starter='''\
import torch.nn.functional as F
from torch import nn


def dead_biases(net, pictures, labels):
    """The names of parameters: a list of str."""
    raise NotImplementedError
''',
        hints=(
            "One forward and one backward pass, in training mode: `net.train()`. Old "
            "gradients would be added to: `net.zero_grad()`.",
            "`net.named_modules()` gives (name, layer). Keep each `nn.Conv2d` whose "
            "`bias` is not `None`.",
            "Compare `layer.bias.grad.norm()` with `layer.weight.grad.norm()`. A "
            "layer deep in a net without normalisation has tiny gradients in both, "
            "and is not dead in this sense.",
        ),
        answer=dead_biases,
        check=check_dead_biases,
    ),
    Exercise(
        id="05.4",
        title="A BatchNorm that costs nothing",
        prompt="""\
In evaluation mode a batch normalisation multiplies each channel by one number and adds
another. `conv` is an `nn.Conv2d`, perhaps with a bias, perhaps with groups; `norm` is
the `nn.BatchNorm2d` behind it. Write `fold(conv, norm)`, which returns *one* new
`nn.Conv2d` with a bias that puts out what `norm(conv(x))` does in evaluation mode, for
every $x$. Both may come in any mode, and both stay as they were, their mode included.
""",
        starter='''\
import copy

import torch
from torch import nn


def fold(conv, norm):
    """A convolution that gives norm(conv(x)), as in evaluation."""
    raise NotImplementedError
''',
        hints=(
            "Put $w * x + b$ in the place of the norm's input, and multiply out. What "
            "stands before $x$, and what stands alone?",
            "The norm holds γ in `weight`, β in `bias`, and ε in `eps`; in evaluation "
            "it takes `running_mean` and `running_var`. Each has one number for each "
            "output channel, which is axis 0 of the convolution's weight.",
            "With $s = \\gamma / \\sqrt{\\sigma^2 + \\epsilon}$ the weight is $s w$, "
            "the bias $\\beta + s\\,(b - \\mu)$, where $b = 0$ if `conv` has none.",
        ),
        answer=fold,
        check=check_fold,
    ),
]
