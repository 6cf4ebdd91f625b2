"""Every drawing on a phone: its words can be read, and none is cut off."""

import re
from itertools import combinations

import numpy as np
import pytest
import torch
from matplotlib import figure as matplotlib_figure
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from torch.nn import functional as F

from resnet_lessons import data, figures, nets, records
from resnet_lessons.figures.display import Figure

PHONE = 358  # pixels that a page there has for a figure
LEAST = 11  # pixels of its letters
CONTRAST = 4.5  # of letters against their ground: WCAG 2.2, 1.4.3

KEPT = records.load("resnet-18", "laptop")
RANDOM = np.random.RandomState(0)


def convolving():
    picture, kernel = RANDOM.randint(0, 17, (8, 8)), np.array([[1, 0, -1]] * 3)
    grids = [torch.tensor(grid)[None, None] for grid in (picture, kernel)]
    return figures.convolving(picture, kernel, F.conv2d(*grids)[0, 0].numpy(), (2, 1))


def weight_matrix():
    used = [
        [3 * i + j if 0 <= i < 3 and 0 <= j < 3 else -1 for i, j in shifts]
        for shifts in (
            [(x // 8 - y // 6, x % 8 - y % 6) for x in range(64)] for y in range(36)
        )
    ]
    return figures.weight_matrix(np.array(used))


def by_shift():
    nets_ = ["LeNet-5", "two linear layers"]
    moved = [f"{n}, trained on moved digits" for n in [*nets_, "wide linear layers"]]
    lines = {net: np.linspace(0.97, 0.1 + n / 9, 7).tolist()
             for n, net in enumerate([*nets_, *moved])}  # fmt: skip
    return figures.by_shift(lines, range(7), "new digits that are named correctly (%)")


def by_layer():
    depths = {f"{n} layers": np.logspace(-n / 2, -3, n).tolist() for n in (8, 20, 110)}
    depths |= {"He, BatchNorm, with shortcuts": [0.0] * 40 + [1e-3] * 16}
    title = "gradient norm, default weights, no normalisation"
    return figures.by_layer(depths, title)


def losses():
    lines = {label: [[2.0, 1.0, 0.5]] * 3 for label in ("8 layers", "56 layers")}
    return figures.losses({"plain": lines, "residual": lines}, "epoch")


def two_blocks():
    residual = nets.BasicBlock(8, 8).residual
    return figures.two_blocks([layer for part in residual for layer in part])


def confusion():
    matrix = RANDOM.randint(0, 300, (10, 10)) + 700 * np.eye(10, dtype=int)
    return figures.confusion(matrix.tolist(), data.find("cifar10").classes, "seed 0")


def wander():
    sizes = (50, 100, 200, 500, 1_000, 2_000, 5_000)
    formula = {n: 47 / n**0.5 for n in sizes}
    return figures.wander({"formula": formula, "400 draws": formula})


def learning_rates():
    rates = np.logspace(-7, 1, 60)
    return figures.learning_rates(rates, 2 + (np.log10(rates) + 1) ** 2 / 40, 3e-3)


def freezing_picture():
    rows = [("new head", 0), ("head and stage 3", 1), ("everything", 4)]
    return figures.freezing_picture(rows)


def transfer_curves():
    ways = ["scratch", "scratch-long", "head", "stage-3", "all"]
    return figures.transfer_curves(records.load("cat-or-dog", "laptop"), ways)


def pictures():
    titles = ["triangle and square", "cross and square", "disc", "padded by 4"]
    return figures.pictures(RANDOM.randint(0, 256, (4, 9, 9, 3), np.uint8), titles)


def grids():
    parts = ["stem", "stage 1", "stage 2", "stage 3"]
    return figures.grids({part: RANDOM.rand(3, 8, 8) for part in parts})


def surface_runs():
    return [records.load(f"{n}-32-surface", "laptop") for n in ("plain", "resnet")]


def boxes():
    names = ["ground", "disc", "cross", "ring", "square"]
    box = torch.tensor([[4.0, 20.0, 30.0, 50.0], [34.0, 30.0, 60.0, 60.0]])
    scenes, found = [], []
    for labels in ([1, 2], [3, 4]):
        truth = {"boxes": box, "labels": torch.tensor(labels)}
        scenes.append((torch.full((3, 64, 64), 0.5), truth))
        found.append(truth | {"scores": torch.ones(2)})
    return figures.boxes(scenes, found, names)


def ring():
    total = [1111, 2222, 3333, 4444]
    return figures.ring(total, {"before round 4": ([total] * 4, [1, 2, 3, 0])})


def spectra():
    labels = ["gradient, trained with AdamW", "step of AdamW"]
    falling = np.logspace(0, -4, 96).tolist()
    return figures.spectra({label: falling for label in labels})


def rounds():
    values, after = np.logspace(-3, 0, 300), []
    for _ in range(5):
        last = after[-1] if after else values
        after.append(3.4445 * last - 4.775 * last**3 + 2.0315 * last**5)
    return figures.rounds(values.tolist(), [line.tolist() for line in after])


DRAWN = {
    draw.__name__: draw
    for draw in (
        boxes, by_layer, by_shift, confusion, convolving, freezing_picture, grids,
        learning_rates, losses, pictures, ring, rounds, spectra, transfer_curves,
        two_blocks, wander, weight_matrix,
    )
} | {
    "curves": lambda: figures.curves([KEPT] * 2),
    "inception": lambda: figures.inception(
        nets.Inception(192, 64, (96, 128), (16, 32), 32)
    ),
    "joins": figures.joins,
    "pooling": lambda: figures.pooling(RANDOM.randint(0, 10, (3, 4, 4))),
    "ray_lines": lambda: figures.ray_lines(surface_runs(), "running"),
    "surfaces": lambda: figures.surfaces(surface_runs()),
}  # fmt: skip


@pytest.fixture(scope="module", params=DRAWN)
def panels(request):
    """Of each panel: the matplotlib figure, its words where they stand, its alt text.

    The words: (text, its extent in points), as the SVG shows them.
    """
    made, words, seen = [], [], []
    save, draw = matplotlib_figure.Figure.savefig, Text.draw

    def noted(text, renderer, *args):
        if text.get_text() and text.get_visible():
            seen.append((renderer, text, text.get_window_extent(renderer)))
        draw(text, renderer, *args)

    def saved(figure, *args, **options):
        seen.clear()
        save(figure, *args, **options)
        figure.set_layout_engine("none")  # all stays where it was saved
        made.append(figure)
        words.append([(text, box) for r, text, box in seen if r is seen[-1][0]])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matplotlib_figure.Figure, "savefig", saved)
        patch.setattr(Text, "draw", noted)
        alts = [alt for _, alt in DRAWN[request.param]().panels]
    return [*zip(made, words, alts, strict=True)]


def test_every_drawing_is_looked_at():
    public = {name: getattr(figures, name) for name in figures.__all__}
    drawings = [
        name
        for name, value in public.items()
        if getattr(value, "__annotations__", {}).get("return") is Figure
    ]
    assert sorted(DRAWN) == sorted({*drawings} - {"show"})


def test_words_are_large_enough_on_a_phone(panels):
    for figure, words, _ in panels:
        pixels = 96 * figure.get_figwidth()  # as wide as it is on a large screen
        small = min(1, PHONE / pixels)
        sizes = {text.get_text(): text.get_fontsize() * 96 / 72 for text, _ in words}
        assert {k: v * small for k, v in sizes.items() if v * small < LEAST} == {}


def test_no_words_are_cut_off_or_overlap(panels):
    for figure, words, _ in panels:
        width, height = figure.bbox.size
        for text, box in words:
            assert min(box.x0, box.y0) > -1, text
            assert box.x1 < width + 1 and box.y1 < height + 1, text
        level = [(t, box) for t, box in words if t.get_rotation() in (0, 90)]
        for (one, box), (other, its) in combinations(level, 2):
            across = min(box.x1, its.x1) - max(box.x0, its.x0)
            down = min(box.y1, its.y1) - max(box.y0, its.y0)
            assert min(across, down) < 1, (one, other)


def luminance(colour):
    """Of sRGB values from 0 to 1, as in WCAG 2.2."""
    dark = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in colour]
    return np.dot([0.2126, 0.7152, 0.0722], dark)


def test_words_stand_out_from_their_ground(panels):
    for figure, words, _ in panels:
        inks = [to_rgb(text.get_color()) for text, _ in words]
        for text, _ in words:
            text.set_alpha(0)
        figure.set_dpi(72)  # a pixel is a point
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[::-1, :, :3] / 255  # from below
        for (text, box), ink in zip(words, inks, strict=True):
            left, low, right, high = (max(0, round(edge)) for edge in box.extents)
            ground = np.median(pixels[low:high, left:right], axis=(0, 1))
            dark, bright = sorted(map(luminance, (ink, ground)))
            assert (bright + 0.05) / (dark + 0.05) >= CONTRAST, (text, ground)


def test_what_is_said_is_a_sentence_without_machine_notation(panels):
    for _, _, alt in panels:
        assert alt.endswith(".") and not re.search(r"\de[+-]\d|nan|None", alt), alt
