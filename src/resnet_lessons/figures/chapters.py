"""Drawings that belong to one chapter."""

import math

from .display import COLOURS, STYLE, Figure, show


def pooling(grids) -> Figure:
    """Chapter 3: `grids` (C, H, W) of numbers, and the mean of each channel."""
    from matplotlib import pyplot

    with pyplot.rc_context(STYLE):
        size = (2.2 * len(grids), 2.9)
        figure, axes = pyplot.subplots(1, len(grids), figsize=size)
        for channel, (ax, grid, colour) in enumerate(
            zip(axes, grids, COLOURS, strict=False)
        ):
            ax.matshow(grid, cmap="Greys", vmin=0, vmax=25)
            for (row, column), value in _items(grid):
                ax.text(column, row, f"{value:g}", ha="center", va="center")
            ax.set(xticks=[], yticks=[])
            ax.set_title(f"channel {channel + 1}", color=colour)
            ax.spines[:].set_visible(True)
            ax.set_xlabel(f"mean {grid.mean():.2f}", color=colour, fontsize=13)
        means = ", ".join(f"{grid.mean():.2f}" for grid in grids)
        return show(figure, f"Three grids of numbers; below each its mean: {means}.")


def _items(grid):
    return (
        ((r, c), value) for r, row in enumerate(grid) for c, value in enumerate(row)
    )


def learning_rates(rates, losses, chosen: float) -> Figure:
    """Chapter 3: the loss while the learning rate grows, and the one we chose."""
    from matplotlib import pyplot

    lowest = min(float(loss) for loss in losses)
    kept = [
        (rate, float(loss))
        for rate, loss in zip(rates, losses, strict=False)
        if math.isfinite(loss) and float(loss) < 3 * lowest
    ]
    with pyplot.rc_context(STYLE):
        figure, ax = pyplot.subplots(figsize=(5.2, 3.2))
        ax.plot(*zip(*kept, strict=True))
        ax.axvline(chosen, color=COLOURS[1], ls="--", label=f"chosen: {chosen:g}")
        ax.set(xscale="log", xlabel="learning rate (log)", title="training loss")
        ax.legend()
        alt = (
            "Training loss against the learning rate, which grows from batch to batch: "
            f"flat, then falling past the chosen {chosen:g}, then rising."
        )
        return show(figure, alt)
