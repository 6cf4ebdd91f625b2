"""Chapter 4: plain and residual nets of several depths, side by side."""

from math import isfinite
from statistics import mean

from ..records import Record
from .curves import looks, seeds_and_mean, thin
from .display import STYLE, Figure, Words, beside, show, table
from .rows import is_clear, spread_words

Lines = dict[str, list[list[float]]]  # label: one list of losses for each seed


def losses(
    groups: dict[str, Lines],
    xlabel: str,
    every: int = 1,
    from_zero: bool = True,  # False: the axis begins below the lowest loss
) -> Figure:
    """A panel for each group, all on the same axes: training loss from left to right.

    A thin line is a seed, a thick one their mean. A point is the mean of `every`
    losses in a row, so that single batches do not hide the course.
    """
    drawn = {
        title: {
            label: [_thinned(s, every) for s in seeds] for label, seeds in g.items()
        }
        for title, g in groups.items()
    }
    values = [v for g in drawn.values() for ss in g.values() for s in ss for v in s]
    values = [v for v in values if isfinite(v)]
    span = (0 if from_zero else 0.95 * min(values), 1.05 * max(values))
    labels = dict.fromkeys(label for g in drawn.values() for label in g)
    look = {label: (colour, marker) for label, colour, marker in looks(labels)}
    most = max(map(len, drawn.values()))
    panels = [_panel(t, g, look, xlabel, every, span, most) for t, g in drawn.items()]
    return beside(*panels)


def _thinned(values: list[float], every: int) -> list[float]:
    starts = range(0, len(values) - every + 1, every)
    return [mean(values[start : start + every]) for start in starts]


def _panel(title, lines: Lines, look, xlabel, every, span, most: int) -> Figure:
    from matplotlib import pyplot

    with pyplot.rc_context(STYLE):
        figure, ax = pyplot.subplots(figsize=(4.2, 3.9))
        ends = []
        for label, seeds in lines.items():
            x = [every * (i + 1) for i in range(len(seeds[0]))]
            middle = seeds_and_mean(ax, x, seeds, label, *look[label])
            ends.append(f"{label}: {middle[0]:.2f} to {middle[-1]:.2f}")
        if any(len(seeds) > 1 for seeds in lines.values()):
            thin(ax)
        means = f", means of {every} {xlabel}s" if every > 1 else ""
        ax.set(title=f"training loss: {title}", xlabel=xlabel + means, ylim=span)
        ax.xaxis.get_major_locator().set_params(integer=True)
        for _ in range(most - len(lines)):  # a legend as high as that of its neighbour
            ax.plot([], [], " ", label=" ")
        figure.legend(loc="outside lower center", ncols=2)
        alt = f"Training loss, {title}, from the first {xlabel} to the last{means}. "
        return show(figure, alt + "; ".join(ends) + ".")


def loss_words(new: Record, old: Record, epoch: int = -1) -> str:
    """How the training loss of `new` stands to that of `old`; see `rows.is_clear`.

    epoch: an index; 0 is the first epoch, -1 the last.
    """
    ours, theirs = (
        [curve[epoch] for curve in record.curves("train_loss")] for record in (new, old)
    )
    words = f"{mean(ours):.2f} against {mean(theirs):.2f}"
    if min(len(ours), len(theirs)) < 2:
        return f"{words}, from one seed: too little to call it a difference"
    if not is_clear(ours, theirs):
        return f"{words}, within twice the spread over seeds: no clear difference"
    higher = "higher" if mean(ours) > mean(theirs) else "lower"
    return f"{words}, {higher} by more than twice the spread"


def error_table(records: list[Record]) -> Words:
    """Training loss beside the loss and the error on pictures not trained on."""
    columns = ["net", "training loss", "validation loss", "validation error (%)"]
    columns += ["± (seeds)", "parameters", "MMAC"]
    return table(columns, [_row(record) for record in records])


def _row(record: Record) -> list[str]:
    return [
        record.title,
        f"{record.mean('train_loss')[-1]:.2f}",
        f"{record.mean('valid_loss')[-1]:.2f}",
        f"{100 * (1 - record.accuracy):.1f}",
        spread_words(record),
        f"{record.seeds[0].parameters:,}",
        f"{record.seeds[0].macs / 1e6:.1f}",
    ]


def depth_and_skip_data(
    depths: list[int],  # layers, rising
    plain: list[Record],  # one for each depth
    residual: list[Record],
    gradients: dict[str, list[float]],  # as probes.first_gradients gives them
    note: str,  # what was trained and measured, in words
) -> dict:
    """The data of `widgets.DepthAndSkip`."""
    groups = {"plain": plain, "residual": residual}
    return {
        "depths": list(depths),
        "nets": {
            kind: [
                _net(record, norm)
                for record, norm in zip(records, gradients[kind], strict=True)
            ]
            for kind, records in groups.items()
        },
        "note": note,
    }


def _net(record: Record, norm: float) -> dict:
    seed = record.seeds[0]
    return {
        "losses": record.curves("train_loss"),
        "parameters": seed.parameters,
        "macs": seed.macs,
        "gradient": norm,
    }
