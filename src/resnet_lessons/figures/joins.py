"""Appendix E: five blocks that differ in how x and F(x) are joined."""

from .display import COLOURS, Figure, show
from .drawing import arrow, mark, sheet

# name: what x is multiplied by, what F(x) is, the sign of the join, and all in words
JOINS = {
    "residual": ("", "", "+", "x plus F(x)"),
    "gated": ("$(1 - T)$", "$T$", "+", "x times 1 minus T, plus F(x) times T"),
    "scaled": ("", r"$\alpha$", "+", "x plus F(x) times alpha"),
    "dropped": ("", "$b$", "+", "x plus F(x) times b"),
    "dense": ("", "", "[$x$, F]", "x beside F(x), their channels joined"),
}
ACROSS, DOWN = 1.4, 2.1  # of one block, in inches
LEFT, RIGHT = 0.35, 1.05  # where x and F(x) rise


def joins() -> Figure:
    """The blocks in two rows; x enters each from below, on the left."""
    with sheet(3 * ACROSS, 2 * DOWN) as (figure, ax):
        for number, (name, (*parts, _)) in enumerate(JOINS.items()):
            row, column = divmod(number, 3)
            _block(ax, ACROSS * column, DOWN * (1 - row), name, *parts)
        said = "; ".join(f"{name}: {words}" for name, (*_, words) in JOINS.items())
        return show(figure, f"Five blocks, each with x and a branch F. {said}.")


def _block(ax, x, y, name, on_x, on_f, sign):
    """One block whose lower left corner is (x, y)."""
    left, right = x + LEFT, x + RIGHT
    arrow(ax, (left, y + 0.4), (left, y + 1.62))
    ax.plot([left, right], [y + 0.55] * 2, "black", lw=1)
    ax.plot([right] * 2, [y + 0.55, y + 1.75], "black", lw=1)
    tip = left + (0.14 if sign == "+" else 0.28)
    arrow(ax, (right, y + 1.75), (tip, y + 1.75))
    arrow(ax, (left, y + 1.88), (left, y + 2.1))
    shape = "circle" if sign == "+" else "round"
    mark(ax, left, y + 1.75, sign, COLOURS[1], shape)
    mark(ax, right, y + 0.87, "F", COLOURS[0], "square,pad=0.5")
    for place, factor in (left, on_x), (right, on_f):
        if factor:
            mark(ax, place, y + 1.35, rf"$\times\,${factor}", COLOURS[2], "round")
    ax.text(left, y + 0.28, "$x$", ha="center", va="center")
    ax.text(right, y + 0.28, name, ha="center", va="center", weight="bold")
