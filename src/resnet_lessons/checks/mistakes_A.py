"""Appendix A: mistakes in padding, each with its hint."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn


def _unlimited(n: int, k: int, s: int) -> int:
    return (-(-n // s) - 1) * s + k - n


def _zeros(n: int, k: int, s: int) -> int:
    """How many zeros `padding="same"` adds to a side of n."""
    return max(_unlimited(n, k, s), 0)


def halved(total: int) -> tuple[int, int]:
    """Before and behind; an odd one stands behind."""
    return total // 2, total - total // 2


def _towards_zero(total: int) -> tuple[int, int]:
    """Halved otherwise if it is negative."""
    return int(total / 2), total - int(total / 2)


def as_keras(n: int, k: int, s: int) -> tuple[int, int]:
    return halved(_zeros(n, k, s))


def _with_pads(x: Tensor, weight: Tensor, stride: int, high, wide) -> Tensor:
    """The convolution of x with these zeros (before, behind); nothing if none fits."""
    padded = nn.functional.pad(x, (*wide, *high))
    try:
        return nn.functional.conv2d(padded, weight, stride=stride)
    except RuntimeError:  # the kernel is larger than what is left
        return torch.empty(0)


def convolved(x: Tensor, weight: Tensor, stride: int, rule=as_keras) -> Tensor:
    """What `padding="same"` gives, or another rule of (n, k, s) for either side."""
    pads = (
        rule(n, k, stride) for n, k in zip(x.shape[2:], weight.shape[2:], strict=True)
    )
    return _with_pads(x, weight, stride, *pads)


def _ruled(rule: Callable) -> Callable:
    """The zeros (before, behind) of a side come from another rule of n, k and s."""
    return partial(convolved, rule=rule)


def _from_total(split: Callable) -> Callable:
    """The right number of zeros, divided otherwise."""
    return _ruled(lambda n, k, s: split(_zeros(n, k, s)))


def _from_sides(high: tuple[int, int], wide: tuple[int, int]) -> Callable:
    """The right rule for the wrong sides: 0 is a height, 1 a width.

    high, wide: which side of x, and which of the kernel, give the zeros of this one.
    """

    def wrong(x, weight, stride):
        pads = (
            as_keras(x.shape[2 + side], weight.shape[2 + of_kernel], stride)
            for side, of_kernel in (high, wide)
        )
        return _with_pads(x, weight, stride, *pads)

    return wrong


ONE_SIDE = "Height and width have zeros of their own. One side's are used for both."
ROUNDS = (
    "The output is n / stride, rounded up: `-(-n // stride)`. The stride need not "
    "divide the side."
)
NEGATIVE = (
    "Below 0 zeros `nn.functional.pad` cuts pixels off. Where the kernel fits without "
    "any, add none: `max(…, 0)`."
)
# What fails in a late case only comes first: there others may give the same.
CONVOLVED = [
    (
        _from_total(lambda total: (round(total / 2), total - round(total / 2))),
        "Half of 3 zeros is rounded up to 2 here: `round` goes to the even number. "
        "Rounded down it is `total // 2`.",
    ),
    (
        _ruled(lambda n, k, s: halved(max((n // s - 1) * s + k - n, 0))),
        ROUNDS,
    ),
    (
        _ruled(lambda n, k, s: halved(max(k - s, 0))),
        "Those are k - stride zeros: right only where the stride divides the side. "
        "Round n / stride up.",
    ),
    (
        _ruled(lambda n, k, s: halved(k - 1)),
        "Those are k - 1 zeros, as at stride 1. PyTorch's `padding=k // 2` gives the "
        "same numbers with an odd kernel. At a larger stride fewer zeros will do.",
    ),
    (
        _ruled(lambda n, k, s: (k // 2, k // 2)),
        "`padding=k // 2` adds k zeros to a side if k is even, as many before as "
        "behind. Work out how many are needed, and pad first.",
    ),
    (
        _from_total(lambda total: (total - total // 2, total // 2)),
        "Of an odd number of zeros the greater half stands before. Only half of them, "
        "rounded down, go there.",
    ),
    (
        _from_total(lambda total: (total, 0)),
        "All zeros stand before. Half of them, rounded down, go there.",
    ),
    (
        _from_total(lambda total: (0, total)),
        "All zeros stand behind. Half of them, rounded down, go before.",
    ),
    (
        _from_total(lambda total: (total, total)),
        "All zeros are on either side. They are divided between the two.",
    ),
    (
        _from_total(lambda total: (total // 2, total // 2)),
        "Of an odd number of zeros one is lost: it goes behind the last pixel.",
    ),
    (
        _ruled(lambda n, k, s: (0, 0)),
        "Nothing is padded here.",
    ),
    (
        _ruled(lambda n, k, s: (0, 1)),
        "One zero behind is enough for the page's kernel of 3 × 3, stride 2 and an "
        "even side. Work out how many there are.",
    ),
    (_ruled(lambda n, k, s: halved(_unlimited(n, k, s))), NEGATIVE),
    (
        _ruled(lambda n, k, s: _towards_zero(_unlimited(n, k, s))),
        NEGATIVE,
    ),
    (
        _from_sides((1, 1), (0, 0)),
        "Height and width are swapped. `nn.functional.pad` begins with the last axis: "
        "left, right, top, bottom.",
    ),
    (_from_sides((0, 0), (0, 0)), ONE_SIDE),
    (_from_sides((1, 1), (1, 1)), ONE_SIDE),
    (
        _from_sides((0, 1), (1, 0)),
        "The sides of the kernel are swapped: its height goes with that of x.",
    ),
    (
        _from_sides((0, 0), (1, 0)),
        "The kernel need not be square: its width goes with that of x.",
    ),
    (
        _from_sides((0, 1), (1, 1)),
        "The kernel need not be square: its height goes with that of x.",
    ),
    (
        lambda x, weight, stride: convolved(x, weight.flip(2, 3), stride),
        "The kernel is turned round. Neither Keras nor PyTorch does that.",
    ),
    (
        lambda x, weight, stride: convolved(x, weight, 1),
        "That is the output of stride 1. Give the stride to the convolution.",
    ),
]
