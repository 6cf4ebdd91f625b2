"""Chapter 3: the loss while the learning rate grows."""

import math

from .display import COLOURS, STYLE, Figure, show


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
