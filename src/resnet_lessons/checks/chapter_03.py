"""Chapter 3, average pooling: the exercises and their reference answers."""

import math
from itertools import pairwise

import torch
from torch import nn

from .exercise import Exercise
from .judges_03 import (
    check_fully_convolutional,
    check_global_average_pool,
    check_head_parameters,
)
from .judges_03_between import check_log_sum_exp_pool


def global_average_pool(x):
    return x.mean(dim=(2, 3))  # (B, C, H, W) -> (B, C)


def head_parameters(channels, grid, num_classes, pooled):
    features = channels if pooled else channels * grid * grid
    return (features + 1) * num_classes  # the 1 is the bias


def fully_convolutional(widths, num_classes):
    layers = []
    for in_channels, out_channels in pairwise([3, *widths]):
        layers += [
            nn.Conv2d(in_channels, out_channels, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        ]
    layers += [
        nn.AdaptiveAvgPool2d(1),  # (B, C, 1, 1)
        nn.Flatten(),  # (B, C)
        nn.Linear(widths[-1], num_classes),  # (B, num_classes)
    ]
    return nn.Sequential(*layers)


def log_sum_exp_pool(x, r):
    places = x.shape[2] * x.shape[3]
    return (torch.logsumexp(r * x, dim=(2, 3)) - math.log(places)) / r


EXERCISES = [
    Exercise(
        id="03.1",
        title="Global average pooling by hand",
        prompt="""\
Write `global_average_pool(x)`. It takes a batch of activations of shape
$(B, C, H, W)$ and returns their means over the grid, of shape $(B, C)$: one value per
channel of each image. It must work for every $H$ and $W$, and the gradient must find
its way back to `x`: stay in PyTorch.
""",
        starter='''\
import torch


def global_average_pool(x):
    """(B, C, H, W) -> (B, C)"""
    raise NotImplementedError
''',
        hints=(
            "Which two of the four axes disappear?",
            "`x.mean(dim=…)` takes one axis or a tuple of axes, counted from 0.",
            "Height is axis 2 and width is axis 3.",
        ),
        answer=global_average_pool,
        check=check_global_average_pool,
    ),
    Exercise(
        id="03.2",
        title="What a head costs",
        prompt="""\
The last grid of a net has `channels` channels and `grid` × `grid` places. One linear
layer turns it into `num_classes` logits. If `pooled` is true the grid is averaged
first, otherwise it is flattened. Write
`head_parameters(channels, grid, num_classes, pooled)`: how many numbers does this head
learn?
""",
        starter="""\
def head_parameters(channels, grid, num_classes, pooled):
    return ...
""",
        hints=(
            "How many numbers per image reach the linear layer in each case?",
            "Pooling learns nothing. A linear layer has a matrix and a bias.",
            "The matrix has inputs × classes entries, the bias one for each class.",
        ),
        answer=head_parameters,
        check=check_head_parameters,
    ),
    Exercise(
        id="03.3",
        title="Repair a net that takes no image",
        prompt="""\
The author of this net lost two lines: the linear layer stops with an error about
shapes. Repair `fully_convolutional(widths, num_classes)` so that the net takes RGB
images of every size, 33×47 pixels and a single pixel too, and returns one row of
`num_classes` logits for each image. With the same weights it must equal
`nets.FullyConvolutional`.
""",
        starter="""\
from itertools import pairwise

from torch import nn


def fully_convolutional(widths, num_classes):
    layers = []
    for in_channels, out_channels in pairwise([3, *widths]):
        layers += [
            nn.Conv2d(in_channels, out_channels, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        ]
    layers += [nn.Linear(widths[-1], num_classes)]
    return nn.Sequential(*layers)
""",
        hints=(
            "What is the shape before the linear layer, and which one does it want?",
            "`nn.AdaptiveAvgPool2d(1)` makes a grid of 1×1 from every grid.",
            "Two axes of length 1 are left: `nn.Flatten()` takes them away.",
        ),
        answer=fully_convolutional,
        check=check_fully_convolutional,
    ),
    Exercise(
        id="03.4",
        title="Between mean and maximum",
        prompt="""\
One pool has the mean and the maximum as its two ends. For each channel,

$$y_c = \\frac{1}{r} \\ln \\Big( \\frac{1}{HW} \\sum_{i,j} e^{r\\,x_{c,i,j}} \\Big).$$

With a small $r > 0$ this is nearly the mean, with a large one nearly the maximum
(Pinheiro and Collobert, 2015). Write `log_sum_exp_pool(x, r)` for `x` of shape $(B, C,
H, W)$; it returns $(B, C)$. It must work for $r$ from 0.1 up, and for $r\\,x$ in the
thousands, of either sign, where $e^{r\\,x}$ becomes `inf` or 0 in a float. The gradient
must find its way back to `x`.
""",
        starter='''\
import math

import torch


def log_sum_exp_pool(x, r):
    """(B, C, H, W), r > 0 -> (B, C)"""
    raise NotImplementedError
''',
        hints=(
            "Let $m$ be the largest $r\\,x$ of a channel. Write each "
            "$e^{r x}$ as $e^{m} e^{r x - m}$. What does the logarithm make of the "
            "first factor, and how large can the second be?",
            "`torch.logsumexp(t, dim)` is $\\ln \\sum e^t$ and does just that. `dim` "
            "may be a tuple of axes.",
            "The logarithm of a mean is that of the sum minus $\\ln HW$. Divide both "
            "by $r$.",
        ),
        answer=log_sum_exp_pool,
        check=check_log_sum_exp_pool,
    ),
]
