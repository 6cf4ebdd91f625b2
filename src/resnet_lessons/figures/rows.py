"""The running table and the sentences that go with it."""

from math import comb
from statistics import mean, median, stdev

from ..records import Record, short_commit
from .display import Words, table


def accuracy_words(record: Record) -> str:
    """Such as "64.1 % ± 0.4 over 3 seeds"."""
    count = len(record.seeds)
    if count == 1:
        return f"{100 * record.accuracy:.1f} % (one seed)"
    spread = 100 * record.spread
    return f"{100 * record.accuracy:.1f} % ± {spread:.1f} over {count} seeds"


def compare_words(new: Record, old: Record) -> str:
    """Whether `new` beats `old` by more than the seeds differ among themselves."""
    return points_words(new.accuracies, old.accuracies)


def is_clear(new: list[float], old: list[float]) -> bool:
    """Whether more than twice the larger spread lies between the means of the seeds."""
    if min(len(new), len(old)) < 2:
        return False
    return abs(mean(new) - mean(old)) > 2 * max(stdev(new), stdev(old))


def points_words(new: list[float], old: list[float]) -> str:
    """How the accuracies of some seeds stand to those of others, in points."""
    gain = round(100 * (mean(new) - mean(old)), 1)
    side = "above" if gain > 0 else "below" if gain < 0 else "apart"
    points = f"{abs(gain):.1f} points {side}"
    if min(len(new), len(old)) < 2:
        return f"{points}, from one seed: too little to call it a difference"
    if not is_clear(new, old):
        return f"{points}, within twice the spread over seeds: no clear difference"
    return f"{points}, more than twice the spread over seeds"


def seeds_words(record: Record) -> str:
    """Such as "64.1, 65.0 and 63.8 %"."""
    *most, last = [f"{100 * a:.1f}" for a in record.accuracies]
    return f"{', '.join(most)} and {last} %" if most else f"{last} %"


def spread_words(record: Record) -> str:
    """Spread in points (number of seeds), such as "0.4 (3)"; one seed has none."""
    count = len(record.seeds)
    return f"{100 * record.spread:.1f} ({count})" if count > 1 else "– (1)"


def overlap_words(one: Record, other: Record) -> str:
    """Whether single runs of two nets could have come out either way."""
    low, high = sorted([one, other], key=lambda record: record.accuracy)
    if min(len(one.seeds), len(other.seeds)) < 2:
        if one.accuracy == other.accuracy:
            return f"*{one.title}* and *{other.title}* ran equally well."
        return f"*{high.title}* ran better; with one run of a net, that says little."
    if max(low.accuracies) >= min(high.accuracies):
        return (
            f"A lucky run of *{low.title}* does as well as an unlucky one of "
            f"*{high.title}*, or better."
        )
    cases = comb(len(one.seeds) + len(other.seeds), len(one.seeds))
    return (
        f"Every run of *{high.title}* beats every run of *{low.title}*. With two equal "
        f"nets one or the other does so in 2 cases of {cases}."
    )


def running_table(records: list[Record]) -> Words:
    """The table that grows from chapter to chapter: one recipe, one change a row."""
    columns = ["net", "accuracy (%)", "± (seeds)", "parameters", "MMAC", "s / epoch"]
    return table(columns, [_row(record) for record in records])


def _row(record: Record) -> list[str]:
    seed = record.seeds[0]
    seconds = median(e["train_seconds"] for s in record.seeds for e in s.epochs)
    return [
        record.title,
        f"{100 * record.accuracy:.1f}",
        spread_words(record),
        f"{seed.parameters:,}",
        f"{seed.macs / 1e6:,.1f}",
        f"{seconds:.1f}",
    ]


def steps_table(records: list[Record]) -> Words:
    """A ladder: each Record against the one before it, in points; and clearly so?"""
    columns = ["one change more", "accuracy (%)", "± (seeds)", "points", "clear?"]
    rows = []
    for before, record in zip([None, *records], records, strict=False):
        against = ["–", "–"]
        if before:
            clear = is_clear(record.accuracies, before.accuracies)
            gain = 100 * (record.accuracy - before.accuracy)
            against = [f"{gain:+.1f}".replace("-", "−"), "yes" if clear else "no"]
        rows.append([record.title, *_row(record)[1:3], *against])
    return table(columns, rows)


def results_table(records: list[Record]) -> Words:
    """Every Record, its result beside its name: a narrow screen shows both."""
    columns = ["experiment", "accuracy (%)", "ch.", "profile", "data"]
    columns += ["pictures", "px", "ep."]
    rows = [
        [
            f"`{r.experiment}`",
            f"{100 * r.accuracy:.1f} ± {spread_words(r)}",
            r.chapter,
            r.profile,
            r.data["name"],
            f"{r.data['train']:,}",
            _sizes(r.config),
            r.config["epochs"],
        ]
        for r in records
    ]
    return table(columns, rows)


def _sizes(config: dict) -> str:
    """Pixels on a side; the smallest and the largest where pictures grow."""
    low, high = min(config.get("sizes") or [0]), config["size"]
    return f"{low}–{high}" if 0 < low < high else f"{high}"


def provenance_table(records: list[Record]) -> Words:
    """Every Record with what is needed to make it again."""
    columns = ["`resnet-lessons`", "day", "device", "torch", "commit", "data, hash"]
    rows = [
        [
            f"`{r.command.removeprefix('resnet-lessons ')}`",
            r.recorded.replace("-", "\u2011"),  # a hyphen that breaks no line
            r.machine,
            r.versions["torch"],
            f"`{short_commit(r.commit)}`",
            f"{r.data['variant']} `{r.data['content_hash'][:8]}`",
        ]
        for r in records
    ]
    return table(columns, rows)
