"""Chapter 4: known mistakes, each a line of data with its hint."""

import copy

import torch
import torch.nn.functional as F
from torch import nn


def _kernel(x, fill):
    """x through a convolution whose kernel `fill` writes into zeros, then ReLU."""
    channels = x.shape[1]
    kernel = torch.zeros(channels, channels, 3, 3)
    fill(kernel)
    return F.relu(F.conv2d(x, kernel, padding=1))


def _shifted(kernel):
    kernel[:, :, 0, 0] = torch.eye(len(kernel))


def _sums(kernel):
    kernel[:, :, 1, 1] = 1


def _all_of_own(kernel):
    kernel += torch.eye(len(kernel))[:, :, None, None]


# What new layers make of the last grid when their weights are wrong.
WEIGHTS = [
    (
        lambda x: x * 0,
        "Weights of 0 give 0: that is the identity only where a shortcut adds x. Here "
        "the middle weight of each channel's own kernel must be 1.",
    ),
    (
        lambda x: _kernel(x, _sums),
        "The middle weight is 1 for every pair of channels, so each output adds up all "
        "channels. Only where input and output channel agree is it 1.",
    ),
    (
        lambda x: _kernel(x, _all_of_own),
        "All nine weights are 1, so each place adds up its neighbours. Only the middle "
        "one is 1, the others are 0.",
    ),
    (
        lambda x: _kernel(x, lambda kernel: kernel.add_(1)),
        "Every weight is 1: the layer adds up all channels and neighbours. Only the "
        "middle weight of each channel's own kernel is 1.",
    ),
    (
        lambda x: _kernel(x, _shifted),
        "The 1 stands in a corner of the kernel, so the picture moves by one place. "
        "The middle is at [1, 1].",
    ),
    (
        lambda x: x[:, :, 1:-1, 1:-1],
        "The grid got smaller: a 3×3 kernel needs `padding=1` to keep it.",
    ),
    (
        lambda x: x.clamp(max=6),
        "What is above 6 was cut off, as by a ReLU6. Take `nn.ReLU`.",
    ),
    (
        lambda x: x[:, :, ::2, ::2],
        "The grid got smaller: leave the stride of the new layers at 1.",
    ),
]

# What comes out where the new layers are right, but stand or end in the wrong place.
PLACES = [
    (
        lambda net, x: net.stages(x),
        "These are grids, not logits. Return the whole net, with its head.",
    ),
]


def _chain(step):
    """A net of blocks that does `step(F, block, x)` at each."""

    def run(plain, x):
        for block in plain:
            x = step(block[:-1], block, x)
        return x

    return run


_twin = _chain(lambda residual, block, x: F.relu(residual(x) + x))


def _new_averages(plain, x):
    fresh = copy.deepcopy(plain)
    for layer in fresh.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
    return _twin(fresh, x)


def _one_for_all(plain, x):
    y = plain[:-1](x)
    return F.relu(plain[-1][:-1](y) + x)


TWINS = [
    (
        lambda plain, x: plain(x),
        "That is the plain net: no x was added.",
    ),
    (
        _chain(lambda residual, block, x: block(x) + x),
        "The last ReLU comes before the sum, so a block can only add. Take it off the "
        "block, and apply it to the sum.",
    ),
    (
        _chain(lambda residual, block, x: F.relu(block(x) + x)),
        "F still ends in its ReLU, so a block can only add. `block[:-1]` leaves it "
        "off.",
    ),
    (
        _chain(lambda residual, block, x: residual(x) + x),
        "The ReLU after the sum is missing.",
    ),
    (
        _new_averages,
        "The running averages of BatchNorm are new: they were not copied. "
        "`copy.deepcopy(block)` takes them along.",
    ),
    (
        _one_for_all,
        "One shortcut around the whole net. Each block has its own: it adds the x that "
        "came into this block.",
    ),
    (
        lambda plain, x: F.relu(plain(x) + x),
        "One shortcut around the whole net. Each block has its own: it adds the x that "
        "came into this block.",
    ),
]
