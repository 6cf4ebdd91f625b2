"""No page shuts out those who read it by ear, by keys or with less contrast.

axe-core looks at every page, in light and in dark; what it calls serious or critical
fails. It is here for tests only (vendor/axe-core, MPL-2.0).
"""

from pathlib import Path

import pytest

from browser import missing, serving
from page_measures import BOOK, pages, settle

pytestmark = pytest.mark.browser

AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
PAGES = [name for name in pages() if name != "index.html"] or [None]  # it redirects
ON_A_PHONE = {"book/start.html", "notebooks/01_lenet.html", "notebooks/results.html"}
COLOURS = ["color-contrast", "link-in-text-block"]  # rules that see the colour scheme

# Opens all folds. Of code, one piece of each look is enough: all others have its
# colours, and axe takes seconds for a page of them.
PREPARE = """
document.querySelectorAll('details').forEach(fold => { fold.open = true; });
const seen = new Set();
for (const piece of document.querySelectorAll('.highlight pre span')) {
  const look = piece.closest('.highlight').parentNode.className + piece.className;
  if (seen.has(look)) piece.replaceWith(...piece.childNodes);
  seen.add(look);
}
document.querySelectorAll('.highlight pre').forEach(code => code.normalize());
"""
RUN = """
const [rules] = arguments;
const options = { resultTypes: ['violations'], ...(rules && { runOnly: rules }) };
const frame = () => new Promise(requestAnimationFrame); // the page's own answers first
return frame().then(frame).then(() => axe.run(document, options))
  .then(({ violations }) => violations
  .filter(({ impact }) => impact === 'serious' || impact === 'critical')
  .flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.target.join(' ')}: ` +
    [...node.any, ...node.all, ...node.none].map(check => check.message).join('; '))));
"""


@pytest.fixture(scope="module")
def address():
    """The address of the built book on the loopback."""
    with serving(BOOK) as found:
        yield found


@pytest.fixture
def axe(browser):
    """Runs axe on the page that is open; returns what is serious, in words."""
    browser.driver.set_script_timeout(120)

    def run(rules=None):
        if not browser.js("return !!window.axe"):
            browser.js(PREPARE)
            browser.js(AXE.read_text("utf-8"))
        return browser.js(RUN, rules)

    yield run
    browser.driver.set_script_timeout(30)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shuts_nobody_out(browser, address, axe, name):
    if name is None:
        missing("the book is not built: run `make book` first")
    browser.open(f"{address}/{name}")
    settle(browser)
    assert axe() == []
    browser.look(dark=True)
    browser.wait("document.documentElement.dataset.theme === 'dark'")
    assert axe(COLOURS) == []
    if name in ON_A_PHONE:
        browser.look("phone")
        assert axe() == []


PAGE = """<!DOCTYPE html><html lang="en"><head><title>x</title><link rel="icon"
href="data:,"><style>{}</style></head><body><main><h1>x</h1>{}</main></body></html>"""
CODE = (
    '<div class="highlight-python"><div class="highlight"><pre>'
    '<span class="k">def</span> <span class="k">def</span> <span class="n">f</span>'
    "</pre></div></div>"
)
PALE = "{ color: #aaa; background: #fff; }"
FAULTY = {
    "image-alt: img": ("", '<img src="data:,">'),
    "color-contrast: p": ("", "<details><p style='color: #aaa'>A hint</p></details>"),
    "color-contrast: .k": (".k" + PALE, CODE),
    "color-contrast: b": (
        "@media (prefers-color-scheme: dark) { b" + PALE + "}",
        "<b>Bold</b>",
    ),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_faulty_page_is_seen(browser, axe, tmp_path, fault):
    (tmp_path / "page.html").write_text(PAGE.format(*FAULTY[fault]), "utf-8")
    browser.open((tmp_path / "page.html").as_uri())
    light = axe()
    browser.look(dark=True)
    assert [text for text in (light or axe(COLOURS)) if text.startswith(fault)]
    assert len(light) == (0 if fault == "color-contrast: b" else 1)


def test_a_good_page_has_no_faults(browser, axe, tmp_path):
    page = PAGE.format("", '<p>Text</p><img src="data:," alt="a curve">' + CODE)
    (tmp_path / "page.html").write_text(page, "utf-8")
    browser.open((tmp_path / "page.html").as_uri())
    assert axe() == []
