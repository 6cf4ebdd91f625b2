"""Chapter 13: the loss around a net, from Records with the method `surface`."""

from math import ceil
from statistics import mean

from ..records import Record
from .display import COLOURS, STYLE, Figure, Words, beside, number, show, table


def name_of(record: Record) -> str:
    """The net of an experiment with the method `surface`, by its title."""
    return record.title.removesuffix(", and around")


def planes(record: Record, kind: str = "batch") -> list[tuple[str, list]]:
    """(title, grid) of every plane of every seed that has this kind of statistics."""
    return [
        (f"seed {seed.seed}, plane {number}", plane[kind])
        for seed in record.seeds
        for number, plane in enumerate(seed.measured["planes"], 1)
        if plane[kind]
    ]


def surfaces(records: list[Record]) -> Figure:
    """A panel for each Record: all its planes as maps, to one scale of colours."""
    grids_ = [grid for record in records for _, grid in planes(record)]
    top = max(loss for grid in grids_ for row in grid for loss in row)
    return beside(*[_surface_panel(record, top) for record in records])


def _surface_panel(record: Record, top: float) -> Figure:
    from matplotlib import pyplot
    from matplotlib.ticker import MaxNLocator

    found = planes(record)
    axis, guess = (record.seeds[0].measured[key] for key in ("axis", "guess"))
    columns = min(2, len(found))  # on a phone their titles are still legible
    rows = ceil(len(found) / columns)
    with pyplot.rc_context(STYLE):
        figure, axes = pyplot.subplots(
            rows, columns, figsize=(4.2, 1.9 * rows + 0.9), dpi=90, squeeze=False,
            sharex=True, sharey=True,
        )  # fmt: skip
        for ax in axes.flat[len(found) :]:
            ax.axis("off")
        for ax, (title, grid) in zip(axes.flat, found, strict=False):
            levels = [top * i / 24 for i in range(25)]
            drawn = ax.contourf(axis, axis, grid, levels, cmap="viridis", zorder=-1)
            ax.set_rasterization_zorder(0)  # pixels: a tenth of the bytes of outlines
            ax.contour(axis, axis, grid, [guess], colors="white", linewidths=1.2)
            ax.plot(0, 0, marker="+", color="white", ms=7, mew=1.2)
            ax.set_title(title, fontsize=10.5)
            ax.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1], xlabel="α", ylabel="β")
            ax.set_aspect("equal")
            ax.label_outer()
        whole = MaxNLocator(integer=True)
        look = {"location": "bottom", "aspect": 40, "ticks": whole}
        bar = figure.colorbar(drawn, ax=axes, **look)
        bar.set_label(f"loss; white line: guessing, {guess:.2f}")
        figure.suptitle(f"{name_of(record)}\n", x=0.02, ha="left", fontsize=11)
        words = "; ".join(
            f"{title}: {grid[len(grid) // 2][len(grid) // 2]:.2f} in the middle, "
            f"{min(map(min, grid)):.2f} to {max(map(max, grid)):.2f}"
            for title, grid in found
        )
        alt = f"Loss around {name_of(record)}. {words}. "
        return show(figure, f"{alt}A white line marks that of guessing, {guess:.2f}.")


def ray_lines(records: list[Record], kind: str = "batch") -> Figure:
    """The loss on the way from each net to the rim: all rays, and their mean.

    With the running statistics the scale is one of powers of ten.
    """
    return beside(*[_ray_panel(records, record, kind) for record in records])


def _ray_panel(records, record: Record, kind: str) -> Figure:
    from matplotlib import pyplot

    from ..probes import rays  # late: the probes import torch

    guess = record.seeds[0].measured["guess"]
    everything = [x for r in records for _, g in planes(r, kind) for w in g for x in w]
    lines = [ray for _, grid in planes(record, kind) for ray in rays(grid)]
    steps = [i / (len(lines[0]) - 1) for i in range(len(lines[0]))]
    middle = [mean(values) for values in zip(*lines, strict=True)]
    log = kind == "running"
    with pyplot.rc_context(STYLE):
        figure, ax = pyplot.subplots(figsize=(4.2, 3.6))
        gap = [float("nan")]  # one line with gaps: each of its own would weigh more
        across, up = [*steps, *gap] * len(lines), [v for r in lines for v in [*r, *gap]]
        ax.plot(across, up, color=COLOURS[0], lw=0.6, alpha=0.5, label="one way")
        if not log:  # a mean over powers of ten would be that of the largest alone
            ax.plot(steps, middle, color=COLOURS[0], marker="o", ms=4, label="mean")
        ax.axhline(guess, color=COLOURS[1], ls="--", label=f"guessing: {guess:.2f}")
        top = max(everything)
        limits = (0.8 * min(everything), 1.5 * top) if log else (0, 1.05 * top)
        title = f"loss{' (log)' * log}: {name_of(record)}"
        ax.set(title=title, xlabel="way to the rim (0 = the net)")
        ax.set(yscale="log" if log else "linear", ylim=limits)
        figure.legend(loc="outside lower center", ncols=2)
        ends = [ray[-1] for ray in lines]
        alt = (
            f"Loss from {name_of(record)} outwards, {len(lines)} rays: "
            f"{middle[0]:.2f} in the middle, {min(ends):.3g} to {max(ends):.3g} at "
            f"the rim. Guessing: {guess:.2f}."
        )
        return show(figure, alt)


def surface_table(records: list[Record], measures: dict) -> Words:
    """A row for each plane. measures: title -> what gives a number for a grid."""
    columns = ["net", "plane", "in the middle", "mean at the rim", *measures]
    rows = []
    for record in records:
        for title, grid in planes(record, "batch"):
            half = len(grid) // 2
            rim = [*grid[0], *grid[-1], *[x for r in grid[1:-1] for x in (r[0], r[-1])]]
            losses = [grid[half][half], mean(rim)]
            words = [f"{x:.2f}" if x < 1000 else f"{x:,.0f}" for x in losses]
            words += [f"{measure(grid):.0f}" for measure in measures.values()]
            rows.append([name_of(record), title, *words])
    return table(columns, rows)


def surface_data(records: list[Record], note: str) -> dict:
    """The data of `widgets.LossSurface`."""
    first = records[0].seeds[0].measured
    return {
        "axis": first["axis"],
        "guess": first["guess"],
        "nets": [
            {
                "name": name_of(record),
                "seeds": [
                    {
                        "seed": seed.seed,
                        "planes": [
                            {kind: plane[kind] for kind in ("batch", "running")}
                            for plane in seed.measured["planes"]
                        ],
                    }
                    for seed in record.seeds
                ],
            }
            for record in records
        ],
        "note": note,
    }


def plane_words(new: Record, old: Record, measure, kind="batch") -> str:
    """How `measure` (of a grid) over all planes of `new` stands to that of `old`.

    Says "no clear difference" where single planes could have come out either way.
    """
    ours, theirs = ([measure(g) for _, g in planes(r, kind)] for r in (new, old))

    def words(values) -> str:
        low, high = number(min(values)), number(max(values))
        return low if low == high else f"{number(mean(values))} ({low} to {high})"

    text = f"{words(ours)} against {words(theirs)}"
    if min(len(new.seeds), len(old.seeds)) < 2:
        return f"{text}, from one net: too little to call it a difference"
    if {*ours, *theirs} == {ours[0]}:
        return f"{text}: equal"
    if min(ours) > max(theirs):
        return f"{text}: every plane above all of the other net"
    if max(ours) < min(theirs):
        return f"{text}: every plane below all of the other net"
    return f"{text}: the planes overlap, no clear difference"
