"""Drawn scenes: what the figure says in words, and what it refuses."""

import html

import pytest
import torch

from resnet_lessons import figures
from resnet_lessons.errors import UsageError

CLASSES = ["background", "disc", "cross"]
HOSTILE = ["background", "<script>alert(1)</script>", r"$x_\frac$"]
BOX = [2.0, 3.0, 9.0, 10.0]


def scene(labels=(1, 2)):
    """A grey picture with a box for each label."""
    truth = {"boxes": torch.tensor([BOX] * len(labels)), "labels": torch.tensor(labels)}
    return torch.full((3, 12, 12), 0.5), truth


def result(labels=(1, 2), scores=(0.9, 0.4)):
    boxes = torch.tensor([BOX] * len(labels)).view(-1, 4)
    labels = torch.tensor(labels, dtype=torch.long)
    return {"boxes": boxes, "labels": labels, "scores": torch.tensor(scores)}


def drawn(figure):
    ((svg, _),) = figure.panels
    return svg.decode()


def test_the_alt_text_says_what_is_there_and_what_was_found():
    found = [result(), result([], [])]
    figure = figures.boxes([scene(), scene([2])], found, CLASSES)
    said = "1: disc, cross; found disc. 2: cross; found nothing."
    assert said in repr(figure) and said in figure._repr_html_()


def test_only_confident_boxes_are_drawn():
    truth = drawn(figures.boxes([scene()], [result()], CLASSES, at_least=0.95))
    one = drawn(figures.boxes([scene()], [result()], CLASSES, at_least=0.5))
    two = drawn(figures.boxes([scene()], [result()], CLASSES, at_least=0.4))
    assert [svg.count(figures.COLOURS[0].lower()) for svg in (truth, one, two)] == [
        0,
        2,  # a frame and the ground of its name
        4,
    ]
    assert "<!-- disc -->" in one and "<!-- cross -->" not in one
    assert "<!-- cross -->" in two


def test_every_scene_is_drawn_in_whole_rows():
    figure = figures.boxes([scene()] * 3, [result()] * 3, CLASSES)
    assert drawn(figure).count("<image") == 3


def test_hostile_names_are_shown_as_they_are():
    figure = figures.boxes([scene()], [result(scores=(0.9, 0.9))], HOSTILE)
    assert HOSTILE[1] in repr(figure) and HOSTILE[2] in repr(figure)
    page = figure._repr_html_()
    assert "<script" not in page and "<script" not in drawn(figure)
    assert html.escape(HOSTILE[1]) in page and HOSTILE[2] in page
    assert rf"<!-- {HOSTILE[2]} -->" in drawn(figure)  # as text, not as a formula


def without(key):
    return {k: v for k, v in result().items() if k != key}


BAD = {
    "no scenes": ([], [], 0.5, "one result for each scene"),
    "a result too few": ([scene()] * 2, [result()], 0.5, "2 scenes and 1 results"),
    "a score above 1": ([scene()], [result()], 30, "from 0 to 1, not 30"),
    "no scores": ([scene()], [without("scores")], 0.5, "boxes, labels, scores"),
    "fewer scores": ([scene()], [result(scores=[0.9])], 0.5, "scores 1"),
    "no such class": ([scene()], [result([1, 3])], 0.5, "Label 3 has no name"),
    "no such truth": ([scene([7])], [result()], 0.5, "Label 7 has no name"),
    "a label below 0": ([scene()], [result([2, -1])], 0.5, "Label -1 has no name"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_line(case):
    scenes, found, at_least, words = BAD[case]
    with pytest.raises(UsageError, match=words) as error:
        figures.boxes(scenes, found, CLASSES, at_least)
    assert "\n" not in str(error.value)


def test_names_stand_where_there_are_several():
    one = figures.boxes([scene([1])], [result([1], [0.9])], CLASSES)
    wrong = figures.boxes([scene([1])], [result([2], [0.9])], CLASSES)
    assert "<!-- disc -->" not in drawn(one)
    assert "<!-- cross -->" in drawn(wrong)


@pytest.mark.parametrize("number", [7, torch.tensor(7)])
def test_what_else_a_truth_holds_is_no_matter(number):
    picture, truth = scene()
    figures.boxes([(picture, truth | {"image_id": number})], [result()], CLASSES)
    short = truth | {"image_id": number, "boxes": truth["boxes"][:1]}
    with pytest.raises(UsageError, match="got boxes 1, labels 2"):
        figures.boxes([(picture, short)], [result()], CLASSES)
