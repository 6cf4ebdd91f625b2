"""Chapter 2: an Inception module as boxes and arrows."""

from .display import COLOURS, Figure, show
from .drawing import arrow, sheet

WIDE, HIGH = 1.0, 0.5  # of a box, in inches
ACROSS, DOWN = 1.08, 0.88  # from a box to the next one


def inception(module) -> Figure:
    """The paths of `module` side by side, and their outputs joined along the channels.

    module: has up to seven `paths` of convolutions and pools. Channels are read off the
    convolutions; a pool keeps them; layers without a kernel are not drawn. The parts of
    the lowest bar are as wide as they have channels.
    """
    start = next(m.in_channels for m in module.modules() if hasattr(m, "in_channels"))
    paths = [_layers(path, start) for path in module.paths]
    ends = [path[-1][2] for path in paths]
    width, top = ACROSS * len(paths), DOWN * (1 + max(map(len, paths)))
    whole = width - (ACROSS - WIDE)  # from the first box to the end of the last
    with sheet(width, top + HIGH + 0.36, bottom=-0.3) as (figure, ax):
        left = (width - whole) / 2
        _box(ax, left, top, whole, f"in: {start} channels", "black", 0.08)
        for column, (path, end, colour) in enumerate(
            zip(paths, ends, COLOURS, strict=False)
        ):
            middle, share = ACROSS * (column + 0.5), whole * end / sum(ends)
            _path(ax, path, middle, top, colour)
            _box(ax, left, 0, share, end, colour, 0.35)
            arrow(ax, (middle, DOWN), (left + share / 2, HIGH))
            left += share
        said = f"joined: {sum(ends)} channels"
        ax.text(width / 2, -0.16, said, ha="center", va="center")
        return show(figure, _words(start, paths, sum(ends)))


def _path(ax, path, middle, top, colour):
    """The boxes of one path, the last at DOWN, each with the arrow that enters it."""
    above = top
    for row, (name, before, after) in zip(range(len(path), 0, -1), path, strict=True):
        text = f"{name}\n{before} → {after}"
        _box(ax, middle - WIDE / 2, row * DOWN, WIDE, text, colour, 0.12)
        arrow(ax, (middle, above), (middle, row * DOWN + HIGH))
        above = row * DOWN


def _layers(path, channels: int) -> list[tuple[str, int, int]]:
    """(name, channels in, channels out) of each convolution or pool of `path`."""
    found = []
    for layer in path.modules():
        kernel = getattr(layer, "kernel_size", None)
        if kernel is None:
            continue
        side = kernel if isinstance(kernel, int) else kernel[0]
        kind = "conv" if hasattr(layer, "out_channels") else "pool"
        after = getattr(layer, "out_channels", channels)
        found.append((f"{kind} {side} × {side}", channels, after))
        channels = after
    return found


def _box(ax, left, bottom, wide, text, colour, shade):
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    look = {"ec": colour, "fc": to_rgba(colour, shade), "lw": 1.5}
    ax.add_patch(Rectangle((left, bottom), wide, HIGH, **look))
    middle = left + wide / 2, bottom + HIGH / 2
    ax.text(*middle, text, ha="center", va="center", linespacing=1.1)


def _words(start, paths, total) -> str:
    """The drawing for those who cannot see it."""
    lines = [
        ", then ".join(f"{name} from {a} to {b}" for name, a, b in path)
        for path in paths
    ]
    return (
        f"{start} channels go into {len(paths)} paths side by side: "
        f"{'; '.join(lines)}. Joined, they are {total} channels."
    )
