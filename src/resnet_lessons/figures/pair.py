"""Chapters 4 and 6: a plain and a residual block of the same layers."""

from .display import COLOURS, Figure, show
from .drawing import arrow, mark, sheet

STEP, HALF = 0.55, 0.16  # from a box to the next one, half a box, in inches
WIDE, ASIDE = 2.3, 0.95  # of one block; from its layers to its shortcut


def two_blocks(residual) -> Figure:
    """The layers of `residual` as a plain block and as a residual one.

    From top to bottom, as in He et al. 2015, figure 2. residual: convolutions, ReLUs
    and BatchNorms in a row; a BatchNorm stands in the box of its convolution.
    """
    words = _layers(residual)
    height = STEP * (len(words) + 3) + 0.5
    with sheet(2 * WIDE, height) as (figure, ax):
        for number, name in enumerate(["plain block", "residual block"]):
            middle = WIDE * (number + 0.45)
            look = {"ha": "center", "va": "center", "weight": "bold"}
            ax.text(middle, height - 0.15, name, **look)
            _block(ax, middle, height - 0.45, words, skips=number == 1)
        return show(
            figure,
            f"Two blocks of the same layers: {', '.join(words)}, ReLU. In the residual "
            "one x also goes around all but the last ReLU, and is added before it.",
        )


def _layers(residual) -> list[str]:
    """Words for each box."""
    words = []
    for layer in residual:
        kernel = getattr(layer, "kernel_size", None)
        if kernel:
            words.append(f"conv {kernel[0]} × {kernel[1]}")
        elif hasattr(layer, "running_mean"):
            words[-1] += ", BN"
        else:
            words.append(type(layer).__name__)
    return words


def _block(ax, x, y, words, skips):
    """A block whose input is written at (x, y)."""
    ax.text(x, y, "$x$", ha="center", va="center")
    above, fork = y - 0.1, y - 0.22
    for word in words:
        y = _box(ax, x, y, above, word)
        above = y - HALF
    end = "$\\mathcal{F}(x)$"
    if skips:
        y -= STEP
        way = [(x, fork), (x + ASIDE, fork), (x + ASIDE, y), (x + 0.3, y)]
        ax.plot(*zip(*way, strict=True), color=COLOURS[1], lw=2)
        ax.text(x + ASIDE + 0.08, (fork + y) / 2, "$x$", va="center")
        arrow(ax, (x + 0.3, y), (x + 0.14, y))
        arrow(ax, (x, above), (x, y + 0.14))
        ax.text(x - 0.08, (above + y + 0.14) / 2, end, ha="right", va="center")
        mark(ax, x, y, "+", COLOURS[1], "circle")
        above, end = y - 0.14, f"{end}$ + x$"
    last = _box(ax, x, y, above, "ReLU")
    ax.text(x - 0.08, (above + last + HALF) / 2, end, ha="right", va="center")
    arrow(ax, (x, last - HALF), (x, last - HALF - 0.28))


def _box(ax, x, y, above, word) -> float:
    """A box one step below y, with the arrow that enters it; its middle."""
    arrow(ax, (x, above), (x, y - STEP + HALF))
    mark(ax, x, y - STEP, word, COLOURS[0], "square")
    return y - STEP
