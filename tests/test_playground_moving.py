"""ResidualPlayground in motion: when it moves, when it rests, what a frame costs."""

import json
import time

import pytest
from selenium.webdriver.common.keys import Keys

from page_measures import thread_seconds
from resnet_lessons.widgets import ResidualPlayground
from test_playground_page import (
    SAID,
    button,
    frames,
    page,
    said,
    shown,
    slide,
    step,
    tick_skip,
)
from widget_looks import HEAR, HEARD
from widget_page import open_page, write_page

pytestmark = pytest.mark.browser

__all__ = ["page", "shown"]  # fixtures
FRAME = 16  # ms of CPU in a frame, at most, in the mean of many


def play(page):
    """Play, beyond the first rest."""
    button(page, "Play").click()
    page.wait(f"/step 200[:;]/.test({SAID})", 30)
    button(page, "Play").click()


def test_it_rests_where_motion_is_unwanted(page):
    before = said(page)
    page.js(WATCH)
    time.sleep(0.5)
    assert page.js("return window.spent") == []  # nor is anything done unseen
    assert step(page) == 0 and said(page) == before
    assert button(page, "Play")


def test_it_starts_in_view_where_motion_is_welcome(browser, shown, tmp_path):
    open_page(browser, tmp_path, shown, calm=False)
    browser.wait(f"/step [1-9]/.test({SAID})", 30)
    assert button(browser, "Pause")


def test_it_rests_at_step_200_and_a_changed_knob_plays_again(page):
    for _ in range(2):
        button(page, "Play").click()
        page.wait(f"/step 200:/.test({SAID})", 30)
        assert button(page, "Play")
        button(page, "One step").click()
        assert "step 201; at step 200:" in said(page)
        button(page, "Reset").click()
    slide(page, "Seed", Keys.ARROW_RIGHT)
    assert "step 0:" in said(page) and button(page, "Play")  # Reset was a rest, too
    button(page, "Play").click()
    page.wait(f"/step 200:/.test({SAID})", 30)
    tick_skip(page)
    assert button(page, "Pause")
    page.wait(f"/^Residual.*step 200:/.test({SAID})", 30)
    button(page, "Play").click()
    page.wait(f"/step (2[1-9]|[3-9]).[:;]/.test({SAID})", 30)
    button(page, "Pause").click()


def test_it_rests_out_of_view(page):
    play(page)
    page.wait(f"!{SAID}.includes('step 200')", 30)
    page.js("document.body.style.paddingTop = '5000px'; window.scrollTo(0, 0)")
    frames(page)
    before = said(page)
    time.sleep(0.5)
    assert said(page) == before
    page.js("document.body.style.paddingTop = 0")
    page.wait(f"{SAID} !== {json.dumps(before)}", 30)
    button(page, "Pause").click()


def test_screen_readers_hear_a_rest_not_every_frame(page):
    page.js(
        "window.heard = []; new MutationObserver(() => window.heard.push(1)).observe("
        "document.querySelector('.rl-live'), { childList: true })"
    )
    button(page, "Play").click()
    page.wait(f"/step 200:/.test({SAID})", 30)
    assert page.js("return window.heard.length") <= 2  # the start, and the rest
    button(page, "Play").click()
    page.js("window.heard = []")
    time.sleep(3)
    assert page.js("return window.heard.length") <= 1
    button(page, "Pause").click()
    page.wait(f"document.querySelector('.rl-live').textContent.trim() === {SAID}")


def test_nothing_is_read_out_unasked_while_it_moves(browser, shown, tmp_path):
    page = write_page(tmp_path, shown)
    html = page.read_text("utf-8").replace("<style>", f"{HEAR}<style>")
    page.write_text(html, "utf-8")
    browser.open(page.as_uri(), calm=False)
    browser.wait(f"/step 200:/.test({SAID})", 30)  # it has come to rest by itself
    assert browser.js(HEARD) == []
    live = browser.js("return document.querySelector('.rl-live').textContent")
    assert live.replace("\u00a0", " ") == said(browser)  # for who reads the page
    button(browser, "One step").click()
    (heard,) = browser.js(HEARD)
    assert heard.replace("\u00a0", " ") == said(browser)
    assert "step 201" in said(browser)


WATCH = """
window.spent = [];
const ask = window.requestAnimationFrame;
window.requestAnimationFrame = (act) => ask((time) => {
  const start = performance.now();
  act(time);
  window.spent.push(performance.now() - start);
});
"""


def test_a_frame_is_never_blocked_at_depth_32(page):
    """Training and drawing: CPU time of the page's thread, mean of 60 frames."""
    slide(page, "Hidden layers", Keys.ARROW_LEFT * 4)
    tick_skip(page)
    assert said(page).startswith("Residual net, 32 hidden layers")
    page.js(WATCH)
    play(page)
    page.wait("window.spent.length > 30", 60)  # compiled by then
    page.driver.execute_cdp_cmd("Performance.enable", {})
    first, before = page.js(COUNT), thread_seconds(page)
    page.wait(f"window.spent.length > {first + 60}", 60)
    spent, count = thread_seconds(page) - before, page.js(COUNT) - first
    button(page, "Pause").click()
    print(f"ms a frame: {1000 * spent / count:.1f}, {step(page)} steps")
    assert 1000 * spent / count < FRAME


COUNT = "return window.spent.length"


def test_leaving_the_page_leaves_no_work_behind(page):
    page.js(WATCH)
    page.js(
        "return import(URL.createObjectURL(new Blob([arguments[0]],"
        " { type: 'text/javascript' }))).then(({ default: w }) => {"
        " const el = document.createElement('div'); document.body.prepend(el);"
        " const close = w.render({ model: { get: () => null }, el });"
        " el.scrollIntoView(); el.querySelector('.play-buttons button').click();"
        " return new Promise((done) => setTimeout(() => { close();"
        " window.worked = window.spent.length;"
        " window.spent = []; setTimeout(done, 300); }, 300)); })",
        ResidualPlayground._esm,
    )
    worked, after = page.js("return [window.worked, window.spent.length]")
    assert worked > 0 and after == 0
