"""Rows of pictures: all are there, in order, and their titles can be read."""

from importlib import import_module

import numpy as np
import pytest

from resnet_lessons import figures

seeing = import_module("resnet_lessons.figures.seeing")
IMAGES = np.arange(5 * 4 * 4 * 3, dtype=np.uint8).reshape(5, 4, 4, 3)
TITLES = ["triangle and square", "disc", "ring", "cross and ring", "star"]
MAPS = np.random.RandomState(0).rand(5, 4, 4)


@pytest.fixture
def made(monkeypatch):
    """The matplotlib figures that are shown, in order."""
    found, show = [], seeing.show
    monkeypatch.setattr(
        seeing, "show", lambda figure, alt: found.append(figure) or show(figure, alt)
    )
    return found


def drawn(made):
    """(title, picture, map) of each place that is used."""
    axes = [ax for figure in made for ax in figure.axes if ax.images]
    return [
        (ax.get_title(), *(image.get_array().data for image in ax.images))
        for ax in axes
    ]


def test_each_picture_stands_under_its_title_with_its_map(made):
    panels = figures.pictures(list(IMAGES), TITLES, MAPS, alt="Maps over").panels
    found = drawn(made)
    assert [title for title, *_ in found] == TITLES
    for (_, image, heat), given, other in zip(found, IMAGES, MAPS, strict=True):
        assert np.array_equal(image, given) and np.allclose(heat, other)
    alts = [alt for _, alt in panels]
    assert alts[0] == f"Maps over: {TITLES[0]}; {TITLES[1]}."
    assert alts[1:] == [f"{TITLES[2]}; {TITLES[3]}.", f"{TITLES[4]}."]


def test_titles_are_legible_on_a_phone_and_do_not_touch(made):
    """A page on a phone gives a figure 340 of its pixels; letters need ten."""
    figures.pictures(list(IMAGES), TITLES)
    for figure in made:
        figure.canvas.draw()
        small = min(1, 340 / (figure.get_figwidth() * 96))
        for ax in figure.axes:
            assert ax.title.get_fontsize() * 96 / 72 * small > 10
            assert ax.title.get_window_extent().width < figure.bbox.width / 2


def test_pictures_without_titles_share_a_panel(made):
    ((_, alt),) = figures.pictures(list(IMAGES), [], alt="Kernels").panels
    assert alt == "Kernels." and len(drawn(made)) == 5
