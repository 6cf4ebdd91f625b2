"""Chapter 13: pictures with maps over them, and grids of activations."""

from math import ceil

from .display import STYLE, Figure, beside, show

SMALL = 8  # pictures without titles in a row


def pictures(
    images,  # (N, H, W, 3) bytes, or (N, H, W) of any range, in grey
    titles: list[str],  # none at all: pictures that need no names
    maps=None,  # (N, h, w), none below 0: laid over the pictures, each to its own top
    masks=None,  # (N, H, W): their outlines are drawn
    alt: str = "Pictures",
) -> Figure:
    """Pictures in rows, with heat maps over them and outlines of what is there.

    With titles each pair is a panel, so that a phone, too, shows letters one can read.
    """
    if not titles:
        return _panel(images, titles, maps, masks, SMALL, alt)
    pairs = [slice(first, first + 2) for first in range(0, len(images), 2)]
    panels = []
    for pair in pairs:
        more = [None if part is None else part[pair] for part in (maps, masks)]
        panels.append(_panel(images[pair], titles[pair], *more, 2, alt))
        alt = ""  # said once
    return beside(*panels)


def _panel(images, titles, maps, masks, columns: int, alt: str) -> Figure:
    from matplotlib import pyplot

    rows = ceil(len(images) / columns)
    with pyplot.rc_context(STYLE):
        size = (1.75 * columns, (2.05 if titles else 1.75) * rows)
        figure, axes = pyplot.subplots(rows, columns, figsize=size, squeeze=False)
        for ax in axes.flat:
            ax.set_axis_off()
        for number, (ax, image) in enumerate(zip(axes.flat, images, strict=False)):
            height, width = image.shape[:2]
            frame = (-0.5, width - 0.5, height - 0.5, -0.5)
            ax.imshow(image, cmap="Greys_r", interpolation="none", extent=frame)
            if maps is not None:
                ax.imshow(maps[number], cmap="inferno", alpha=0.62, vmin=0,
                          interpolation="none", extent=frame)  # fmt: skip
            if masks is not None:
                ax.contour(masks[number], [0.5], colors="white", linewidths=1.6)
                ax.contour(masks[number], [0.5], colors="black", linewidths=0.8)
            if titles:
                ax.set_title(titles[number], fontsize=10, loc="center")
        said = "; ".join(title for title in titles if title)
        return show(figure, ": ".join(part for part in (alt, said) if part) + ".")


def grids(rows: dict) -> Figure:
    """A row for each label: its grids (n, h, w) in grey, each from its own 0 up."""
    from matplotlib import pyplot

    most = max(len(grid) for grid in rows.values())
    with pyplot.rc_context(STYLE):
        size = (1.1 * most, 1.35 * len(rows))
        figure, axes = pyplot.subplots(len(rows), most, figsize=size, squeeze=False)
        for ax in axes.flat:
            ax.set_axis_off()
        for line, (label, each) in zip(axes, rows.items(), strict=True):
            for ax, grid in zip(line, each, strict=False):
                ax.imshow(grid, cmap="Greys_r", vmin=0, interpolation="none")
            line[0].set_title(label, fontsize=9)
        words = [
            f"{label}, {len(each)} of {' × '.join(map(str, each[0].shape))}"
            for label, each in rows.items()
        ]
        alt = "Grids of activations, one row a part of the net: "
        return show(figure, f"{alt}{'; '.join(words)}.")
