"""All widgets on one page, at sizes between and below those of every other test, and
in the few colours of high contrast.
"""

import pytest

from browser import OTHER_SIZES
from widget_looks import CONTRAST
from widget_page import open_page
from widget_registry import MAKE, widget

pytestmark = pytest.mark.browser

MOST_BLANK = 100  # px below a widget; its charts are lower on a small phone


@pytest.fixture(scope="module")
def shown():
    return [widget(name) for name in MAKE]


# What reaches into the margin of its widget by more than the 4 px of .rl-stay.
OVER = """
return [...document.querySelectorAll('.rl-inner')].flatMap(root => {
  const end = root.getBoundingClientRect().right - 1;
  const right = end - parseFloat(getComputedStyle(root).paddingRight) + 4.5;
  return [...root.querySelectorAll('*:not(.rl-live)')]
    .filter(node => node.getBoundingClientRect().right > right)
    .map(node => [root.ariaLabel, node.className || node.tagName]);
});
"""
# [name, blank px below it] of each widget.
BLANK = """[...document.querySelectorAll('.rl')].map(node =>
  [node.firstChild.ariaLabel, Math.round(node.parentNode.getBoundingClientRect().bottom
    - node.getBoundingClientRect().bottom)])"""
# Scroll each picture to the top of the window: [name, share of the window it is seen
# on, or of its own height where that is less].
SEEN_PART = """
return [...document.querySelectorAll('.rl-body')].map(body => {
  body.scrollIntoView({ block: 'start', behavior: 'instant' });
  const { top, bottom, left, right } = body.getBoundingClientRect();
  const heights = [];
  const [from, to] = [Math.max(0, top), Math.min(innerHeight, bottom)];
  for (let y = from + 2; y < to; y += 8) heights.push(y);
  const seen = heights.filter(y =>
    body.contains(document.elementFromPoint((left + right) / 2, y)));
  return [body.closest('.rl-inner').ariaLabel, seen.length / heights.length];
});
"""


def blank(page):
    """[name, px] of the widgets that more room is kept for than they need."""
    return [found for found in page.js(f"return {BLANK}") if found[1] > MOST_BLANK]


@pytest.mark.parametrize("size", OTHER_SIZES)
def test_all_fits_and_its_picture_can_be_seen(browser, shown, tmp_path, size):
    page = open_page(browser, tmp_path, shown, size=size)
    assert page.sideways() == 0
    assert page.js(OVER) == []
    assert blank(page) == []
    seen = page.js(SEEN_PART)
    assert len(seen) == len(shown)
    assert [part for part in seen if part[1] < 0.3] == []


def test_a_phone_that_is_turned_keeps_no_blank_room(browser, shown, tmp_path):
    page = open_page(browser, tmp_path, shown, size="phone")
    page.look("tablet")
    page.wait(f"{BLANK}.every(([, blank]) => blank <= {MOST_BLANK})")


# [what, colours that should differ and do not] of bars that are seen as they stand on
# their ground in other colours, and of buttons.
PAINT = """
const paint = node => getComputedStyle(node).backgroundColor;
const bars = [...document.querySelectorAll(
  '.rl-bar > span, .size-fill, .where-key')];
const pressed = [...document.querySelectorAll('.rl-inner [aria-pressed=true]')];
return [bars.map(node => [node.className, paint(node),
    paint(node.closest('.rl-inner'))]),
  pressed.map(node => [node.textContent, paint(node),
    paint(node.parentNode.querySelector('[aria-pressed=false]') ??
      node.closest('.rl-inner'))])];
"""


STROKE = "return getComputedStyle(document.querySelector('.rl-line.rl-second')).stroke"
STROKES = {False: "rgb(213, 94, 0)", True: "rgb(230, 159, 0)"}  # on a dark ground?


@pytest.mark.parametrize("dark", [False, True])
def test_high_contrast_keeps_bars_and_buttons_apart(browser, shown, tmp_path, dark):
    """Whatever theme the page has, the ground is that of the system."""
    theme = "light" if dark else "dark"
    page = open_page(browser, tmp_path, shown, theme, dark=dark)
    seen = [[a != b for _, a, b in found] for found in page.js(PAINT)]
    page.look(dark=dark, forced=True)
    page.wait("matchMedia('(forced-colors: active)').matches")
    bars, buttons = page.js(PAINT)
    drawn = [bar for bar, apart in zip(bars, seen[0], strict=True) if apart]
    assert len(drawn) > 50 and len(buttons) > 20
    assert [found for found in drawn + buttons if found[1] == found[2]] == []
    assert [found for found in page.js(CONTRAST) if found[0] < 4.5] == []
    assert page.js(STROKE) == STROKES[dark]
