"""Figures as they are shown: lighter SVG, the same picture."""

import copy
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from matplotlib import pyplot

from resnet_lessons import figures, records
from resnet_lessons.errors import UsageError
from resnet_lessons.figures import curves
from resnet_lessons.figures.display import _short, show, table

KEPT = records.load("resnet-18", "laptop")
NUMBER = r"-?\d+(?:\.\d+)?"


def values(svg, attribute):
    found = re.findall(rf' {attribute}="([^"]*)"', svg.decode())
    return [float(number) for text in found for number in re.findall(NUMBER, text)]


def test_one_seed_has_no_spread_and_settles_nothing():
    one = replace(KEPT, seeds=KEPT.seeds[:1])
    other = replace(records.load("fcn-baseline", "laptop"), title="other")
    for pair in [(one, other), (other, one)]:
        assert "says little" in figures.overlap_words(*pair)
        assert "too little" in figures.compare_words(*pair)
    for shown in (figures.running_table([one]), figures.error_table([one])):
        assert "| – (1) |" in shown
    assert "± – (1) |" in figures.results_table([one])
    assert "says little" not in figures.overlap_words(KEPT, other)


def test_that_all_runs_of_one_net_are_ahead_comes_with_its_chance():
    """Of the 20 ways to deal six runs to two equal nets, two put three above three."""
    worse = [
        replace(s, epochs=[{**e, "accuracy": e["accuracy"] / 2} for e in s.epochs])
        for s in KEPT.seeds
    ]
    low = replace(KEPT, title="low", seeds=worse)
    assert "Every run of" in figures.overlap_words(low, KEPT)
    assert "2 cases of 20." in figures.overlap_words(low, KEPT)
    two = replace(low, seeds=worse[:2])
    assert "2 cases of 10." in figures.overlap_words(KEPT, two)


def test_equal_runs_beat_nobody():
    """Accuracies are counts of one set of pictures: two runs can have the same."""
    same = replace(KEPT, title="twin", seeds=[*KEPT.seeds[1:], KEPT.seeds[0]])
    assert "does as well as" in figures.overlap_words(KEPT, same)
    one, twin = (replace(record, seeds=KEPT.seeds[:1]) for record in (KEPT, same))
    assert figures.overlap_words(one, twin).endswith("ran equally well.")


def test_growing_pictures_have_two_sizes():
    growing = records.load("race-ten-minutes", "laptop")
    assert "| 32–96 |" in figures.results_table([growing])
    assert "| 64 |" in figures.results_table([KEPT])


def test_a_shown_figure_is_lighter_and_all_stays_in_its_place(monkeypatch):
    raw = []
    short = "resnet_lessons.figures.display._short"
    monkeypatch.setattr(short, lambda svg: raw.append(svg) or _short(svg))
    figure, ax = pyplot.subplots()
    ax.plot([0, 1 / 3, 0.7], [1, 1 / 7, 3])
    ax.contour([[0, 1, 2], [2, 3, 1], [1, 0, 1]])
    ((svg, alt),) = show(figure, "lines").panels
    assert alt == "lines" and len(svg) < 0.9 * len(raw[0])
    for attribute in ("d", "x", "y"):
        places = values(raw[0], attribute)
        assert len(places) > 10
        assert values(svg, attribute) == pytest.approx(places, abs=0.01)
    places = values(raw[0], "transform")
    assert values(svg, "transform") == pytest.approx(places, abs=0.01)
    sizes = rb"scale\([^)]*\)"  # of letters
    assert re.findall(sizes, svg) == re.findall(sizes, raw[0])
    for unread in (b"<metadata", b"<!DOCTYPE", b"<?xml"):
        assert unread in raw[0] and unread not in svg


def test_a_long_title_leaves_the_curves_their_width(monkeypatch):
    widths = []

    def shown(figure, alt):
        figure.draw_without_rendering()
        widths.append(figure.axes[0].get_position().width)
        return show(figure, alt)

    monkeypatch.setitem(curves.__globals__, "show", shown)
    record = records.load("fcn-baseline", "laptop")
    for title in (record.title, "one change, and then another, " * 3):
        curves([replace(record, title=title)])
    assert min(widths) > 0.8


def test_lines_without_a_colour_of_their_own_are_refused():
    lines = {str(n): [[1.0, 2.0]] for n in range(8)}
    for draw in (
        lambda: figures.by_layer({k: v[0] for k, v in lines.items()}, "values"),
        lambda: figures.losses({"a": lines}, "step"),
        lambda: figures.curves([KEPT] * 8),
        lambda: figures.wander({k: {10: 1.0} for k in lines}),
        lambda: figures.pooling(np.zeros((8, 2, 2))),
    ):
        with pytest.raises(UsageError, match="7 colours, not 8"):
            draw()


def test_layers_without_a_number_are_counted(monkeypatch):
    labels = []

    def shown(figure, alt):
        labels.extend(text.get_text() for text in figure.legends[0].get_texts())

    monkeypatch.setattr("resnet_lessons.figures.layers.show", shown)
    figures.by_layer({"net": [math.nan, 0.0, 2.0, math.inf]}, "title")
    assert labels == ["net\n(1 layers: exactly 0)\n(2 layers: no number)"]


