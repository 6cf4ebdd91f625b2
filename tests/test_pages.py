"""The built book in a real Chromium: every page, without network."""

from math import inf
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import missing, serving
from page_measures import BOOK, loads, pages, slider_cpu

pytestmark = pytest.mark.browser

PAGES = pages() or [None]
NAMES = [name for name in PAGES if name and name.startswith("notebooks/")] or [None]
RAW, PACKED = 3_000_000, 1_200_000  # bytes that a first visit may ask for
FRAME_MS = 1000 / 60

# Pictures that did not load, or that say nothing to those who cannot see them, alone or
# as a part of a larger one.
BAD_IMAGES = """
const all = [...document.querySelectorAll('.bd-article img')];
all.forEach(image => { image.loading = 'eager'; });
return Promise.all(all.map(image => image.decode().catch(() => 0))).then(() => all
  .filter(image => !image.naturalWidth || !(image.getAttribute('alt') ||
    image.closest('[role=img]')?.getAttribute('aria-label') || '').trim())
  .map(image => image.getAttribute('src').slice(0, 80)));
"""
# Icons that draw nothing: not made into a picture, or into an empty one.
EMPTY_ICONS = """
const bare = '[class*="fa-"]:is(i, span)', svg = 'svg[class*="fa-"]';
const empty = node => ![...node.querySelectorAll('path')]
  .some(path => path.getTotalLength() > 1);
const shown = node => node.checkVisibility();
const flat = node => shown(node) && !(node.getBoundingClientRect().width > 4);
return [...document.querySelectorAll(bare),
  ...[...document.querySelectorAll(svg)].filter(node => empty(node) || flat(node))]
  .map(node => node.getAttribute('class'));
"""
MATH = "document.querySelectorAll('.bd-article .math').length"
SET_MATH = "document.querySelectorAll('.bd-article .math mjx-container').length"
# Signs reach beyond their boxes: without room the box that scrolls cuts them.
TIGHT = """
return [...document.querySelectorAll('mjx-container[display="true"]')].filter(box => {
  const signs = [...box.querySelectorAll('mjx-c')].map(c => c.getBoundingClientRect());
  const { top } = box.getBoundingClientRect();
  return signs.some(sign => sign.height && sign.top < top + 4);
}).length;
"""
VIEWS = "document.querySelectorAll('script[type$=\"widget-view+json\"]').length"
DRAWN = "document.querySelectorAll('.rl-inner').length"
UNDRAWN = "document.querySelectorAll('.bd-article [role=note]').length"


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
        tight = browser.js(TIGHT)
        found += [f"{tight} formulas may be cut at the top"] * (tight > 0)
    undrawn = views - browser.js(f"return {DRAWN}")
    found += [f"{undrawn} widgets not drawn"] * (undrawn > 0)
    found += [f"picture: {image}" for image in browser.js(BAD_IMAGES)]
    found += [f"icon: {icon}" for icon in browser.js(EMPTY_ICONS)]
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


def heavy(browser, book=BOOK, raw=RAW, packed=PACKED):
    """What makes the page that is open heavier than `raw` bytes or `packed` gzipped."""
    found = loads(browser, book)
    sums = sum(load[1] for load in found), sum(load[2] for load in found)
    print(f"{len(found)} requests, {sums[0]:,} bytes, {sums[1]:,} gzipped")
    if sums[0] <= raw and sums[1] <= packed:
        return []
    return [f"{size:,} bytes: {path}" for path, size, _ in found[:5]]


def slow(browser, tries=3):
    """Sliders that take longer than a frame in each of some tries."""
    best = {}
    for _ in range(tries):
        for i, slider in enumerate(slider_cpu(browser)):
            name = f"slider {i + 1}, {slider['slider']}"
            best[name] = min(best.get(name, inf), slider["cpu_ms"])
        if max(best.values(), default=0) <= FRAME_MS:
            return []
    return [f"slow: {name}: {ms:.1f} ms" for name, ms in best.items() if ms > FRAME_MS]


@pytest.fixture
def chapter(name):
    """The page's name; without a built book the test is skipped, or fails."""
    if name is None:
        missing("the book is not built: run `make book` first")
    return name


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_light_and_quick(browser, address, chapter):
    browser.open(f"{address}/{chapter}")
    assert faults(browser) + heavy(browser) + slow(browser) == []


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


UNFOLD = """document.querySelectorAll('details').forEach(fold => { fold.open = true; });
return document.querySelectorAll('details').length"""
MOVING = "return document.getAnimations().length"


