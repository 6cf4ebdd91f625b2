"""Chapter 3: grids with their means, and the loss while the learning rate grows."""

import math

import numpy as np

from .curves import looks
from .display import COLOURS, STYLE, Figure, show


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


def learning_rates(rates, losses, chosen: float) -> Figure:
    """The loss while the learning rate grows, and the one we chose."""
    from matplotlib import pyplot

    lowest = min(float(loss) for loss in losses)
    kept = [
        (rate, float(loss))
        for rate, loss in zip(rates, losses, strict=False)
        if math.isfinite(loss) and float(loss) < 3 * lowest
    ]
    with pyplot.rc_context(STYLE):
        figure, ax = pyplot.subplots(figsize=(4.2, 3.2))
        ax.plot(*zip(*kept, strict=True))
        ax.axvline(chosen, color=COLOURS[1], ls="--", label=f"chosen: {chosen:g}")
        ax.set(xscale="log", xlabel="learning rate (log)", title="training loss")
        ax.legend()
        best, least = min(kept, key=lambda point: point[1])
        alt = (
            "Training loss against the learning rate, which grows from batch to batch: "
            f"{kept[0][1]:.2g} at {kept[0][0]:.1g}, lowest with {least:.2g} at "
            f"{best:.1g}, {kept[-1][1]:.2g} at {kept[-1][0]:.1g}. Chosen: {chosen:g}."
        )
        return show(figure, alt)
