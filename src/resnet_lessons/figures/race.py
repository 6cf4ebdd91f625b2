"""Appendix D: the singular values of steps, and how Muon evens them out."""

from itertools import pairwise
from textwrap import fill

from .curves import TITLE, looks
from .display import STYLE, Figure, show


def spectra(lengths: dict[str, list[float]]) -> Figure:
    """How far each matrix reaches in each of its directions, longest first.

    lengths: label -> singular values of a matrix, falling, as shares of the first. They
    are drawn on a scale of powers of ten.
    """
    from matplotlib import pyplot

    with pyplot.rc_context(STYLE):
        figure, ax = pyplot.subplots(figsize=(4.2, 4.6))
        words = []
        for (label, shares), colour, marker in looks(lengths.items()):
            look = {"color": colour, "marker": marker, "markevery": 8, "label": label}
            ax.plot(range(1, len(shares) + 1), shares, **look)
            words.append(f"{label}: {shares[len(shares) // 2]:.2g} in the middle")
        title = "length of each direction, as a share of the longest (log)"
        ax.set(yscale="log", xlabel="direction (1 = longest)", title=fill(title, TITLE))
        ax.xaxis.get_major_locator().set_params(integer=True)
        figure.legend(loc="outside lower center", ncols=1)
        alt = (
            "Lengths of gradients and steps in each direction, shares of the longest. "
        )
        return show(figure, alt + "; ".join(words) + ".")


def rounds(values: list[float], after: list[list[float]]) -> Figure:
    """What each round of Newton-Schulz has made of singular `values`, a line a round.

    values: those at the start, ascending, as shares of the matrix's norm, above 0.
    The number of a line stands above its first peak, framed in the line's colour.
    """
    from matplotlib import pyplot

    with pyplot.rc_context(STYLE):
        figure, ax = pyplot.subplots(figsize=(4.2, 3.4))
        words = []
        for (number, line), colour, _ in looks(list(enumerate(after, 1))):
            ax.plot(values, line, color=colour, lw=1.5)
            falls = [i for i, (y, then) in enumerate(pairwise(line)) if then < y]
            peak = falls[0] if falls else -1
            frame = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": colour}
            look = {"ha": "center", "va": "bottom", "bbox": frame}
            ax.text(values[peak], line[peak] + 0.04, f"{number}", **look)
            words.append(f"{number}: {line[0]:.2g} to {line[-1]:.2g}")
        ax.axhline(1, color="grey", lw=0.8)
        ax.set(xscale="log", xlabel="at the start, as a share of the norm (log)")
        ax.set(title=f"singular value after 1 to {len(after)} rounds", ylim=(0, 1.35))
        ends = f"from {values[0]:.2g} to {values[-1]:.2g} at the start"
        return show(figure, f"Singular values, {ends}; after round {'; '.join(words)}.")
