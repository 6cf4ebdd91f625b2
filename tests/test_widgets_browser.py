"""The runtime of a page without kernel and network, in a real Chromium."""

import re

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import serving
from widget_looks import inside, text
from widget_page import drawn, open_page, write_page
from widget_registry import MAKE, widget

pytestmark = pytest.mark.browser

GROUND = "getComputedStyle(document.querySelector('.rl-inner')).backgroundColor"
GROUNDS = {False: "rgb(255, 255, 255)", True: "rgb(22, 26, 32)"}  # dark?


@pytest.fixture(scope="module")
def shown():
    return [widget("InputSize"), widget("GammaAtStart")]


def notes(browser, page, lost, put):
    """What is said instead of the first of two widgets, with `lost` replaced in the
    page by `put`.
    """
    html = page.read_text("utf-8")
    assert lost in html
    page.write_text(html.replace(lost, put), "utf-8")
    browser.open(page.as_uri())
    browser.wait(drawn(1))
    (note,) = browser.driver.find_elements(By.CSS_SELECTOR, "[role=note]")
    return note.text


def test_widgets_draw_over_http_too(browser, shown, tmp_path):
    write_page(tmp_path, shown)
    with serving(tmp_path) as address:
        browser.open(f"{address}/page.html")
        browser.wait(drawn(2))
        assert browser.errors() == [] == browser.outside()


def test_two_views_of_one_widget_do_not_share_their_knob(browser, shown, tmp_path):
    open_page(browser, tmp_path, [shown[0], shown[0]])
    inside(browser, 0, "input")[0].send_keys(Keys.END)
    assert text(browser, 0, "output") == ["320 px"]
    assert text(browser, 1, "output") == ["128 px"]


def test_other_keys_still_reach_the_page(page):
    page.js(
        "window.heard = []; document.addEventListener('keydown', "
        "e => window.heard.push(e.key), true)"
    )
    slider = inside(page, 0, "input[type=range]")[0]
    slider.send_keys(Keys.ARROW_RIGHT, "j")
    assert page.js("return window.heard") == ["j"]  # JupyterLab would take the arrow


@pytest.mark.parametrize("theme", ["light", "dark", None])
@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_theme_of_the_page_wins_over_the_system(
    browser, shown, tmp_path, theme, system
):
    page = write_page(tmp_path, shown, theme or "")
    if not theme:
        html = page.read_text("utf-8").replace(' data-theme=""', "")
        page.write_text(html, "utf-8")
    browser.open(page.as_uri(), dark=system == "dark")
    browser.wait(drawn(2))
    dark = (theme or system) == "dark"
    assert browser.js(f"return {GROUND}") == GROUNDS[dark]


@pytest.mark.parametrize(
    ("classes", "dark"),
    [
        ("vscode-light", False),
        ("vscode-dark", True),
        ("vscode-high-contrast", True),
        ("vscode-high-contrast vscode-high-contrast-light", False),
    ],
)
def test_the_theme_of_vs_code_wins_over_the_system(
    browser, shown, tmp_path, classes, dark
):
    page = write_page(tmp_path, shown)
    html = page.read_text("utf-8").replace(' data-theme="light"', "")
    page.write_text(html.replace("<body>", f'<body class="{classes}">'), "utf-8")
    browser.open(page.as_uri(), dark=not dark)
    browser.wait(drawn(2))
    assert browser.js(f"return {GROUND}") == GROUNDS[dark]


TITLE = "return document.querySelector('.rl-title').getBoundingClientRect().height"


def test_small_pages_do_not_make_small_widgets(browser, shown, tmp_path):
    usual = open_page(browser, tmp_path, shown).js(TITLE)
    page = write_page(tmp_path, shown)
    small = page.read_text("utf-8").replace("<style>", "<style>html{font-size:10px}")
    page.write_text(small, "utf-8")
    browser.open(page.as_uri())
    browser.wait(drawn(2))
    assert browser.js(TITLE) == pytest.approx(usual, rel=0.05)


# What is written into a live region that was there before: that is read out.
HEAR = """<script>
window.heard = [];
const known = new Set();
new MutationObserver((records) => {
  const live = records.map((one) => one.target).filter((node) => known.has(node));
  heard.push(...live.map((node) => node.textContent));
  document.querySelectorAll('.rl-live').forEach((node) => known.add(node));
}).observe(document, { childList: true, subtree: true });
</script>"""
HEARD = "return new Promise(done => setTimeout(() => done(window.heard), 600))"


def test_nothing_is_read_out_before_a_knob_is_turned(browser, tmp_path):
    page = write_page(tmp_path, [widget(name) for name in MAKE])
    html = page.read_text("utf-8").replace("<style>", f"{HEAR}<style>")
    page.write_text(html, "utf-8")
    browser.open(page.as_uri())
    browser.wait(drawn(len(MAKE)))
    assert browser.js(HEARD) == []
    inside(browser, 0, "input[type=range]")[0].send_keys(Keys.ARROW_LEFT)
    assert browser.js(HEARD) == text(browser, 0, ".rl-seen")


def test_a_broken_widget_says_so_in_one_line(browser, shown, tmp_path):
    page = write_page(tmp_path, shown)
    note = notes(browser, page, "class InputSize {", "class InputSize ((")
    assert re.fullmatch(r"This picture could not be drawn: .+\.", note)
    height = "document.querySelector('[role=note]').offsetHeight"
    assert browser.js(f"return {height}") < 100
    browser.look("phone")
    browser.wait("innerWidth === 390")
    assert browser.js(f"return {height}") < 100
    assert len(browser.errors()) == 1


def test_a_widget_without_state_says_so(browser, shown, tmp_path):
    page = write_page(tmp_path, shown)
    view = f'"model_id": "{shown[0].model_id}"'
    note = notes(browser, page, view, '"model_id": "lost"')
    assert "needs a running notebook" in note