def test_words_say_which_layers_are_not_drawn():
    alt = repr(figures.by_layer({"a": [0.0, 1e-12], "b": [1.0, 1.0]}, "norms"))
    assert "a: 0 to 1 × 10⁻¹²; b: 1 to 1." in alt
    assert alt.endswith("Not all are drawn: a (1 layers: exactly 0).")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("7.6e+02 to 0.26", "760 to 0.26"),
        ("5 at 1e-07.", "5 at 1 × 10⁻⁷."),
        ("from 8.65e+04", "from 86,500"),
        ("`fcn-1e4` at 0x1e-2", "`fcn-1e4` at 0x1e-2"),
    ],
)
def test_words_for_those_who_cannot_see_have_no_machine_notation(written, said):
    figure, _ = pyplot.subplots()
    assert repr(show(figure, written)) == f"Figure: {said}"


def test_a_loss_that_is_no_number_leaves_the_others_drawn():
    panel = figures.losses({"a": {"one": [[3.0, math.inf, 2.0]]}}, "step")
    assert "3.00 to 2.00" in repr(panel)


@pytest.mark.timeout(30)
def test_a_map_of_a_high_loss_has_few_ticks():
    record = records.load("plain-32-surface", "laptop")
    seed = copy.deepcopy(record.seeds[0])
    seed.measured["planes"][0]["batch"][0][0] = 1e6
    (drawn,) = figures.surfaces([replace(record, seeds=[seed])]).panels
    assert len(drawn[0]) < 2**20


@pytest.mark.parametrize(
    ("column", "side"),
    [
        (["1.5 (3)", "2,000"], "--:"),
        (["0.05 to 0.07", "2e-22", "9.9e+03", "2 × 10⁻²²", "9,900"], "--:"),
        (["+5 %", "−3 %"], "--:"),
        (["1.5", "", "2"], "--:"),
        (["", "a"], ":--"),
        (["3-3-5", "4"], ":--"),
        (["–", "1.5 s", "× 22.8"], "--:"),
        (["100 digits, one by one: right", "3"], ":--"),
        (["He", "1"], ":--"),
        ([""], ":--"),
    ],
)
def test_a_column_of_numbers_is_aligned_to_the_right(column, side):
    text = str(table(["column"], [[value] for value in column]))
    assert text.splitlines()[1] == f"| {side} |"


@pytest.mark.parametrize(
    ("value", "digits", "words"),
    [
        (0, 2, "0"),
        (770.0, 2, "770"),
        (27_234.0, 3, "27,200"),
        (0.258, 2, "0.26"),
        (-0.0504, 2, "−0.050"),
        (999.6, 2, "1,000"),
        (1.6e-11, 2, "1.6 × 10⁻¹¹"),
        (5.4e-45, 1, "5 × 10⁻⁴⁵"),
        (2e10, 1, "2 × 10¹⁰"),
        (1234, 1, "1,234"),
        (-3, 2, "−3"),
        (math.inf, 2, "inf"),
        (-math.inf, 2, "−inf"),
        (math.nan, 2, "nan"),
    ],
)
def test_a_number_has_its_digits_and_no_machine_notation(value, digits, words):
    assert figures.number(value, digits) == words


def test_per_cent_is_written_in_one_way():
    code = "`5 % 3`, width:50%;\n```python\n7 % 2\n```"
    said = figures.say(f"**84%** of 3.5 %, {code}")
    assert said == f"**84\u00a0%** of 3.5\u00a0%, {code}"
    assert "| 84\u00a0% |" in figures.table(["a"], [["84%"]])


def with_accuracies(*accuracies):
    record = records.load("fcn-baseline", "laptop")
    (seed, *_) = record.seeds
    seeds = []
    for number, accuracy in enumerate(accuracies):
        epochs = [*seed.epochs[:-1], seed.epochs[-1] | {"accuracy": accuracy}]
        seeds.append(replace(seed, seed=number, epochs=epochs))
    return replace(record, seeds=seeds)


def test_a_ladder_says_the_points_and_whether_they_are_clear():
    low, high = with_accuracies(0.50, 0.51), with_accuracies(0.60, 0.61)
    near, alone = with_accuracies(0.59, 0.61), with_accuracies(0.9)
    said = str(figures.steps_table([low, high, near, low, alone])).splitlines()[2:]
    ends = [[cell.strip() for cell in row.split("|")[-3:-1]] for row in said]
    assert ends == [
        ["–", "–"],
        ["+10.0", "yes"],
        ["−0.5", "no"],
        ["−9.5", "yes"],
        ["+39.5", "no"],  # one seed
    ]


def test_planes_that_are_all_alike_are_equal():
    runs = [records.load(f"{n}-32-surface", "laptop") for n in ("plain", "resnet")]
    assert figures.plane_words(*runs, lambda grid: 0) == "0 against 0: equal"
