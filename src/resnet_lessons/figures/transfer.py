"""Chapter 12: what a body that learned other classes brings to two new ones."""

from decimal import ROUND_HALF_UP, Decimal
from statistics import mean, stdev

from ..records import Record
from .curves import looks, seeds_and_mean, thin
from .display import COLOURS, STYLE, Figure, Words, show, table
from .rows import points_words

# Ways of a Record's `measured`: what a reader sees (training/transfer.py has the rest).
TITLES = {
    "scratch": "from scratch",
    "scratch-long": "from scratch, three times the steps",
    "random-body": "random body, new head",
    "head": "frozen body, new head",
    "stage-3": "head, then stage 3 too",
    "stage-2": "head, then stages 2 and 3 too",
    "stage-1": "head, then all but the stem",
    "all": "head, then everything",
    "all-at-once": "everything at once, one rate",
    "head-moving-statistics": "frozen body, BatchNorm in training mode",
}
STEPS = ["head", "stage-3", "stage-2", "stage-1", "all"]  # of the widget's slider
PARTS = ["stem", "stage 1", "stage 2", "stage 3", "head"]


def picture_counts(record: Record) -> list[int]:
    """The numbers of pictures a class that were tried, rising."""
    return sorted(map(int, record.seeds[0].measured["ways"]["head"]))


def way_values(
    record: Record, way: str, count: int, key: str = "accuracy"
) -> list[float]:
    """What `key` came to on one way with `count` pictures a class, seed by seed."""
    return [s.measured["ways"][way][str(count)][key] for s in record.seeds]


def freezing_data(record: Record, costs: dict) -> dict:
    """The data of `widgets.Freezing`; costs: from `probes.freezing_costs`."""
    numbers = picture_counts(record)
    clock = "cpu_seconds" if "CPU" in record.device else "seconds"
    seconds = [
        mean(v for n in numbers for v in way_values(record, way, n, clock))
        for way in STEPS
    ]
    steps, pictures = record.config["plan"]["steps"], record.data["variant"]
    return costs | {
        "counts": numbers,
        "accuracy": [[way_values(record, way, n) for way in STEPS] for n in numbers],
        "scratch": [way_values(record, "scratch", n) for n in numbers],
        "seconds": seconds,
        "classes": record.seeds[0].measured["classes"],
        "note": f"Recorded on {pictures}, profile {record.profile}: {steps} steps each "
        "way, from the body the first half for the head alone. Parameters and MACs "
        f"were counted on the net; seconds are means, on {record.machine}.",
    }


def percent_words(values: list[float]) -> str:
    """Mean and spread in percent, such as "64.1 ± 0.4"."""
    if len(values) == 1:
        return f"{100 * values[0]:.1f}"
    # Ties, such as 61.65, as the widget rounds them: up, and whatever the last bit.
    middle = Decimal(100 * round(mean(values), 12))
    middle = middle.quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{middle} ± {100 * stdev(values):.1f}"


def way_words(record: Record, new: str, old: str, count: int) -> str:
    """How one way stands to another with the same pictures, in words."""
    return points_words(way_values(record, new, count), way_values(record, old, count))


def transfer_table(record: Record) -> Words:
    """Accuracy of each way, in percent, for each number of pictures a class."""
    numbers = picture_counts(record)
    columns = ["accuracy (%) with", *[f"{n} a class" for n in numbers], "learn at last"]
    rows = [
        [
            TITLES[way],
            *[percent_words(way_values(record, way, n)) for n in numbers],
            f"{way_values(record, way, numbers[0], 'parameters')[0]:,}",
        ]
        for way in TITLES
    ]
    return table(columns, rows)


def statistics_table(record: Record) -> Words:
    """Frozen weights with BatchNorm still and moving: the new classes and the old."""
    columns = ["pictures a class", "BatchNorm", "new classes (%)", "old classes (%)"]
    rows = []
    for count in picture_counts(record):
        for way, title in [("head", "still"), ("head-moving-statistics", "moving")]:
            old = way_values(record, way, count, "old_accuracy")
            new = way_values(record, way, count)
            rows.append([count, title, percent_words(new), percent_words(old)])
    return table(columns, rows)


def transfer_curves(record: Record, ways: list[str]) -> Figure:
    """Accuracy over the number of pictures a class, a line for each way."""
    from matplotlib import pyplot

    numbers = picture_counts(record)
    with pyplot.rc_context(STYLE):
        figure, ax = pyplot.subplots(figsize=(4.2, 4.9))
        words = []
        for way, colour, marker in looks(ways):
            seeds = list(
                zip(*[way_values(record, way, n) for n in numbers], strict=True)
            )
            look = (TITLES[way], colour, marker, 100)
            middle = seeds_and_mean(ax, numbers, seeds, *look)
            words.append(f"{TITLES[way]}: {middle[0]:.1f} to {middle[-1]:.1f} %")
        if len(record.seeds) > 1:
            thin(ax)
        ax.set(
            title="accuracy on new pictures (%)",
            xlabel="pictures of each class",
            xscale="log",
        )
        ax.set_xticks(numbers, [str(n) for n in numbers])
        ax.minorticks_off()
        figure.legend(loc="outside lower center", ncols=1)
        alt = f"Accuracy with {numbers[0]} and with {numbers[-1]} pictures a class. "
        return show(figure, alt + "; ".join(words) + ".")


def freezing_picture(rows: list[tuple[str, int]]) -> Figure:
    """A net as five boxes in a row for each phase; rows: (title, parts that learn).

    Parts that learn are coloured, frozen ones hatched; the head always learns.
    """
    from matplotlib import pyplot
    from matplotlib.patches import Patch, Rectangle

    still = {"facecolor": "white", "edgecolor": "#888", "hatch": "///"}

    with pyplot.rc_context(STYLE):
        figure, ax = pyplot.subplots(figsize=(4.2, 0.8 * len(rows) + 0.7))
        for y, (title, free) in enumerate(rows):
            ax.text(0, -y + 0.48, title, va="center")
            for x, part in enumerate(PARTS):
                learns = x >= len(PARTS) - 1 - free
                look = {"facecolor": COLOURS[0], "edgecolor": COLOURS[0]}
                if not learns:
                    look = still
                ax.add_patch(Rectangle((x, -y - 0.25), 0.92, 0.5, **look))
                ground = None if learns else {"facecolor": "white", "edgecolor": "none"}
                words = {"color": "white" if learns else "#333"}
                words |= {"bbox": ground and ground | {"pad": 1.5}}
                ax.text(x + 0.46, -y, part, ha="center", va="center", **words)
        ax.set(xlim=(-0.03, len(PARTS)), ylim=(-len(rows) + 0.7, 0.7))
        ax.axis("off")
        kinds = [
            Patch(color=COLOURS[0], label="learns"),
            Patch(**still, label="frozen"),
        ]
        figure.legend(handles=kinds, loc="outside lower center", ncols=2)
        alt = "; ".join(f"{t}: {', '.join(PARTS[4 - f :])}" for t, f in rows)
        return show(figure, f"Parts that learn. {alt}. The other parts are frozen.")
