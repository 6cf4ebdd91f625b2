"""GammaAtStart in a real Chromium, against its data."""

from math import log10

import pytest
from selenium.webdriver.common.keys import Keys

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
        assert f"{value:.3g}" in sentence
    live = inside(page, 0, "[aria-live=polite]")[0]
    page.wait("document.querySelector('.rl-live').textContent.includes('γ = 1')")
    assert live.get_attribute("textContent") == sentence
