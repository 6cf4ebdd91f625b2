"""Chapter 1: a convolution at one place, its matrix, and digits that are moved."""

from textwrap import fill

import numpy as np

from .curves import LETTERS, MARKERS, TITLE
from .display import COLOURS, STYLE, Figure, beside, show


def convolving(picture, kernel, output, place: tuple[int, int]) -> Figure:
    """The numbers of one place: `picture` (H, W), `kernel` (k, k), `output` (H', W').

    place: row and column of the output, counted from 0; stride 1, no padding.
    """
    row, column = place
    size = len(picture)
    k, value = len(kernel), output[row][column]
    where = f"row {row + 1}, column {column + 1}"
    # Both panels are as many cells wide, so that all cells are of one size.
    wide = len(kernel[0]) + len(output[0]) + 0.5
    window = picture[row : row + k, column : column + k]
    return beside(
        show(
            _numbers([("picture", picture, (row, column, k))], wide, size),
            f"A picture of {size} × {len(picture[0])} numbers with a window of "
            f"{k} × {k} whose top left corner is {where}. In it stand, row by row: "
            f"{_listed(window)}.",
        ),
        show(
            _numbers(
                [("kernel", kernel, None), ("output", output, (row, column, 1))],
                wide,
                size,
            ),
            f"The {k} × {k} weights of the kernel, row by row: {_listed(kernel)}. "
            f"Beside it the output: in {where} stands {value:g}.",
        ),
    )


def _listed(grid) -> str:
    """Such as "1, 2; 3, 4"."""
    return "; ".join(", ".join(f"{number:g}" for number in row) for row in grid)


def _numbers(grids, wide: float, high: int):
    """Grids of numbers side by side in a figure `wide` × `high` cells large.

    grids: (title, numbers, window); the window (row, column, side) gets a frame.
    """
    from matplotlib import pyplot
    from matplotlib.patches import Rectangle

    with pyplot.rc_context(STYLE | {"figure.constrained_layout.use": False}):
        cell, margin = 0.46, 0.3  # inches
        size = (wide * cell + 0.1, high * cell + margin + 0.1)
        figure, left = pyplot.figure(figsize=size), 0.05
        for title, grid, window in grids:
            rows, columns = grid.shape
            bottom = size[1] - margin - rows * cell
            box = [left, bottom, columns * cell, rows * cell]
            ax = figure.add_axes([v / size[i % 2] for i, v in enumerate(box)])
            left += (columns + 0.5) * cell
            most = 1.8 * abs(grid).max()  # pale enough for the numbers
            scale = {"cmap": "PuOr_r", "vmin": -most, "vmax": most}
            if grid.min() >= 0:
                scale = {"cmap": "Greys", "vmin": 0, "vmax": most}
            ax.matshow(grid, **scale)
            for (i, j), number in np.ndenumerate(grid):
                ax.text(j, i, f"{number:g}", ha="center", va="center")
            ax.set(xticks=[], yticks=[])
            ax.set_title(title)
            ax.spines[:].set_visible(True)
            if window:
                row, column, side = window
                corner = (column - 0.5, row - 0.5)
                frame = {"fill": False, "ec": COLOURS[1], "lw": 3}
                ax.add_patch(Rectangle(corner, side, side, clip_on=False, **frame))
        return figure


def weight_matrix(which) -> Figure:
    """The linear layer that a convolution is: a coloured dot for each used weight.

    which: (outputs, inputs), the number of the weight that stands there, from 0, and
    -1 where there is none.
    """
    from matplotlib import colormaps, pyplot

    height, width = which.shape
    weights = int(which.max()) + 1
    with pyplot.rc_context(STYLE):
        figure, ax = pyplot.subplots(figsize=(4.2, 3))
        colours = colormaps["turbo"].resampled(weights)
        for number in range(weights):
            rows, columns = (which == number).nonzero()
            ax.scatter(columns, rows, s=8, marker="s", color=colours(number))
        ax.set(xlim=(-1, width), ylim=(height, -1))
        ax.set(xlabel=f"{width} pixels", ylabel=f"{height} places of the output")
        ax.set_title(f"{height} × {width} weights, {weights} different ones")
        ax.spines[:].set_visible(True)
        used = (which >= 0).mean()
        return show(
            figure,
            f"A matrix of {height} rows and {width} columns. {used:.0%} of it is "
            f"filled, in {weights} diagonal stripes; each stripe is one weight.",
        )


def by_shift(lines: dict[str, list[float]], shifts, title: str) -> Figure:
    """Accuracy (0 to 1) against how far the pictures were moved, a line a label.

    Labels that agree up to a comma, "net" and "net, …", are one net: the second line is
    dashed, in the colour of the first.
    """
    from matplotlib import pyplot

    kinds = list(dict.fromkeys(label.partition(",")[0] for label in lines))
    with pyplot.rc_context(STYLE):
        figure, ax = pyplot.subplots(figsize=(4.2, 5.2))
        for label, values in lines.items():
            kind, comma, _ = label.partition(",")
            number, dashed = kinds.index(kind), "--" if comma else "-"
            colour, marker = COLOURS[number], MARKERS[number]
            percent = [100 * value for value in values]
            look = {"c": colour, "marker": marker, "ms": 5}
            ax.plot(shifts, percent, dashed, label=fill(label, LETTERS), **look)
        ax.set(xlabel="moved by (px)", ylim=(0, 102))
        ax.set_title(fill(title, TITLE))
        ax.axhline(10, color="grey", lw=0.8)
        ax.text(shifts[0], 11.5, "guessing")
        figure.legend(loc="outside lower center", ncols=1)
        words = "; ".join(
            f"{label}: {values[0]:.0%} in place, {values[-1]:.0%} at {shifts[-1]} px"
            for label, values in lines.items()
        )
        alt = f"{title} against how far the digits were moved. {words}. "
        return show(figure, f"{alt}A thin line marks guessing, 10%.")
