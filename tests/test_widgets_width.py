"""WidthAndCost: its bars, its curves and its sentence, in a real Chromium."""

from math import log10, sqrt

import pytest
from selenium.webdriver.common.keys import Keys

from browser import SIZES, chromium
from resnet_lessons.widgets import WidthAndCost
from test_widgets_browser import (
    CONTRAST,
    FONTS,
    POWERS,
    SPILLED,
    drawing,
    inside,
    text,
    values,
)
from widget_data import width_data
from widget_page import write_page

pytestmark = pytest.mark.browser

DRAWN = "document.querySelectorAll('.rl-inner').length === 1"
START = (256, 4)  # channels and squeeze that are shown first: ResNet-50's first stage


@pytest.fixture(scope="module")
def browser():
    """One Chromium for this file; skips or fails where there is none."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def shown():
    return WidthAndCost(width_data())


@pytest.fixture
def page(browser, shown, tmp_path):
    """The page, drawn, from a file; clean when the test is over."""
    browser.open(write_page(tmp_path, [shown]).as_uri())
    browser.wait(DRAWN)
    yield browser
    assert browser.errors() == []
    assert browser.outside() == []


def choose(page, channels, squeeze):
    """Move the slider and press the button, by their places."""
    slider = inside(page, 0, "input[type=range]")[0]
    slider.send_keys(Keys.HOME, Keys.ARROW_RIGHT * channels)
    inside(page, 0, ".rl-choice button")[squeeze].send_keys(Keys.ENTER)


def blocks(shown, channels, squeeze):
    data = shown.data
    deep, narrow = (data[key][channels][squeeze] for key in ("bottleneck", "narrow"))
    return [data["basic"][channels], deep, narrow]


def cost(block):
    return sum(block["macs"])


def puts(block):
    return sum(block["channels"][1:])


LENGTHS = """return [...document.querySelectorAll(arguments[0])].map(bar =>
  bar.getBoundingClientRect().width / bar.parentNode.getBoundingClientRect().width)"""
CASES = [(2, 2), (0, 3), (3, 0), (1, 1)]


def test_it_starts_with_the_bottleneck_of_resnet_50(page):
    assert text(page, 0, "output") == [str(START[0])]
    (pressed,) = inside(page, 0, "[aria-pressed=true]")
    assert pressed.text.split() == ["÷", str(START[1])]


@pytest.mark.parametrize(("channels", "squeeze"), CASES)
def test_numbers_and_bars_are_those_of_the_data(page, shown, channels, squeeze):
    choose(page, channels, squeeze)
    three = blocks(shown, channels, squeeze)
    for key, of in (("macs", cost), ("values", puts)):
        found = [of(block) for block in three]
        assert text(page, 0, f".wide-of-{key} b") == [f"{v:,}" for v in found]
        drawn = page.js(LENGTHS, f".wide-of-{key} .wide-bar")
        assert drawn == pytest.approx([v / max(found) for v in found], abs=0.01)


@pytest.mark.parametrize(("channels", "squeeze"), CASES)
def test_the_stacks_are_drawn_to_one_scale(page, shown, channels, squeeze):
    choose(page, channels, squeeze)
    counts = [n for b in blocks(shown, channels, squeeze) for n in b["channels"]]
    widths = [node.get_attribute("width") for node in inside(page, 0, ".wide-channels")]
    scale = [float(w) / n for w, n in zip(widths, counts, strict=True)]
    assert max(scale) - min(scale) < 0.01 * max(scale)
    kernels = [
        f"{side} × {side}: {macs:,}"
        for block in blocks(shown, channels, squeeze)
        for side, macs in zip(block["kernels"], block["macs"], strict=True)
    ]
    assert text(page, 0, ".wide-kernel") == kernels


@pytest.mark.parametrize(("channels", "squeeze"), CASES)
def test_the_curves_are_the_costs_by_width(page, shown, channels, squeeze):
    choose(page, channels, squeeze)
    data = shown.data
    wide = [log10(cost(block)) for block in data["basic"]]
    deep = [log10(cost(row[squeeze])) for row in data["bottleneck"]]
    assert values(page, 0, "accent") == pytest.approx(wide, abs=0.03)
    assert values(page, 0, "second") == pytest.approx(deep, abs=0.03)


DOTTED = """
const chart = document.querySelector('.wide-charts svg[role=img]');
const path = [...chart.querySelectorAll('.rl-line.rl-ghost')];
const marks = [...chart.querySelectorAll('.rl-axes text')].map(
  t => [t.textContent, Number(t.getAttribute('x')), Number(t.getAttribute('y')) - 4]);