@pytest.mark.parametrize("calm", [True, False])
def test_folds_fade_in_but_for_those_who_asked_for_less_motion(browser, address, calm):
    name = "notebooks/playground.html"
    if not (BOOK / name).exists():
        missing("the book is not built: run `make book` first")
    browser.open(f"{address}/{name}", calm=calm)
    browser.wait("document.readyState === 'complete'")
    assert browser.js(UNFOLD) > 0
    assert (browser.js(MOVING) == 0) is calm


TORN = """const boxes = '.bd-article :is(.cell_input, img, .rl)';
return [...document.querySelectorAll(boxes)]
  .filter(box => box.checkVisibility()).filter(box => {
    for (let at = box; at && at.matches('.bd-article *'); at = at.parentElement)
      if (getComputedStyle(at).breakInside === 'avoid') return false;
    return true;
  }).length"""
HANDLES = """return [...document.querySelectorAll('details.hide > summary')]
  .filter(handle => handle.checkVisibility()).length"""


def test_paper_tears_no_box_and_shows_no_handle_of_a_closed_fold(browser, address):
    name = "notebooks/04_degradation.html"
    if not (BOOK / name).exists():
        missing("the book is not built: run `make book` first")
    browser.open(f"{address}/{name}")
    browser.wait(DRAWN)
    assert browser.js(HANDLES) > 1
    browser.look(media="print")
    assert (browser.js(TORN), browser.js(HANDLES)) == (0, 0)
    browser.js("document.querySelector('details.hide').open = true")
    assert browser.js(HANDLES) == 1  # the reader opened it, and prints what is in it


FOUND = """return [...document.querySelectorAll('#search-results li a')]
  .map(link => link.href)"""


@pytest.mark.parametrize("served", [True, False])
def test_a_search_from_a_page_finds_a_chapter(browser, address, served):
    name = "notebooks/04_degradation.html"
    if not (BOOK / name).exists():
        missing("the book is not built: run `make book` first")
    browser.open(f"{address}/{name}" if served else (BOOK / name).as_uri())
    browser.driver.find_element(By.CSS_SELECTOR, ".search-button-field").click()
    field = browser.driver.find_element(By.CSS_SELECTOR, "#pst-search-dialog input")
    field.send_keys("bottleneck", Keys.ENTER)
    browser.wait("document.querySelectorAll('#search-results li a').length > 2")
    assert any("09_bottleneck" in link for link in browser.js(FOUND))
    assert browser.outside() == []
    if served:  # from a file Sphinx may not fetch the passages beside its links
        assert browser.errors() == []


COLUMN = """const [column, table] = arguments;
return [...document.querySelectorAll('#results table')[table ?? 0].tBodies[0].rows]
  .map(row => row.cells[column].textContent)"""
ACCURACY = 1  # its column in the first table
FIRST, DAY = 8, 1  # columns of the first table; a column of the second


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
    words = browser.driver.find_elements(By.CSS_SELECTOR, ".rl-sort")[0]
    turns = []
    for _ in range(2):
        words.send_keys(Keys.ENTER)
        turns.append(browser.js(COLUMN, 0))
    letters = [text[0].lower() for text in turns[0]]
    assert letters == sorted(letters) and len(set(letters)) > 3
    assert turns[1] == turns[0][::-1]
    button = browser.driver.find_elements(By.CSS_SELECTOR, ".rl-sort")[FIRST + DAY]
    button.send_keys(Keys.ENTER)
    days = browser.js(COLUMN, DAY, 1)
    assert days == sorted(days) and len(set(days)) > 1


# The scripts of the book, each on a small page.

ASSETS = Path(__file__).parents[1] / "book" / "assets"
SMALL = """<!DOCTYPE html><html lang="en" data-theme="{}"><head><meta charset="utf-8">
<title>x</title><link rel="icon" href="data:,"><style>{}</style><script>{}</script>
</head><body><article class="bd-article">{}</article></body></html>"""


def open_small(browser, folder, script, body, style="", theme="light"):
    """Open a page with one of the scripts and nothing else of the book."""
    text = (ASSETS / script).read_text("utf-8")
    (folder / "page.html").write_text(SMALL.format(theme, style, text, body), "utf-8")
    browser.open((folder / "page.html").as_uri())


