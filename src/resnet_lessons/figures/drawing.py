"""A blank sheet in inches, with arrows and framed words: what diagrams are made of."""

from contextlib import contextmanager

from .display import STYLE


@contextmanager
def sheet(width: float, height: float, bottom: float = 0):
    """A figure and its axes: x from 0 to `width`, y from `bottom`, in inches; no frame.

    Letters drawn within have the size of the book's figures.
    """
    from matplotlib import pyplot

    with pyplot.rc_context(STYLE | {"figure.constrained_layout.use": False}):
        figure = pyplot.figure(figsize=(width, height))
        ax = figure.add_axes([0, 0, 1, 1])
        ax.set(xlim=(0, width), ylim=(bottom, bottom + height))
        ax.axis("off")
        yield figure, ax


def arrow(ax, start, end):
    """From `start` to `end`, (x, y) each; its tip ends exactly there."""
    look = {"arrowstyle": "-|>", "fc": "black", "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=look)


def mark(ax, x, y, text, colour, shape):
    """Text in a frame of a matplotlib `boxstyle`; its middle is (x, y)."""
    box = {"boxstyle": shape, "fc": "white", "ec": colour, "lw": 1.5}
    ax.text(x, y, text, ha="center", va="center", bbox=box)
