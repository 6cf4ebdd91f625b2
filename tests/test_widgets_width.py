"""WidthAndCost: its bars, its curves and its sentence, in a real Chromium."""

from math import log10, sqrt

import pytest
from selenium.webdriver.common.keys import Keys

from widget_looks import POWERS, inside, said, shares, text, values
from widget_page import slide
from widget_registry import widget

pytestmark = pytest.mark.browser

START = (256, 4)  # channels and squeeze that are shown first: ResNet-50's first stage


@pytest.fixture(scope="module")
def shown():
    return widget("WidthAndCost")


def choose(page, channels, squeeze):
    """Move the slider and press the button, by their places."""
    slide(page, 0, channels)
    inside(page, 0, ".rl-choice button")[squeeze].send_keys(Keys.ENTER)


def blocks(shown, channels, squeeze):
    data = shown.data
    deep, narrow = (data[key][channels][squeeze] for key in ("bottleneck", "narrow"))
    return [data["basic"][channels], deep, narrow]


def cost(block):
    return sum(block["macs"])


def puts(block):
    return sum(block["channels"][1:])


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
        drawn = shares(page, f".wide-of-{key} .rl-bar span")
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
    with_end = sorted([*wide, deep[channels]])  # of the dotted line
    assert values(page, 0, "accent") == pytest.approx(with_end, abs=0.03)
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
    sentence = said(page)
    wide, deep, narrow = blocks(shown, 2, 2)
    for number in (f"{cost(wide):,}", f"{cost(deep):,}", "a basic block of 62"):
        assert number in sentence
    assert f"a ratio of {cost(wide) / cost(deep):.1f}:" in sentence
    assert f"{cost(deep) / cost(narrow):.2f} times the work" in sentence
    assert f"{puts(deep) / puts(narrow):.2f} times the values" in sentence
    choose(page, 0, 3)
    wide, deep, narrow = blocks(shown, 0, 3)
    assert f"a ratio of {cost(wide) / cost(deep):.1f}:" in said(page)
    page.wait("document.querySelector('.rl-live').textContent.includes('With 64')")
    live = inside(page, 0, "[aria-live=polite]")[0].get_attribute("textContent")
    assert live.replace("\u00a0", " ") == said(page)
