"""Chapter 13: mistakes in directions, each a line of data with its hint."""

import torch


def _lengths(tensor, axes):
    return tensor.square().sum(axes, keepdim=True).sqrt()


def _but_first(tensor):
    return tuple(range(1, tensor.dim()))


def _scaled(direction, weight, axes):
    return direction * _lengths(weight, axes) / _lengths(direction, axes)


def _other_axes(direction, weight):
    return (0, *range(2, weight.dim()))


NORMALISED = [
    (lambda d, w: d, "The direction came back as it was."),
    (
        lambda d, w: _scaled(d, w, tuple(range(d.dim()))),
        "The whole tensor was rescaled by one number. Each filter has a length of its "
        "own: measure over all axes but the first.",
    ),
    (
        lambda d, w: d / _lengths(d, _but_first(d)),
        "Every filter has length 1 now. Multiply by the length of the filter of "
        "`weight`.",
    ),
    (
        lambda d, w: d / _lengths(d, tuple(range(d.dim()))),
        "The whole tensor has length 1 now. Each filter gets the length of the same "
        "filter of `weight`.",
    ),
    (
        lambda d, w: d * _lengths(w, _but_first(w)),
        "Multiplied by the length of the weight's filter, but not divided by its own.",
    ),
    (
        lambda d, w: _scaled(d, w, _other_axes(d, w)),
        "Measured along the wrong axis: these are the lengths for each input. A "
        "filter belongs to an output, the first axis.",
    ),
    (
        lambda d, w: _scaled(d, w, (2, 3)) if d.dim() == 4 else d.sign() * w.abs(),
        "Each k×k kernel was rescaled by itself. A filter takes all inputs together: "
        "measure over all axes but the first.",
    ),
    (
        lambda d, w: d.sign() * w.abs(),
        "Each single number got the size of its weight. Take the length of the whole "
        "filter.",
    ),
    (lambda d, w: d * w, "This is the product, number by number. Measure filters."),
    (
        lambda d, w: (
            d * (_lengths(w, _but_first(w)) / _lengths(d, _but_first(d))).square()
        ),
        "The length is the root of the sum of squares; the root is missing.",
    ),
    (
        lambda d, w: (
            d
            * w.abs().sum(_but_first(w), keepdim=True)
            / d.abs().sum(_but_first(d), keepdim=True)
        ),
        "The length here is Euclidean: the root of the sum of squares, not the sum of "
        "absolute values.",
    ),
    (
        lambda d, w: d * _lengths(d, _but_first(d)) / _lengths(w, _but_first(w)),
        "Upside down: divide by the length of `direction`, multiply by that of "
        "`weight`.",
    ),
    (
        lambda d, w: _scaled(w, d, _but_first(d)),
        "The weight was rescaled. It is the direction that gets a new length.",
    ),
    (
        lambda d, w: w + _scaled(d, w, _but_first(d)),
        "The weight was added already. Return the direction alone.",
    ),
    (lambda d, w: torch.zeros_like(w), "Zero is for tensors with one axis only."),
    (
        lambda d, w: _scaled(d, w, _but_first(d)).flatten(1),
        "The values are right. Give them the shape back: `reshape(weight.shape)`.",
    ),
]
STILL = [
    (lambda d, w: d, "The direction of a bias came back as it was."),
    (
        lambda d, w: d * w.norm() / d.norm(),
        "The bias was taken for one filter. It does not move at all: return zeros.",
    ),
    (
        lambda d, w: d.sign() * w.abs(),
        "Each number of the bias was taken for a filter. It does not move at all: "
        "return zeros.",
    ),
    (
        lambda d, w: d / d.norm(),
        "The bias was taken for one filter. It does not move at all: return zeros.",
    ),
    (lambda d, w: w, "That is the bias itself; its direction is 0."),
    (
        lambda d, w: torch.tensor(0.0),
        "One zero is not enough: a zero for each number, `torch.zeros_like(weight)`.",
    ),
]
