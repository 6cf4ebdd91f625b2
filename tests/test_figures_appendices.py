"""Drawings of appendices C to E: a ring, rounds of Newton-Schulz, five joins."""

from importlib import import_module

import pytest

from resnet_lessons import figures

TOTAL = [1111, 2222, 3333, 4444]
HELD = [[1, 2222, 3303, 4004], [11, 20, 3333, 4044], [111, 220, 300, 4444],
        [1111, 2220, 3300, 4000]]  # fmt: skip


@pytest.fixture
def drawn(monkeypatch):
    """The matplotlib figures of a drawing, before they are shown."""
    made = []
    for name in ("rings", "race", "joins"):
        module = import_module(f"resnet_lessons.figures.{name}")
        show = module.show
        monkeypatch.setattr(
            module, "show", lambda f, alt, show=show: made.append(f) or show(f, alt)
        )
    return made


def test_a_ring_says_who_holds_and_sends_what():
    moments = {"before": (HELD, [1, 2, 3, 0]), "after": ([TOTAL] * 4, None)}
    (_, before), (_, after) = figures.ring(TOTAL, moments).panels
    assert "ring, before: process 0 holds 1, 2222, 3303, 4004 and sends 2222" in before
    said = "process 3 holds 1111, 2220, 3300, 4000 and sends 1111 to process 0."
    assert said in before
    assert after.count("1111, 2222, 3333, 4444") == 4 and "sends" not in after
    assert before.endswith("filled: 4.") and after.endswith("filled: 16.")


def test_what_is_finished_is_filled_and_what_travels_is_framed(drawn):
    figures.ring(TOTAL, {"before": (HELD, [1, 2, 3, 0])})
    (ax,) = drawn[0].axes
    texts = {t.get_position(): t.get_text() for t in ax.texts}

    def number(cell):  # the one that stands in a cell
        inside = [
            text for (x, y), text in texts.items()
            if 0 < x - cell.get_x() < cell.get_width()
            and 0 < y - cell.get_y() < cell.get_height()
        ]  # fmt: skip
        return inside[0]

    cells = [p for p in ax.patches if p.get_fill()]
    white = (1, 1, 1, 1)
    filled = [number(p) for p in cells if p.get_facecolor() != white]
    framed = [number(p) for p in ax.patches if not p.get_fill()]
    assert len(cells) == 16
    assert sorted(filled) == sorted(framed) == ["1111", "2222", "3333", "4444"]
    moving = [t.get_text() for t in ax.texts if t.get_bbox_patch()]
    assert moving == ["2222", "3333", "4444", "1111"]


def test_each_round_has_its_line_and_its_number_at_the_first_peak(drawn):
    values = [0.01, 0.1, 0.5, 1.0]
    after = [[0.02, 0.2, 1.1, 0.7], [0.04, 0.8, 0.6, 1.2]]
    alt = repr(figures.rounds(values, after))
    assert "from 0.01 to 1 at the start; after round 1: 0.02 to 0.7; 2: 0.04 to" in alt
    (ax,) = drawn[0].axes
    lines = [list(line.get_ydata()) for line in ax.lines[:2]]
    assert lines == after
    assert [(t.get_text(), t.get_position()[0]) for t in ax.texts] == [
        ("1", 0.5),
        ("2", 0.1),
    ]


def test_a_line_that_only_climbs_has_its_number_at_the_end(drawn):
    figures.rounds([0.1, 1.0], [[0.3, 0.9]])
    (label,) = drawn[0].axes[0].texts
    assert label.get_position()[0] == 1.0


def test_each_join_is_drawn_and_said(drawn):
    ((_, alt),) = figures.joins().panels
    texts = [text.get_text() for text in drawn[0].axes[0].texts]
    for name, sign in [("residual", "+"), ("dense", "[$x$, F]")]:
        assert name in texts and sign in texts
    assert texts.count("+") == 4 and texts.count("F") == texts.count("$x$") == 5
    factors = [text.split("$")[3] for text in texts if "times" in text]
    assert factors == ["(1 - T)", "T", r"\alpha", "b"]
    assert "gated: x times 1 minus T, plus F(x) times T;" in alt
    assert "dense: x beside F(x)" in alt
