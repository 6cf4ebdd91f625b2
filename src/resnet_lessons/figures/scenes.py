"""Scenes for a detector, and a drawing of what it found (appendix B)."""

from ..errors import UsageError
from .display import COLOURS, STYLE, Figure, show

COLUMNS = 2  # scenes in a row: on a phone their names are still legible


def boxes(scenes, found, classes: list[str], at_least: float = 0.5) -> Figure:
    """Scenes with their true boxes (dashed) and those `found` (solid).

    scenes: pairs of a picture (3, H, W) in 0…1 and a truth with "boxes" (N, 4) and
    "labels" (N,); found: one such dict for each, with "scores" (N,). A box is left,
    top, right, bottom in pixels; a label is a place in `classes`. `at_least`: the
    lowest score that is drawn. Names stand where there are several. UsageError where
    these do not belong together.
    """
    from matplotlib import pyplot

    _check(scenes, found, classes, at_least)
    kept = [_confident(each, at_least) for each in found]
    shown = [*[truth for _, truth in scenes], *kept]
    several = len({int(label) for each in shown for label in each["labels"]}) > 1
    with pyplot.rc_context(STYLE):
        rows = -(-len(scenes) // COLUMNS)
        size = 2.3 * COLUMNS, 2.3 * rows
        figure, axes = pyplot.subplots(rows, COLUMNS, figsize=size, squeeze=False)
        for ax in axes.flat:
            ax.axis("off")
        for ax, (picture, truth), each in zip(axes.flat, scenes, kept, strict=False):
            pixels = picture.permute(1, 2, 0).cpu().numpy()
            ax.imshow(pixels, interpolation="none")  # kept at its own size
            for box in truth["boxes"]:  # two colours: one shows on any ground
                _frame(ax, box, "black")
                _frame(ax, box, "white", ls=(0, (3, 3)))
            for box, label in zip(each["boxes"], each["labels"], strict=True):
                _frame(ax, box, "white", lw=4)
                _frame(ax, box, COLOURS[0])
                if several:
                    _name(ax, box, classes[int(label)])
        return show(figure, _words(scenes, kept, classes))


def _check(scenes, found, classes, at_least):
    """UsageError for what cannot be drawn, in one line."""
    if not scenes or len(scenes) != len(found):
        raise UsageError(
            f"boxes needs one result for each scene: got {len(scenes)} scenes and "
            f"{len(found)} results."
        )
    if not 0 <= at_least <= 1:
        raise UsageError(f"at_least is a score from 0 to 1, not {at_least!r}.")
    parts = [(t, ("boxes", "labels")) for _, t in scenes]
    parts += [(each, ("boxes", "labels", "scores")) for each in found]
    for part, keys in parts:
        lengths = {key: len(part[key]) for key in keys if key in part}
        if len(lengths) < len(keys) or len(set(lengths.values())) > 1:
            raise UsageError(
                f"Truths and results need {', '.join(keys)} of one length; got "
                f"{', '.join(f'{key} {length}' for key, length in lengths.items())}."
            )
        unnamed = [x for x in map(int, part["labels"]) if not 0 <= x < len(classes)]
        if unnamed:
            raise UsageError(
                f"Label {unnamed[0]} has no name: there are {len(classes)} "
                "classes, counted from 0."
            )


def _confident(found, at_least):
    keep = found["scores"] >= at_least
    return {key: found[key][keep] for key in ("boxes", "labels", "scores")}


def _frame(ax, box, colour, **look):
    from matplotlib.patches import Rectangle

    left, top, right, bottom = box.tolist()
    size = right - left, bottom - top
    look = {"lw": 2} | look
    ax.add_patch(Rectangle((left, top), *size, fill=False, ec=colour, **look))


def _name(ax, box, name):
    """`name` at the top left corner of `box`, literally: no part of it is math."""
    ax.annotate(
        name,
        (float(box[0]), float(box[1])),
        color="white",
        fontsize=11,
        va="bottom",
        bbox={"facecolor": COLOURS[0], "pad": 1, "lw": 0},
        parse_math=False,
    )


def _words(scenes, kept, classes) -> str:
    """What is where and what was found, for those who cannot see it."""

    def names(labels):
        return ", ".join(classes[int(label)] for label in labels) or "nothing"

    lines = [
        f"{number}: {names(truth['labels'])}; found {names(each['labels'])}"
        for number, ((_, truth), each) in enumerate(
            zip(scenes, kept, strict=True), start=1
        )
    ]
    return f"Scenes with true boxes dashed, found boxes solid. {'. '.join(lines)}."
