"""The built book in a real Chromium: every chapter page, without network."""

import os
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import chromium, missing, serving

pytestmark = pytest.mark.browser

BOOK = Path(os.environ.get("BOOK_HTML", Path(__file__).parents[1] / "_build" / "html"))
PAGES = sorted((BOOK / "notebooks").glob("*.html"))
NAMES = [page.relative_to(BOOK).as_posix() for page in PAGES] or [None]

# Pictures that did not load, or that say nothing to those who cannot see them.
BAD_IMAGES = """
const all = [...document.querySelectorAll('.bd-article img')];
all.forEach(image => { image.loading = 'eager'; });
return Promise.all(all.map(image => image.decode().catch(() => 0))).then(() => all
  .filter(image => !image.naturalWidth || !(image.getAttribute('alt') || '').trim())
  .map(image => image.getAttribute('src').slice(0, 80)));
"""
MATH = "document.querySelectorAll('.bd-article .math').length"
SET_MATH = "document.querySelectorAll('.bd-article .math mjx-container').length"
VIEWS = "document.querySelectorAll('script[type$=\"widget-view+json\"]').length"
DRAWN = "document.querySelectorAll('.rl-inner').length"
UNDRAWN = "document.querySelectorAll('.bd-article [role=note]').length"


@pytest.fixture(scope="module")
def browser():
    """One Chromium for this file; skips or fails where there is none."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def address():
    """The address of the built book on the loopback."""
    with serving(BOOK) as found:
        yield found


def faults(browser):
    """What is wrong with the page that is open, in words; empty when all is well."""
    browser.wait("document.readyState === 'complete'")
    views, math = browser.js(f"return [{VIEWS}, {MATH}]")
    browser.wait(f"{DRAWN} + {UNDRAWN} >= {views}")
    found = []
    if math:
        browser.wait("!!window.MathJax?.startup?.promise", 20)
        browser.js("return MathJax.startup.promise.then(() => 0)")
        unset = math - browser.js(f"return {SET_MATH}")
        found += [f"{unset} formulas not set"] * (unset > 0)
    undrawn = views - browser.js(f"return {DRAWN}")
    found += [f"{undrawn} widgets not drawn"] * (undrawn > 0)
    found += [f"picture: {image}" for image in browser.js(BAD_IMAGES)]
    found += stuck_widgets(browser)
    found += [f"console: {error}" for error in browser.errors()]
    found += [f"asked outside: {url}" for url in browser.outside()]
    return found


def stuck_widgets(browser):
    """Widgets whose picture or sentence stays as it is when their slider moves."""
    stuck = []
    for widget in browser.driver.find_elements(By.CSS_SELECTOR, ".rl-inner"):
        for slider in widget.find_elements(By.CSS_SELECTOR, "input[type=range]"):
            before = widget.get_attribute("outerHTML")
            at = int(slider.get_attribute("value"))
            slider.send_keys(Keys.ARROW_LEFT if at else Keys.ARROW_RIGHT)
            if widget.get_attribute("outerHTML") == before:
                stuck.append(f"stuck: {slider.accessible_name}")
    return stuck


@pytest.fixture
def chapter(name):
    """The page's name; without a built book the test is skipped, or fails."""
    if name is None:
        missing("the book is not built: run `make book` first")
    return name


@pytest.mark.parametrize("name", NAMES)
def test_a_chapter_page_works_offline(browser, address, chapter):
    browser.open(f"{address}/{chapter}")
    assert faults(browser) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_chapter_page_works_from_a_file(browser, chapter):
    browser.open((BOOK / chapter).as_uri())
    assert faults(browser) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_chapter_page_fits_a_phone(browser, address, chapter):
    browser.open(f"{address}/{chapter}", "phone")
    browser.wait("document.readyState === 'complete'")
    browser.wait(f"{DRAWN} + {UNDRAWN} >= {VIEWS}")
    assert browser.sideways() <= 0


COLUMN = """return [...document.querySelectorAll('#results table')[0].tBodies[0].rows]
  .map(row => row.cells[arguments[0]].textContent)"""
ACCURACY = 6  # its column in the first table


def test_the_results_can_be_sorted_by_any_column(browser, address):
    if not (BOOK / "notebooks" / "results.html").exists():
        missing("the book is not built: run `make book` first")
    browser.open(f"{address}/notebooks/results.html")
    browser.wait("document.querySelectorAll('.rl-sort').length > 0")
    before = browser.js(COLUMN, 0)
    button = browser.driver.find_elements(By.CSS_SELECTOR, ".rl-sort")[ACCURACY]
    for turn, sign in (("ascending", 1), ("descending", -1)):
        button.send_keys(Keys.ENTER)
        found = [sign * float(t.split()[0]) for t in browser.js(COLUMN, ACCURACY)]
        assert found == sorted(found) and len(found) > 10
        heading = browser.js("return arguments[0].parentNode.ariaSort", button)
        assert heading == turn
    assert sorted(browser.js(COLUMN, 0)) == sorted(before)


# The checks above, each shown to see what it is there for.

PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>x</title>
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"></head><body><article class="bd-article">{}</article>
</body></html>"""
DOT = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='9' "
    "height='9'/%3E"
)
VIEW = '<script type="application/vnd.jupyter.widget-view+json">{}</script>'
STUCK = '<div class="rl-inner"><input type="range" aria-label="depth" min="0" max="9">'
BAD_PAGES = {
    "console: ": "<script>nothing()</script>",
    "asked outside: https://example.org/": '<script src="https://example.org/x.js">',
    "picture: gone.png": '<img src="gone.png" alt="a curve">',
    "picture: data:": f'<img src="{DOT}">',
    "1 widgets not drawn": VIEW + '<p role="note">This picture could not be drawn.</p>',
    "stuck: depth": STUCK,
    "1 formulas not set": '<span class="math">x</span><script>'
    "window.MathJax = { startup: { promise: Promise.resolve() } };</script>",
}


@pytest.mark.parametrize("fault", BAD_PAGES)
def test_a_faulty_page_is_seen(browser, tmp_path, fault):
    (tmp_path / "page.html").write_text(PAGE.format(BAD_PAGES[fault]), "utf-8")
    with serving(tmp_path) as address:
        browser.open(f"{address}/page.html")
        assert any(found.startswith(fault) for found in faults(browser))


def test_a_good_page_has_no_faults(browser, tmp_path):
    good = f'<p>Text</p><img src="{DOT}" alt="a curve">'
    (tmp_path / "page.html").write_text(PAGE.format(good), "utf-8")
    with serving(tmp_path) as address:
        browser.open(f"{address}/page.html")
        assert faults(browser) == []


def test_a_page_too_wide_for_a_phone_is_seen(browser, tmp_path):
    wide = '<div style="width: 800px">a table that does not scroll in its box</div>'
    (tmp_path / "page.html").write_text(PAGE.format(wide), "utf-8")
    browser.open((tmp_path / "page.html").as_uri(), "phone")
    assert browser.sideways() > 0