DARK = "html[data-theme=dark] p { color: rgb(206, 214, 221) }"
COLOUR = "return getComputedStyle(document.querySelector('.bd-article p')).color"
EVENT = "dispatchEvent(new Event(arguments[0]))"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_paper_has_the_light_theme(browser, tmp_path, theme):
    open_small(browser, tmp_path, "paper.js", "<p>Text</p>", DARK, theme)
    before = browser.js(COLOUR)
    assert (before == "rgb(0, 0, 0)") == (theme == "light")
    for event in ("beforeprint", "beforeprint"):  # some browsers tell each twice
        browser.js(EVENT, event)
        assert browser.js(COLOUR) == "rgb(0, 0, 0)"
    for event in ("afterprint", "afterprint"):
        browser.js(EVENT, event)
        assert browser.js(COLOUR) == before


STOPS = "[...document.querySelectorAll('pre')].map(box => box.getAttribute('tabindex'))"
WIDE = '<pre style="width: {}; overflow-x: auto" {}>' + 80 * "text " + "</pre>"


def test_what_scrolls_is_a_stop_of_tab_as_long_as_it_scrolls(browser, tmp_path):
    boxes = [("20em", ""), ("20em", 'tabindex="-1"'), ("20em", 'tabindex="0"')]
    body = "".join(WIDE.format(*box) for box in [*boxes, ("300em", "")])
    open_small(browser, tmp_path, "scroll.js", body)
    browser.wait(f"{STOPS}.join() === '0,0,0,'")
    browser.js("document.querySelectorAll('pre').forEach(b => b.style.width = '300em')")
    browser.wait(f"{STOPS}.join() === ',,0,'")  # the third had its stop before


NAMES_OF = "return [...document.querySelectorAll('.rl-sort')]"


def test_the_arrow_of_a_heading_is_not_read_out(browser, tmp_path):
    table = "<table><thead><tr><th>net</th></tr></thead><tbody></tbody></table>"
    style = (ASSETS / "book.css").read_text("utf-8")
    body = f'<section id="results">{table}</section>'
    open_small(browser, tmp_path, "sortable.js", body, style)
    (button,) = browser.js(NAMES_OF)
    assert button.accessible_name == "net"
    button.click()
    assert button.accessible_name == "net"


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
    "icon: fa-solid fa-list": '<i class="fa-solid fa-list"></i>',
    "icon: svg-inline--fa fa-list": '<svg class="svg-inline--fa fa-list"><path/></svg>',
    "1 formulas not set": '<span class="math">x</span><script>'
    "window.MathJax = { startup: { promise: Promise.resolve() } };</script>",
}


@pytest.mark.parametrize("fault", BAD_PAGES)
def test_a_faulty_page_is_seen(browser, tmp_path, fault):
    (tmp_path / "page.html").write_text(PAGE.format(BAD_PAGES[fault]), "utf-8")
    with serving(tmp_path) as address:
        browser.open(f"{address}/page.html")
        assert any(found.startswith(fault) for found in faults(browser))


def test_a_heavy_page_is_seen(browser, tmp_path):
    (tmp_path / "x.js").write_text("// " + "0123456789" * 200, "utf-8")
    page = PAGE.format('<script src="x.js"></script>')
    (tmp_path / "page.html").write_text(page, "utf-8")
    with serving(tmp_path) as address:
        browser.open(f"{address}/page.html")
        browser.wait("document.readyState === 'complete'")
        total = len(page) + 2003
        assert heavy(browser, tmp_path, total, total) == []
        assert "x.js" in heavy(browser, tmp_path, total - 1, total)[0]
        assert heavy(browser, tmp_path, total, 100)
    assert browser.outside() == []  # what was asked can be read twice


BUSY = """<div class="rl-inner"><input type="range" aria-label="depth" min="0" max="9">
<script>document.querySelector('input').addEventListener('input', ({ target }) => {
  let sum = 0;
  if (target.value > 7) for (let i = 0; i < WORK; i += 1) sum += Math.sqrt(i);
  target.title = sum; });</script>"""


@pytest.mark.parametrize(("work", "seen"), [(1e4, 0), (4e7, 1)])
def test_a_slow_slider_is_seen(browser, tmp_path, work, seen):
    page = PAGE.format(BUSY.replace("WORK", str(int(work))))
    (tmp_path / "page.html").write_text(page, "utf-8")
    browser.open((tmp_path / "page.html").as_uri())
    browser.wait("document.readyState === 'complete'")
    found = slow(browser, 1)
    assert len(found) == seen and all("depth" in text for text in found)
    assert browser.js("return document.querySelector('input').value") == "5"


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
