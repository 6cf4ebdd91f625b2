"""Appendix C: how parts of a gradient go round in a ring of processes."""

from .display import COLOURS, STYLE, Figure, beside, show

WIDE, HIGH = 2.0, 0.85  # of a cell, which holds one number
CORNERS = ((0, 6), (7, 6), (7, 0), (0, 0))  # of the columns of processes 0 to 3
ARROWS = ((2.3, 8, 6.7, 8), (8, 5.8, 8, 3.6), (6.7, 1.4, 2.3, 1.4), (1, 3.6, 1, 5.8))


def ring(total: list[int], moments: dict) -> Figure:
    """A panel for each moment of a ring all-reduce of four processes.

    total: the four sums. moments: title -> (held, sends); held[r] are the four numbers
    of process r, sends[r] the place of the one that it sends next; None: no more to do.
    """
    panels = [_panel(total, name, *moment) for name, moment in moments.items()]
    return beside(*panels)


def _panel(total: list[int], title: str, held: list[list[int]], sends) -> Figure:
    from matplotlib import pyplot

    with pyplot.rc_context(STYLE):
        figure, ax = pyplot.subplots(figsize=(3.4, 3.7))
        ax.set(xlim=(-0.2, 9.2), ylim=(-0.9, 10.3), title=title)
        ax.set_axis_off()
        words = []
        for rank, numbers in enumerate(held):
            place = None if sends is None else sends[rank]
            _column(ax, rank, numbers, total, place)
            said = f"process {rank} holds {', '.join(map(str, numbers))}"
            if place is not None:
                _arrow(ax, rank, numbers[place])
                to = (rank + 1) % len(held)
                said += f" and sends {numbers[place]} to process {to}"
            words.append(said)
        done = sum(n == total[k] for numbers in held for k, n in enumerate(numbers))
        alt = f"Four processes in a ring, {title}: {'; '.join(words)}. "
        return show(figure, f"{alt}Finished sums, which are filled: {done}.")


def _column(ax, rank: int, numbers, total, place) -> None:
    """The numbers of a process, finished ones filled, the one at `place` framed."""
    from matplotlib.patches import Rectangle

    left, low = CORNERS[rank]
    up = low > 0
    label = low + 4 * HIGH + 0.45 if up else low - 0.5
    middle = {"ha": "center", "va": "center"}
    ax.text(left + WIDE / 2, label, f"process {rank}", fontsize=10, **middle)
    for k, number in enumerate(numbers):
        bottom = low + (3 - k) * HIGH
        ground = COLOURS[5] if number == total[k] else "white"
        look = {"fc": ground, "ec": "black", "lw": 0.8}
        ax.add_patch(Rectangle((left, bottom), WIDE, HIGH, **look))
        ax.text(left + WIDE / 2, bottom + 0.46 * HIGH, f"{number}", **middle)
    if place is not None:
        frame = {"fill": False, "ec": COLOURS[1], "lw": 3, "zorder": 3}
        bottom = low + (3 - place) * HIGH
        ax.add_patch(Rectangle((left, bottom), WIDE, HIGH, **frame))


def _arrow(ax, rank: int, number: int) -> None:
    """From a process to the next one, with the `number` that travels."""
    x, y, to_x, to_y = ARROWS[rank]
    look = {"arrowstyle": "-|>", "color": COLOURS[1], "lw": 2, "mutation_scale": 16}
    look |= {"shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (to_x, to_y), (x, y), arrowprops=look)
    at = ((x + to_x) / 2, (y + to_y) / 2)
    frame = {"facecolor": "white", "edgecolor": COLOURS[1], "lw": 1.5, "pad": 2.5}
    ax.text(*at, f"{number}", ha="center", va="center", bbox=frame)