return [path.map(p => p.getAttribute('d')), marks];
"""


@pytest.mark.parametrize(("channels", "squeeze"), CASES)
def test_the_dotted_line_leads_to_the_basic_block_of_that_cost(
    page, shown, channels, squeeze
):
    choose(page, channels, squeeze)
    wide, deep, _ = blocks(shown, channels, squeeze)
    (path,), marks = page.js(DOTTED)
    points = [tuple(map(float, p.split())) for p in path[1:].split("L")]
    across = sorted((int(t), x) for t, x, _ in marks if t.isdecimal())
    (low, left), (high, right) = across[0], across[-1]
    xs = [low + (high - low) * (x - left) / (right - left) for x, _ in points]
    powers = sorted(
        (int(t[2:].translate(POWERS)), y)
        for t, _, y in marks
        if t.startswith("10") and not t.isdecimal()
    )
    (few, bottom), (many, top) = powers[0], powers[-1]
    ys = [few + (many - few) * (bottom - y) / (bottom - top) for _, y in points]
    here = shown.data["channels"][channels]
    same = here * sqrt(cost(deep) / cost(wide))
    assert 18 * same**2 == pytest.approx(cost(deep))  # two 3 × 3 of that width
    assert xs == pytest.approx([here, same, same], abs=1)
    assert ys[:2] == pytest.approx([log10(cost(deep))] * 2, abs=0.03)
    assert ys[2] == pytest.approx(few, abs=0.03)


def test_the_sentence_says_the_ratios(page, shown):
    (said,) = text(page, 0, ".rl-seen")
    wide, deep, narrow = blocks(shown, 2, 2)
    for number in (f"{cost(wide):,}", f"{cost(deep):,}", "a basic block of 62"):
        assert number in said
    assert f"a ratio of {cost(wide) / cost(deep):.1f}:" in said
    assert f"{cost(deep) / cost(narrow):.2f} times the work" in said
    assert f"{puts(deep) / puts(narrow):.2f} times the values" in said
    choose(page, 0, 3)
    wide, deep, narrow = blocks(shown, 0, 3)
    assert f"a ratio of {cost(wide) / cost(deep):.1f}:" in text(page, 0, ".rl-seen")[0]
    page.wait("document.querySelector('.rl-live').textContent.includes('With 64')")
    live = inside(page, 0, "[aria-live=polite]")[0].get_attribute("textContent")
    assert live == text(page, 0, ".rl-seen")[0]


def test_each_control_changes_what_is_drawn(page):
    before = drawing(page, 0)
    less, more = inside(page, 0, ".rl-step")
    more.send_keys(Keys.SPACE)
    after = drawing(page, 0)
    assert before != after
    less.click()
    assert drawing(page, 0) == before
    inside(page, 0, ".rl-choice button")[1].click()
    assert drawing(page, 0) not in (before, after)
    assert text(page, 0, "[aria-pressed=true]")[0].split() == ["÷", "2"]


def test_tab_reaches_every_control_and_all_have_names(page):
    page.js("document.activeElement.blur(); window.scrollTo(0, 0)")
    for control in inside(page, 0, "input, button"):
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
        assert page.driver.switch_to.active_element == control
    named = inside(page, 0, "input, button, section, svg[role=img], [role=group]")
    assert len(named) >= 12
    assert all(node.accessible_name.strip() for node in named)
    assert inside(page, 0, "svg:not([role=img]):not([aria-hidden=true])") == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_all_fits_can_be_read_and_keeps_its_place(
    browser, shown, tmp_path, size, theme
):
    browser.open(write_page(tmp_path, [shown], theme).as_uri(), size)
    browser.wait(DRAWN)
    for channels, squeeze in [(2, 2), (3, 0), (0, 3)]:
        choose(browser, channels, squeeze)
        assert browser.sideways() <= 0
        assert browser.js(SPILLED) == []
        assert [found for found in browser.js(CONTRAST) if found[0] < 4.5] == []
        assert [found for found in browser.js(FONTS) if found[0] < 10.5] == []
        room = shown.reserve[list(SIZES).index(size)]
        height = browser.js("return document.querySelector('.rl').offsetHeight")
        assert abs(height - room) < 0.05 * room
