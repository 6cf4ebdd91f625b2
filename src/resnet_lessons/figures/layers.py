"""Chapter 5: one value for each layer, on a scale of powers of ten."""

import math

from .curves import looks
from .display import STYLE, Figure, show


def by_layer(lines: dict[str, list[float]], title: str) -> Figure:
    """A line for each label: its values from the first layer to the last, log scale.

    An exact 0 has no place on such a scale, nor has what is no number: layers with
    either are left out, and the legend counts them.
    """
    from matplotlib import pyplot

    with pyplot.rc_context(STYLE):
        figure, ax = pyplot.subplots(figsize=(5.6, 4.2))
        for (label, values), colour, marker in looks(lines.items()):
            zeros = values.count(0)
            label += f" ({zeros} layers: exactly 0)" if zeros else ""
            lost = sum(not math.isfinite(v) for v in values)
            label += f" ({lost} layers: no number)" if lost else ""
            drawn = [v if v > 0 and math.isfinite(v) else math.nan for v in values]
            layers = range(1, len(values) + 1)
            ax.plot(layers, drawn, c=colour, marker=marker, label=label)
        ax.set(yscale="log", xlabel="convolution (1 = first)", title=title)
        ax.xaxis.get_major_locator().set_params(integer=True)
        for line in ax.lines:
            line.set(markersize=4, linewidth=1)
        figure.legend(loc="outside lower center", ncols=1)
        words = "; ".join(f"{k}: {v[0]:.2g} to {v[-1]:.2g}" for k, v in lines.items())
        return show(figure, f"{title}, from the first layer to the last. {words}.")
