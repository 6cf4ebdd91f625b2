"""Chapter 3: grids of numbers, each with its mean."""

import numpy as np

from .curves import looks
from .display import STYLE, Figure, show


def pooling(grids) -> Figure:
    """`grids` (C, H, W) of numbers, and the mean of each channel."""
    from matplotlib import pyplot

    with pyplot.rc_context(STYLE):
        size, words = (1.5 * len(grids), 2.1), []
        figure, axes = pyplot.subplots(1, len(grids), figsize=size, squeeze=False)
        drawn = zip(axes[0], looks(grids), strict=True)
        for channel, (ax, (grid, colour, _)) in enumerate(drawn, 1):
            ax.matshow(grid, cmap="Greys", vmin=0, vmax=25)
            for (row, column), value in np.ndenumerate(grid):
                ax.text(column, row, f"{value:g}", ha="center", va="center")
            ax.set(xticks=[], yticks=[])
            ax.set(title=f"channel {channel}", xlabel=f"mean {grid.mean():.2f}")
            ax.spines[:].set(visible=True, color=colour, linewidth=2)
            span = f"numbers from {grid.min():g} to {grid.max():g}"
            words.append(f"channel {channel}: {span}, mean {grid.mean():.2f}")
        rows, columns = grid.shape
        alt = f"{len(grids)} grids of {rows} × {columns} numbers, below each its mean. "
        return show(figure, f"{alt}{'; '.join(words)}.")
