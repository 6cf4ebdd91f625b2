"""Chapter 9: mistakes in the width of a bottleneck, each with its hint."""

from math import ceil, floor, sqrt


def _middle(c, s, *, budget=18, weights=None):
    """The width of the middle, not yet a whole number."""
    weights = 2 * s + 9 if weights is None else weights
    return sqrt(budget / weights) * c


NOT_WHOLE = "Channels are whole numbers: round the middle down, then multiply."
NONE_FITS = (
    "Here even a middle of one channel does more than the basic block: return 0."
)
WIDTHS = [
    (lambda c, s: s * max(1, floor(_middle(c, s))), NONE_FITS),
    (
        lambda c, s: floor(_middle(c, s)),
        "That is the middle. Return the channels that go in and out: `squeeze` times "
        "as many.",
    ),
    (
        lambda c, s: floor(s * _middle(c, s)),
        "Round the middle down first, then multiply: the middle is a whole number.",
    ),
    (
        lambda c, s: s * ceil(_middle(c, s)),
        "That is one step too far: this bottleneck does more than the basic block.",
    ),
    (
        lambda c, s: s * c,
        "The middle is as wide as the basic block. That is near, but there is room "
        "left, or too little: count both.",
    ),
    (
        lambda c, s: c,
        "With as many channels as the basic block the bottleneck does far less. It may "
        "be wider.",
    ),
    (
        lambda c, s: s * floor(_middle(c, s, budget=9)),
        "The basic block has two convolutions of 3×3.",
    ),
    (
        lambda c, s: s * floor(_middle(c, s, budget=2)),
        "A 3×3 kernel has nine weights for each pair of channels, in the basic block "
        "too.",
    ),
    (
        lambda c, s: s * floor(_middle(c, s, weights=s + 9)),
        "There are two 1×1 convolutions, one down and one up.",
    ),
    (
        lambda c, s: s * floor(_middle(c, s, weights=9)),
        "You counted the 3×3 alone. The two 1×1 touch the wide side: they cost too.",
    ),
    (
        lambda c, s: s * floor(_middle(c, s, weights=2 * s + 1)),
        "The middle one is 3×3: nine weights for each pair of channels.",
    ),
    (
        lambda c, s: s * floor(_middle(c, s, weights=17)),
        "The middle is not always 4 times narrower: the cost depends on `squeeze`.",
    ),
    (
        lambda c, s: 4 * floor(_middle(c, s, weights=17)),
        "The middle is not always 4 times narrower: put `squeeze` in place of 4.",
    ),
    (
        lambda c, s: s * floor(_middle(c, s, weights=11)),
        "A 1×1 joins the middle, `w`, and the outside, `squeeze * w`: it has "
        "`squeeze * w**2` weights, not `w**2`.",
    ),
    (
        lambda c, s: s * floor(_middle(c, s, weights=2 * s * s + 9)),
        "A 1×1 joins the middle, `w`, and the outside, `squeeze * w`: it has "
        "`squeeze * w**2` weights, not `(squeeze * w)**2`.",
    ),
    (
        lambda c, s: s * floor(18 * c * c / (2 * s + 9)),
        "You left out a root: the cost grows with the square of the width.",
    ),
]
