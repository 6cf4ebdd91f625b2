"""Chapter 13: what a net sees, and the loss around it."""

import base64
import io
from math import ceil
from statistics import mean
from string import ascii_lowercase, ascii_uppercase, digits

from ..records import Record
from .display import COLOURS, STYLE, Figure, Words, beside, number, show, table

LEVELS = 64  # steps of a map in the data of `widgets.CamLayer`, one letter each
DIGITS = ascii_uppercase + ascii_lowercase + digits + "+/"
SIDE = 16  # cells of a map on a side there, at most


def pictures(
    images,  # (N, H, W, 3) bytes, or (N, H, W) of any range, in grey
    titles: list[str],  # none at all: pictures that need no names
    maps=None,  # (N, h, w), none below 0: laid over the pictures, each to its own top
    masks=None,  # (N, H, W): their outlines are drawn
    columns: int = 4,
    alt: str = "Pictures",
) -> Figure:
    """Pictures in rows, with heat maps over them and outlines of what is there."""
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
                ax.set_title(titles[number], fontsize=9, loc="center")
        said = f": {'; '.join(t for t in titles if t)}" if titles else ""
        return show(figure, f"{alt}{said}.")


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
        alt = "Grids of activations, one row a part of the net: " + ", ".join(rows)
        return show(figure, alt + ".")


# The loss surface --------------------------------------------------------------


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
    columns = min(3, len(found))
    rows = ceil(len(found) / columns)
    with pyplot.rc_context(STYLE):
        figure, axes = pyplot.subplots(
            rows, columns, figsize=(5.4, 1.9 * rows + 0.9), dpi=90, squeeze=False,
            sharex=True, sharey=True,
        )  # fmt: skip
        for ax, (title, grid) in zip(axes.T.flat, found, strict=False):
            levels = [top * i / 24 for i in range(25)]
            drawn = ax.contourf(axis, axis, grid, levels, cmap="viridis", zorder=-1)
            ax.set_rasterization_zorder(0)  # pixels: a tenth of the bytes of outlines
            ax.contour(axis, axis, grid, [guess], colors="white", linewidths=1.2)
            ax.plot(0, 0, marker="+", color="white", ms=7, mew=1.2)
            ax.set_title(title, fontsize=9)
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
        return show(figure, f"Loss around {name_of(record)}. {words}.")


def ray_lines(records: list[Record], rays, kind: str = "batch") -> Figure:
    """The loss on the way from each net to the rim: all rays, and their mean.

    rays: `probes.rays`. With the running statistics the scale is one of powers of ten.
    """
    return beside(*[_ray_panel(records, record, rays, kind) for record in records])


def _ray_panel(records, record: Record, rays, kind: str) -> Figure:
    from matplotlib import pyplot

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
            "the rim."
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


# Where the net looks -----------------------------------------------------------


def cam_data(
    images,  # (B, H, W, 3) bytes
    masks,  # (B, H, W): where something is
    names: list[str],  # of the B pictures
    asked: list[list[str]],  # for each picture the classes that were asked about
    probabilities: list[list[float]],  # of these classes
    layers: list[dict],  # as `probes.cam_by_layer` gives them
    inside: list[list[list[float]]],  # share of each map: [layer][picture][class]
    note: str,
) -> dict:
    """The data of `widgets.CamLayer`; maps become text, a letter for each cell."""
    return {
        "pictures": [
            {
                "image": _jpeg(image),
                "mask": [_hexadecimal(row) for row in mask],
                "name": name,
                "classes": classes,
                "probabilities": shares,
            }
            for image, mask, name, classes, shares in zip(
                images, masks, names, asked, probabilities, strict=True
            )
        ],
        "layers": [
            {
                "name": layer["name"],
                "side": layer["side"],
                "maps": [[letters(m) for m in each] for each in layer["maps"]],
                "inside": shares,
            }
            for layer, shares in zip(layers, inside, strict=True)
        ],
        "note": note,
    }


def _hexadecimal(row: list[bool]) -> str:
    """Four pixels a digit: [False, False, True, True, True, True, True, True] is 3f."""
    number = int("".join("01"[int(x)] for x in row), 2)
    return f"{number:0{len(row) // 4}x}"


def _jpeg(image) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def letters(grid: list[list[float]]) -> list[str]:
    """Rows of numbers from 0 to 1 as rows of letters, A to /, on at most 16 cells."""
    fold = ceil(len(grid) / SIDE)
    cells = range(0, len(grid), fold)
    return [
        "".join(DIGITS[round((LEVELS - 1) * _block(grid, y, x, fold))] for x in cells)
        for y in cells
    ]


def _block(grid, y: int, x: int, fold: int) -> float:
    """The mean of `fold` x `fold` numbers (fewer at the rim)."""
    return mean(value for row in grid[y : y + fold] for value in row[x : x + fold])


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
