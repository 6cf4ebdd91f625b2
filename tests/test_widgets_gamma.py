"""GammaAtStart in a real Chromium, against its data."""

from math import log10

import pytest
from selenium.webdriver.common.keys import Keys

from resnet_lessons.figures import number
from widget_looks import drawing, inside, said, text, values
from widget_registry import widget

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def shown():
    return widget("GammaAtStart")


def test_buttons_step_the_slider_and_stop_at_its_ends(page):
    less, more = inside(page, 0, ".rl-step")
    assert [less.accessible_name, more.accessible_name] == [
        "γ at the start: less",
        "γ at the start: more",
    ]
    less.click()
    assert text(page, 0, "output") == ["γ = 0"]
    before = drawing(page, 0)
    more.click()
    more.send_keys(Keys.ENTER)
    more.send_keys(Keys.SPACE)
    assert text(page, 0, "output") == ["γ = 0.3"]
    assert drawing(page, 0) != before
    for _ in range(12):
        more.click()
    assert text(page, 0, "output") == ["γ = 1"]


CLICKED = """
const seen = [];
new MutationObserver(() => seen.push('drawn')).observe(
  document.querySelector('.rl-body'), { childList: true, subtree: true });
arguments[0].click();
return new Promise(done => setTimeout(() => done(seen)));
"""


def test_a_button_that_leads_no_further_says_so_and_does_nothing(page, shown):
    less, more = inside(page, 0, ".rl-step")
    slider = inside(page, 0, "input[type=range]")[0]

    def ends():
        return [b.get_attribute("aria-disabled") for b in (less, more)]

    assert ends() == ["true", "false"] and page.js(CLICKED, less) == []
    assert less.value_of_css_property("opacity") == "0.35"
    assert less.is_enabled()  # the focus stays on it
    assert page.js(CLICKED, more) == ["drawn"]
    assert ends() == ["false", "false"]
    assert less.value_of_css_property("opacity") == "1"
    slider.send_keys(Keys.END)
    assert ends() == ["false", "true"] and page.js(CLICKED, more) == []


def test_the_value_beside_a_slider_is_not_read_a_second_time(page):
    """By itself an output is a live region; the slider says its value already."""
    (output,) = inside(page, 0, "output")
    more = inside(page, 0, ".rl-step")[1]
    slider = inside(page, 0, "input[type=range]")[0]
    assert output.get_attribute("aria-live") == "off"
    more.click()  # a button says no value
    assert output.get_attribute("aria-live") == "polite"
    slider.send_keys(Keys.ARROW_RIGHT)
    assert output.get_attribute("aria-live") == "off"


@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize("steps", [0, 4, 10])
def test_the_charts_draw_the_data(page, shown, depth, steps):
    data = shown.data
    inside(page, 0, ".rl-choice button")[depth].click()
    inside(page, 0, "input[type=range]")[0].send_keys(Keys.ARROW_RIGHT * steps)
    seen = values(page, 0, "accent")
    assert seen == pytest.approx(data["std"][depth][steps], abs=0.02)
    for look, name in (("accent", "gradient"), ("second", "inner_gradient")):
        norms = data[name][depth][steps]
        powers = [log10(norm) if norm else None for norm in norms]
        assert (None in powers) == (name == "inner_gradient" and steps == 0)
        seen = values(page, 1, look)
        assert [p is None for p in seen] == [p is None for p in powers]
        assert [p for p in seen if p] == pytest.approx(
            [p for p in powers if p], abs=0.03
        )


def test_depth_and_grey_lines_follow_their_controls(page, shown):
    buttons = inside(page, 0, ".rl-choice button")
    assert [b.get_attribute("aria-pressed") for b in buttons] == ["false"] * 2 + [
        "true"
    ]
    buttons[0].send_keys(Keys.ENTER)
    assert [b.get_attribute("aria-pressed") for b in buttons] == ["true"] + [
        "false"
    ] * 2
    assert len(values(page, 0, "accent")) == 8 + 1
    grey = "svg[role=img] .rl-ghost"
    assert len(inside(page, 0, grey)) == 2 * len(shown.data["gammas"])
    inside(page, 0, "input[type=checkbox]")[0].send_keys(Keys.SPACE)
    assert inside(page, 0, grey) == []


def test_what_is_seen_is_said_politely_with_the_values(page, shown):
    data = shown.data
    slider = inside(page, 0, "input[type=range]")[0]
    assert "exactly 0" in said(page)
    slider.send_keys(Keys.END)
    sentence = said(page)
    for value in (data["std"][2][10][-1], data["inner_gradient"][2][10][0]):
        assert number(value, 3) in sentence
    live = inside(page, 0, "[aria-live=polite]")[0]
    page.wait("document.querySelector('.rl-live').textContent.includes('γ = 1')")
    assert live.get_attribute("textContent").replace("\u00a0", " ") == sentence
