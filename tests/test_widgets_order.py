"""BlockOrder in a real Chromium; its data is held to PyTorch in test_probes_orders."""

from math import log10

import pytest
from selenium.webdriver.common.keys import Keys

from resnet_lessons.figures import number
from widget_looks import HEIGHTS, inside, said, text, values
from widget_page import press, slide
from widget_registry import widget

pytestmark = pytest.mark.browser

VALUES, OPEN, BACK = 1, 2, 3  # the charts; the drawing of the block comes first


@pytest.fixture(scope="module")
def shown():
    return widget("BlockOrder")


def choose(page, order, depth):
    """The order by its button, the depth by the keyboard."""
    press(page, 0, order)
    slide(page, 0, depth)


def read(page, chart, look):
    """What the dots of one look say, read off against the numbers on the axis."""
    dots, labels = page.js(HEIGHTS, chart, look)
    (low, bottom), *_, (high, top) = sorted((float(text), y) for text, y in labels)
    assert bottom > top
    return [low + (high - low) * (bottom - y) / (bottom - top) for y in dots]


@pytest.mark.parametrize(
    ("order", "depth"), [(0, 2), (1, 1), (2, 2), (3, 0), (4, 2), (5, 1)]
)
def test_the_charts_draw_the_data(page, shown, order, depth):
    choose(page, order, depth)
    case = shown.data["cases"][order][depth]
    every = [v for row in shown.data["cases"] for v in row[depth]["mean"]]
    top = max(abs(v) for v in every)
    assert read(page, VALUES, "accent") == pytest.approx(case["mean"], abs=0.02 * top)
    assert read(page, VALUES, "second") == pytest.approx(case["std"], abs=0.02 * top)
    percents = [100 * share for share in case["untouched"]]
    assert read(page, OPEN, "accent") == pytest.approx(percents, abs=1)
    powers = [log10(norm / case["gradient"][-1]) for norm in case["gradient"]]
    assert values(page, BACK, "accent") == pytest.approx(powers, abs=0.05)
    assert len(inside(page, 0, "svg[role=img] .rl-line.rl-ghost")) == 3 * 5


LINES = """return [...document.querySelectorAll('svg[role=img] .rl-line')].map(line =>
  line.getAttribute('d').split('M').length - 1)"""


def test_lines_are_whole_also_where_they_touch_the_axis(page, shown):
    choose(page, 1, 2)
    assert min(case[2]["untouched"][-2] for case in shown.data["cases"]) == 0
    assert set(page.js(LINES)) == {1}


BOXES = """return [...document.querySelectorAll('.order-box')].map(box => {
  const { x, y, width } = box.getBBox();
  return [box.nextSibling.textContent, x + width / 2, y]; })"""
PATHS = """return [...document.querySelectorAll('svg[role=img] .order-path')]
  .map(path => path.classList.contains('order-clean'))"""
CIRCLE = """const box = document.querySelector('.order-sum').getBBox();
  return [box.x + box.width / 2, box.y + box.height / 2]"""


@pytest.mark.parametrize("order", range(6))
def test_the_drawing_is_the_order(page, shown, order):
    choose(page, order, 0)
    left, right = shown.data["orders"][order]["order"].split("+")
    boxes = page.js(BOXES)
    assert [word for word, _, _ in boxes] == (left + right).split()
    x, y = page.js(CIRCLE)
    before, after = boxes[: len(left.split())], boxes[len(left.split()) :]
    assert all(at > x + 50 and height < y for _, at, height in before)
    assert all(at == x and height > y for _, at, height in after)
    heights = [height for _, _, height in boxes]
    assert heights == sorted(set(heights))
    assert page.js(PATHS) == [True, not after]  # above the sum, below it
    (drawn,) = [
        svg.accessible_name
        for svg in inside(page, 0, "svg[role=img]")
        if svg.accessible_name.startswith("The block. F: ")
    ]
    words = ", ".join(right.split()) or "nothing"
    assert drawn.endswith(f"After the sum: {words}.")


def test_the_sentence_says_the_values(page, shown):
    choose(page, 0, 2)
    sentence = said(page)
    case = shown.data["cases"][0][2]
    assert sentence.startswith("Original, 27 blocks: ")
    assert f"{100 * case['untouched'][0]:.0f} % of the values reach the end" in sentence
    assert "; ReLU after each sum changes the rest" in sentence
    times = case["gradient"][0] / case["gradient"][-1]
    assert f"{number(times, 3)} times" in sentence
    choose(page, 1, 2)
    sentence = said(page)
    assert (
        "0 % of the values" in sentence
        and "BN and ReLU after each sum change" in sentence
    )
    choose(page, 4, 2)
    sentence = said(page)
    assert "100 % of the values reach the end untouched. The" in sentence
    mean = shown.data["cases"][4][2]["mean"][-1]
    assert number(abs(mean), 3) in sentence and ("−" in sentence) == (mean < 0)
    assert text(page, 0, "output") == ["27 blocks, 56 layers"]


def test_a_button_moves_the_lines_and_not_the_axes(page):
    axes = "return [...document.querySelectorAll('.rl-axes')].map(g => g.outerHTML)"
    before = page.js(axes)
    for order in range(6):
        inside(page, 0, ".rl-choice button")[order].send_keys(Keys.ENTER)
        assert page.js(axes) == before
    inside(page, 0, "input[type=range]")[0].send_keys(Keys.HOME)
    assert page.js(axes) != before
