"""Scenes for a detector, and a drawing of what it found (appendix B)."""

from .display import COLOURS, STYLE, Figure, show


def boxes(scenes, found, classes: list[str], at_least: float = 0.5) -> Figure:
    """Scenes with their true boxes (dashed) and those `found` (solid), side by side.

    scenes: pairs of a picture (3, H, W) in 0…1 and a truth with "boxes" (N, 4) and
    "labels" (N,); found: one such dict for each, with "scores" (N,). A box is left,
    top, right, bottom in pixels. `at_least`: the lowest score that is drawn.
    """
    from matplotlib import pyplot
    from matplotlib.patches import Rectangle

    def frame(ax, box, **look):
        left, top, right, bottom = box.tolist()
        size = right - left, bottom - top
        ax.add_patch(Rectangle((left, top), *size, fill=False, **look))

    with pyplot.rc_context(STYLE):
        columns = 3
        rows = -(-len(scenes) // columns)
        figure, axes = pyplot.subplots(
            rows, columns, figsize=(2.6 * columns, 2.7 * rows), squeeze=False
        )
        for ax in axes.flat:
            ax.axis("off")
        for ax, (picture, truth), seen in zip(axes.flat, scenes, found, strict=False):
            ax.imshow(picture.permute(1, 2, 0).cpu().numpy())
            for box in truth["boxes"]:
                frame(ax, box, ls="--", lw=1.2, ec="white")
            kept = seen["scores"] >= at_least
            for box, label in zip(
                seen["boxes"][kept], seen["labels"][kept], strict=True
            ):
                frame(ax, box, lw=2, ec=COLOURS[1])
                name = classes[int(label)]
                spot = {"color": "white", "fontsize": 8, "va": "bottom"}
                ground = {"facecolor": COLOURS[1], "pad": 1, "lw": 0}
                ax.text(float(box[0]), float(box[1]), name, bbox=ground, **spot)
        alt = (
            f"{len(scenes)} drawn scenes of two shapes each: the true boxes dashed, "
            "those that the detector found solid, with their names."
        )
        return show(figure, alt)
