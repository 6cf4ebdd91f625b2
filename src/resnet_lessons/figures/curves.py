"""Curves of Records: one colour a Record, a thin line a seed, a thick one the mean."""

from ..records import Record
from .display import COLOURS, STYLE, Figure, show

LABELS = {
    "train_loss": "training loss",
    "valid_loss": "validation loss",
    "accuracy": "accuracy on validation pictures (%)",
}
MARKERS = "osD^vP*"


def curves(records: list[Record], keys=("train_loss", "accuracy")) -> Figure:
    """A panel for each of `keys` over the epochs, with all `records` in each."""
    from matplotlib import pyplot

    with pyplot.rc_context(STYLE):
        size = (4.2 * len(keys), 3.2)
        figure, axes = pyplot.subplots(1, len(keys), figsize=size, squeeze=False)
        for ax, key in zip(axes[0], keys, strict=True):
            for record, colour, marker in zip(records, COLOURS, MARKERS, strict=False):
                _draw(ax, record, key, colour, marker)
            ax.set(title=LABELS[key], xlabel="epoch")
            ax.xaxis.get_major_locator().set_params(integer=True)
        axes[0][0].legend()
        return show(figure, _alt(records, keys))


def _draw(ax, record: Record, key: str, colour: str, marker: str) -> None:
    scale = 100 if key == "accuracy" else 1
    epochs = range(1, len(record.mean(key)) + 1)
    for seed in record.curves(key):
        ax.plot(epochs, [scale * v for v in seed], color=colour, lw=0.8, alpha=0.5)
    mean = [scale * v for v in record.mean(key)]
    ax.plot(epochs, mean, color=colour, marker=marker, ms=5, label=record.title)


def _alt(records: list[Record], keys) -> str:
    ends = "; ".join(
        f"{r.title} ends at "
        + ", ".join(f"{LABELS[k].split(' (')[0]} {r.mean(k)[-1]:.2f}" for k in keys)
        for r in records
    )
    return f"Curves over the epochs, mean of the seeds in bold. {ends}."
