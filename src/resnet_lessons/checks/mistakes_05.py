"""Chapter 5: mistakes in a standard deviation, each with its hint."""

import math


def _fan(in_channels, out_channels, kernel_size, mode):
    return (in_channels if mode == "fan_in" else out_channels) * kernel_size**2


def _of_fan(std):
    """The result of someone who has the fan right, but not what follows."""
    return lambda *case: std(_fan(*case))


STDS = [
    (
        _of_fan(lambda fan: 2 / fan),
        "That is the variance. The standard deviation is its root.",
    ),
    (
        _of_fan(lambda fan: math.sqrt(1 / fan)),
        "The factor 2 is missing: the ReLU removes half of the mean square.",
    ),
    (
        _of_fan(lambda fan: 1 / fan),
        "That is half of the variance. You are asked for its root, and `** 1 / 2` only "
        "divides by 2: write `** 0.5`.",
    ),
    (
        _of_fan(lambda fan: math.sqrt(1 / (3 * fan))),
        "That is what PyTorch does by default. He's variance is six times as large.",
    ),
    (
        _of_fan(lambda fan: math.sqrt(6 / fan)),
        "That is the bound of a uniform distribution with He's variance.",
    ),
    (_of_fan(lambda fan: 2 / math.sqrt(fan)), "The 2 belongs under the root."),
    (_of_fan(lambda fan: math.sqrt(fan / 2)), "Upside down: the variance is 2 / fan."),
    (
        lambda i, o, k, mode: math.sqrt(2 / _fan(i, o, k, "fan_out")),
        "Forward, an output sums over the input channels: that is `fan_in`.",
    ),
    (
        lambda i, o, k, mode: math.sqrt(2 / _fan(i, o, k, "fan_in")),
        "Back, an input is reached from the output channels: that is `fan_out`.",
    ),
    (
        lambda i, o, k, mode: math.sqrt(2 / (_fan(i, o, 1, mode) * k)),
        "The kernel is square: it has kernel_size × kernel_size cells.",
    ),
    (
        lambda i, o, k, mode: math.sqrt(2 / _fan(i, o, 1, mode) * k * k),
        "Python divides first, then multiplies by the kernel. Put brackets around the "
        "whole fan.",
    ),
    (
        lambda i, o, k, mode: math.sqrt(2 / _fan(i, o, 1, mode)),
        "Each cell of the kernel brings a product of its own: count those, too.",
    ),
    (
        lambda i, o, k, mode: math.sqrt(2 / ((i + o) * k * k)),
        "That is Glorot's compromise between both directions. He takes one of them.",
    ),
    (
        lambda i, o, k, mode: math.sqrt(2 / (i * o * k * k)),
        "One output does not sum over all weights of the layer, only over those that "
        "lead to it.",
    ),
    (
        _of_fan(lambda fan: math.sqrt(2 // fan)),
        "Rounded down to 0, by `//` or `int`. Divide with `/`, and keep the fraction.",
    ),
    *[
        (power, "`^` is no power in Python. Write `**`.")
        for power in (
            lambda i, o, k, mode: math.sqrt(2 / (_fan(i, o, 1, mode) * (k ^ 2))),
            lambda i, o, k, mode: math.sqrt(2 / ((_fan(i, o, 1, mode) * k) ^ 2)),
        )
    ],
]
