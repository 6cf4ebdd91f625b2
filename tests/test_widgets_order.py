"""BlockOrder in a real Chromium; its data is held to PyTorch in test_probes_orders."""

import copy
from math import log10

import pytest
from selenium.webdriver.common.keys import Keys

from browser import SIZES, chromium
from resnet_lessons.errors import UsageError
from resnet_lessons.widgets import BlockOrder
from test_widgets_browser import (
    CONTRAST,
    FONTS,
    HEIGHTS,
    SPILLED,
    inside,
    text,
    values,
)
from widget_data import order_data
from widget_page import write_page

DRAWN = "document.querySelectorAll('.rl-inner').length === 1"
VALUES, OPEN, BACK = 1, 2, 3  # the charts; the drawing of the block comes first


@pytest.fixture(scope="module")
def browser():
    """One Chromium for this file; skips or fails where there is none."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def shown():
    return BlockOrder(order_data())


@pytest.fixture
def page(browser, shown, tmp_path):
    """The page, drawn, from a file; clean when the test is over."""
    browser.open(write_page(tmp_path, [shown]).as_uri())
    browser.wait(DRAWN)
    yield browser
    assert browser.errors() == []
    assert browser.outside() == []


def choose(page, order, depth):
    """The order by its button, the depth by the keyboard."""
    inside(page, 0, ".rl-choice button")[order].click()
    slider = inside(page, 0, "input[type=range]")[0]
    slider.send_keys(Keys.HOME, Keys.ARROW_RIGHT * depth)


def read(page, chart, look):
    """What the dots of one look say, read off against the numbers on the axis."""
    dots, labels = page.js(HEIGHTS, chart, look)
    (low, bottom), *_, (high, top) = sorted((float(text), y) for text, y in labels)
    assert bottom > top
    return [low + (high - low) * (bottom - y) / (bottom - top) for y in dots]


@pytest.mark.browser
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


BOXES = """return [...document.querySelectorAll('.order-box')].map(box => {
  const { x, y, width } = box.getBBox();
  return [box.nextSibling.textContent, x + width / 2, y]; })"""
PATHS = """return [...document.querySelectorAll('svg[role=img] .order-path')]
  .map(path => path.classList.contains('order-clean'))"""
CIRCLE = """const box = document.querySelector('.order-sum').getBBox();
  return [box.x + box.width / 2, box.y + box.height / 2]"""


@pytest.mark.browser
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
    said = ", ".join(right.split()) or "nothing"
    assert drawn.endswith(f"After the sum: {said}.")


@pytest.mark.browser
def test_the_sentence_says_the_values(page, shown):
    choose(page, 0, 2)
    (said,) = text(page, 0, ".rl-seen")
    case = shown.data["cases"][0][2]
    assert said.startswith("Original, 27 blocks: ")
    assert f"{100 * case['untouched'][0]:.0f} % of the values reach the end" in said
    assert "; ReLU after each sum changes the rest" in said
    times = case["gradient"][0] / case["gradient"][-1]
    assert f"{times:.3g} times" in said
    choose(page, 1, 2)
    (said,) = text(page, 0, ".rl-seen")
    assert "0 % of the values" in said and "BN and ReLU after each sum change" in said
    choose(page, 4, 2)
    (said,) = text(page, 0, ".rl-seen")
    assert "100 % of the values reach the end untouched. The" in said
    mean = shown.data["cases"][4][2]["mean"][-1]
    assert f"{abs(mean):.3g}" in said and ("−" in said) == (mean < 0)
    assert text(page, 0, "output") == ["27 blocks, 56 layers"]


@pytest.mark.browser
def test_a_button_moves_the_lines_and_not_the_axes(page):
    axes = "return [...document.querySelectorAll('.rl-axes')].map(g => g.outerHTML)"
    before = page.js(axes)
    for order in range(6):
        inside(page, 0, ".rl-choice button")[order].send_keys(Keys.ENTER)
        assert page.js(axes) == before
    inside(page, 0, "input[type=range]")[0].send_keys(Keys.HOME)
    assert page.js(axes) != before


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_all_fits_can_be_read_and_keeps_its_place(
    browser, shown, tmp_path, size, theme
):
    browser.open(write_page(tmp_path, [shown], theme).as_uri(), size)
    browser.wait(DRAWN)
    assert browser.sideways() <= 0
    assert browser.js(SPILLED) == []
    assert [found for found in browser.js(CONTRAST) if found[0] < 4.5] == []
    assert [found for found in browser.js(FONTS) if found[0] < 10.5] == []
    room = shown.reserve[list(SIZES).index(size)]
    height = browser.js("return document.querySelector('.rl').offsetHeight")
    assert abs(height - room) < 0.1 * room


@pytest.mark.browser
def test_controls_and_pictures_have_names(page):
    named = inside(page, 0, "input, button, svg[role=img], [role=group]")
    assert len(named) == 1 + 6 + 2 + 4 + 1
    assert all(node.accessible_name.strip() for node in named)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda d: d["orders"][0].update(order="conv Bn +"), "LeakyReLU"),
        (lambda d: d["orders"][0].update(order="conv BN"), r"one \+"),
        (lambda d: d["cases"].pop(), "one row per order"),
        (lambda d: d["cases"][2].pop(), "one case per depth"),
        (lambda d: d["cases"][0][1]["mean"].pop(), "mean has 9 values, not 10"),
        (lambda d: d["cases"][0][1]["passed"].append(1.0), "passed has 10"),
        (lambda d: d["cases"][0][1].pop("untouched"), "lacks untouched"),
        (lambda d: d["cases"][0][0]["std"].__setitem__(0, -1.0), "from 0 up"),
        (lambda d: d["cases"][0][0]["mean"].__setitem__(0, None), "from 0 up"),
        (lambda d: d["cases"][0][0]["gradient"].__setitem__(-1, 0.0), "no gradient"),
        (lambda d: d.update(depths=[9, 3, 27]), "rising"),
        (lambda d: d.update(note=3), "one line of text"),
    ],
)
def test_data_that_cannot_be_drawn_is_refused(shown, spoil, words):
    data = copy.deepcopy(shown.data)
    spoil(data)
    with pytest.raises(UsageError, match=words):
        BlockOrder(data)


def test_its_repr_is_the_same_every_run(shown):
    assert repr(shown) == "BlockOrder(6 orders, 3/9/27 blocks)"
