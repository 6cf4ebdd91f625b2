"""Chapter 11: pictures that move, confusions, and how far an accuracy may wander."""

from textwrap import fill

from ..records import Record
from .curves import TITLE, looks
from .display import COLOURS, STYLE, Figure, show


def seed_spread_data(record: Record, classes) -> dict:
    """The data of `widgets.SeedSpread`, from a Record of the pipeline.

    classes: their names, in the order of the labels.
    """
    seeds = record.seeds
    labels = seeds[0].measured["labels"]
    return {
        "classes": list(classes),
        "seeds": [seed.seed for seed in seeds],
        "labels": labels,
        "answers": [seed.measured["predicted"] for seed in seeds],
        "note": f"{record.title}, {record.config['epochs']} epochs on "
        f"{record.data['train']:,} pictures of {record.data['variant']}, tested on "
        f"{len(labels):,}.",
    }


def confusion(matrix: list[list[int]], classes, title: str) -> Figure:
    """Counts of what is (rows) against what it was taken for (columns).

    Shades go with the root of the share of a row; hits and errors have a colour each.
    """
    from matplotlib import colors, pyplot

    totals = [max(1, sum(row)) for row in matrix]
    with pyplot.rc_context(STYLE):
        figure, ax = pyplot.subplots(figsize=(4.6, 4.7))
        ax.imshow([[0] * len(matrix)] * len(matrix), cmap="Greys", vmin=0, vmax=1)
        for i, row in enumerate(matrix):
            for j, count in enumerate(row):
                shade = 0.6 * (count / totals[i]) ** 0.5
                colour = colors.to_rgba(COLOURS[i != j], shade)
                box = pyplot.Rectangle((j - 0.5, i - 0.5), 1, 1, fc=colour, ec="white")
                ax.add_patch(box)
                ax.text(j, i, count or "·", ha="center", va="center", fontsize=11)
        names = {"ticks": range(len(classes)), "labels": list(classes)}
        ax.set_xticks(**names, rotation=60, ha="right", rotation_mode="anchor")
        ax.set_yticks(**names)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        ax.set(title=title, xlabel="taken for", ylabel="is")
        hits = sum(row[i] for i, row in enumerate(matrix))
        alt = f"{title}: confusion matrix of {sum(map(sum, matrix)):,} pictures, "
        alt += f"{hits:,} on the diagonal. {worst_words(matrix, classes)}"
        return show(figure, alt)


def worst_words(matrix: list[list[int]], classes) -> str:
    """The two most frequent errors, in words."""
    errors = sorted(
        (-n, i, j)
        for i, row in enumerate(matrix)
        for j, n in enumerate(row)
        if i != j and n
    )
    found = [f"{classes[i]} for {classes[j]} ({-n})" for n, i, j in errors[:2]]
    return f"Most often taken: {', '.join(found)}." if found else "No errors."


def wander(lines: dict[str, dict[int, float]]) -> Figure:
    """How far an accuracy wanders (points), against the number of pictures; log axes.

    lines: label -> {number of pictures: points}; the first is drawn as a line, the
    others, six at most, as dots.
    """
    from matplotlib import pyplot

    with pyplot.rc_context(STYLE):
        figure, ax = pyplot.subplots(figsize=(4.2, 3.8))
        for (label, values), colour, marker in looks(lines.items()):
            look = {"ls": "", "marker": marker} if ax.lines else {}
            points = zip(*sorted(values.items()), strict=True)
            ax.plot(*points, color=colour, label=label, **look)
        ax.set(xscale="log", yscale="log", xlabel="test pictures (log)")
        sizes = sorted({size for values in lines.values() for size in values})
        ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
        ax.set_xticks([], minor=True)
        title = "standard deviation of the accuracy (points, log)"
        ax.set_title(fill(title, TITLE))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("")
        ax.set_yticks([0.3, 1, 3, 10])
        ax.legend()
        ends = [
            f"{label}: {values[min(values)]:.1f} to {values[max(values)]:.1f}"
            for label, values in lines.items()
        ]
        alt = "Standard deviation of the accuracy in points, from the fewest test "
        return show(figure, f"{alt}pictures to the most. {'; '.join(ends)}.")
