"""Curves of Records: one colour a Record, a thin line a seed, a thick one the mean."""

from statistics import mean
from textwrap import fill

from ..errors import UsageError
from ..records import Record
from .display import COLOURS, STYLE, Figure, beside, show

LABELS = {
    "train_loss": "training loss",
    "accuracy": "accuracy on validation pictures (%)",
}
MARKERS = "osD^vP*"
LETTERS = 32  # in a line of a legend: a longer one would leave the axes no width
TITLE = 40  # letters in a line of a title, in a figure of 4.2 inches


def looks(lines):
    """Each of `lines` with a colour and a marker; UsageError beyond seven."""
    if len(lines) > len(COLOURS):
        raise UsageError(f"A figure has {len(COLOURS)} colours, not {len(lines)}.")
    return zip(lines, COLOURS, MARKERS, strict=False)


def curves(records: list[Record]) -> Figure:
    """Training loss and accuracy over the epochs, a panel each, of all `records`."""
    return beside(*[_panel(records, key) for key in ("train_loss", "accuracy")])


def _panel(records: list[Record], key: str) -> Figure:
    from matplotlib import pyplot

    with pyplot.rc_context(STYLE):
        figure, ax = pyplot.subplots(figsize=(4.2, 3.5 + 0.25 * len(records)))
        for record, colour, marker in looks(records):
            lines, scale = record.curves(key), 100 if key == "accuracy" else 1
            epochs = range(1, len(lines[0]) + 1)
            seeds_and_mean(ax, epochs, lines, record.title, colour, marker, scale)
        if any(len(record.seeds) > 1 for record in records):
            thin(ax)
        ax.set(title=LABELS[key], xlabel="epoch")
        ax.xaxis.get_major_locator().set_params(integer=True)
        figure.legend(loc="outside lower center")  # inside it would hide a line
        return show(figure, _alt(records, key))


def thin(ax) -> None:
    """Say in the legend of `ax` what a thin line is."""
    ax.plot([], [], color="grey", lw=0.8, label="thin: one seed")


def seeds_and_mean(ax, x, seeds, label, colour, marker, scale=1) -> list[float]:
    """Draw `scale` times the mean of `seeds` over `x`, and thinly each of several.

    Gives the line of the mean.
    """
    for seed in seeds if len(seeds) > 1 else []:
        ax.plot(x, [scale * v for v in seed], color=colour, lw=0.8, alpha=0.5)
    middle = [scale * mean(values) for values in zip(*seeds, strict=True)]
    look = {"color": colour, "marker": marker, "ms": 5, "label": fill(label, LETTERS)}
    ax.plot(x, middle, **look)
    return middle


def _alt(records: list[Record], key: str) -> str:
    scale, unit = (100, " %") if key == "accuracy" else (1, "")

    def ends(record: Record) -> str:
        first, *_, last = [f"{scale * v:.3g}" for v in record.mean(key)] * 2
        return f"{record.title}: {first} to {last}{unit}"

    words = "; ".join(map(ends, records))
    name = LABELS[key].split(" (")[0].capitalize()
    return f"{name} from the first epoch to the last, mean of the seeds. {words}."
