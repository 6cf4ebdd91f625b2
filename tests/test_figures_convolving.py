"""The drawings of chapter 1: their words say what they draw."""

import re
from importlib import import_module

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from resnet_lessons import figures

drawn = import_module("resnet_lessons.figures.convolving")  # behind its function


@pytest.mark.parametrize("place", [(0, 0), (2, 1), (1, 3)])
def test_the_frames_are_at_the_place(place, monkeypatch):
    picture, kernel = torch.arange(30.0).view(5, 6), torch.eye(3)
    output = F.conv2d(picture[None, None], kernel[None, None])[0, 0]
    made = {}
    show = drawn.show
    monkeypatch.setattr(
        drawn,
        "show",
        lambda figure, alt: made.update({alt: figure}) or show(figure, alt),
    )
    figures.convolving(picture.numpy(), kernel.numpy(), output.numpy(), place)
    (first, left), (second, right) = made.items()
    row, column = place
    assert f"row {row + 1}, column {column + 1}" in first
    assert f"stands {output[place].item():g}." in second
    inside = picture[row : row + 3, column : column + 3]
    for alt, grid in ((first, inside), (second, kernel)):
        said = [re.findall(r"-?\d+", line) for line in alt.split("row by row: ")[1]
                .split(".")[0].split(";")]  # fmt: skip
        assert [[float(v) for v in line] for line in said] == grid.tolist()
    (window,) = left.axes[0].patches
    corner = [v + 0.5 for v in (window.get_y(), window.get_x())]
    assert (corner, window.get_width()) == ([row, column], 3)
    (cell,) = right.axes[1].patches
    assert (cell.get_y() + 0.5, cell.get_x() + 0.5) == (row, column)
    numbers = [float(text.get_text()) for text in right.axes[1].texts]
    assert numbers == output.ravel().tolist()
    sizes = [ax.get_position().width * figure.get_figwidth() / len(grid[0])
             for figure, ax, grid in [(left, left.axes[0], picture),
                                      (right, right.axes[0], kernel),
                                      (right, right.axes[1], output)]]  # fmt: skip
    assert max(sizes) - min(sizes) < 1e-6


def test_the_same_drawing_has_the_same_bytes():
    picture = np.arange(30.0).reshape(5, 6)
    one, other = (
        figures.convolving(picture, np.eye(3), np.ones((3, 4)), (0, 0))
        for _ in range(2)
    )
    assert one.panels == other.panels


def test_the_matrix_counts_what_is_filled():
    which = np.full((4, 10), -1)
    which[0, :2] = [0, 1]
    which[3, 4:6] = [0, 1]
    alt = repr(figures.weight_matrix(which))
    assert "4 rows and 10 columns. 10% of it" in alt and "in 2 diagonal" in alt


def test_the_ends_of_each_line_are_said():
    lines = {"a": [0.9, 0.5, 0.125], "b": [0.8, 0.7, 0.6]}
    alt = repr(figures.by_shift(lines, range(3), "named (%)"))
    assert alt.endswith("guessing, 10%.")
    assert re.findall(r"(\w): (\d+)% in place, (\d+)% at 2 px", alt) == [
        ("a", "90", "12"),
        ("b", "80", "60"),
    ]


def test_a_net_keeps_its_colour_whatever_it_learned_on(monkeypatch):
    made = []
    monkeypatch.setattr(drawn, "show", lambda figure, alt: made.append(figure))
    labels = ["a", "b", "a, moved", "b, moved", "c, moved"]
    figures.by_shift({key: [0.5, 0.4] for key in labels}, range(2), "named (%)")
    looks = {
        line.get_label(): (line.get_color(), line.get_marker(), line.get_linestyle())
        for line in made[0].axes[0].lines
    }
    assert looks["a"][:2] == looks["a, moved"][:2] and looks["a"] != looks["a, moved"]
    kinds = [looks[f"{kind}, moved"] for kind in "abc"]
    assert len({look[0] for look in kinds}) == len({look[1] for look in kinds}) == 3
    assert {look[2] for look in kinds} == {"--"}
