"""All widgets on one page: on paper, and for those who do not want motion."""

import pytest

from widget_page import open_page
from widget_registry import MAKE, widget

pytestmark = pytest.mark.browser

# The radio buttons of the quiz stay: they are the lines of code and the answers.
KNOBS = ".rl :is(input:not([type=radio]), button, select)"
PICTURES = ".rl :is(svg[role=img], canvas), .rl .rl-title"
SHOWN = """return [...document.querySelectorAll(arguments[0])]
  .filter(node => node.checkVisibility() && node.getBoundingClientRect().width > 1)
  .map(node => node.closest('.rl-inner').getAttribute('aria-label') + ': ' +
    (node.getAttribute('aria-label') || node.textContent || node.className))"""
MOVING = """
document.querySelectorAll('.rl input[type=range]').forEach(input => {
  input.value = input.value === input.max ? input.min : input.max;
  input.dispatchEvent(new Event('input', { bubbles: true })); });
document.body.getBoundingClientRect();
return document.getAnimations().map(a => a.effect.target.className);
"""


@pytest.fixture
def every_widget(browser, tmp_path):
    return open_page(browser, tmp_path, [widget(name) for name in MAKE])


def test_paper_gets_the_pictures_and_no_knobs(every_widget):
    on_screen = every_widget.js(SHOWN, PICTURES)
    assert len(on_screen) >= 2 * len(MAKE) and every_widget.js(SHOWN, KNOBS)
    every_widget.look(media="print")
    assert every_widget.js(SHOWN, KNOBS) == []
    assert every_widget.js(SHOWN, PICTURES) == on_screen


def test_nothing_moves_for_those_who_do_not_want_it(every_widget):
    assert every_widget.js(MOVING) == []
    every_widget.look(calm=False)
    assert every_widget.js(MOVING)  # the squares of InputSize glide
