"""Chapter 5: one value for each layer, on a scale of powers of ten."""

import math
from textwrap import fill

from .curves import LETTERS, TITLE, looks
from .display import STYLE, Figure, show


def by_layer(lines: dict[str, list[float]], title: str) -> Figure:
    """A line for each label: its values from the first layer to the last, log scale.

    An exact 0 has no place on such a scale, nor has what is no number: layers with
    either are left out, and the legend counts them.
    """
    from matplotlib import pyplot

    with pyplot.rc_context(STYLE):
        figure, ax = pyplot.subplots(figsize=(4.2, 4.6))
        words, lacking = [], []
        for (label, values), colour, marker in looks(lines.items()):
            words.append(f"{label}: {values[0]:.2g} to {values[-1]:.2g}")
            lost = sum(not math.isfinite(v) for v in values)
            counts = {"exactly 0": values.count(0), "no number": lost}
            left_out = [f"({n} layers: {why})" for why, n in counts.items() if n]
            lacking += [" ".join([label, *left_out])] if left_out else []
            label = "\n".join([fill(label, LETTERS), *left_out])
            drawn = [v if v > 0 and math.isfinite(v) else math.nan for v in values]
            layers = range(1, len(values) + 1)
            ax.plot(layers, drawn, c=colour, marker=marker, label=label)
        ax.set(yscale="log", xlabel="convolution (1 = first)")
        ax.set_title(fill(title, TITLE))
        ax.xaxis.get_major_locator().set_params(integer=True)
        for line in ax.lines:
            line.set(markersize=4, linewidth=1)
        figure.legend(loc="outside lower center", ncols=1)
        alt = f"{title}, from the first layer to the last. {'; '.join(words)}."
        alt += f" Not all are drawn: {'; '.join(lacking)}." if lacking else ""
        return show(figure, alt)
