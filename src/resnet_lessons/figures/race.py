"""Appendix D: the singular values of steps."""

from .curves import looks
from .display import STYLE, Figure, show


def spectrum(matrix) -> list[float]:
    """Singular values of `matrix` (R, C), largest first, as shares of that one."""
    import torch

    values = torch.linalg.svdvals(matrix)
    return (values / values[0]).tolist()


def spectra(matrices: dict) -> Figure:
    """How far each matrix reaches in each of its directions, longest first.

    matrices: label -> (R, C) tensor; its spectrum is drawn on a scale of powers of ten.
    """
    from matplotlib import pyplot

    with pyplot.rc_context(STYLE):
        figure, ax = pyplot.subplots(figsize=(5.6, 4.2))
        words = []
        for (label, matrix), colour, marker in looks(matrices.items()):
            shares = spectrum(matrix)
            look = {"color": colour, "marker": marker, "markevery": 8, "label": label}
            ax.plot(range(1, len(shares) + 1), shares, **look)
            words.append(f"{label}: {shares[len(shares) // 2]:.2g} in the middle")
        title = "length of each direction, as a share of the longest (log)"
        ax.set(yscale="log", xlabel="direction (1 = longest)", title=title)
        ax.xaxis.get_major_locator().set_params(integer=True)
        figure.legend(loc="outside lower center", ncols=1)
        alt = (
            "Lengths of gradients and steps in each direction, shares of the longest. "
        )
        return show(figure, alt + "; ".join(words) + ".")
